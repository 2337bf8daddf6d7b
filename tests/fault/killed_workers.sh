#!/bin/bash
# kill -9 of one worker, of some or of all at random moments: the output has the same bytes, and the summary counts the
# work that was done again.
# timeout: 400
source "$(dirname "$0")/../tools/testing.sh"
start_seed
# The leak checker works in a child of its own, which this test would kill as well.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

for number in 1 2 3; do
    "$tools/random_input" "$((seed + number))" $((16 * 1024 * 1024 / scale)) many >"file$number" || exit 1
done
# The fourth job is wordcount in the order of its counts, which orders and merges parts that only workers have.
declare -A duration settings=([grep]="--set pattern=ka" [sorted]="--sort value:desc")
for plugin in wordcount invertedindex grep; do
    "$tools/reference" $plugin $([[ $plugin != grep ]] || echo pattern=ka) -- file1 file2 file3 >"expected.$plugin"
done
sort -s -t "$(printf '\t')" -k2,2nr expected.wordcount >expected.sorted
jobs=(wordcount invertedindex grep sorted)
for plugin in "${jobs[@]}"; do
    started=$(milliseconds)
    run "$mr" run ${plugin/sorted/wordcount} ${settings[$plugin]:-} file1 file2 file3 -j 3 --memory 64M -o result
    expect_status 0 "$plugin undisturbed" && expect_same "expected.$plugin" result "$plugin undisturbed"
    duration[$plugin]=$(($(milliseconds) - started))
done

rounds=$((15 / scale))
for plugin in "${jobs[@]}"; do
    hits=0 retried=0
    for ((round = 0; round < rounds && failures < 3; round++)); do
        pick result stdout
        output=$REPLY
        pick 32M 64M 1G
        memory=$REPLY
        below "${duration[$plugin]}"
        delay=$REPLY
        pick one one one two all
        whom=$REPLY
        below 3
        first=$REPLY
        command_line="mr run $plugin -j 3 --memory $memory to $output; kill -9 $whom after $delay ms"
        rm -f result
        started=$(milliseconds)
        if [[ $output == result ]]; then
            "$mr" run ${plugin/sorted/wordcount} ${settings[$plugin]:-} file1 file2 file3 -j 3 --memory "$memory" -o result >out 2>err &
        else
            "$mr" run ${plugin/sorted/wordcount} ${settings[$plugin]:-} file1 file2 file3 -j 3 --memory "$memory" >result 2>err &
        fi
        pid=$!
        wait_for_workers $pid 3
        delay=$((started + delay - $(milliseconds)))
        [[ $delay -le 0 ]] || sleep "$((delay / 1000)).$(printf '%03d' $((delay % 1000)))"
        workers=($(children_of $pid))
        case $whom in
        one) workers=("${workers[@]:first:1}") ;;
        two) workers=("${workers[@]:0:2}") ;;
        esac
        if [[ ${#workers[@]} -gt 0 ]]; then
            kill -9 "${workers[@]}" 2>/dev/null && hits=$((hits + 1))
        fi
        wait $pid
        status=$?
        expect_status 0 "round $round of seed $seed" &&
            expect_same "expected.$plugin" result "round $round of seed $seed"
        retries=$(summary_field retries)
        [[ -n $retries ]] || fail "round $round: no retries in the summary: $(cat err)"
        [[ $retries == 0 ]] || retried=$((retried + 1))
    done
    echo "$plugin: $rounds rounds, $hits kills came in time, $retried runs did work again"
    [[ $hits -gt 0 && $retried -gt 0 ]] || [[ $failures -gt 0 ]] || fail "$plugin: no kill made work be done again"
done
finish
