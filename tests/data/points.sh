#!/bin/bash
# The promises of datasets/generate_points and generate_line: the same bytes everywhere, and answers that Perl finds as well, by
# k-means and by adding up.
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/generating.sh"
generator=$build/datasets/generate_points

expect_pinned 24ffc2031d6a8a4af0b6a2567d74497af27a2f3aef65b144285942048c6bd424 --points 20000 --header
expect_pinned 3353fc77bc37349da031a792266224c019d5bfdfddcaeb2250078449fde7bb61 --points 20000 --dimensions 3 --format binary

# answer_of POINTS CLUSTERS - two rounds of k-means that begin with the first points; sums are those of hundredths.
answer_of() {
    perl -F, -lane 'push @points, [map { s/\.//r } @F];
        END {
            my $clusters = '"$2"' < @points ? '"$2"' : @points;
            my @centres = @points[0 .. $clusters - 1];
            for my $round (1, 2) {
                my (@sums, @sizes);
                for my $point (@points) {
                    my ($nearest, $least);
                    for my $cluster (0 .. $#centres) {
                        my $distance = 0;
                        $distance += ($point->[$_] - $centres[$cluster][$_]) ** 2 for 0 .. $#$point;
                        ($nearest, $least) = ($cluster, $distance) if !defined $least || $distance < $least;
                    }
                    $sizes[$nearest]++;
                    $sums[$nearest][$_] += $point->[$_] for 0 .. $#$point;
                }
                for my $cluster (0 .. $#centres) { $centres[$cluster] = [map { $_ / $sizes[$cluster] } @{$sums[$cluster]}] }
                next if $round == 1;
                for my $cluster (0 .. $#centres) {
                    my @means = map {
                        my $whole = int((2 * abs($_) * 10000 + $sizes[$cluster]) / (2 * $sizes[$cluster]));
                        sprintf "%s%d.%06d", $_ < 0 && $whole ? "-" : "", $whole / 1000000, $whole % 1000000 } @{$sums[$cluster]};
                    print join "\t", $sizes[$cluster], @means }
            } }' "$1"
}

for options in "--clusters 5" "--clusters 1 --points 1" "--clusters 10 --points 3" "--clusters 30 --dimensions 1 --deviation 20" \
    "--clusters 4 --dimensions 20 --points 1000" "--clusters 3 --deviation 0 --points 100 --seed 18446744073709551615"; do
    clusters=${options#--clusters } clusters=${clusters%% *}
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" --points 3000 $options --output points --answer answer || fail "'$options' failed"
    answer_of points "$clusters" >expected
    expect_same expected answer "the answer of '$options'"
done
[[ $("$generator" --points 0 --header --answer answer) == x1,x2 && ! -s answer ]] || fail "no points"
[[ $("$generator" --points 0 --dimensions 256 --header | tr , '\n' | tail -n 1) == x256 ]] || fail "256 columns"
# Binary numbers are those of the text.
"$generator" --points 1000 --dimensions 3 --format binary | perl -e 'local $/; print join "\n", map { sprintf "%.2f", $_ } unpack "d*", <>' >numbers
"$generator" --points 1000 --dimensions 3 | tr , '\n' | sed 's/^-0\.00$/0.00/' | head -c -1 | cmp -s - <(sed 's/^-0\.00$/0.00/' numbers) || fail "binary numbers"

expect_other_seed
expect_help
expect_usage_errors "--points x" "--clusters 0" "--dimensions 257" "--deviation 1001" "--format xml" "--colour" "extra" \
    "--output same --answer same"
expect_failing_files --answer

generator=$build/datasets/generate_line
expect_pinned d405c927c102b50d2aa716215d56474783aff54f301ef950ffce626b127c4b49 --points 20000 --noise 3 --header
expect_pinned 92f16fda44fbf3a4aa12f80dad31688e834421c95863a98c6d4bfea5be8c8b8d --points 20000 --slope -0.5 --intercept 130 --largest 255 --noise 20 --format bytes

# sums_of POINTS - the sums of x,y, with big integers of hundredths.
sums_of() {
    perl -MMath::BigInt -F, -lane 'my ($x, $y) = ($F[0], $F[1] =~ s/\.//r);
        $n++;
        $x_sum += $x, $y_sum += $y, $xx += $x * $x;
        $xy = Math::BigInt->new($y)->bmul($x)->badd($xy // 0);
        $yy = Math::BigInt->new($y)->bmul($y)->badd($yy // 0);
        sub decimals { my ($number, $decimals) = @_;
                       my ($sign, $digits) = "$number" =~ /^(-?)(\d+)$/;
                       $digits = "0" x $decimals . $digits;
                       my $text = substr($digits, 0, length($digits) - $decimals) . "." . substr($digits, length($digits) - $decimals);
                       $text =~ s/^0+(?=\d)//; $text =~ s/\.?0*$// if $text =~ /\./; $sign . $text }
        END { $_ += 0 for $n, $x_sum, $y_sum, $xx;
              print "n\t$n\nsum_x\t$x_sum\nsum_y\t", decimals($y_sum, 2), "\nsum_xx\t$xx\nsum_xy\t", decimals($xy // 0, 2),
                    "\nsum_yy\t", decimals($yy // 0, 4) }' "$1"
}

for options in "--points 5000" "--points 0" "--points 1" "--points 300 --slope 0 --intercept 0" "--points 5000 --slope -3.07 --noise 5.5" \
    "--points 3000 --slope 10000 --intercept -10000 --largest 1000000 --noise 10000" "--points 10 --largest 0"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output points --answer answer || fail "'$options' failed"
    sums_of points >expected
    expect_same expected <(grep -v '^slope\|^intercept' answer) "the sums of '$options'"
    case $options in
    *noise* | *"--points 0" | *"--points 1" | *"--largest 0") grep -q '^slope' answer && fail "'$options': no line is known" ;;
    *) grep -q '^slope' answer || fail "'$options': the line is not told" ;;
    esac
done
"$generator" --slope -3.07 --intercept 0.25 --answer answer | awk -F , '{ if ($2 != sprintf("%.2f", -3.07 * $1 + 0.25)) exit 1 }' ||
    fail "a point is not on its line"
grep -qx $'slope\t-3.07' answer && grep -qx $'intercept\t0.25' answer || fail "another line than the wanted one"
"$generator" --format bytes --largest 255 --slope 1.5 --intercept -20 --answer answer | perl -e 'local $/; @bytes = unpack "C*", <>;
    while (my ($x, $y) = splice @bytes, 0, 2) { $n++; $sum += $x; $y_sum += $y; $xx += $x * $x; $xy += $x * $y; $yy += $y * $y }
    print "n\t$n\nsum_x\t$sum\nsum_y\t$y_sum\nsum_xx\t$xx\nsum_xy\t$xy\nsum_yy\t$yy\n"' >expected
expect_same expected answer "the sums of bytes"

expect_other_seed
expect_help
expect_usage_errors "--points x" "--slope 10001" "--slope 1.234" "--intercept 0.001" "--noise -1" "--noise 0.005" \
    "--largest 1000001" "--format bytes --largest 256" "--slope -" "--colour" "extra" "--output same --answer same"
expect_failing_files --answer
finish
