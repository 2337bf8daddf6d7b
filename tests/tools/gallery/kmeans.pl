# What a round of kmeans has to print, or its choice of points, with big integers and no haste. See gallery.pm. Some points
# lie on a grid, so that there are ties and duplicates.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Math::BigInt try => "GMP";
use gallery;

srand shift;
my $dimensions = pick(1, 2, 2, 3, 7);
my $decimals   = pick(0, 1, 3, 6, 9);
my $delimiter  = pick(",", ";", "\t", " ");
my $binary     = chance(0.2);
my $step       = pick("pick", "round", "round", "assign");
my $k          = pick(1, 2, 3, 10, 60);
my $seed       = pick(0, 1, int rand 1e9, -5);
my $grid       = chance(0.5);
my $scale      = pick(1, 30, 1e5);
my @expected;

sub random_number {
    return int rand 4 if $grid;
    return sprintf "%.*f", pick(0, $decimals, $decimals), (rand() - 0.5) * $scale;
}

# A number as an integer of its 10^-places; it has no more decimals.
sub units_of {
    my ($text, $places) = @_;
    my ($sign, $whole, $behind) = $text =~ /^(-?)(\d*)\.?(\d*)$/ or die "'$text'";
    return Math::BigInt->new("$sign$whole$behind" . "0" x ($places - length $behind))->numify();
}

# An integer of 10^-(decimals + 3) as text.
sub text_of {
    my $places = $decimals + 3;
    my ($sign, $digits) = Math::BigInt->new($_[0])->bstr() =~ /^(-?)(\d+)$/;
    $digits = "0" x ($places + 1 - length $digits) . $digits if length $digits <= $places;
    substr $digits, -$places, 0, ".";
    return $sign . $digits;
}

# 64 bits of a product, and shifting zeros in.
sub multiplied { use integer; return $_[0] * $_[1] }
sub shifted { return ($_[0] >> $_[1]) & ((1 << 64 - $_[1]) - 1) }

sub hash_of {
    my $hash = $seed;
    for my $coordinate (@_) {
        $hash = multiplied($hash ^ $coordinate, 11400714819323198485);
        $hash ^= shifted($hash, 29);
    }
    $hash = multiplied($hash, 13787848793156543929);
    return ($hash ^ shifted($hash, 32)) & ~0;
}

sub picked {
    my (%hashes, %points);
    for my $point (@_) {
        $points{"@$point"} = $point;
        $hashes{"@$point"} = hash_of(@$point);
    }
    my @names = sort { $hashes{$a} <=> $hashes{$b} } keys %points;
    splice @names, $k if @names > $k;
    return map { [map { Math::BigInt->new($_) * 1000 } @{ $points{$_} }] } @names;
}

sub nearest {
    my ($point, @centroids) = @_;
    my ($best, $least);
    for my $c (0 .. $#centroids) {
        my $distance = 0;
        for my $i (0 .. $#$point) {
            my $apart = $point->[$i] - $centroids[$c][$i]->numify() / 1000;
            $distance += $apart * $apart;
        }
        ($best, $least) = ($c, $distance) if !defined $least || $distance < $least;
    }
    return $best;
}

# To the nearest integer, halves away from zero.
sub divided {
    my ($sum, $count) = @_;
    my $mean = (2 * $sum->copy()->babs() + $count) / (2 * $count);
    return $sum < 0 ? -$mean : $mean;
}

my (@rows, @points, @bytes);
for (1 .. pick(0, 1, 5, 50, 400)) {
    my @texts = map { random_number() } 1 .. $dimensions;
    push @rows, \@texts;
    push @points, [map { units_of($_, $decimals) } @texts];
    push @bytes, $binary ? pack("d*", @texts) : join($delimiter, @texts) . pick("", "", "", "\r") . "\n";
}
unshift @bytes, join($delimiter, map { "x$_" } 1 .. $dimensions) . "\n" if !$binary && chance(0.3);
my $half = int rand @bytes;
write_file("first", splice @bytes, 0, $half);
write_file("second", @bytes);

my @centroids = map { [map { Math::BigInt->new(units_of(sprintf("%.*f", $decimals, random_number()), $decimals)) * 1000 + pick(0, 1, 500) }
    1 .. $dimensions] } 1 .. pick(1, 2, 5, 30);
push @centroids, $centroids[0] if chance(0.3);
write_file("centroids", map { join(",", map { text_of($_) } @$_) . pick("", "\t17") . "\n" } @centroids);
splice @centroids, $k if @centroids > $k;

my @arguments = ("first", "second", "--set", "decimals=$decimals", "--set", "k=$k", "--set", "seed=$seed");
push @arguments, "--set", "delimiter=$delimiter";
push @arguments, "--set", "binary=$dimensions" if $binary;
push @arguments, "--set", "centroids=centroids" if $step ne "pick";
push @arguments, "--set", "assign=yes" if $step eq "assign";

my %counters;
if ($step eq "pick") {
    push @expected, join(",", map { text_of($_) } @$_) . "\t0\n" for picked(@points);
} elsif ($step eq "assign") {
    for my $i (0 .. $#points) {
        my $row = $binary ? join(",", map { text_of(Math::BigInt->new($_) * 1000) } @{ $points[$i] }) : join $delimiter, @{ $rows[$i] };
        push @expected, "$row\t" . nearest($points[$i], @centroids) . "\n";
    }
} else {
    my @clusters = map { { points => 0, sums => [map { Math::BigInt->new(0) } 1 .. $dimensions] } } @centroids;
    for my $point (@points) {
        my $cluster = $clusters[nearest($point, @centroids)];
        $cluster->{points}++;
        $cluster->{sums}[$_] += Math::BigInt->new($point->[$_]) for 0 .. $dimensions - 1;
    }
    for my $c (0 .. $#centroids) {
        my $count = $clusters[$c]{points};
        my @middle = map { $count ? divided($clusters[$c]{sums}[$_] * 1000, $count) : $centroids[$c][$_] } 0 .. $dimensions - 1;
        $counters{moved} += "@middle" ne "@{$centroids[$c]}";
        push @expected, join(",", map { text_of($_) } @middle) . "\t$count\n";
    }
}
write_case(arguments => \@arguments, expected => \@expected, counters => \%counters);
