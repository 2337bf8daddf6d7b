# What the references for the plugins of the gallery share. Each of them, NAME.pl, is called with a seed. It writes random
# input and computes from it what the plugin NAME has to print, in another way than the plugin, into the current folder:
#
#   arguments   what comes behind `mr run NAME`, one argument in each line
#   expected    what has to come out
#   counters    the counters that have to be told, as `name = number` lines; empty: none
package gallery;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = qw(start pick chance escaped write_file write_case);

# Begins the random numbers of a case. (The first ones of neighbouring seeds of srand are much the same.)
sub start {
    my ($seed) = @_;
    srand($seed * 2654435761 % 2**32);
    rand for 1 .. 10;
}

# One of some values at random.
sub pick { return $_[rand @_] }

# Whether something happens that does so in a given share of all cases.
sub chance { return rand() < $_[0] }

# A key or a value as mr prints it.
sub escaped {
    my %escapes = ("\\" => "\\\\", "\t" => "\\t", "\n" => "\\n", "\r" => "\\r");
    return $_[0] =~ s/([\\\t\n\r])/$escapes{$1}/gr;
}

sub write_file {
    my ($name, @texts) = @_;
    open my $file, ">:raw", $name or die "$name: $!";
    print $file @texts;
    close $file or die "$name: $!";
}

# write_case(arguments => [...], expected => [...], counters => {...})
sub write_case {
    my %case = @_;
    my $counters = $case{counters} // {};
    write_file("arguments", map { "$_\n" } @{ $case{arguments} });
    write_file("expected", @{ $case{expected} });
    write_file("counters", map { $counters->{$_} ? "$_ = $counters->{$_}\n" : () } sort keys %$counters);
}

1;
