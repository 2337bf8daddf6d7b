#!/bin/bash
# The promises of datasets/generate_access_log: the same bytes everywhere, lines of the form that they are said to have, and
# answers that Perl finds as well.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_access_log

expect_pinned 6f385ea6227fa982fc43dbd91944fab0676b75eaa0adebe69f1a30735ce6cf76 --lines 20000 --format mixed --malformed 3 --long-lines 2 --long-bytes 10000

# answer_of FILE - finds the answers by taking lines apart with a regular expression: files expected.url and so on.
answer_of() {
    perl -ne 'BEGIN { my $n = 1; $month{$_} = sprintf "%02d", $n++ for qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
                       $behind = q( "(?:[^"\\\\]|\\\\.)*" "(?:[^"\\\\]|\\\\.)*") }
        if (m{^(\S+) \S+ \S+ \[(\d\d)/(\w{3})/(\d{4}):(\d\d):\d\d:\d\d \+0100\] "([A-Z]+) (\S+) HTTP/\d\.\d" (\d{3}) (\d+|-)(?:$behind)?$}) {
            my $day = "$4-$month{$3}-$2";
            my $bytes = $9 eq "-" ? 0 : $9;
            my %value = (host => $1, day => $day, hour => "${day}T$5", method => $6, url => $7, status => $8);
            for (keys %value) { $count{$_}{$value{$_}}++; $bytes{$_}{$value{$_}} += $bytes }
        } else { $malformed++ }
        END { for my $field (qw(url host status method hour day)) {
                  open my $to, ">", "expected.$field";
                  print $to "$_\t$count{$field}{$_}\t$bytes{$field}{$_}\n" for sort keys %{$count{$field}} }
              open my $to, ">", "expected.malformed"; print $to $malformed + 0, "\n" }' "$1"
}

for options in "" "--lines 1 --seed 18446744073709551615" "--lines 0" "--lines 30000 --format common --malformed 10" \
    "--lines 30000 --format mixed --malformed 0.5 --days 400 --hosts 1 --urls 1" \
    "--lines 40000 --hosts 20000 --urls 30000 --exponent 0 --malformed 1 --long-lines 3 --long-bytes 200K"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output log --answers answer || fail "'$options' failed"
    answer_of log
    for field in url host status method hour day malformed; do
        expect_same expected.$field answer.$field "the answer to $field of '$options'"
    done
done
[[ $(wc -l <log) -eq 40000 ]] || fail "there are $(wc -l <log) lines, not 40000"
[[ $(awk 'length($0) > 204800' log | wc -l) -eq 3 ]] || fail "there are not three long lines"
[[ $(cat answer.malformed) -gt 200 ]] || fail "there are only $(cat answer.malformed) malformed lines"
[[ $(wc -l <answer.hour) -eq 48 ]] || fail "two days do not have 48 hours"

"$generator" --format combined | grep -vq '"$' && fail "a combined line has no user agent"
"$generator" --format common | grep -vqP '(\d|-)$' && fail "a common line has more than a size"
[[ $("$generator" --malformed 100 --answers answer | wc -l) -eq 10000 && $(cat answer.malformed) -eq 10000 ]] ||
    fail "not all lines are malformed"
"$generator" --lines 0 --hosts 1000000 --urls 1000000 --answers answer || fail "a million hosts"

expect_other_seed
expect_help
expect_usage_errors "--lines x" "--hosts 0" "--urls 10000001" "--days 3661" "--format apache" "--malformed 101" \
    "--exponent 5" "--long-bytes 5G" "--seed -1" "--colour" "extra" "--output same --answers same"
expect_failing_files --answers
finish
