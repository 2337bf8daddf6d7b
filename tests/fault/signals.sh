#!/bin/bash
# SIGINT, SIGTERM and SIGHUP at random moments, to the coordinator alone or to all of its processes as Ctrl-C does: exit
# status 128+n, no output, no litter, and nobody is left. (tests/tools/contain looks for processes and for TMPDIR.)
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
start_seed
set -m # every job in a process group of its own, with SIGINT as it is by default

"$tools/random_input" "$seed" $((48 * 1024 * 1024 / scale)) many >big || exit 1
mkdir folder

# How long each job takes when it is left alone, so that the signals come at any time within.
declare -A duration settings=([grep]="--set pattern=ka")
for plugin in wordcount invertedindex grep; do
    started=$(milliseconds)
    run "$mr" run $plugin ${settings[$plugin]:-} big -j 3 --memory 64M -o folder/result
    expect_status 0 "$plugin undisturbed"
    mv folder/result "expected.$plugin"
    duration[$plugin]=$(($(milliseconds) - started))
done

hits=0
rounds=$((40 / scale))
for ((round = 0; round < rounds; round++)); do
    pick wordcount invertedindex grep
    plugin=$REPLY
    pick INT TERM HUP
    signal=$REPLY
    pick one all
    whom=$REPLY
    pick new old
    before=$REPLY
    rm -f folder/result
    [[ $before == new ]] || echo before >folder/result
    below "${duration[$plugin]}"
    delay=$REPLY
    command_line="mr run $plugin big -j 3, SIG$signal to $whom after $delay ms"
    "$mr" run $plugin ${settings[$plugin]:-} big -j 3 --memory 64M -o folder/result >out 2>err &
    pid=$!
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    sent=$(milliseconds)
    if [[ $whom == one ]]; then kill -$signal $pid; else kill -$signal -- -$pid; fi
    wait $pid 2>/dev/null
    status=$?
    elapsed=$(($(milliseconds) - sent))
    [[ $status -eq 0 ]] && continue # it was done already
    hits=$((hits + 1))
    expect_status $((128 + $(kill -l $signal))) "round $round of seed $seed"
    [[ $elapsed -lt $((1000 * scale)) ]] || fail "round $round: it took $elapsed ms to end"
    if cmp -s folder/result "expected.$plugin"; then
        fail "round $round of seed $seed: the output is complete, but the status is $status ($command_line)"
    elif [[ $before == new ]]; then
        expect_files folder
    else
        expect_files folder result
        [[ $(cat folder/result) == before ]] || fail "round $round of seed $seed: the old output is gone ($command_line)"
    fi
done 2>/dev/null
echo "$hits of $rounds signals came in time"
[[ $hits -gt 0 ]] || fail "no signal came in time"
finish
