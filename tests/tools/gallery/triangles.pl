# The neighbours of each node of a random graph, or the number of its triangles: all three nodes are tried. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

srand shift;
my $length = pick(0, 0, 3, 12, 40);
my $nodes  = pick(1, 2, 5, 30, 100);
my $hub    = chance(0.3);
my (%neighbours, @lines);

sub random_node {
    my $number = $hub && chance(0.3) ? 0 : int rand $nodes;
    return $length ? substr("a\\\xc3\xa9\"" . "x" x $length, 0, $length) . $number : $number;
}

for (1 .. pick(0, 1, 10, 200, 1000)) {
    my ($from, $to) = (random_node(), random_node());
    my $blank = pick("\t", " ", " \t ");
    my $kind = rand 20;
    if ($kind < 1) {
        push @lines, pick("# a comment", "", "#$from $to");
        next;
    }
    $to = $from if $kind < 2;
    push @lines, $kind < 3 ? ($to = $from) : $from . $blank . $to . pick("", "", "", " 17", "\r");
    $neighbours{$from} //= {};
    next if $from eq $to;
    $neighbours{$from}{$to} = $neighbours{$to}{$from} = 1;
}
my @graph = map { "$_\t" . join(" ", sort keys %{ $neighbours{$_} }) . "\n" } sort keys %neighbours;
my $half = int rand @lines;
if (chance(0.4)) {
    write_file("first", map { "$_\n" } @lines[0 .. $half - 1]);
    write_file("second", map { "$_\n" } @lines[$half .. $#lines]);
    write_case(arguments => ["first", "second"], expected => \@graph);
} else {
    my $count = 0;
    for my $a (keys %neighbours) {
        for my $b (keys %{ $neighbours{$a} }) {
            next unless $a lt $b;
            $count += grep { $b lt $_ && $neighbours{$a}{$_} } keys %{ $neighbours{$b} };
        }
    }
    write_file("graph", @graph);
    write_case(arguments => ["graph", "--set", "graph=graph"], expected => ["triangles\t$count\n"]);
}
