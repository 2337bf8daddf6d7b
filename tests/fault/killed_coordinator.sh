#!/bin/bash
# kill -9 of the coordinator at random moments: a second later no worker is alive, and no file is left.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
start_seed

"$tools/random_input" "$seed" $((48 * 1024 * 1024 / scale)) many >big || exit 1
make_slow_lines 5000 >slow
mkdir folder
rounds=$((30 / scale))
hits=0
for ((round = 0; round < rounds; round++)); do
    pick "wordcount big" "invertedindex big" "grep --chunk 1K --set pattern=$slow_pattern slow"
    job=$REPLY
    below 1000
    delay=$REPLY
    command_line="mr run $job -j 3 --memory 48M; kill -9 after $delay ms"
    "$mr" run $job -j 3 --memory 48M -o folder/result >out 2>err &
    pid=$!
    wait_for_workers $pid 3
    sleep "0.$(printf '%03d' "$delay")"
    workers=($(children_of $pid))
    kill -9 $pid 2>/dev/null && hits=$((hits + 1))
    wait $pid 2>/dev/null
    status=$?
    if [[ $status -eq 0 ]]; then
        rm -f folder/result
        continue
    fi
    for ((attempt = 0; attempt < 10; attempt++)); do
        alive=()
        for worker in "${workers[@]}"; do
            grep -qs '^State:.[^ZX]' "/proc/$worker/status" && alive+=("$worker")
        done
        [[ ${#alive[@]} -eq 0 ]] && break
        sleep 0.1
    done
    [[ ${#alive[@]} -eq 0 ]] || {
        fail "round $round of seed $seed: workers outlive the coordinator: ${alive[*]} ($command_line)"
        kill -9 "${alive[@]}"
    }
    expect_files folder
    rm -f folder/result
done 2>/dev/null
echo "$hits of $rounds kills came in time"
[[ $hits -gt 0 ]] || fail "no kill came in time"
finish
