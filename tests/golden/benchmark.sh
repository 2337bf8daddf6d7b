#!/bin/bash
# timeout: 240
# The benchmark itself, with little data: all rows run, all programs that are installed print the same, the reports are
# whole. Times are not looked at.
source "$(dirname "$0")/../tools/testing.sh"

[[ -x $build/tests/bench/measure ]] || skip "the benchmark is not built: make test"
has_sanitizer && skip "the benchmark is of no use with a sanitizer"
export BUILD=$build BENCH_FOLDER=$work/bench ROUNDS=1 SIZE=small JOBS=2

run "$root/tests/bench/run.sh"
[[ $status -eq 0 ]] || { fail "the benchmark ended with status $status"; describe_run; }
for row in wordcount manywords stats invertedindex grep-fixed grep-regex sort sort-numbers groupby gzip queue-16 queue-1K \
    queue-64K startup; do
    grep -q "^$row: " out || fail "the report does not name the row $row"
done
perl -MJSON::PP -e 'local $/; exit !(@{ decode_json(<>)->{rows} } == 14)' bench/result.json || fail "result.json is not whole"
[[ $(grep -c '^|' bench/result.md) -eq 16 ]] || fail "result.md has not a line for each row"
expect_files bench data-small result.json result.md

ROWS=nonsense run "$root/tests/bench/run.sh"
[[ $status -eq 2 ]] || fail "a row that does not exist is no usage error, but status $status"
expect_error "there is no row 'nonsense'"

# Ended in the middle, it leaves neither processes nor results.
ROUNDS=1000 ROWS=startup "$root/tests/bench/run.sh" >out 2>err &
pid=$!
sleep 0.5
kill -TERM $pid
wait $pid
[[ $? -eq 143 ]] || fail "a benchmark that is ended does not say so"
expect_files bench data-small result.json result.md
finish
