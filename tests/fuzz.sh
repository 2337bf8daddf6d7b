#!/bin/bash
# Runs the fuzzers of tests/fuzz/, which 'make fuzz' has built, some at a time:
#
#     tests/fuzz.sh                 run all of them
#     tests/fuzz.sh NAME...         run these
#     tests/fuzz.sh --can-build     only tell whether they can be built here
#
# A fuzzer starts from tests/fuzz/corpus/NAME and from what it has found in earlier runs, which is kept in the build
# folder. An input on which it fails is kept beside that, and shown. One line for each fuzzer; the last line counts.
# Environment: BUILD (the build folder), FUZZ_SECONDS (for each fuzzer, 60), FUZZ_JOBS (how many at a time, 2), FUZZ_SEED
# (of their random numbers; 0, by itself, is another one each time).
set -u
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build/fuzz}
seconds=${FUZZ_SECONDS:-60}
jobs=${FUZZ_JOBS:-2}
seed=${FUZZ_SEED:-0}

if [[ ${1:-} == --can-build ]]; then
    probe='#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length) { return bytes && !length; }'
    clang -fsanitize=fuzzer -x c - -o /dev/null <<<"$probe" 2>/dev/null && exit
    echo "mr: fuzzing needs clang and its runtime: tests/install_packages.sh clang libclang-rt-14-dev" >&2
    exit 1
fi

export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# run_fuzzer NAME - run it and print its line; its own output goes to a log.
run_fuzzer() {
    local name=$1 log=$build/fuzz-$1.log found=$build/corpus/$1 runs edges
    mkdir -p "$found" "$build/findings"
    "$build/tests/fuzz/$name" -max_total_time="$seconds" -seed="$seed" -timeout=30 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$found" "tests/fuzz/corpus/$name" >"$log" 2>&1
    local status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    if [[ $status -eq 0 ]]; then
        echo "ok   $name: ${runs:-0} inputs, ${edges:-0} edges"
        return
    fi
    echo "FAIL $name (status $status):"
    grep -av '^#' "$log" | tail -n 60 | sed 's/^/    /'
    return 1
}

names=("$@")
[[ ${#names[@]} -gt 0 ]] || for source in tests/fuzz/*.c; do
    names+=("$(basename "$source" .c)")
done

passed=0 failed=0 running=0
count_one() {
    wait -n && passed=$((passed + 1)) || failed=$((failed + 1))
    running=$((running - 1))
}
stop() {
    local group
    for group in $(jobs -p); do
        kill -KILL -- "-$group" 2>/dev/null # when told to end by SIGTERM they may wait for themselves forever
    done
    wait
    exit 130
}
trap stop INT TERM
set -m # each fuzzer in a process group of its own, so that an interrupt ends it
for name in "${names[@]}"; do
    [[ $running -lt $jobs ]] || count_one
    run_fuzzer "$name" &
    running=$((running + 1))
done
while [[ $running -gt 0 ]]; do
    count_one
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
