#!/bin/bash
# Runs the whole test suite, or the tests whose name contains PATTERN:
#
#     tests/run_all.sh [-v] [PATTERN]
#
# Every test runs under tests/tools/contain: with a time limit, and looked after for processes and files it leaves behind.
# One line per test; the output of a test is shown when it fails, or with -v. The last line counts: `N passed, N failed`.
# Environment: BUILD (the build folder), MR_TEST_SCALE (divides the size of long tests; 4 when a sanitizer is built in),
# MR_TEST_SEED (replays random tests). tests/README.md says how tests are written.
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
# Sanitizers are to stop the program in a way that no exit status of mr's own can be mistaken for.
export ASAN_OPTIONS=${ASAN_OPTIONS:-exitcode=99:handle_segv=0:handle_sigbus=0:handle_abort=0:handle_sigfpe=0:handle_sigill=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

passed=0 failed=0 skipped=0
report=$(mktemp) || exit 1
running=
stop() {
    [[ -z $running ]] || kill -TERM "$running" 2>/dev/null
    wait
    rm -f "$report"
    exit 130
}
trap stop INT TERM
trap 'rm -f "$report"' EXIT

# run_test NAME COMMAND... - run one test if its name matches, and count it.
run_test() {
    local name=$1 limit started status seconds
    shift
    [[ $name == *"$pattern"* ]] || return 0
    limit=$(sed -n 's/^# timeout: \([0-9]*\)$/\1/p' "$1" 2>/dev/null | head -n 1)
    [[ -n $limit ]] || limit=$default_limit
    [[ $MR_TEST_SCALE -eq 1 ]] || limit=$((limit * 3))
    started=$EPOCHREALTIME
    "$contain" $verbose "$limit" "$@" >"$report" 2>&1 &
    running=$!
    wait "$running"
    status=$?
    running=
    seconds=$(((${EPOCHREALTIME/./} - ${started/./}) / 10000))
    seconds=$(printf '%d.%02d' $((seconds / 100)) $((seconds % 100)))
    case $status in
    0)
        passed=$((passed + 1))
        echo "ok $name $seconds"
        [[ -z $verbose ]] || cat "$report"
        ;;
    77)
        skipped=$((skipped + 1))
        echo "skip $name: $(sed -n 's/^skipped: //p' "$report" | tail -n 1)"
        ;;
    *)
        failed=$((failed + 1))
        echo "FAIL $name $seconds (status $status)"
        sed 's/^/    /' "$report"
        ;;
    esac
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
for script in tests/{data,golden,abi,property,fault}/*.sh; do
    [[ -f $script ]] || continue
    name=${script#tests/}
    run_test "${name%.sh}" "$root/$script"
done

echo "$passed passed, $failed failed$([[ $skipped -gt 0 ]] && echo ", $skipped skipped")"
[[ $failed -eq 0 ]]
