#!/bin/bash
# The promises of datasets/generate_edges: the same bytes everywhere, edges that come once, and degrees and triangles that Perl
# finds as well.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_edges

expect_pinned 33c860129c35cb842b3e537b5819cd3c8fe987bdf93191844031c617700e3b73 --triangles 500 --duplicates 3 --loops 1

# answers_of EDGES - finds nodes, edges and triangles, in files expected and summary.expected. A triangle is found at its
# smallest node, among the pairs of larger neighbours.
answers_of() {
    perl -ne 'my ($source, $target) = /^(\d+)[\t ,](\d+)\n$/ or die "no edge: $_";
        next if $source == $target || $seen{"$source $target"}++;
        $out{$source}++;
        $in{$target}++;
        $edges++;
        my ($small, $large) = sort { $a <=> $b } $source, $target;
        $above{$small}{$large} = 1;
        END {
            my %triangles;
            for my $small (keys %above) {
                my @large = keys %{$above{$small}};
                for my $one (@large) {
                    for (grep { $above{$one}{$_} } @large) {
                        $triangles{$small}++, $triangles{$one}++, $triangles{$_}++;
                        $all++ } } }
            my %node = (%out, %in);
            print join("\t", $_, $out{$_} // 0, $in{$_} // 0, $triangles{$_} // 0), "\n" for sort keys %node;
            open my $summary, ">", "summary.expected";
            printf $summary "nodes\t%d\nedges\t%d\ntriangles\t%d\n", scalar keys %node, $edges, $all }' "$1" >expected
}

# pairs_of EDGES - the nodes of each edge, the smaller one first.
pairs_of() {
    tr " ," "\t\t" <"$1" | awk '{ print($1 < $2 ? $1 " " $2 : $2 " " $1) }'
}

for options in "" "--edges 0" "--nodes 4 --edges 1" "--nodes 40 --edges 100 --exponent 4" "--nodes 1000 --edges 62500 --exponent 0" \
    "--triangles 1 --edges 0" "--triangles 100000 --separator space" "--edges 20000 --exponent 1.5 --triangles 7 --separator comma" \
    "--triangles 43210 --duplicates 30 --loops 20 --seed 18446744073709551615" "--nodes 100000 --edges 50000 --triangles 20000"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output edges --answer answer --summary summary || fail "'$options' failed"
    answers_of edges
    expect_same expected answer "the answer of '$options'"
    expect_same summary.expected summary "the summary of '$options'"
    [[ $options == *duplicates* || -z $(pairs_of edges | sort | uniq -d) ]] || fail "'$options' has an edge twice, or in both directions"
done

"$generator" --nodes 100000 --edges 200000 --triangles 10 --answer answer >edges || fail "the default exponent"
awk '{ degree = $2 + $3; sum += degree; if (degree > most) most = degree } END { exit !(most > 300 * sum / NR) }' answer ||
    fail "no node has very many edges"
# Duplicates and loops add lines, and change nothing else that is counted.
"$generator" --edges 10000 --duplicates 50 --loops 50 --summary summary >edges
lines=$(wc -l <edges)
[[ $lines -gt 19000 && $lines -lt 21000 ]] || fail "duplicates and loops make $lines lines of 10000 edges"
grep -q $'^edges\t10000$' summary || fail "the summary counts duplicates or loops"
[[ $("$generator" --edges 1000 --loops 100 | awk '$1 == $2' | wc -l) -eq 1000 ]] || fail "not every edge has its loop"
[[ $("$generator" --edges 1000 --duplicates 100 | uniq -d | wc -l) -eq 1000 ]] || fail "not every edge has its duplicate"

expect_other_seed
expect_help
expect_usage_errors "--nodes 1" "--nodes 67108865" "--edges x" "--nodes 1000 --edges 62501" "--exponent 4.5" "--loops 101" \
    "--separator none" "--triangles -1" "--colour" "extra" "--output same --answer same" "--summary t --answer t"
expect_failing_files --answer --summary
finish
