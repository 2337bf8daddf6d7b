#!/bin/bash
# kill -9 of the coordinator at random moments: a second later no worker is alive, and no file is left but, when the blow
# came last of all, the whole output.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
start_seed

"$tools/random_input" "$seed" $((48 * 1024 * 1024 / scale)) many >big || exit 1
make_slow_lines 500 >slow
mkdir folder
jobs=("wordcount big" "invertedindex big" "grep --chunk 1K --set pattern=$slow_pattern slow")
durations=()
for number in 0 1 2; do
    started=$(milliseconds)
    run "$mr" run ${jobs[number]} -j 3 --memory 48M -o "expected.$number"
    expect_status 0 "undisturbed"
    durations+=($(($(milliseconds) - started)))
done

# living PID... - print those that are still alive.
living() {
    local process
    for process; do
        grep -qs '^State:.[^ZX]' "/proc/$process/status" && echo "$process"
    done
}

rounds=$((30 / scale))
hits=0
for ((round = 0; round < rounds; round++)); do
    number=$((round % 3))
    below "${durations[number]}"
    delay=$REPLY
    command_line="mr run ${jobs[number]} -j 3 --memory 48M; kill -9 after $delay ms"
    "$mr" run ${jobs[number]} -j 3 --memory 48M -o folder/result >out 2>err &
    pid=$!
    sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
    workers=$(children_of $pid)
    kill -9 $pid
    wait $pid
    status=$?
    [[ $status -ne 137 ]] || hits=$((hits + 1))
    for ((attempt = 0; attempt < 10; attempt++)); do
        alive=$(living $workers)
        [[ -n $alive ]] || break
        sleep 0.1
    done
    [[ -z $alive ]] || {
        fail "round $round of seed $seed: workers outlive the coordinator: $alive ($command_line)"
        kill -9 $alive
    }
    if [[ -e folder/result ]]; then
        expect_files folder result
        cmp -s folder/result "expected.$number" || fail "round $round of seed $seed: a partial output ($command_line)"
        rm -f folder/result
    fi
    expect_files folder
done 2>/dev/null
echo "$hits of $rounds kills came in time"
[[ $hits -gt 0 ]] || fail "no kill came in time"
finish
