#!/bin/bash
# Clocks that jump by hours (tests/preload/jump_clock.c). Those that can be set do not matter at all: mr measures time with
# CLOCK_MONOTONIC alone. Where even that one jumps a time limit may seem to be over, but nothing hangs.
# timeout: 180
source "$(dirname "$0")/../tools/testing.sh"
has_sanitizer && skip "a sanitizer has to be the first library"

jump_clock=$build/tests/preload/jump_clock.so
"$tools/random_input" 1 $((4 * 1024 * 1024)) many >input || exit 1
jobs=("wordcount input" "wordcount input --sort value:desc" "invertedindex input" "grep --set pattern=a input")
for number in "${!jobs[@]}"; do
    run "$mr" run ${jobs[number]} -j 3 --memory 4M
    expect_status 0 "${jobs[number]} undisturbed"
    mv out "expected.$number"
    for ((round = 0; round < 5; round++)); do
        run timeout -s KILL 60 env "LD_PRELOAD=$jump_clock" "$mr" run ${jobs[number]} -j 3 --memory 4M
        expect_status 0 "with jumps" && expect_same "expected.$number" out "with jumps"
        run timeout -s KILL 60 env "LD_PRELOAD=$jump_clock" MR_JUMP_CLOCKS=all "$mr" run ${jobs[number]} -j 3 --memory 4M
        [[ $status -eq 1 ]] || { expect_status 0 "with jumps of all clocks" && expect_same "expected.$number" out; }
    done
done

# The test can fail: the library does make clocks jump.
run env "LD_PRELOAD=$jump_clock" perl -e 'my @times = map { time } 1 .. 9; print "$times[0] $times[8]\n"'
read -r first last <out
[[ $((first - last)) -lt -60 || $((first - last)) -gt 60 ]] || fail "the clock did not jump: $first, $last"

# Functions that wait or measure by a clock that can be set, but where the time of day is what is wanted, as a comment says;
# check/surroundings.c moves the clocks that plugins ask.
settable='CLOCK_REALTIME|gettimeofday|\<time\(|_timedwait|_timedlock|\<alarm\(|setitimer|timerfd'
grep -nE "$settable" "$root"/src/*/*.[ch] "$root"/src/*.[ch] "$root"/plugins/*.c | grep -v '^[^:]*:[0-9]*: *\(/\*\| \*\)' |
    grep -v -e '/\*.*time of day' -e '/src/check/surroundings\.c:' >found
[[ ! -s found ]] || fail "time is measured by a clock that can be set: $(cat found)"
finish
