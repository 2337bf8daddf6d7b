#!/bin/bash
# The promises of datasets/generate_sales: the same bytes everywhere, CSV and JSON lines that say the same, and an answer that
# Perl finds as well.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_sales

expect_pinned 9d0b248f4142d62430aad60a5667f61bd5172e67e8cdaba0359a9e5884cfff0e --rows 20000 --notes 40 --empty 3 --nan 2 --extra 2
expect_pinned 23851dc0c2e864218874f64f7e4b3c4e856234c95d1e54cb45f0487fb05c5c62 --rows 20000 --notes 40 --empty 3 --nan 2 --extra 2 --format jsonl

# print_rows CSV DELIMITER - the fields of each row, escaped, with tabs between them, by a grammar of CSV.
print_rows() {
    perl -0777 -ne 'BEGIN { $delimiter = pop @ARGV }
        my @fields;
        while (/\G(?:"((?:[^"]|"")*)"|([^"\r\n$delimiter]*))($delimiter|\r?\n)/gc) {
            my ($quoted, $plain, $end) = ($1, $2, $3);
            my $field = defined $quoted ? $quoted =~ s/""/"/gr : $plain;
            push @fields, $field =~ s/([\\\t\n\r])/{"\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r"}->{$1}/ger;
            next if $end eq $delimiter;
            print join("\t", @fields), "\n";
            @fields = ();
        }
        die "no CSV at byte " . (pos() || 0) . "\n" if (pos() || 0) != length' "$1" "$2"
}

# print_values JSONL - the same for JSON lines. JSON::PP is asked for all but numbers, whose digits it would change.
print_values() {
    perl -MJSON::PP -ne 'BEGIN { $json = JSON::PP->new->utf8 }
        my $sale = $json->decode($_);
        my ($amount) = /"amount":(-?[0-9.]+)/;
        my @fields = (@$sale{qw(id date)}, @{$sale->{customer}}{qw(id name)}, $sale->{customer}{address}{city},
                      @$sale{qw(product quantity)}, $amount // $sale->{amount} // "", $sale->{note});
        for (my $i = 1; exists $sale->{"extra$i"}; $i++) { push @fields, $sale->{"extra$i"} }
        utf8::encode($_), s/([\\\t\n\r])/{"\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r"}->{$1}/ge for @fields;
        print join("\t", @fields), "\n"' "$1"
}

# answer_of ROWS - the answer to printed rows, without a header.
answer_of() {
    perl -F'\t' -lane 'my ($customer, $amount) = ("$F[2]\t$F[3]", $F[7]);
        $sales{$customer}++;
        $products{$customer}{$F[5]} = 1;
        next unless $amount =~ s/^(-?\d+)\.(\d\d)$/$1$2/;
        $amount += 0;
        $least{$customer} = $amount if !defined $least{$customer} || $amount < $least{$customer};
        $most{$customer} = $amount if !defined $most{$customer} || $amount > $most{$customer};
        $sum{$customer} += $amount;
        $amounts{$customer}++;
        sub text { my $cents = shift;
                   defined $cents ? sprintf "%s%d.%02d", $cents < 0 ? "-" : "", abs($cents) / 100, abs($cents) % 100 : "" }
        sub mean { my ($sum, $count) = @_; int((2 * abs($sum) + $count) / (2 * $count)) * ($sum < 0 ? -1 : 1) }
        END { for (sort keys %sales) {
            my $count = $amounts{$_} // 0;
            print join "\t", $_, $sales{$_}, $count, text($sum{$_} // 0), text($least{$_}), text($most{$_}),
                             text($count ? mean($sum{$_}, $count) : undef), scalar keys %{$products{$_}} } }' "$1"
}

for options in "--rows 2000" "--rows 0" "--rows 1 --seed 18446744073709551615" "--rows 1000 --notes 100 --empty 50 --nan 50 --customers 100" \
    "--rows 1000 --delimiter semicolon --crlf --extra 3 --products 1" "--rows 1000 --delimiter tab --exponent 2 --products 64" \
    "--rows 1000 --customers 1 --largest 10000000 --nan 100" "--rows 1000 --customers 50000 --notes 0"; do
    case $options in
    *semicolon*) delimiter=';' ;;
    *tab*) delimiter=$'\t' ;;
    *) delimiter=, ;;
    esac
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output sales.csv --answer answer || fail "'$options' failed"
    print_rows sales.csv "$delimiter" >rows || fail "'$options' is not CSV"
    head -n 1 rows | grep -q $'^id\tdate\tcustomer\tname\tcity\tproduct\tquantity\tamount\tnote' || fail "'$options': header"
    sed 1d rows >headless
    answer_of headless >expected
    expect_same expected answer "the answer of '$options'"
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --format jsonl --output sales.jsonl --answer answer.jsonl || fail "'$options' as JSON failed"
    print_values sales.jsonl >values || fail "'$options' is not JSON"
    expect_same headless values "the rows of '$options' as JSON"
    expect_same answer answer.jsonl "the answer of '$options' as JSON"
done
[[ $("$generator" --rows 5000 --crlf --notes 0 | grep -c $'\r$') -gt 5000 ]] || fail "--crlf ends no rows"
cmp -s <("$generator" --no-header) <("$generator" | sed 1d) || fail "--no-header leaves out something else"
iconv -f UTF-8 -t UTF-8 sales.csv >/dev/null || fail "the sales are not UTF-8"

# The table of customers lacks some that buy, and has some that do not.
"$generator" --table table --unknown 20 >sales
cut -d , -f 1 table | sed 1d | sort >has
print_rows sales , | sed 1d | cut -f 3 | sort -u >buys
[[ $(wc -l <has) -eq 1000 && $(sort -u has | wc -l) -eq 1000 ]] || fail "the table does not have 1000 different customers"
missing=$(comm -13 has buys | wc -l)
[[ $missing -gt 150 && $missing -lt 250 ]] || fail "$missing customers are missing, not about 200"
[[ $(comm -23 has buys | wc -l) -eq $missing ]] || fail "as many others as are missing should be there"
"$generator" --rows 0 --customers 1000000 --table table --unknown 100 --answer answer >sales || fail "a million customers"

expect_other_seed
expect_help
expect_usage_errors "--rows x" "--customers 0" "--products 65" "--largest 0" "--notes 101" "--extra 1001" "--format xml" \
    "--delimiter pipe" "--exponent 5" "--crlf=yes" "--colour" "extra" "--output same --answer same" "--table t --answer t"
expect_failing_files --answer --table
finish
