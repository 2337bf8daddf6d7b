#!/usr/bin/perl
# What the plugin stats has to print, computed in the simplest way, and nasty rows to try it on.
#
#     stats.pl answer DELIMITER DECIMALS fail|skip FILE...   prints what stats prints
#     stats.pl rows SEED COUNT DELIMITER DECIMALS NAMES BAD  prints rows with NAMES different names, BAD percent of them bad
#
# The answer ends with status 3 when there is a bad row that is not to be skipped, and with 4 when a sum leaves 64 bits.
# With skip it says on standard error how many rows were bad. All arithmetic is exact.
use strict;
use warnings;
use Math::BigInt;

my $least = Math::BigInt->new('-9223372036854775808');
my $most = Math::BigInt->new('9223372036854775807');

# The number as an integer of its 10^-decimals, or undef when it is none.
sub number_of {
    my ($text, $decimals) = @_;
    return undef unless $text =~ /\A([+-]?)([0-9]*)(?:\.([0-9]*))?\z/;
    my ($sign, $whole, $behind) = ($1, $2, $3 // '');
    return undef if $whole . $behind eq '' || length $behind > $decimals;
    my $digits = $whole . $behind . '0' x ($decimals - length $behind);
    return $sign eq '-' ? 0 - $digits : 0 + $digits if length $digits < 16;
    my $number = Math::BigInt->new(($sign eq '-' ? '-' : '') . $digits);
    return $number < $least || $number > $most ? undef : $number;
}

sub text_of {
    my ($number, $decimals) = @_;
    my ($sign, $digits) = Math::BigInt->new($number)->bstr() =~ /^(-?)(.*)$/;
    return $sign . $digits if $decimals == 0;
    $digits = '0' x ($decimals + 1 - length $digits) . $digits if length $digits <= $decimals;
    substr $digits, -$decimals, 0, '.';
    return $sign . $digits;
}

# Rounded to the nearest integer, halves away from zero.
sub mean_of {
    my ($sum, $count) = @_;
    my $mean = (2 * $sum->copy()->babs() + $count) / (2 * $count);
    return $sum < 0 ? -$mean : $mean;
}

sub escaped {
    my ($name) = @_;
    my %letters = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
    $name =~ s/([\\\t\n\r])/$letters{$1}/g;
    return $name;
}

sub answer {
    my ($delimiter, $decimals, $bad, @files) = @_;
    my (%names, $bad_rows);
    $bad_rows = 0;
    for my $file (@files) {
        open my $input, '<:raw', $file or die "$file: $!";
        while (my $row = <$input>) {
            $row =~ s/\n\z//;
            next if $row eq '' || $row eq "\r";
            my $at = index $row, $delimiter;
            my $text = $at < 0 ? '' : substr $row, $at + 1;
            $text =~ s/\r\z//;
            my $number = number_of($text, $decimals);
            if (!defined $number) {
                exit 3 if $bad eq 'fail';
                $bad_rows++;
                next;
            }
            my $name = $names{substr $row, 0, $at} //= [0, Math::BigInt->new(0), 0, $number, $number];
            $name->[0]++;
            if (ref $number) {
                $name->[1] += $number;
            } else { # small numbers are added up apart, because that is fast
                $name->[2] += $number;
                if (abs $name->[2] > 1e15) {
                    $name->[1] += $name->[2];
                    $name->[2] = 0;
                }
            }
            $name->[3] = $number if $number < $name->[3];
            $name->[4] = $number if $number > $name->[4];
        }
    }
    my @lines;
    for my $name (sort keys %names) {
        my ($count, $sum, $rest, $minimum, $maximum) = @{$names{$name}};
        $sum += $rest;
        exit 4 if $sum < $least || $sum > $most;
        push @lines, join("\t", escaped($name), (map { text_of($_, $decimals) } $minimum, mean_of($sum, $count), $maximum),
            $count) . "\n";
    }
    print @lines;
    print STDERR "$bad_rows\n";
}

sub rows {
    my ($seed, $count, $delimiter, $decimals, $names, $bad) = @_;
    my @odd = ('', ' ', "a b", "\xc3\xa9", "\xff", "a\0b", "\\", "tab\there", "cr\rhere", 'x' x 14, 'x' x 15, 'x' x 16,
        'y' x 500, '-1', '.', '"quoted"');
    my @bad = ('no delimiter', $delimiter, "name$delimiter", "name$delimiter.", "name$delimiter-", "name$delimiter+-1",
        "a${delimiter}b${delimiter}1", "name${delimiter}1e3", "name${delimiter}0x10", "name${delimiter} 1",
        "name${delimiter}1 ", "name${delimiter}1..2", "name${delimiter}1.2.3", "name${delimiter}1,5", "\0",
        "name${delimiter}1\0", "name${delimiter}9223372036854775808", "name${delimiter}-99999999999999999999",
        "name${delimiter}1." . '0' x ($decimals + 1), "name${delimiter}1234567\xb1", "name${delimiter}-9/", "name$delimiter:");
    srand $seed;
    for (1 .. $count) {
        if (rand 100 < $bad) {
            print $bad[rand @bad], rand 2 < 1 ? "\n" : "\r\n";
            next;
        }
        my $name = rand 10 < 1 ? $odd[rand @odd] : 'name ' . int rand $names;
        next if index($name, $delimiter) >= 0;
        my $digits = int rand(rand 20 < 1 ? 18 - $decimals : 4);
        my $number = join '', map { int rand 10 } 1 .. $digits + 1;
        $number .= '.' . join '', map { int rand 10 } 1 .. rand($decimals + 1) if rand 4 >= 1;
        $number = '0' x rand(30) . $number if rand 50 < 1;
        print $name, $delimiter, ('', '', '-', '-', '+')[rand 5], $number, rand 10 < 1 ? "\r\n" : "\n";
        print "\n" if rand 100 < 1;
        print "\r\n" if rand 100 < 1;
    }
    print "last${delimiter}1" if rand 2 < 1;
}

binmode STDOUT, ':raw';
my ($what, @arguments) = @ARGV;
$what eq 'answer' ? answer(@arguments) : rows(@arguments);
