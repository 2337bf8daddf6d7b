#!/bin/bash
# The promises of datasets/generate_pages: the same bytes everywhere, the same pages in every format, and an answer that Perl
# finds as well.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_pages

expect_pinned 017ab6527b66a1c550230553c2d9c3ce95c149ad6a1a660366fe7298d988d737 --decoys 10
expect_pinned c19eb3891ddd5a7fdb29588da31f9250da95b7f837e7f539c7323fd90b9c8f64 --pages 200 --format nul

# answer_of SEPARATOR BEHIND FILE... - parses pages, each from its URL to what follows it, in records with that separator; with
# "file" as BEHIND, a file is a page. Comments and scripts are left out; a tag has attributes, and a has href.
answer_of() {
    perl -e 'my ($separator, $behind) = splice @ARGV, 0, 2;
        my %sources;
        sub take { my ($url, $html) = @_;
            $html =~ s/<!--.*?-->//gs;
            while ($html =~ /<(\w+)((?:"[^"]*"|\x27[^\x27]*\x27|[^>"\x27])*)>/g) {
                my ($tag, $attributes) = (lc $1, $2);
                next if $tag ne "a";
                while ($attributes =~ /([\w-]+)(?:\s*=\s*("[^"]*"|\x27[^\x27]*\x27|[^\s"\x27]+))?/g) {
                    my ($name, $value) = (lc $1, $2 // "");
                    $value =~ s/^["\x27]|["\x27]$//g;
                    $sources{$value}{$url} = 1 if $name eq "href";
                } } }
        for my $file (@ARGV) {
            open my $from, "<", $file or die;
            local $/ = $behind eq "file" ? undef : eval "qq($separator)";
            while (<$from>) {
                chomp;
                if ($behind eq "file") { take($file, $_) } else { take(split(/[\t\n]/, $_, 2)) }
            } }
        print "$_\t", join(",", sort keys %{$sources{$_}}), "\n" for sort keys %sources' "$@"
}

for options in "" "--pages 0" "--pages 1 --links 1000" "--pages 17 --words 0" "--pages 300 --links 0" "--decoys 100 --exponent 0" \
    "--pages 50 --links 50 --exponent 2 --decoys 20 --seed 18446744073709551615"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    for format in lines nul; do
        [[ $format == nul ]] && separator='\0' || separator='\n'
        "$generator" $options --format $format --output pages --answer answer.$format || fail "'$options' failed"
        answer_of "$separator" record pages >expected
        expect_same expected answer.$format "the answer of '$options' as $format"
    done
    "$generator" $options --format lines --output pages.lines
    tr '\n\0' '\t\n' <pages | sed 's/\t/ /2g' | cmp -s - <(sed 's/\n/ /g' pages.lines) || fail "'$options': lines are other pages"
    mkdir files
    "$generator" $options --format files --output files --answer answer.files || fail "'$options' as files failed"
    [[ $(find files -name '*.html' | wc -l) -eq $(wc -l <pages.lines) ]] || fail "'$options' wrote another number of files"
    (cd files && find . -name '*.html' -printf '%P\n' | sort | xargs -r bash -c "$(declare -f answer_of); "'answer_of "" file "$@"' _) >expected
    expect_same expected answer.files "the answer of '$options' as files"
    [[ $(wc -l <answer.files) -eq $(wc -l <answer.lines) ]] || fail "'$options': files have other targets than lines"
    rm -r files
done
"$generator" --pages 50 --links 1 --words 100 --format files --output new/folder 2>err && fail "a folder in no folder"
"$generator" --pages 5 --format files --output folder && "$generator" --pages 5 --format files --output folder || fail "a folder"
[[ $(ls folder | wc -l) -eq 5 ]] || fail "there are not five files"

expect_other_seed
expect_help
expect_usage_errors "--pages x" "--pages 10000001" "--links 1001" "--words 1000001" "--format xml" "--format files" "--decoys 101" \
    "--exponent 5" "--colour" "extra" "--output same --answer same"
expect_failing_files --answer
finish
