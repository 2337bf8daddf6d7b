# What ngrams has to print: lines are split, and sequences joined. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

start(shift);
my ($n, $of, $words, $case) = (pick(1, 1, 2, 2, 3, 5, 100), pick(qw(words bytes)), pick(qw(space letters)), pick(qw(keep lower)));
my $records = pick(qw(lines lines whole));
my @vocabulary = ("A", "b", "c,", "-", "The", "oven", "longer-than-others", "x" x 40);

sub random_line {
    return join pick("", " "), map { pick(@vocabulary) . pick(" ", " ", " ", "\t", "  ", ", ", "\0", "\r", "") } 1 .. rand pick(1, 10, 300);
}

my (@files, %results);
for my $number (0 .. rand 3) {
    my $text = join "\n", map { random_line() } 1 .. pick(0, 1, 100, 1000);
    push @files, "text$number";
    write_file($files[-1], $text);
    for my $record ($records eq "whole" ? $text : split /\n/, $text) {
        my @parts = $of eq "bytes" ? split //, $record : $words eq "space" ? $record =~ /[^ \t\n\x0b\f\r]+/g : $record =~ /[A-Za-z]+/g;
        @parts = map { lc } @parts if $of eq "words" && $case eq "lower";
        $results{ join $of eq "words" ? " " : "", @parts[$_ - $n + 1 .. $_] }++ for $n - 1 .. $#parts;
    }
}
write_case(
    arguments => [@files, "--set", "n=$n", "--set", "of=$of", "--set", "words=$words", "--set", "case=$case",
        $records eq "whole" ? ("--records", "whole") : ()],
    expected => [map { escaped($_) . "\t$results{$_}\n" } sort keys %results],
);
