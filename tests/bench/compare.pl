#!/usr/bin/perl
# compare.pl EVENTS FOLDER - print what `make bench-compare` found, and write compare.json into FOLDER.
#
# Two runs of one round stand side by side in time, so the ratio of their figures is freer of what else the machine does
# than the figures are. The ratios of all rounds give a mean and, by Student's t distribution, how far off that may be with
# a probability of 95 %: the noise. (All this for their logarithms, so that twice and half weigh the same.) A mean that is
# nearer to 1 than that is no difference.
use strict;
use warnings;
use utf8;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP ();
use List::Util qw(sum min);
use figures qw(read_events median text_table);

# Two-sided 95 % quantiles for 1, 2, ... degrees of freedom; the last is for all beyond.
my @t_quantile = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.10);

my ($events, $folder) = @ARGV;
my ($machine, $rows, $missing) = read_events($events);

# Figures by round of a program's runs that went well.
sub by_round {
    my ($program, $figure) = @_;
    my @good = grep { $_->{fault} eq '' && $_->{round} > 0 } @{ $program->{runs} };
    return { map { $_->{round} => $figure eq 'cpu' ? $_->{figures}{user} + $_->{figures}{sys} : $_->{figures}{wall} } @good };
}

# Compares one figure of two programs. Returns undef when there are less than two rounds of both.
sub compare {
    my ($new, $base, $figure) = @_;
    my ($of_new, $of_base) = (by_round($new, $figure), by_round($base, $figure));
    my @rounds = grep { $of_base->{$_} && $of_new->{$_} } sort { $a <=> $b } keys %$of_new;
    my $count = @rounds;
    return undef if $count < 2;
    my @logs = map { log($of_new->{$_} / $of_base->{$_}) } @rounds;
    my $mean = sum(@logs) / $count;
    my $deviation = sqrt(sum(map { ($_ - $mean)**2 } @logs) / ($count - 1));
    my $noise = $t_quantile[min($count - 2, $#t_quantile)] * $deviation / sqrt($count);
    return {
        new => median(@$of_new{@rounds}), base => median(@$of_base{@rounds}), rounds => $count, ratio => exp $mean,
        noise => exp($noise) - 1, verdict => abs $mean <= $noise ? 'same' : $mean < 0 ? 'faster' : 'slower'
    };
}

sub cells {
    my ($name, $result) = @_;
    my ($time, $cpu) = @$result{qw(wall cpu)};
    return [
        $name, map({ sprintf '%.4f s', $time->{$_} } qw(base new)),
        map { (sprintf('%.3f', $_->{ratio}), sprintf('± %.1f %%', 100 * $_->{noise}), $_->{verdict}) } $time, $cpu
    ];
}

# Why a pair was not compared.
sub reason {
    my ($new, $base) = @_;
    for my $program ($new, $base) {
        for my $run (@{ $program->{runs} }) {
            return "$program->{program}: $run->{fault}" if $run->{fault} ne '';
        }
    }
    return 'there are too few rounds';
}

binmode STDOUT, ':utf8';
my (@table, @notes);
for my $row (@$rows) {
    push @notes, "$row->{name} skipped: $row->{skipped}" if $row->{skipped};
    push @notes, "$row->{name}: the results differ" if $row->{differ};
    my %program = map { $_->{program} => $_ } @{ $row->{programs} };
    for my $name (map { /^new (.*)/ ? $1 : () } map { $_->{program} } @{ $row->{programs} }) {
        my @pair = @program{ "new $name", "base $name" };
        my %result = (program => $name, map { $_ => compare(@pair, $_) } qw(wall cpu));
        push @{ $row->{comparisons} }, \%result;
        my $label = "$row->{name}" . ($name eq 'mr' ? '' : " ($name)");
        if ($result{wall}) { push @table, cells($label, \%result) }
        else { push @notes, "$label skipped: " . reason(@pair) }
    }
}

print "new: $machine->{revision}, base: $machine->{base}; $machine->{jobs} workers, $machine->{rounds} rounds\n\n";
print text_table([ 'row', 'base', 'new', 'time', 'noise', '', 'CPU', 'noise', '' ], @table) if @table;
print "\ntime, CPU: new / base; 'same': the difference is within the noise\n" if @table;
print "$_\n" for @notes;
open my $file, '>', "$folder/compare.json" or die "bench: $folder/compare.json: $!\n";
print $file JSON::PP->new->canonical->pretty->encode({ machine => $machine, rows => $rows });
close $file or die "bench: $folder/compare.json: $!\n";
