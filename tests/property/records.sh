#!/bin/bash
# Random bytes as records of every kind: whatever the workers, the chunks and the memory, a plugin gets the records that
# regular expressions find in them, under the right offsets and numbers, and grep prints those that match.
source "$(dirname "$0")/../tools/testing.sh"

start_seed
kinds=(lines nul paragraphs fixed:1 fixed:7 whole csv csv:tab "csv:;" jsonl own)
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
        [[ $kind != own ]] || { pick yes undivided && options=(--set "own=$REPLY" -j 2); }
        below 14 && below $((1 << REPLY)) && options+=(--chunk $((REPLY + 1)))
        pick 4M 16M 1G && options+=(--memory "$REPLY")
        run "$mr" run "$show" -q "${options[@]}" one two three
        expect_status 0 "${options[*]}" && expect_same expected out "${options[*]}"
    done
    rounds=$((rounds + 1))
    [[ $kind != own ]] || continue
    perl "$root/tests/tools/records.pl" show "$kind" $crlf one >expected || exit 1
    run "$mr" run "$show" -q "${options[@]}" - < <(cat one)
    expect_status 0 "a pipe, ${options[*]}" && expect_same expected out "a pipe, ${options[*]}"
    perl "$root/tests/tools/records.pl" grep "$kind" a one two three >expected || exit 1
    run "$mr" run grep --set pattern=a -q "${options[@]/$crlf/keep}" one two three
    expect_status 0 "grep ${options[*]}" && expect_same expected out "grep ${options[*]}"
    [[ $failures -eq 0 ]] || break
done

# Records that are larger than the chunks, and than what a plugin is shown at once to find the next.
perl -e 'print ">", "a" x $_, "\n" for (3, 100, 70000, 5, 200000, 10, 20)' >large
perl "$root/tests/tools/records.pl" show own keep large >expected || exit 1
for own in yes undivided; do
    run "$mr" run "$show" -q --set own=$own --chunk 10K --memory 8M -j 2 large
    expect_status 0 "large records, own=$own" && expect_same expected out "large records, own=$own"
done
perl -e 'print "\"", "a,\n" x $_, "\",b\n" for (3, 100, 30000, 5, 25000, 10, 20)' >large
perl "$root/tests/tools/records.pl" show csv keep large >expected || exit 1
run "$mr" run "$show" -q --records csv --chunk 10K --memory 8M -j 2 large
expect_status 0 "large rows" && expect_same expected out "large rows"
perl -e 'print "a\n" x $_, "\n" for (3, 100, 30000, 5, 25000, 10, 20)' >large
perl "$root/tests/tools/records.pl" show paragraphs keep large >expected || exit 1
run "$mr" run "$show" -q --records paragraphs --chunk 10K --memory 8M -j 2 large
expect_status 0 "large paragraphs" && expect_same expected out "large paragraphs"
echo "$rounds rounds"
finish
