#!/bin/bash
# Nobody reads what mr says: a terminal that has been stopped with Ctrl-S, a pipe that is full. The job goes on and ends,
# and what there was to say comes, in order, when it is taken.
source "$(dirname "$0")/../tools/testing.sh"

plugin=$build/tests/abi/crashes.so
for number in $(seq 300); do
    echo "fine $number"
    [[ $((number % 60)) -ne 0 ]] || echo "BOOM $number"
done >lines
job=("$mr" run "$plugin" lines --set what=segv --skip-bad 9 -j 1 -v --bad bad -o result)

# What has to come, without figures.
run "${job[@]}"
expect_status 0 "the job" || finish
# shape FILE - its messages, without figures and paths, and without what only a job of more than a second has.
shape() {
    sed -n '/: bound by /d; s/\r$//; s/^.*mr: /mr: /; s/[0-9][0-9.]*//gp' "$1" | sed 's/ [KMG]\?i\?B / B /g'
}
shape err >expected
[[ $(wc -l <expected) -ge 9 ]] || fail "too few messages: $(cat err)"

# Waits for the output.
cat >await_result <<'END'
for ((i = 0; i < 600; i++)); do
    [[ -e result ]] && exit 0
    sleep 0.1
done
exit 1
END

# A terminal that is stopped before the first message; the job has written its output before it goes on.
rm -f result bad
"$tools/terminal" --size 500x100 --expect ready --send '\x13' --pause 200 --do 'touch go; bash await_result' \
    --pause 300 --send '\x11' bash -c "echo ready; until [[ -e go ]]; do sleep 0.05; done; exec ${job[*]@Q}" \
    >screen 2>err
status=$?
[[ $status -eq 0 ]] || fail "Ctrl-S: status $status: $(cat err screen)"
shape screen >actual
expect_same expected actual "after Ctrl-S"

# full_pipe.pl read|late|never|close COMMAND... - runs it with a pipe for its messages that is full, and read when the output
# is there, or a second later than usual, or never, or closed when it could be read.
cat >full_pipe.pl <<'END'
use strict;
use warnings;
use IO::Handle;
my ($read, @command) = @ARGV;
pipe my $from, my $to or die "pipe: $!\n";
$to->blocking(0);
1 while syswrite $to, 'x' x 4096;
$to->blocking(1);
my $pid = fork // die "fork: $!\n";
if ($pid == 0) {
    close $from;
    $SIG{PIPE} = 'DEFAULT';
    open STDERR, '>&', $to or die;
    exec @command;
}
close $to;
if ($read eq "read" || $read eq "close") {
    for (1 .. 600) { last if -e 'result'; select undef, undef, undef, 0.1 }
    exit 3 if !-e 'result';
}
if ($read eq "close") {
    select undef, undef, undef, 0.2;
    close $from;
}
select undef, undef, undef, 1 if $read eq "late";
if ($read eq "read" || $read eq "late") {
    local $/;
    my $text = <$from>;
    $text =~ s/^x+//;
    print $text;
}
waitpid $pid, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);
END
rm -f result bad
run perl full_pipe.pl read "${job[@]}"
[[ $status -eq 0 ]] || fail "a full pipe: status $status, $(head -c 1000 out)"
shape out >actual
expect_same expected actual "from a full pipe"

# A check has the job done by a process of its own, which has to say why it crashed before it ends.
run perl full_pipe.pl late "$mr" check "$plugin" lines --set what=segv
expect_status 1 "a check and a full pipe"
grep -q '^mr: crashes crashed in map$' out || fail "a check and a full pipe: $(head -c 1000 out)"

# Who never reads does not keep mr for long when the job has ended.
run perl full_pipe.pl never "$mr" run "$plugin" lines --set what=segv -q -o other
[[ $status -eq 1 && ! -e other ]] || fail "a failure and a full pipe: status $status"

# Nor does who goes then change how it ends.
rm -f result
run perl full_pipe.pl close "$mr" run "$plugin" lines --set what=segv -q --stats result
expect_status 1 "a failure, and a reader who goes"
finish
