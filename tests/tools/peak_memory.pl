#!/usr/bin/perl
# peak_memory.pl FILE COMMAND... - runs COMMAND and writes into FILE how many bytes it and its children used together at
# the worst moment: the sum of their proportional shares (Pss), looked at every 20 ms. Exits as COMMAND does.
use strict;
use warnings;
use POSIX ();

my ($report, @command) = @ARGV;
my $pid = fork // die "peak_memory.pl: fork: $!\n";
if ($pid == 0) {
    exec { $command[0] } @command or die "peak_memory.pl: $command[0]: $!\n";
}

sub slurp {
    my ($path) = @_;
    open my $file, '<', $path or return '';
    local $/;
    return <$file> // '';
}

my ($peak, $status) = (0, 0);
while (waitpid($pid, POSIX::WNOHANG) == 0) {
    my $sum = 0;
    for my $process ($pid, split ' ', slurp("/proc/$pid/task/$pid/children")) {
        $sum += $1 * 1024 if slurp("/proc/$process/smaps_rollup") =~ /^Pss:\s+(\d+) kB/m;
    }
    $peak = $sum if $sum > $peak;
    select undef, undef, undef, 0.02;
}
$status = $?;
open my $file, '>', $report or die "peak_memory.pl: $report: $!\n";
print $file "$peak\n";
close $file or die "peak_memory.pl: $report: $!\n";
exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
