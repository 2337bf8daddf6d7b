#!/bin/bash
# Random bytes as records of every kind: whatever the workers, the chunks and the memory, a plugin gets the records that
# regular expressions find in them, under the right offsets and numbers, and grep prints those that match.
source "$(dirname "$0")/../tools/testing.sh"

start_seed
kinds=(lines nul paragraphs fixed:1 fixed:7 whole csv csv:tab "csv:;" jsonl)
show=$build/tests/abi/show_records.so
deadline=$((SECONDS + ${MR_TEST_SECONDS:-8}))
rounds=0
while ((SECONDS < deadline || rounds < ${#kinds[@]})); do
    kind=${kinds[rounds % ${#kinds[@]}]}
    crlf=keep
    case $kind in lines | paragraphs | csv* | jsonl) pick keep strip && crlf=$REPLY ;; esac
    below 1000000000
    perl "$root/tests/tools/records.pl" make "$REPLY" "$kind" one two three || exit 1
    perl "$root/tests/tools/records.pl" show "$kind" $crlf one two three >expected || exit 1
    for _ in 1 2 3; do
        pick 1 2 3 && options=(--records "$kind" --crlf $crlf -j "$REPLY")
        below 14 && below $((1 << REPLY)) && options+=(--chunk $((REPLY + 1)))
        pick 4M 16M 1G && options+=(--memory "$REPLY")
        run "$mr" run "$show" -q "${options[@]}" one two three
        expect_status 0 "${options[*]}" && expect_same expected out "${options[*]}"
    done
    perl "$root/tests/tools/records.pl" grep "$kind" a one two three >expected || exit 1
    run "$mr" run grep --set pattern=a -q "${options[@]/$crlf/keep}" one two three
    expect_status 0 "grep ${options[*]}" && expect_same expected out "grep ${options[*]}"
    rounds=$((rounds + 1))
    [[ $failures -eq 0 ]] || break
done
echo "$rounds rounds"
finish
