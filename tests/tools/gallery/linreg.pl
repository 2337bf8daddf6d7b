# What linreg has to print: computed with numbers of any length. See gallery.pm.
use strict;
use warnings;
use FindBin;
use Math::BigFloat;
use Math::BigInt;
use lib $FindBin::Bin;
use gallery;

my $seed = shift;
start($seed);
my ($x, $y) = @{ pick([1, 2], [1, 2], [2, 1], [1, 1], [3, 1], [2, 5]) };
my $decimals = pick(0, 1, 3, 6, 6, 9);
my $delimiter = pick(",", ",", ";", "\t");
my $scale = pick(1, 100, 1e6, 8e6);
my $flat = chance(0.1);
my $count = ($x > $y ? $x : $y) + pick(0, 0, 1);

# A number as it may stand in a file, and in units of the last decimal; the latter is undefined if it is none.
sub random_number {
    return (pick("nan", "inf", "", "1 ", "x", "1e300", "--1"), undef) if chance(0.02);
    my $behind = int rand($decimals + 1);
    my $text = sprintf "%.*f", $behind, $flat ? 7 : (rand() - 0.3) * $scale;
    my $units = Math::BigFloat->new($text)->bmul(Math::BigInt->new(10)->bpow($decimals))->as_int();
    $text .= pick("", ".", "e0", "e+00") if $behind == 0;
    return (chance(0.1) ? "\"$text\"" : $text, $units);
}

# Whether a fraction is so near to the middle between two numbers of 15 digits that a long double does not tell which of
# them is nearer: its 19 digits are not all right.
my $undecided;
sub is_undecided {
    my ($digits) = $_[0]->copy->bround(20)->bsstr =~ /^-?(\d+)e/;
    return length $digits > 15 && abs(substr($digits . "0" x 5, 15, 5) - 50000) < 100;
}

# A fraction with 15 digits, as C prints it.
sub rounded {
    my ($top, $bottom) = @_;
    return "undefined" unless $bottom;
    my $ratio = Math::BigFloat->new($top)->bdiv(Math::BigFloat->new($bottom), 60);
    $undecided ||= is_undecided($ratio);
    $ratio->bround(15);
    return "0" if $ratio->is_zero;
    my ($sign, $digits, $exponent) = $ratio->bsstr =~ /^(-?)(\d+)e([+-]\d+)$/ or die $ratio;
    my $first = length($digits) - 1 + $exponent;
    return "$sign$digits" . "0" x $exponent if $first < 15 && $exponent >= 0;
    if ($first >= -4 && $first < 15) {
        $digits = "0" x -$first . $digits if $first < 0;
        return $sign . substr($digits, 0, $exponent) . "." . substr($digits, $exponent);
    }
    return sprintf "%s%s%se%s%02d", $sign, substr($digits, 0, 1), length $digits > 1 ? "." . substr $digits, 1 : "", $first < 0 ? "-" : "+",
        abs $first;
}

# Units of the last of so many decimals as a number.
sub in_decimals {
    my ($units, $decimals) = @_;
    my $text = $units->copy->babs->bstr;
    $text = "0" x ($decimals + 1 - length $text) . $text if length $text <= $decimals;
    substr($text, length($text) - $decimals, 0) = "." if $decimals;
    $text =~ s/\.?0*$// if $decimals;
    return ($units < 0 ? "-" : "") . $text;
}

my ($n, $sx, $sy, $sxx, $sxy, $syy) = map { Math::BigInt->new(0) } 1 .. 6;
my @files;
for my $number (0 .. rand 3) {
    my $text = chance(0.3) ? join($delimiter, "a" .. "e") . "\n" : "";
    for (1 .. pick(0, 1, 2, 30, 500)) {
        my (@texts, @units);
        ($texts[$_], $units[$_]) = random_number() for 0 .. $count - 1;
        pop @texts, pop @units if chance(0.02);
        my ($a, $b) = ($units[$x - 1], $units[$y - 1]);
        if (defined $a && defined $b) {
            $n++, $sx += $a, $sy += $b, $sxx += $a * $a, $sxy += $a * $b, $syy += $b * $b;
        } elsif ($text eq "") {
            @texts = ($texts[0] || "-") x $count; # would not tell for sure whether it is a header
            redo;
        }
        $text .= join($delimiter, @texts) . pick("\n", "\n", "\r\n") . pick("", "", "", "\n");
    }
    push @files, "points$number";
    write_file($files[-1], chance(0.3) ? $text =~ s/\r?\n+$//r : $text);
}
my $units = Math::BigInt->new(10)->bpow($decimals);
my ($xx, $xy, $yy) = ($n * $sxx - $sx * $sx, $n * $sxy - $sx * $sy, $n * $syy - $sy * $sy);
my $name = $delimiter eq "\t" ? "tab" : $delimiter;
my @line = (rounded($xy, $xx), rounded($sxx * $sy - $sx * $sxy, $xx * $units), rounded($xy * $xy, $xx * $yy));
exec $^X, $0, $seed + 1e6 if $undecided; # with other numbers, the same ones each time
write_case(
    arguments => [@files, "--skip-bad", 100000, "--bad", "bad.jsonl", "--set", "x=$x", "--set", "y=$y", "--set", "decimals=$decimals",
        "--set", "delimiter=$name"],
    expected => [
        "n\t$n\n", "sum_x\t", in_decimals($sx, $decimals), "\nsum_y\t", in_decimals($sy, $decimals),
        "\nsum_xx\t", in_decimals($sxx, 2 * $decimals), "\nsum_xy\t", in_decimals($sxy, 2 * $decimals), "\nsum_yy\t",
        in_decimals($syy, 2 * $decimals), "\nslope\t$line[0]\nintercept\t$line[1]\nr2\t$line[2]\n",
    ],
);
