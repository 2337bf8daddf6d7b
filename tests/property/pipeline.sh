#!/bin/bash
# wordcount counts as the classic pipeline of standard tools does, and words=letters as Perl's \p{L} does: on the samples,
# on generated text, and on the files or folders that MR_TEST_TEXTS names, if any.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

# pipeline FILE... - the words of all files with their counts, as wordcount prints them. No file is glued to the next one.
pipeline() {
    for file; do
        cat "$file"
        echo
    done | tr -s ' \t\n\v\f\r' '\n' | sort | uniq -c |
        perl -ne '/^ *(\d+) (.+)$/s or next; my ($count, $word) = ($1, $2); chomp $word; next if $word eq "";
                  $word =~ s/\\/\\\\/g; print "$word\t$count\n"'
}

compare() {
    local title=$1
    shift
    pipeline "$@" >expected
    run "$mr" run wordcount "$@"
    expect_status 0 "$title" && expect_same expected out "$title, words=space"
    perl "$root/tests/tools/letters.pl" "$@" >expected
    run "$mr" run wordcount --set words=letters "$@"
    expect_status 0 "$title" && expect_same expected out "$title, words=letters"
}

compare "the samples" "$root"/datasets/*.txt "$root"/datasets/*.log
if [[ -x $build/datasets/generate_text ]]; then
    "$build/datasets/generate_text" --size "$((64 / scale))M" --seed 7 >generated || fail "generate_text"
    compare "generated text" generated
fi
for texts in ${MR_TEST_TEXTS:-}; do
    if [[ -d $texts ]]; then compare "$texts" "$texts"/*; else compare "$texts" "$texts"; fi
done
finish
