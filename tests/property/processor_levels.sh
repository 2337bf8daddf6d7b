#!/bin/bash
# With the instructions of every kind of processor (MR_PROCESSOR) jobs print the same bytes, on text, on rows and on bytes
# at random; a kind that this processor lacks, or that nobody knows, is refused.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

# supported KIND - whether this processor has it, as the system lists its features.
supported() {
    local needed feature
    case $(uname -m):$1 in
    *:portable | x86_64:sse2 | aarch64:neon) return 0 ;;
    x86_64:avx2) needed='avx2 bmi1 bmi2 popcnt' ;;
    x86_64:avx512) needed='avx2 bmi1 bmi2 popcnt avx512f avx512bw avx512vl avx512_vbmi2' ;;
    *) return 1 ;;
    esac
    for feature in $needed; do
        grep -m 1 '^flags' /proc/cpuinfo | grep -qw "$feature" || return 1
    done
}

# check TITLE COMMAND... - run a job portably, then with all other instructions.
check() {
    local title=$1 processor
    shift
    run env MR_PROCESSOR=portable "$@"
    expect_status 0 "$title, portable" || return
    mv out expected
    for processor in "${processors[@]}"; do
        run env MR_PROCESSOR="$processor" "$@"
        expect_status 0 "$title, $processor" && expect_same expected out "$title, $processor"
    done
    run env -u MR_PROCESSOR "$@"
    expect_status 0 "$title" && expect_same expected out "$title, without MR_PROCESSOR"
}

: >empty
processors=()
for processor in sse2 avx2 avx512 neon; do
    if supported "$processor"; then
        processors+=("$processor")
        continue
    fi
    run env MR_PROCESSOR="$processor" "$mr" run wordcount empty
    expect_status 1 "$processor, which is not there" && expect_error "MR_PROCESSOR is '$processor'"
done
run env MR_PROCESSOR=abacus "$mr" run wordcount empty
expect_status 1 "an unknown processor" && expect_error "MR_PROCESSOR is 'abacus'" "portable"

"$build/datasets/generate_text" --size "$((24 / scale))M" --seed 7 >text || fail "generate_text"
head -c 3M /dev/urandom >bytes
# The same with many line ends, spaces and capitals.
head -c 3M /dev/urandom | tr '\000-\277' 'A-Z \n\t;a-z, \n' >dense
for file in text bytes dense; do
    for words in space letters; do
        for case in keep lower; do
            check "words=$words case=$case $file" "$mr" run wordcount --set words=$words --set case=$case -j 2 $file
        done
    done
    check "lines of $file" "$mr" run grep --set pattern='a.*e' -j 2 $file
    check "index of $file" "$mr" run invertedindex -j 2 $file
done
# Rows, of which some have no delimiter and some have two.
awk '{ print $1 (NR % 7 ? ";" : "") NR % 1000 / 10 (NR % 11 ? "" : ";") }' text >rows
for file in rows dense; do
    check "rows of $file" "$mr" run stats --set bad=skip -j 2 $file
done
finish
