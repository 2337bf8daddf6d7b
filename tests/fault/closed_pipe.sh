#!/bin/bash
# `mr ... | head -3` ends quietly and at once; a closed or full standard output is an error with a message.
source "$(dirname "$0")/../tools/testing.sh"

"$tools/random_input" 1 $((64 * 1024 * 1024 / scale)) many >big || exit 1

# expect_quiet WHAT - what mr said in the file err, and its exit status in $status, are those of a pipe that was closed.
expect_quiet() {
    [[ ! -s err ]] || fail "$1 is not quiet: $(head -c 500 err)"
    [[ $status -eq 141 || $status -eq 0 ]] || fail "$1: exit status $status"
}

for plugin in wordcount invertedindex; do
    "$mr" run $plugin big 2>err | head -n 3 >out
    status=${PIPESTATUS[0]}
    expect_quiet "$plugin | head"
    "$tools/reference" $plugin -- big | head -n 3 >expected
    expect_same expected out "$plugin | head"
done
"$mr" run grep --set pattern=a big 2>err | head -n 3 >out
status=${PIPESTATUS[0]}
expect_quiet "grep | head"
grep -a a big 2>/dev/null | head -n 3 >expected
expect_same expected out "grep | head"

# The whole file would take a minute; the first lines are there at once.
{
    yes first | head -n 100000
    make_slow_lines 40000
} >slow
started=$(milliseconds)
"$mr" run grep --set "pattern=first|$slow_pattern" --chunk 4K -j 2 slow 2>err | head -n 3 >out
status=${PIPESTATUS[0]}
elapsed=$(($(milliseconds) - started))
expect_quiet "slow grep | head"
[[ $elapsed -lt 10000 ]] || fail "grep | head went on for $elapsed ms"
[[ $(cat out) == $'first\nfirst\nfirst' ]] || fail "slow grep | head printed $(cat out)"

# A reader that is gone before anything is written.
run bash -c '"$1" run wordcount "$2" 2>err.pipe | true; exit "${PIPESTATUS[0]}"' - "$mr" big
mv err.pipe err
expect_quiet "wordcount | true"

# Nothing to write to: full, or closed. (As with all hangs, the time limit of this test catches one.)
for job in wordcount invertedindex "grep --set pattern=a"; do
    command_line="mr run $job big >/dev/full"
    "$mr" run $job big >/dev/full 2>err
    status=$?
    expect_status 1 "a full standard output" && expect_error "No space left on device"
    command_line="mr run $job big >&-"
    timeout 20 "$mr" run $job big >&- 2>err
    status=$?
    expect_status 1 "a closed standard output"
done

# Other descriptors that are closed do not matter.
"$tools/reference" wordcount -- big >expected
for closed in '<&-' '2>&-' '<&- 2>&-'; do
    run bash -c "timeout 20 \"\$1\" run wordcount big -j 2 $closed" - "$mr"
    expect_status 0 "mr run $closed" && expect_same expected out "mr run $closed"
    run bash -c "timeout 20 \"\$1\" run wordcount big -j 2 -o result $closed >&-" - "$mr"
    expect_status 0 "mr run -o $closed >&-" && expect_same expected result "mr run -o $closed >&-"
    rm -f result
done
for command in list help version; do
    command_line="mr $command >/dev/full"
    "$mr" $command >/dev/full 2>err
    status=$?
    expect_status 1 "mr $command to a full device"
done
finish
