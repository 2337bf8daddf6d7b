#!/bin/bash
# --sort value, --sort value:desc and --top print what LC_ALL=C sort and head make of the plain output, with ties in the
# order of the keys; and the same bytes for every -j, --chunk and --memory.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-15}
tab=$'\t'

# sort_output ORDER - sort the plain output on stdin, as `--sort ORDER` of $plugin has to.
sort_output() {
    case $plugin:$1 in
    *:key) cat ;;
    wordcount:value) sort -t "$tab" -k2,2n -k1,1 ;;
    wordcount:value:desc) sort -t "$tab" -k2,2nr -k1,1 ;;
    invertedindex:value) sort -t "$tab" -k2,2 -k1,1 ;;
    invertedindex:value:desc) sort -t "$tab" -k2,2r -k1,1 ;;
    esac
}

rounds=0
end=$((SECONDS + seconds))
while [[ $failures -lt 3 ]]; do
    round_seed=$((seed + rounds))
    random_state=$round_seed
    below 2
    pick few many skewed prefix letters ""
    kind=$REPLY
    files=()
    for number in 1 2 3; do
        pick 0 100 10000 500000
        "$tools/random_input" "$((round_seed + number))" "$((REPLY / scale))" $kind >"file$number" || exit 1
        files+=("file$number")
    done
    pick wordcount invertedindex
    plugin=$REPLY
    "$tools/reference" "$plugin" -- "${files[@]}" >plain || exit 1
    for order in key value value:desc; do
        for top in "" 1 10 1000 100000000; do
            sort_output "$order" <plain >sorted
            if [[ -n $top ]]; then head -n "$top" sorted >expected; else mv sorted expected; fi
            pick 1 2 3 8 32
            jobs=$REPLY
            pick 4K 64K 1M 1G
            chunk=$REPLY
            pick 32M 1G
            run "$mr" run "$plugin" "${files[@]}" -j "$jobs" --chunk "$chunk" --memory "$REPLY" --sort "$order" \
                ${top:+--top "$top"}
            expect_status 0 "round seed $round_seed" && expect_same expected out "round seed $round_seed"
        done
    done
    rounds=$((rounds + 1))
    [[ $SECONDS -lt $end ]] || break
done
echo "$rounds rounds of 15 runs each"
finish
