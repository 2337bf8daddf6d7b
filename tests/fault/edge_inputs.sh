#!/bin/bash
# Inputs that break toys: nothing at all, no final newline, nothing but line ends, NUL bytes, CRLF, a file given twice.
source "$(dirname "$0")/../tools/testing.sh"

# compare PLUGIN SETTING... -- FILE... - mr and the reference agree, for a few ways to cut the input.
compare() {
    local plugin=$1 settings=() arguments=() jobs chunk
    shift
    while [[ $1 != -- ]]; do
        settings+=("$1")
        arguments+=(--set "$1")
        shift
    done
    shift
    "$tools/reference" "$plugin" "${settings[@]}" -- "$@" >expected || exit 1
    for jobs in 1 3; do
        for chunk in 64 64K 1G; do
            [[ $chunk == 64 && $(cat "$@" | wc -c) -gt 1000000 ]] && chunk=4K
            run "$mr" run "$plugin" "${arguments[@]}" -j "$jobs" --chunk "$chunk" "$@"
            expect_status 0 "$*" && expect_same expected out "$plugin ${settings[*]} $* -j $jobs --chunk $chunk"
        done
    done
}

# try_all FILE... - compare for all three plugins.
try_all() {
    compare wordcount -- "$@"
    compare wordcount words=letters case=lower -- "$@"
    compare invertedindex -- "$@"
    compare grep pattern=o -- "$@"
    compare grep pattern=o invert=yes line-numbers=yes -- "$@"
    compare grep pattern=o count=yes -- "$@"
}

: >empty
try_all empty
try_all empty empty

printf 'no final newline, no' >unfinished
try_all unfinished
try_all unfinished empty unfinished
cp unfinished unfinished2
try_all unfinished unfinished2

printf '\n' >newline
try_all newline
head -c $((10000000 / scale)) /dev/zero | tr '\0' '\n' >newlines
try_all newlines
run "$mr" run grep --set 'pattern=^$' --set count=yes newlines
expect_status 0 && [[ $(cat out) == newlines$'\t'$((10000000 / scale)) ]] || fail "empty lines counted: $(cat out)"

printf 'a\0b c\0\0 \0\no\0\n\0' >nul
try_all nul
head -c 100000 /dev/zero >zeros
try_all zeros

printf 'one two\r\nto\r\n\r\n\r\r\nend\r' >crlf
try_all crlf
run "$mr" run grep --set pattern=two crlf
expect_status 0 && printf 'one two\r\n' >expected && expect_same expected out "a CRLF line"

printf 'caf\xc3\xa9 \xc3\x89T\xc3\x89 \xff\xfe \xe2\x82 \xf0\x9f\x98\x80 \xed\xa0\x80o' >utf8
try_all utf8
compare wordcount case=lower -- utf8

# The same file twice, a directory part, and names that have to be escaped.
mkdir folder
printf 'word other\nword\n' >'folder/tab	and\back,comma'
try_all 'folder/tab	and\back,comma' folder/../unfinished unfinished 'folder/tab	and\back,comma'
printf 'dash' >-dash
run "$mr" run wordcount -- -dash
expect_status 0 && [[ $(cat out) == dash$'\t1' ]] || fail "a file after --: $(cat out)"

run "$mr" run wordcount
expect_status 2 "no input files"
[[ -s err ]] || fail "no input files: no message"
# Files that say they are empty, and are not.
if [[ -r /proc/version && $(stat -c %s /proc/version) == 0 ]]; then
    run "$mr" run grep --set pattern= -q /proc/version
    expect_status 0 "a file of /proc" && expect_same <(cat /proc/version) out "a file of /proc"
    run "$mr" run grep --set pattern= -q - </proc/version
    expect_status 0 "a file of /proc as standard input" && expect_same <(cat /proc/version) out "a file of /proc as standard input"
    run "$mr" run wordcount /proc/version --side x=/proc/version
    expect_status 1 "a side file of /proc" && expect_error "copy it first"
fi

finish
