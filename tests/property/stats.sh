#!/bin/bash
# The plugin stats prints what tests/tools/stats.pl computes, for random rows and options, whatever -j, --chunk and
# --memory are; for the rows of datasets/generate_rows it prints their answer. Every round has a seed of its own:
# MR_TEST_SEED=N begins with that round, and MR_TEST_SECONDS=0 ends after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-15}

# expect_answer WHAT - the last run printed the answer, or failed as the answer says; out has what it printed.
expect_answer() {
    case $answer_status in
    0)
        expect_status 0 "$1" && expect_same expected out "$1" || return
        local bad_rows
        bad_rows=$(sed -n 's/^mr: stats: counter bad rows = //p' err)
        [[ $bad == fail || ${bad_rows:-0} == "$(cat expected.bad)" ]] || fail "$1: $bad_rows bad rows, not $(cat expected.bad)"
        ;;
    3) expect_status 1 "$1" && expect_error "is no name, delimiter and number" ;;
    4) expect_status 1 "$1" && expect_error "the range of a 64-bit integer" ;;
    *) fail "$1: stats.pl ended with $answer_status" ;;
    esac
}

# make_rows - write one to three files with random rows, and what stats has to print for them with random options.
make_rows() {
    local number count names
    pick ';' ';' ',' $'\t' ' ' $'\xe9' 0
    delimiter=$REPLY
    pick 1 1 1 0 2 9
    decimals=$REPLY
    pick fail skip skip
    bad=$REPLY
    pick 0 0 1 30
    local share=$REPLY
    files=()
    below 3
    for ((number = 0; number <= REPLY; number++)); do files+=("rows$number"); done
    for number in "${!files[@]}"; do
        pick 0 1 10 1000 10000 30000
        count=$((REPLY / scale))
        pick 3 400 100000
        names=$REPLY
        below 1000000000
        perl "$root/tests/tools/stats.pl" rows "$REPLY" "$count" "$delimiter" "$decimals" "$names" "$share" >"rows$number" || exit 1
    done
    perl "$root/tests/tools/stats.pl" answer "$delimiter" "$decimals" "$bad" "${files[@]}" >expected 2>expected.bad
    answer_status=$?
}

# try_variant - run stats with a random -j, --chunk and --memory, and compare.
try_variant() {
    local jobs chunk written=$delimiter
    pick 1 2 3 8
    jobs=$REPLY
    pick 64 1000 4K 64K 1M
    chunk=$REPLY
    [[ $chunk != 64 || $(cat "${files[@]}" | wc -c) -lt 300000 ]] || chunk=1000
    pick 32M 64M 1G
    if [[ $delimiter == $'\t' ]]; then
        local memory=$REPLY
        pick tab '\t' $'\t'
        written=$REPLY
        REPLY=$memory
    fi
    run "$mr" run stats "${files[@]}" -j "$jobs" --chunk "$chunk" --memory "$REPLY" --set delimiter="$written" \
        --set decimals="$decimals" --set bad="$bad"
    expect_answer "round seed $round_seed"
}

while next_round "$seconds"; do
    rm -rf round
    mkdir round && cd round || exit 1
    make_rows
    for variant in 1 2 3; do try_variant; done
    cd ..
done
echo "$rounds rounds of 3 runs each"

# The rows of the generator: few names, and so many that they have to be spilled.
generate=$build/datasets/generate_rows
for names in 1 413 1000000; do
    "$generate" --rows $((2000000 / scale)) --names $names --seed "$seed" --exponent 0.5 --output rows --answer expected ||
        fail "generate_rows"
    run "$mr" run stats rows -j 2 --memory 32M
    expect_status 0 "$names generated names" && expect_same expected out "$names generated names"
done
[[ $(summary_field spilled) != "0 B" ]] || fail "a million names in 32 MiB were not spilled"
finish
