#!/bin/bash
# The plugin join prints what Perl joins in memory, for random tables of datasets/generate_sales and all kinds of joins,
# whatever -j, --chunk and --memory are. Every round has a seed of its own: MR_TEST_SEED=N begins with that round, and
# MR_TEST_SECONDS=0 ends after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-12}
generate=$build/datasets/generate_sales

# reference KIND KEY LEFT RIGHT - print the join of two tables by a column.
reference() {
    perl -e '
        my ($kind, $key, @files) = @ARGV;
        my (@names, @groups);
        for my $side (0, 1) {
            local $/;
            open my $input, "<:raw", $files[$side] or die;
            my $text = <$input>;
            my (@rows, @row);
            while ($text =~ /\G(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/gc) {
                my ($quoted, $field, $end) = ($1, $2, $3);
                $field = $quoted =~ s/""/"/gr if defined $quoted;
                push @row, $field =~ s/([\\\t\n\r])/{"\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r"}->{$1}/ger;
                next if $end eq ",";
                push @rows, [@row];
                @row = ();
            }
            my @columns = @{shift @rows};
            my ($place) = grep { $columns[$_] eq $key } 0 .. $#columns;
            $names[$side] = @columns - 1;
            push @{$groups[$side]{splice @$_, $place, 1}}, $_ for @rows;
        }
        my @none = map { [("") x $_] } @names;
        my %keys = (%{$groups[0]}, %{$groups[1]});
        for my $value (sort keys %keys) {
            my ($left, $right) = ($groups[0]{$value}, $groups[1]{$value});
            if ($kind eq "semi" || $kind eq "anti") {
                next unless $left && !$right == ($kind eq "anti");
                print join("\t", $value, @$_), "\n" for @$left;
                next;
            }
            next if !$left && $kind =~ /inner|left/ || !$right && $kind =~ /inner|right/;
            for my $second (@{$right || [$none[1]]}) {
                print join("\t", $value, @$_, @$second), "\n" for @{$left || [$none[0]]};
            }
        }
    ' "$@"
}

while next_round "$seconds"; do
    pick 1 20 400
    customers=$REPLY
    pick 0 1 200 3000
    "$generate" --seed "$round_seed" --rows "$((REPLY / scale))" --customers "$customers" --unknown 30 --output sales.csv \
        --table table.csv || fail "generate_sales"
    "$generate" --seed "$((round_seed + 1))" --rows 20 --customers "$customers" --output more.csv || fail "generate_sales"
    pick "table.csv sales.csv customer" "sales.csv table.csv customer" "sales.csv more.csv customer" \
        "more.csv sales.csv product" "sales.csv more.csv id"
    read -r left right key <<<"$REPLY"
    for variant in 1 2 3; do
        pick inner left right outer semi anti
        kind=$REPLY
        reference "$kind" "$key" "$left" "$right" >expected || exit 1
        pick 1 2 3 8
        jobs=$REPLY
        pick 1000 4K 64K 1M
        chunk=$REPLY
        pick 32M 1G
        run "$mr" run join "$left" "$right" -j "$jobs" --chunk "$chunk" --memory "$REPLY" --set "on=$key" \
            --set "kind=$kind"
        expect_status 0 "round seed $round_seed" && expect_same expected out "round seed $round_seed"
    done
done
echo "$rounds rounds of 3 runs each"

# More rows of one key than are held in memory.
perl -e 'print "k,v\n"; print "a,$_ ", "x" x 200, "\n" for 1 .. shift' $((100000 / scale)) >left.csv
printf 'k,w\na,1\na,2\n' >right.csv
reference inner k left.csv right.csv >expected
run "$mr" run join left.csv right.csv -j 2 --memory 64M --set on=k
expect_status 0 "many rows of a key" && expect_same expected out "many rows of a key"
finish
