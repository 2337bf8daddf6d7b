#!/usr/bin/perl
# What numeric plugins have to print, computed in the simplest way, and random numbers to try them on.
#
#     numeric.pl rows SEED COUNT COLUMNS DECIMALS DELIMITER   prints rows of numbers
#     numeric.pl pca OUTPUT COLUMNS DECIMALS DELIMITER FILE...   says what is wrong in what pca has printed for them
#
# Numbers are held against ones that were computed exactly, with big integers.
use strict;
use warnings;
use Math::BigInt try => 'GMP';

# The number as an integer of its 10^-decimals. It has no more decimals.
sub units_of {
    my ($text, $decimals) = @_;
    my ($sign, $whole, $behind) = $text =~ /^([+-]?)(\d*)\.?(\d*)$/ or die "'$text' is no number\n";
    return Math::BigInt->new("$sign$whole$behind" . '0' x ($decimals - length $behind));
}

sub rows {
    my ($seed, $count, $columns, $decimals, $delimiter) = @_;
    srand $seed;
    my @around = map { int(rand 2000 - 1000) * 10**int rand 4 } 1 .. $columns;
    my @spread = map { (0, 1, 100, 3)[rand 4] } 1 .. $columns;
    print join($delimiter, map { "column $_" } 1 .. $columns), "\n" if rand 2 < 1;
    for (1 .. $count) {
        my $common = rand;
        print join($delimiter, map { sprintf '%.*f', rand 4 < 3 ? $decimals : 0, $around[$_] + $spread[$_] * ($common + rand) }
            0 .. $columns - 1), rand 20 < 1 ? "\r\n" : "\n", rand 50 < 1 ? "\n" : '';
    }
}

sub read_rows {
    my ($columns, $decimals, $delimiter, @files) = @_;
    my @rows;
    for my $file (@files) {
        open my $input, '<:raw', $file or die "$file: $!";
        while (my $line = <$input>) {
            $line =~ s/\r?\n?\z//;
            next if $line eq '' || $line =~ /column/;
            push @rows, [map { units_of($_, $decimals) } split /\Q$delimiter\E/, $line];
        }
    }
    return @rows;
}

my @wrong;

sub expect_near {
    my ($what, $number, $expected, $error) = @_;
    push @wrong, "$what is $number, not $expected" unless abs($number - $expected) <= $error;
}

# Mean and covariances, from exact sums.
sub moments {
    my ($columns, $decimals, @rows) = @_;
    my $count = @rows;
    my (@mean, @covariance);
    my @sum = map { my $i = $_; my $sum = Math::BigInt->new(0); $sum += $_->[$i] for @rows; $sum } 0 .. $columns - 1;
    for my $i (0 .. $columns - 1) {
        $mean[$i] = $sum[$i]->numify() / $count / 10**$decimals;
        for my $j (0 .. $columns - 1) {
            my $products = Math::BigInt->new(0);
            $products += $_->[$i] * $_->[$j] for @rows;
            my $numerator = $products * $count - $sum[$i] * $sum[$j];
            $covariance[$i][$j] = $count < 2 ? 0 : $numerator->numify() / $count / ($count - 1) / 10**(2 * $decimals);
        }
    }
    return (\@mean, \@covariance);
}

# Whether vectors are eigenvectors of the covariances, orthogonal, of length 1, and pointing the right way.
sub check_components {
    my ($covariance, $variances, @vectors) = @_;
    my $trace = 0;
    $trace += $covariance->[$_][$_] for 0 .. $#$covariance;
    my $sum = 0;
    $sum += $_ for @$variances;
    expect_near('the sum of the variances', $sum, $trace, 1e-8 * $trace);
    for my $i (1 .. $#$variances) {
        push @wrong, "variance $i is larger than the one before" if $variances->[$i] > $variances->[$i - 1];
    }
    for my $k (0 .. $#vectors) {
        my $vector = $vectors[$k];
        for my $row (0 .. $#$covariance) {
            my $turned = 0;
            $turned += $covariance->[$row][$_] * $vector->[$_] for 0 .. $#$vector;
            expect_near("component $k, turned, at $row", $turned, $variances->[$k] * $vector->[$row], 1e-8 * $trace);
        }
        for my $l (0 .. $k) {
            my $product = 0;
            $product += $vector->[$_] * $vectors[$l][$_] for 0 .. $#$vector;
            expect_near("the product of components $k and $l", $product, $k == $l, 1e-8);
        }
        my ($first) = sort { abs $b <=> abs $a } @$vector;
        push @wrong, "component $k points the wrong way" if $first < 0 && !grep { $_ > -$first * (1 - 1e-6) } @$vector;
    }
}

sub pca {
    my ($output, $columns, $decimals, $delimiter, @files) = @_;
    my @rows = read_rows($columns, $decimals, $delimiter, @files);
    my %printed;
    open my $input, '<', $output or die "$output: $!";
    while (<$input>) {
        chomp;
        my ($name, $numbers) = split /\t/;
        $printed{$name} = [split /,/, $numbers];
    }
    return if @rows == 0 && !%printed;
    my ($mean, $covariance) = moments($columns, $decimals, @rows);
    expect_near('rows', $printed{rows}[0], scalar @rows, 0);
    for my $i (0 .. $columns - 1) {
        expect_near("mean $i", $printed{mean}[$i], $mean->[$i], 1e-9 * abs $mean->[$i]);
        for my $j (0 .. $columns - 1) {
            my $size = sqrt abs $covariance->[$i][$i] * $covariance->[$j][$j];
            expect_near("covariance $i $j", $printed{'covariance ' . ($i + 1)}[$j], $covariance->[$i][$j], 1e-9 * $size);
        }
    }
    my @vectors = map { $printed{"component $_"} } grep { $printed{"component $_"} } 1 .. $columns;
    check_components($covariance, $printed{variances}, @vectors);
}

binmode STDOUT, ':raw';
my ($what, @arguments) = @ARGV;
$what eq 'rows' ? rows(@arguments) : pca(@arguments);
print "$_\n" for @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
exit(@wrong > 0);
