#!/bin/bash
# The plugins topk and distinct print what Perl counts in random sales of datasets/generate_sales, and distinct also the
# answer of the generator, whatever -j, --chunk and --memory are; estimates are within six standard errors. Every round
# has a seed of its own: MR_TEST_SEED=N begins with that round, and MR_TEST_SECONDS=0 ends after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-10}
generate=$build/datasets/generate_sales

# columns_of FILE COLUMN... - print some columns of CSV, from 0, with tabs between them and in them escaped.
columns_of() {
    perl -e '
        my ($file, @columns) = @ARGV;
        my ($text, @row);
        { local $/; open my $input, "<:raw", $file or die; $text = <$input> }
        while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/gc) {
            my ($quoted, $field, $end) = ($1, $2, $3);
            $field = $quoted =~ s/""/"/gr if defined $quoted;
            push @row, $field =~ s/([\\\t\n\r])/{"\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r"}->{$1}/ger;
            next if $end eq ",";
            print join("\t", @row[@columns]), "\n";
            @row = ();
        }
    ' "$@" | tail -n +2
}

# run_variant ARGUMENT... - run mr with a random -j, --chunk and --memory.
run_variant() {
    local jobs chunk
    pick 1 2 3 8
    jobs=$REPLY
    pick 1000 4K 64K 1M
    chunk=$REPLY
    pick 32M 1G
    run "$mr" run "$@" -j "$jobs" --chunk "$chunk" --memory "$REPLY"
    expect_status 0 "round seed $round_seed"
}

while next_round "$seconds"; do
    pick 1 50 5000 20000
    rows=$((REPLY / scale + 1))
    pick 1 40 3000
    "$generate" --seed "$round_seed" --rows "$rows" --customers "$REPLY" --exponent 0.7 --notes 40 --output sales.csv \
        --answer answer || fail "generate_sales"
    pick 1 5 100 1000000
    most=$REPLY
    columns_of sales.csv 5 3 | perl -lne '
        $count{$_}++;
        END { print "$_\t$count{$_}" for sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count }
    ' | head -n "$most" >expected
    run_variant topk sales.csv --set of=product,name --set "k=$most" && expect_same expected out "topk, seed $round_seed"
    cut -f 1,9 answer >expected
    run_variant distinct sales.csv --set of=product --set by=customer && expect_same expected out "distinct, seed $round_seed"
    printf 'all\t%d\n' "$(wc -l <answer)" >expected
    run_variant distinct sales.csv --set of=name && expect_same expected out "distinct of all, seed $round_seed"
    # Estimates are the same every time.
    options=(--set of=name --set by=product --set method=hyperloglog --set precision=10)
    run_variant distinct sales.csv "${options[@]}" && mv out expected
    run_variant distinct sales.csv "${options[@]}" && expect_same expected out "estimates, seed $round_seed"
    columns_of sales.csv 5 3 | sort -u | cut -f 1 | uniq -c | perl -lne '/(\d+) (.*)/ and print "$2\t$1"' >exact
    [[ $(cut -f 1 exact) == "$(cut -f 1 out)" ]] || fail "round seed $round_seed: estimates of other groups"
    paste exact out | perl -F'\t' -lane '
        print "$F[3] for $F[1]" if abs($F[3] - $F[1]) > 1 + 6 * 1.04 / 32 * $F[1]
    ' >bad
    [[ ! -s bad ]] || fail "round seed $round_seed: bad estimates: $(head -1 bad)"
done
echo "$rounds rounds of 5 runs each"
finish
