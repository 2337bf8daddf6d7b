#!/bin/sh
# Counts the words of 256 MiB of generated text with mr and compares the result, byte for byte, with the counts that
# the generator kept while it wrote the text. The text is made once and kept in $BUILD/demo.
# Exit status: 0 the result is right, 1 it is wrong or something failed.

set -u

build=${BUILD:-build}
folder=$build/demo
text=$folder/text-256M.txt
expected=$folder/text-256M.counts.tsv
result=$folder/wordcount.tsv
bytes=268435456

fail() {
    echo "demo: $*" >&2
    exit 1
}

# Both files get their names when they are complete, and the text comes last: where it is, its counts are too.
generate() {
    trap 'rm -f "$text.$$" "$expected.$$"' EXIT
    trap 'exit 1' HUP INT TERM
    echo "Generating 256 MiB of text in $text ..."
    "$build/datasets/generate_text" --size 256M --output "$text.$$" --counts "$expected.$$" ||
        fail "cannot generate the text"
    rm -f "$text" || exit 1
    mv "$expected.$$" "$expected" || exit 1
    mv "$text.$$" "$text" || exit 1
    trap - EXIT HUP INT TERM
}

for program in "$build/mr" "$build/datasets/generate_text"; do
    [ -x "$program" ] || fail "$program is missing; run make first"
done
mkdir -p "$folder" || exit 1
if [ ! -f "$text" ] || [ ! -f "$expected" ] || [ "$(wc -c <"$text")" -ne "$bytes" ]; then
    generate
fi

echo "Counting its words: $build/mr run wordcount $text -o $result"
"$build/mr" run wordcount "$text" -o "$result" || fail "mr failed"

echo "The ten most frequent words: $build/mr run wordcount $text --top 10"
"$build/mr" run wordcount "$text" --top 10 || fail "mr failed"

if cmp "$expected" "$result"; then
    echo "The result is right: all $(($(wc -l <"$result"))) counts are as expected."
else
    echo "The result is WRONG: $result differs from $expected." >&2
    exit 1
fi
