#!/usr/bin/perl
# peak_usage.pl FILE FOLDER COMMAND... - runs COMMAND and writes into FILE what it and its children used at the worst
# moment, looked at every 20 ms. Exits as COMMAND does. FILE has a line for each of
#
#     memory     bytes: the sum of the proportional shares (Pss) of all processes
#     processes  how many there were at that moment
#     disk       bytes on disk of the files in FOLDER without a name that COMMAND has open: the spill files of mr
#     files      descriptors that COMMAND has open
#     child      descriptors that the child with the most of them has open
use strict;
use warnings;
use POSIX ();

my ($report, $folder, @command) = @ARGV;
my $pid = fork // die "peak_usage.pl: fork: $!\n";
if ($pid == 0) {
    exec { $command[0] } @command or die "peak_usage.pl: $command[0]: $!\n";
}

my %peak = map { $_ => 0 } qw(memory processes disk files child);

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

sub note {
    my ($what, $amount) = @_;
    $peak{$what} = $amount if $amount > $peak{$what};
}

# Notes the memory of some processes together.
sub look_at_memory {
    my $sum = 0;
    for my $process (@_) {
        $sum += $1 * 1024 if slurp("/proc/$process/smaps_rollup") =~ /^Pss:\s+(\d+) kB/m;
    }
    $peak{processes} = @_ if $sum > $peak{memory};
    note('memory', $sum);
}

# The descriptors of a process.
sub descriptors {
    my ($process) = @_;
    opendir my $list, "/proc/$process/fd" or return;
    return map { "/proc/$process/fd/$_" } grep { !/^\./ } readdir $list;
}

# Notes the space of the files in FOLDER without a name among these descriptors.
sub look_at_disk {
    my $sum = 0;
    for my $path (@_) {
        my $target = readlink $path // next;
        next unless $target =~ m{^\Q$folder\E/[^/]* \(deleted\)$};
        my @status = stat $path or next;
        $sum += 512 * $status[12];
    }
    note('disk', $sum);
}

while (waitpid($pid, POSIX::WNOHANG) == 0) {
    my @children = split ' ', slurp("/proc/$pid/task/$pid/children");
    my @files = descriptors($pid);
    look_at_memory($pid, @children);
    look_at_disk(@files);
    note('files', scalar @files);
    note('child', scalar(() = descriptors($_))) for @children;
    select undef, undef, undef, 0.02;
}
my $status = $?;
open my $file, '>', $report or die "peak_usage.pl: $report: $!\n";
print $file "$_ $peak{$_}\n" for sort keys %peak;
close $file or die "peak_usage.pl: $report: $!\n";
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
