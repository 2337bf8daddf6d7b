#!/bin/bash
# --sort and --top print what LC_ALL=C sort and head make of the plain output, with ties in the
# order of the keys; and the same bytes for every -j, --chunk and --memory.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-15}
tab=$'\t'

# sort_output ORDER - sort the plain output on stdin, as `--sort ORDER` of $plugin has to.
sort_output() {
    local options= field=2 order=$1
    [[ $order != key ]] || { cat && return; }
    [[ $order != key:* ]] || field=1
    [[ $order != *:desc ]] || options=r
    if [[ $order != *:num* && $plugin:$order != wordcount:value* ]]; then
        sort -t "$tab" -s -k "$field,$field$options"
        return
    fi
    # What sort -g takes for a number, it may have more behind it: a column in front tells what really is one.
    perl -F'\t' -ne '
        chomp(my $text = $F['$((field - 1))']);
        my $number = $text =~ /^[-+]?((\d+\.?\d*|\.\d+)(e[-+]?\d+)?|inf(inity)?|nan)\z/i;
        print $number ? $text : "x", "\t$_"' | sort -t "$tab" -s -k "1,1g$options" | cut -f 2-
}

while next_round "$seconds"; do
    pick few many skewed prefix letters ""
    kind=$REPLY
    files=()
    for number in 1 2 3; do
        pick 0 100 10000 500000
        "$tools/random_input" "$((round_seed + number))" "$((REPLY / scale))" $kind >"file$number" || exit 1
        files+=("file$number")
    done
    for ((i = 0; i < 3000; i++)); do # numbers that a long double holds
        below 2000000
        number=$((REPLY - 1000000))
        pick "" . e1 e-3 .5 .25 .0e2
        echo "$number$REPLY"
    done >file3
    printf "nan inf -inf -infinity 0 -0 0.0 1e1 10 10.0\n" >>file3
    pick wordcount invertedindex
    plugin=$REPLY
    "$tools/reference" "$plugin" -- "${files[@]}" >plain || exit 1
    for order in key key:desc key:num key:num:desc value value:desc value:num value:num:desc; do
        pick 1 10 1000
        for top in "" "" 100000000; do
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
done
echo "$rounds rounds of 24 runs each"
finish
