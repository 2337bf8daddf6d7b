# The product of two random matrices: integers by big ones, doubles in the order in which they have to be added. See
# gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Math::BigInt try => "GMP";
use gallery;

srand shift;
my $reals     = chance(0.4);
my $binary    = chance(0.3);
my $output    = pick("text", "text", "binary");
my $delimiter = pick("space", "space", ",", "tab");
my $between   = { space => " ", tab => "\t" }->{$delimiter} // $delimiter;
my $rows      = pick(0, 1, 2, 15, 16, 17, 40);
my $terms     = pick(1, 1, 2, 3, 4, 5, 63, 64, 65, 130);
my $width     = pick(1, 2, 3, 7, 511, 513);
$width = 7 if $rows * $terms * $width > 40000;
my $digits = pick(1, 1, 3, 8);

sub random_number {
    return int(rand(2 * 10**$digits) - 10**$digits) unless $reals;
    return pick(0, 1, -1, sprintf("%.3f", rand(200) - 100), sprintf("%.17g", rand), sprintf("%.9e", rand(10)), "-0.0", "1e300");
}

sub random_matrix {
    my ($height, $length) = @_;
    return map { [map { random_number() } 1 .. $length] } 1 .. $height;
}

sub bytes_of {
    my ($matrix, $packed) = @_;
    return map { pack(($reals ? "d" : "q") . "*", @$_) } @$matrix if $packed;
    return map {
        my $row = $_;
        my $text = join $delimiter eq "space" ? pick(" ", "  ", "\t") : $between, @$row;
        $text . pick("", "", "\r") . "\n" . pick("", "", "", "\n")
    } @$matrix;
}

# A double as the shortest of the texts that read back as the same.
sub text_of {
    my ($real) = @_;
    my $text;
    for my $digits (15 .. 17) {
        $text = sprintf "%.${digits}g", $real;
        last if $text == $real;
    }
    return lc $text;
}

my @first = random_matrix($rows, $terms);
my @second = random_matrix($terms, $width);
write_file("a", bytes_of(\@first, $binary));
write_file("b", bytes_of(\@second, $binary));

my @expected;
for my $row (@first) {
    my @sums;
    for my $j (0 .. $width - 1) {
        my $sum = $reals ? 0.0 : Math::BigInt->new(0);
        if ($reals || $digits < 6) {
            $sum = 0;
            $sum += $row->[$_] * $second[$_][$j] for 0 .. $terms - 1;
        } else {
            $sum += Math::BigInt->new($row->[$_]) * $second[$_][$j] for 0 .. $terms - 1;
        }
        push @sums, "$sum" == 0 ? 0 : $sum;
    }
    @sums = map { text_of($_) } @sums if $reals && $output eq "text";
    push @expected, $output eq "text" ? join($between, @sums) . "\n" : pack(($reals ? "d" : "q") . "*", @sums);
}
my @arguments = ("a", "--set", "b=b", "--set", "delimiter=$delimiter", "--set", "output=$output");
push @arguments, "--set", "numbers=doubles" if $reals;
push @arguments, "--set", "binary=$terms" if $binary;
write_case(arguments => \@arguments, expected => \@expected);
