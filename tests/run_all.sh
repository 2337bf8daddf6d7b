#!/bin/bash
# Runs the whole test suite, or the tests whose name contains PATTERN:
#
#     tests/run_all.sh [-v] [PATTERN]
#
# Every test runs under tests/tools/contain: with a time limit, and looked after for processes and files it leaves behind.
# One line per test; the output of a test is shown when it fails, or with -v. The last line counts: `N passed, N failed`.
# Environment: BUILD (the build folder), MR_TEST_SCALE (divides the size of long tests; 4 when a sanitizer is built in),
# MR_TEST_SEED (replays random tests), MR_TEST_JOBS (how many tests run at the same time; 1). tests/README.md says how tests are written.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
export BUILD=${BUILD:-build}
[[ $BUILD == /* ]] || BUILD=$root/$BUILD
contain=$BUILD/tests/tools/contain

verbose=
if [[ ${1:-} == -v ]]; then
    verbose=-v
    shift
fi
pattern=${1:-}
default_limit=120 # seconds, for a test that does not name its own

if [[ -z ${MR_TEST_SCALE:-} ]] && grep -qaE '__(asan|ubsan)_' "$BUILD/mr" 2>/dev/null; then
    MR_TEST_SCALE=4
fi
export MR_TEST_SCALE=${MR_TEST_SCALE:-1}
MR_TEST_JOBS=${MR_TEST_JOBS:-1}
# Sanitizers are to stop the program in a way that no exit status of mr's own can be mistaken for.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

passed=0 failed=0 skipped=0
reports=$(mktemp -d) || exit 1
declare -A running=() # process -> the test that it runs
stop() {
    [[ ${#running[@]} -eq 0 ]] || kill -TERM "${!running[@]}" 2>/dev/null
    wait
    rm -rf "$reports"
    exit 130
}
trap stop INT TERM
trap 'rm -rf "$reports"' EXIT

# count_test NAME STATUS SECONDS REPORT - count a test that has ended, and say how.
count_test() {
    case $2 in
    0)
        passed=$((passed + 1))
        echo "ok $1 $3"
        [[ -z $verbose ]] || cat "$4"
        ;;
    77)
        skipped=$((skipped + 1))
        echo "skip $1: $(sed -n 's/^skipped: //p' "$4" | tail -n 1)"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAIL $1 $3 (status $2)"
        sed 's/^/    /' "$4"
        ;;
    esac
}

# wait_for_one - wait until one of the tests that run has ended.
wait_for_one() {
    local ended status name started seconds
    wait -n -p ended
    status=$?
    read -r name started <<<"${running[$ended]}"
    unset "running[$ended]"
    seconds=$(((${EPOCHREALTIME/./} - started) / 10000))
    seconds=$(printf '%d.%02d' $((seconds / 100)) $((seconds % 100)))
    count_test "$name" "$status" "$seconds" "$reports/${name//\//-}"
    rm -f "$reports/${name//\//-}"
}

# run_test NAME COMMAND... - start a test if its name matches, as soon as fewer than MR_TEST_JOBS others run.
run_test() {
    local name=$1 limit
    shift
    [[ $name == *"$pattern"* ]] || return 0
    limit=$(sed -n 's/^# timeout: \([0-9]*\)$/\1/p' "$1" 2>/dev/null | head -n 1)
    [[ -n $limit ]] || limit=$default_limit
    [[ $MR_TEST_SCALE -eq 1 ]] || limit=$((limit * 3))
    while [[ ${#running[@]} -ge $MR_TEST_JOBS ]]; do wait_for_one; done
    "$contain" $verbose "$((limit * MR_TEST_JOBS))" "$@" >"$reports/${name//\//-}" 2>&1 &
    running[$!]="$name ${EPOCHREALTIME/./}"
}

# An example has to end well and, where tests/examples/NAME.expected lies beside its source, to print that.
run_example() {
    local program=$1 expected
    expected=$root/tests/examples/$(basename "$program").expected
    if [[ -f $expected ]]; then
        run_test "examples/$(basename "$program")" /bin/bash -c 'set -o pipefail; "$1" | diff "$2" -' - "$program" "$expected"
    else
        run_test "examples/$(basename "$program")" "$program"
    fi
}

if [[ ! -x $contain ]]; then
    echo "$contain is missing: build the tests with 'make test'" >&2
    exit 1
fi

run_test layers "$root/tests/check_layers.sh"
run_test layers/self_test "$root/tests/check_layers.sh" --self-test
for program in "$BUILD"/tests/unit/*; do
    [[ -f $program && -x $program && ${program##*/} != *.* ]] && run_test "unit/${program##*/}" "$program"
done
for program in "$BUILD"/tests/examples/*; do
    [[ -f $program && -x $program && ${program##*/} != *.* ]] && run_example "$program"
done
for name in library isolation; do
    run_test "embedding/$name" "$BUILD/tests/embedding/$name"
done
for script in tests/{data,golden,abi,property,fault,embedding,packaging}/*.sh; do
    [[ -f $script ]] || continue
    name=${script#tests/}
    run_test "${name%.sh}" "$root/$script"
done

while [[ ${#running[@]} -gt 0 ]]; do wait_for_one; done
echo "$passed passed, $failed failed$([[ $skipped -gt 0 ]] && echo ", $skipped skipped")"
[[ $failed -eq 0 ]]
