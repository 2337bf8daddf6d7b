# What stringmatch has to print: each string is looked for alone. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

start(shift);
my $letters = pick("ab", "aBb", "abc\t\\\0 \r\xff", join "", "a" .. "z", "A" .. "Z");
my $count = pick(1, 2, 8, 9, 50, 1000);
my $longest = pick(1, 3, 8, 30);
my ($what, $ignore) = (pick(qw(count count lines where)), pick(qw(yes no)));

sub random_text {
    my ($length) = @_;
    return join "", map { substr $letters, rand length $letters, 1 } 1 .. $length;
}

my @strings = map { random_text(rand($longest + 1)) } 1 .. $count;
push @strings, pick(@strings) . pick(@strings), random_text(1);
write_file("strings", join("\n", @strings), pick("", "\n", "\n\n"));
my %seen;
@strings = grep { length && !$seen{ $ignore eq "yes" ? lc : $_ }++ } @strings;

my (@files, %results, @places);
for my $number (0 .. rand 3) {
    my $text = join "\n", map { random_text(rand pick(1, 10, 200)) . (chance(0.3) ? pick(@strings) : "") } 1 .. pick(0, 1, 20, 300);
    push @files, "text$number";
    write_file($files[-1], $text);
    my $searched = $ignore eq "yes" ? lc $text : $text;
    my @found;
    for my $string (@strings) {
        my $last_line = -2;
        for (my $at = -1; ($at = index $searched, $ignore eq "yes" ? lc $string : $string, $at + 1) >= 0;) {
            push @found, [$at, $string] if $what eq "where";
            my $line = rindex $searched, "\n", $at;
            $results{$string}++ if $what eq "count" || $line != $last_line;
            $last_line = $line;
        }
    }
    push @places, map { escaped($_->[1]) . "\t$files[-1]:$_->[0]\n" }
        sort { $a->[0] + length $a->[1] <=> $b->[0] + length $b->[1] || $a->[0] <=> $b->[0] } @found;
}
write_case(
    arguments => [@files, "--set", "strings=strings", "--set", "what=$what", "--set", "ignore-case=$ignore"],
    expected => $what eq "where" ? \@places : [map { escaped($_) . "\t$results{$_}\n" } sort keys %results],
);
