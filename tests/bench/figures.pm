# figures.pm - the events that runner.sh writes, as Perl data, and the arithmetic of both reports.
package figures;
use strict;
use warnings;
use Exporter 'import';
use JSON::PP ();
our @EXPORT_OK = qw(read_events median figure_of text_table);

# Returns (machine, rows, missing): a hash; a list of rows in their order, each a hash with name, title, programs (a list of
# hashes with program, amount, unit, runs), goals and skipped; and a hash from tools that are not installed to remedies.
sub read_events {
    my ($path) = @_;
    my ($machine, @rows, %row, %missing) = ({});
    my $json = JSON::PP->new;
    open my $file, '<', $path or die "bench: $path: $!\n";
    while (my $line = <$file>) {
        my $event = $json->decode($line);
        my $kind = delete $event->{event};
        my $name = delete $event->{row};
        if ($kind eq 'machine') { $machine = $event; next }
        if ($kind eq 'base') { $machine->{base} = $event->{revision}; next }
        if ($kind eq 'missing') { $missing{$event->{tool}} = $event->{remedy}; next }
        my $row = $row{$name};
        if (!$row) {
            $row = $row{$name} = { name => $name, title => $name, programs => [], goals => [] };
            push @rows, $row;
        }
        if ($kind eq 'title') { $row->{title} = $event->{title} }
        elsif ($kind eq 'skip') { $row->{skipped} = $event->{reason} }
        elsif ($kind eq 'differ') { $row->{differ} = JSON::PP::true }
        elsif ($kind eq 'goal') { push @{ $row->{goals} }, $event }
        elsif ($kind eq 'program') { push @{ $row->{programs} }, { %$event, runs => [] } }
        elsif ($kind eq 'run') {
            my ($program) = grep { $_->{program} eq $event->{program} } @{ $row->{programs} };
            push @{ $program->{runs} }, $event;
        }
    }
    return ($machine, \@rows, \%missing);
}

sub median {
    my @sorted = sort { $a <=> $b } @_;
    return undef unless @sorted;
    return ($sorted[$#sorted / 2] + $sorted[@sorted / 2]) / 2;
}

# One figure of a program: the median of `wall`, `cpu` (seconds) or the largest `peak` (bytes). The warm-up counts only for
# memory, and where there is nothing else. undef: no run went well.
sub figure_of {
    my ($program, $figure) = @_;
    my @good = grep { $_->{fault} eq '' && ref $_->{figures} } @{ $program->{runs} };
    if ($figure eq 'peak') {
        my ($peak) = sort { $b <=> $a } grep { defined } map { $_->{figures}{peak} } @good;
        return $peak;
    }
    my @rounds = grep { $_->{round} > 0 } @good;
    @rounds = @good unless @rounds;
    return median(map { $figure eq 'cpu' ? $_->{figures}{user} + $_->{figures}{sys} : $_->{figures}{wall} } @rounds);
}

# Lines of a table for people: the first column to the left, the others to the right. rows: lists of texts.
sub text_table {
    my @rows = @_;
    my @width;
    for my $row (@rows) {
        for my $column (0 .. $#$row) {
            my $length = length $row->[$column];
            $width[$column] = $length if $length > ($width[$column] // -1);
        }
    }
    my $text = '';
    for my $row (@rows) {
        my $line = join '  ', map { sprintf $_ ? '%*s' : '%-*s', $width[$_], $row->[$_] } 0 .. $#$row;
        $line =~ s/ +$//;
        $text .= "  $line\n";
    }
    return $text;
}

1;
