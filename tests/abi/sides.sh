#!/bin/bash
# Side files and options that are files: the plugin sees their content in configure and in every worker, in all kinds of
# job; nobody can write to them; they count as memory; and what cannot be read is refused before any work starts.
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/sides.so

seq 1 3 3000 >known
seq 1 7 3000 >more
echo map >kind
for ((i = 0; i < 3; i++)); do seq 1 1500; done >input

# Against grep, whatever the number of workers, and alone.
grep -Fxf known input | sort | uniq -c | awk '{print $2 "\t" $1}' >expected
for how in "-j 1" "-j 2 --chunk 4K" "-j 2 --memory 4M" "--inline"; do
    # shellcheck disable=SC2086
    run "$mr" run "$plugin" input --set known=known $how
    expect_status 0 && expect_same expected out "--set $how"
    # shellcheck disable=SC2086
    run "$mr" run "$plugin" input --side known=known $how
    expect_status 0 && expect_same expected out "--side $how"
done
sort -u known more | grep -Fxf - input | sed 's/$/\tknown/' >expected
for how in "-j 2 --chunk 4K" "--inline"; do
    # shellcheck disable=SC2086
    run "$mr" run "$plugin" input --set known=known --side more=more --side kind=kind $how
    expect_status 0 && expect_same expected out "map job $how"
done

# An empty file is there; an option that is set to nothing has none.
: >empty
run "$mr" run "$plugin" input --set known=empty --set more=
expect_status 0 && expect_same empty out "nothing is known"

# It cannot be written to.
run "$mr" run "$plugin" input --set known=known --set scribble=yes
expect_status 1 && expect_error "sides crashed in map" "SIGSEGV" "--set known=known"

# The command that a card proposes has the side files.
run "$mr" run "$plugin" input --set known=known --side kind=kind --set scribble=yes
expect_status 1 && expect_error "--set known=known --set scribble=yes --side kind=kind"

# They count as memory, and are refused when they do not leave enough.
head -c 6M /dev/zero | tr '\0' x >large
run "$mr" run "$plugin" kind --set known=large --memory 7M -j 1
expect_status 0
run "$mr" run "$plugin" kind --set known=large --memory 6400K -j 1
expect_status 2 && expect_error "--memory is too little for side files of 6.0 MiB and 1 workers; give at least 6.5 MiB"
run "$mr" run "$plugin" kind --set known=known --side other=large --memory 4M
expect_status 1 && expect_error "the side file other is too large: with large side files take" "--memory is 4.0 MiB"

# What is wrong is said before anything is done.
mkfifo pipe
gzip <known >known.gz
refused() {
    run "$mr" run "$plugin" input -o result "${@:3}"
    expect_status "$1" "$2" && expect_error "$2"
    [[ ! -e result ]] || fail "$2: there is a result"
}
refused 1 "could not read nosuch, the side file known: No such file or directory" --set known=nosuch
refused 1 "could not read nosuch, the side file other" --set known=known --side other=nosuch
refused 1 "is pipe, which is no regular file" --set known=pipe
refused 1 "is ., which is no regular file" --set known=.
refused 1 "compressed with gzip" --set known=known.gz
refused 2 "sides needs --set known=...: lines that count"
refused 2 "is given twice, by --set and by --side" --set known=known --side known=more
refused 2 "there are two side files x" --set known=known --side x=more --side x=more
refused 2 "'a_b' is no name of a side file" --set known=known --side a_b=more
refused 2 "--side wants name=file, not 'more'" --set known=known --side more
run "$mr" help "$plugin"
expect_status 0
grep -q -e '--set known=FILE' out || fail "the help does not say that it is a file"
finish
