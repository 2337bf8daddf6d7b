#!/bin/sh
# Tests datasets/generate_text: run as BUILD=build tests/data/generator.sh from the top of the repository.
# Exit status: 0 all is well, 1 something failed; what failed is printed.

set -u
export LC_ALL=C

build=${BUILD:-build}
generator=$build/datasets/generate_text
failures=0

# The first MiB of the default text. It may change only when the generator is meant to write something else.
default_checksum=fe33d79d8de97edbdf2bcb4fa40bf5aecef7ccb75d0f461b8ac23e94419d7b45

folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
    echo "generator: $*"
    failures=$((failures + 1))
}

checksum_of() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# Counts words with nothing but standard tools, in the form of --counts.
count_words() {
    tr -s ' \t\n\v\f\r' '\n' <"$1" | sed '/^$/d' | sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)$/\2\t\1/'
}

expect_default_text() {
    "$1" >"$folder/default" || fail "$1 failed"
    [ "$(checksum_of "$folder/default")" = "$default_checksum" ] ||
        fail "$1 ($2) wrote another text than the pinned one"
}

expect_text_and_counts() {
    size=$1
    shift
    "$generator" "$@" --size "$size" --output "$folder/text" --counts "$folder/counts" || fail "'$*' failed"
    [ "$(wc -c <"$folder/text")" -eq "$size" ] || fail "'$*' did not write $size bytes"
    [ "$size" -eq 0 ] || [ -z "$(tail -c 1 "$folder/text")" ] || fail "'$*' of $size bytes ends in no newline"
    iconv -f UTF-8 -t UTF-8 "$folder/text" >"$folder/utf8" 2>&1 || fail "'$*' of $size bytes is not UTF-8"
    count_words "$folder/text" >"$folder/independent"
    cmp -s "$folder/counts" "$folder/independent" || fail "'$*' of $size bytes: the counts are wrong"
}

# expect_status STATUS TEXT COMMAND...: the status, and a message on stderr that contains the text.
expect_status() {
    status=$1
    message=$2
    shift 2
    "$@" >"$folder/stdout" 2>"$folder/stderr"
    [ $? -eq "$status" ] || fail "'$*' did not exit with $status"
    grep -q -e "$message" "$folder/stderr" || fail "'$*' said nothing about '$message'"
}

expect_same_from_compiler() {
    command -v "$1" >/dev/null || return 0
    "$1" "$2" -std=c17 -D_GNU_SOURCE datasets/generate_text.c -o "$folder/generate_text" ||
        fail "$1 $2 cannot compile datasets/generate_text.c"
    expect_default_text "$folder/generate_text" "$1 $2"
}

[ -x "$generator" ] || {
    echo "generator: $generator is missing; run make first"
    exit 1
}

expect_default_text "$generator" "as built"
for compiler in gcc clang; do
    for level in -O0 -O3; do
        expect_same_from_compiler "$compiler" "$level"
    done
done

# The seed decides the text; a larger text begins like a smaller one (but for the cut word at its end).
"$generator" --seed 7 --size 100000 >"$folder/seven"
"$generator" --seed 7 --size 100000 | cmp -s - "$folder/seven" || fail "the same seed gave two texts"
"$generator" --seed 8 --size 100000 | cmp -s - "$folder/seven" && fail "two seeds gave the same text"
"$generator" --seed 7 --size 200K | head -c 99900 | cmp -s -n 99900 - "$folder/seven" ||
    fail "a larger text does not begin like a smaller one"

for size in 0 1 2 3 4 5 6 7 8 60 61 62 63 64 65 66 67 68 1000 300000; do
    expect_text_and_counts "$size"
    expect_text_and_counts "$size" --unicode 100 --seed 3
done
expect_text_and_counts 3000000 --vocabulary 1000000 --exponent 0.5 --unicode 20
expect_text_and_counts 3000000 --vocabulary 1 --seed 18446744073709551615
expect_text_and_counts 3000000 --exponent 4 --case lower
expect_text_and_counts 3000000 --exponent 0 --no-punctuation

grep -q '[^a-z	 0-9]' "$folder/counts" || fail "--no-punctuation left no capitals"
grep -q "[,.;:?!()\"']" "$folder/counts" && fail "--no-punctuation left punctuation"
"$generator" --case lower --unicode 0 | grep -q '[^][a-z ,.;:?!()"'\'']' && fail "--case lower left capitals"

# No two ranks have the same word: a repeated word would be a repeated line.
"$generator" --vocabulary 3000000 --exponent 0 --unicode 30 --size 40M --counts "$folder/counts" >"$folder/text"
cut -f 1 "$folder/counts" | sort -c -u || fail "the counts are not sorted, or a word is listed twice"
"$generator" --vocabulary 20000000 --size 64K >"$folder/text" || fail "20 million words are too many"

# A frequent word has its share: with two words and exponent 1 the first is twice as frequent as the second.
"$generator" --vocabulary 2 --case lower --no-punctuation --size 1M --counts "$folder/counts" >"$folder/text"
[ "$(awk '{ if ($2 > most) most = $2; sum += $2 } END { print int(100 * most / sum + 0.5) }' "$folder/counts")" -eq 67 ] ||
    fail "the words do not follow the law of Zipf"

for arguments in "--size 12X" "--size -1" "--size 1KB" "--size 9999999999G" "--size" "--vocabulary 0" \
    "--vocabulary 33554433" "--vocabulary many" "--seed x" "--seed 18446744073709551616" "--exponent 4.1" \
    "--exponent 1." "--exponent 1.0000001" "--unicode 101" "--unicode -1" "--case upper" "--colour" "extra" \
    "--output same --counts same"; do
    # shellcheck disable=SC2086 # the arguments are meant to be split
    expect_status 2 "generate_text --help" "$generator" $arguments
done
[ ! -e same ] || fail "a wrong usage left a file"

"$generator" --help >"$folder/stdout" || fail "--help failed"
grep -q '^Usage: generate_text' "$folder/stdout" || fail "--help shows no usage"
expect_status 1 "/dev/full" "$generator" --output /dev/full
expect_status 1 "/dev/full" "$generator" --counts /dev/full
expect_status 1 "$folder/none/text" "$generator" --output "$folder/none/text"
"$generator" --size 100 >/dev/full 2>"$folder/stderr"
[ $? -eq 1 ] || fail "a full standard output is no failure"
grep -q "standard output" "$folder/stderr" || fail "a full standard output is not named"
"$generator" --help >/dev/full 2>"$folder/stderr"
[ $? -eq 1 ] || fail "--help to a full device is no failure"

[ "$failures" -eq 0 ] || {
    echo "generator: $failures checks failed"
    exit 1
}
