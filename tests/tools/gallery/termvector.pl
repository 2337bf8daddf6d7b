# What termvector has to print: words are counted for each source, and sorted. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

start(shift);
my ($by, $top, $words, $case) = (pick(qw(file first)), pick(1, 2, 10, 1000), pick(qw(space letters)), pick(qw(keep lower)));
my @vocabulary = ("A", "b", "c,", "-", "The", "the", "x" x 40, map { "w$_" . "a" x rand 3 } 1 .. pick(3, 2000));
my %stop = map { $_ => 1 } map { pick(@vocabulary) } 1 .. pick(0, 0, 3, 20);
write_file("stop", join pick(" ", "\n"), sort keys %stop);

my (@files, %counts);
for my $number (0 .. rand 3) {
    push @files, "text$number";
    my $text = "";
    for (1 .. pick(0, 1, 30, 500)) {
        my $host = pick("", "h\\1", "host" . int rand 5, "h" x rand 100);
        my $rest = join "", map { pick(" ", "\t", " ") . pick(@vocabulary) } 0 .. rand pick(1, 20);
        $text .= "$host$rest\n";
        my $counted = $by eq "file" ? "$host$rest" : $rest;
        my @words = $words eq "space" ? $counted =~ /[^ \t\n]+/g : $counted =~ /[A-Za-z]+/g;
        $counts{ $by eq "file" ? $files[-1] : $host }{$_}++ for $case eq "lower" ? map { lc } @words : @words;
    }
    write_file($files[-1], $text);
}
my @expected;
for my $source (sort keys %counts) {
    my $of = $counts{$source};
    my @chosen = sort { $of->{$b} <=> $of->{$a} || $a cmp $b } grep { !$stop{$_} } keys %$of;
    $#chosen = $top - 1 if @chosen > $top;
    push @expected, map { escaped($source) . "\t" . escaped($_) . "\t$of->{$_}\n" } @chosen;
}
write_case(
    arguments => [@files, "--set", "by=$by", "--set", "top=$top", "--set", "words=$words", "--set", "case=$case", "--set", "stop=stop"],
    expected => \@expected,
);
