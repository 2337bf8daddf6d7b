#!/usr/bin/perl
# report.pl EVENTS FOLDER - print what `make bench` found, and write result.json and result.md into FOLDER. Exits with 1 when
# a program failed or printed something wrong.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP ();
use figures qw(read_events median figure_of text_table);

my ($events, $folder) = @ARGV;
my ($machine, $rows, $missing) = read_events($events);

sub seconds {
    my ($value) = @_;
    return '-' unless defined $value;
    return $value < 0.1 ? sprintf '%.2f ms', $value * 1000 : sprintf '%.2f s', $value;
}

sub megabytes {
    my ($bytes) = @_;
    return defined $bytes ? sprintf('%.1f MB', $bytes / 1e6) : '-';
}

# How many times as long as the first program of its row a program takes, for the same work.
sub times_first {
    my ($row, $program) = @_;
    my $first = $row->{programs}[0];
    my ($wall, $base) = map { figure_of($_, 'wall') } $program, $first;
    return '-' unless defined $wall && $base;
    my $more_work = $program->{amount} && $first->{amount} ? $program->{amount} / $first->{amount} : 1;
    return sprintf '%.2f', $wall / $base / $more_work;
}

# Things per second, or nothing where nothing is counted.
sub rate {
    my ($program) = @_;
    my $wall = figure_of($program, 'wall');
    return '' unless $program->{amount} && $wall;
    my $rate = $program->{amount} / $wall;
    return ($rate >= 1e6 ? sprintf '%.1f M', $rate / 1e6 : sprintf '%.0f K', $rate / 1e3) . " $program->{unit}/s";
}

sub first_fault {
    my ($program) = @_;
    my ($fault) = grep { $_ ne '' } map { $_->{fault} } @{ $program->{runs} };
    return $fault // '';
}

# How many runs stand behind the figures, or what went wrong.
sub remark {
    my ($program) = @_;
    my $fault = first_fault($program);
    my $rounds = grep { $_->{round} > 0 } @{ $program->{runs} };
    return $fault ne '' ? $fault : $rounds > 1 ? "$rounds runs" : '1 run';
}

# The cells of one program; the first program of the row is what the others are compared with.
sub cells {
    my ($row, $program) = @_;
    my $wall = figure_of($program, 'wall');
    return [
        $program->{program}, seconds($wall), times_first($row, $program),
        seconds(figure_of($program, 'cpu')), megabytes(figure_of($program, 'peak')), rate($program), remark($program)
    ];
}

sub print_row {
    my ($row) = @_;
    print "\n$row->{name}: $row->{title}\n";
    return print "  skipped: $row->{skipped}\n" if $row->{skipped};
    print text_table([ 'program', 'time', 'times mr', 'CPU', 'memory', '', '' ], map { cells($row, $_) } @{ $row->{programs} });
}

# Adds to a goal its actual ratio and whether it is reached; neither where a program has no figure.
sub judge_goal {
    my ($row, $goal) = @_;
    my %program = map { $_->{program} => $_ } @{ $row->{programs} };
    my ($value, $base) = map { $program{$_} && figure_of($program{$_}, $goal->{figure}) } @$goal{qw(program baseline)};
    return unless defined $value && $base;
    $goal->{ratio} = $value / $base;
    $goal->{reached} = $goal->{ratio} <= $goal->{limit} ? JSON::PP::true : JSON::PP::false;
}

sub print_goals {
    my @goals = map { my $row = $_; map { { %$_, row => $row->{name} } } @{ $row->{goals} } } @$rows;
    my @known = grep { defined $_->{ratio} } @goals;
    my @short = grep { !$_->{reached} } @known;
    my %what = (wall => 'time', cpu => 'CPU time', peak => 'memory');
    printf "\n%d of %d goals reached\n", @known - @short, scalar @goals;
    printf "  %s: %s of %s is %.2f times that of %s; the goal is %.2f, so it falls short by %.0f %%\n", $_->{row},
        $what{ $_->{figure} }, $_->{program}, $_->{ratio}, $_->{baseline}, $_->{limit}, 100 * ($_->{ratio} / $_->{limit} - 1)
        for @short;
    printf "  %s: %s of %s / %s is unknown\n", @$_{qw(row figure program baseline)} for grep { !defined $_->{ratio} } @goals;
}

sub write_json {
    my $json = JSON::PP->new->canonical->pretty;
    open my $file, '>', "$folder/result.json" or die "bench: $folder/result.json: $!\n";
    print $file $json->encode({ machine => $machine, rows => $rows, not_installed => $missing });
    close $file or die "bench: $folder/result.json: $!\n";
}

# The table for README.md: a line for each row, the programs side by side in one cell each.
sub write_markdown {
    open my $file, '>', "$folder/result.md" or die "bench: $folder/result.md: $!\n";
    print $file "| Job | mr | others, and how many times as long they take |\n|---|---|---|\n";
    for my $row (@$rows) {
        my ($own, @others) = @{ $row->{programs} };
        next unless $own;
        my $wall = figure_of($own, 'wall');
        my @texts = map { "$_->{program} " . times_first($row, $_) } grep { defined figure_of($_, 'wall') } @others;
        print $file "| $row->{title} | ", (rate($own) || seconds($wall)), " | ", join(', ', @texts), " |\n";
    }
    close $file or die "bench: $folder/result.md: $!\n";
}

for my $row (@$rows) {
    judge_goal($row, $_) for @{ $row->{goals} };
}
print "$machine->{processor}, $machine->{processors} CPUs, $machine->{kernel}; mr $machine->{revision}, ",
    "$machine->{jobs} workers, medians of $machine->{rounds} rounds\n";
print_row($_) for @$rows;
print $machine->{size} eq 'full' ? '' : "\nNo goals: there is too little data.\n";
print_goals() if $machine->{size} eq 'full';
print "\n$_: not installed, skipped: $missing->{$_}" for sort keys %$missing;
print "\nAll figures: $folder/result.json\n";
write_json();
write_markdown();
exit((grep { my $fault = first_fault($_); $fault ne '' && $fault ne 'not done in time' } map { @{ $_->{programs} } } @$rows) ? 1 : 0);
