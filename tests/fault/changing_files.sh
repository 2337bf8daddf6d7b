#!/bin/bash
# A file that is truncated, grows, changes in place or vanishes while it is read: an error that names it, exit status 1 and
# no output; never a SIGBUS and never an answer for half a file. A pattern that takes long on every line leaves the time to
# change the file.
source "$(dirname "$0")/../tools/testing.sh"

# change_during WHAT COMMAND... - start a slow job on the file `changing`, run COMMAND in its middle, wait for the end.
change_during() {
    local what=$1 pid
    shift
    command_line="(a slow grep while: $*)"
    make_slow_lines 1000 >changing
    "$mr" run grep --set "pattern=$slow_pattern" --chunk 1K -j 2 quick changing -o result >out 2>err &
    pid=$!
    wait_for_workers $pid 2 || fail "$what: no workers"
    sleep 0.3
    "$@"
    kill -0 $pid 2>/dev/null || fail "$what: the job was over before the file changed"
    wait $pid
    status=$?
}

expect_complaint() {
    expect_status 1 "$1" && expect_error changing
    expect_files . changing err out quick
    rm -f result
}

echo quick >quick
: >out
change_during "truncated" truncate -s 14000 changing
expect_complaint "a file that is truncated"
change_during "emptied" truncate -s 0 changing
expect_complaint "a file that is emptied"
change_during "grown" eval 'echo more >>changing'
expect_complaint "a file that grows"
# Of the same size as before: in a part that has been read, and in one that has not. Only the time of the change shows it.
change_during "changed at its start" eval 'printf changed | dd of=changing conv=notrunc status=none'
expect_complaint "a file that is changed at its start"
change_during "changed at its end" eval 'printf "changed\n" | dd of=changing conv=notrunc status=none oflag=seek_bytes seek=20992'
expect_complaint "a file that is changed at its end"
# Another file of the same size and time under its name, before anybody has opened it but to look at it.
make_slow_lines 1000 >quick
change_during "exchanged" eval 'tr x w <changing >other && touch -r changing other && mv other changing'
expect_complaint "a file that is exchanged"
expect_error "was changed while it was read"
echo quick >quick

# Removed is not changed: who has a file open keeps it. Either answer is right, half an answer is not.
change_during "removed" rm changing
if [[ $status -eq 0 ]]; then
    expect_files . err out quick result
else
    expect_status 1 "a file that is removed" && expect_error changing
    expect_files . err out quick
fi
rm -f result
finish
