# A step of pagerank on a random graph, in tables of Perl. See gallery.pm.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use gallery;

srand shift;
my $one     = 2**60;
my $damping = pick(0.85, 0.85, 0.999, 0.001, sprintf "%.3f", 0.001 + rand 0.99);
my $epsilon = pick(0, "1e-6", 0.1);
my $length  = pick(0, 0, 3, 12, 40);
my $nodes   = pick(1, 2, 5, 30, 300);
my $step    = pick("links", "start", "round", "round", "ranks");
my (%links, %received, @lines);

sub random_node {
    my $number = int rand pick($nodes, 1 + $nodes / 10);
    return $length ? substr("a\\\xc3\xa9\"" . "x" x $length, 0, $length) . $number : $number;
}

for (1 .. pick(0, 1, 10, 200, 1000)) {
    my ($from, $to) = (random_node(), random_node());
    if (chance(0.1)) {
        push @lines, pick("# a comment", "", "#$from $to");
    } elsif (chance(0.1)) {
        push @lines, $from;
        $links{$from} //= [];
    } else {
        push @lines, $from . pick("\t", " ", " \t ") . $to . pick("", "", "", " 17", "\r");
        push @{ $links{$from} }, $to;
        $links{$to} //= [];
    }
}

# Integers of 64 bits stay such ones.
sub whole { return 0 + sprintf "%.0f", int $_[0] }

my @names = sort keys %links;
my $count = @names;
my $spread = whole(rand(0.3) * $one);
$received{$_} = whole(rand(0.7) / $count * $one) for @names;
my @links = map { "$_\t@{$links{$_}}\n" } @names;
my @state = ("\t$spread $count\n", map { "$_\t$received{$_}\n" } @names);
@state = () unless @names;

# Perl adds doubles without a fraction as integers; these are rounded as doubles are.
sub rounded { return unpack "d", pack "d", $_[0] }

sub rank_of {
    my $everybody = rounded((1 - $damping) * $one + $damping * $spread);
    return rounded($everybody / $count + $damping * $received{ $_[0] });
}

# A double as the shortest of the texts that read back as the same.
sub text_of {
    my ($real) = @_;
    for my $digits (1 .. 17) {
        my $text = sprintf "%.${digits}g", $real;
        return $text if $text == $real;
    }
}

my @arguments = ("--set", "damping=$damping", "--set", "epsilon=$epsilon");
my (@expected, %counters);
write_file("state", @state);
if ($step eq "links") {
    my $half = int rand @lines;
    write_file("first", map { "$_\n" } @lines[0 .. $half - 1]);
    write_file("second", map { "$_\n" } @lines[$half .. $#lines]);
    push @arguments, "first", "second";
    @expected = @links;
} elsif ($step eq "ranks") {
    push @arguments, "state", "--set", "step=ranks", "--set", "state=state";
    @expected = map { "$_\t" . text_of(rank_of($_) / $one) . "\n" } @names;
} elsif ($step eq "start") {
    write_file("links", @links);
    push @arguments, "links", "--set", "step=round";
    @expected = @names ? ("\t" . whole($one) . " $count\n", map { "$_\t0\n" } @names) : ();
} else {
    write_file("links", @links);
    push @arguments, "links", "--set", "step=round", "--set", "state=state";
    my ($nobody, %sums) = (0, map { $_ => 0 } @names);
    for my $node (@names) {
        my @to = @{ $links{$node} };
        $nobody += whole(rank_of($node)) unless @to;
        $sums{$_} += whole(rank_of($node) / @to) for @to;
    }
    $counters{moved} += abs($sums{$_} - $received{$_}) > $epsilon * $one / $count for @names;
    $counters{moved} += abs($nobody - $spread) > $epsilon * $one if @names;
    @expected = @names ? ("\t$nobody $count\n", map { "$_\t$sums{$_}\n" } @names) : ();
}
write_case(arguments => \@arguments, expected => \@expected, counters => \%counters);
