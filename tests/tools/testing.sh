# Sourced by every test script (bash). It gives them
#
#   $mr $tools $root $build   the program under test, the test tools, the repository, the build folder
#   $work                     a folder of their own, which is the current directory and is removed afterwards
#   $scale                    1, or more when long tests are to use that many times less data (MR_TEST_SCALE)
#
# and the functions below. A check that fails prints why and lets the script go on, until ten have failed;
# `finish` at the end decides.
# TMPDIR is not for the scripts: it belongs to mr, and tests/tools/contain looks whether mr left anything in it.
set -u -o pipefail
export LC_ALL=C
unset CC CXX MR_CFLAGS MR_CXXFLAGS # the plugins that mr compiles are to be made as they usually are

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$root/$build
mr=$build/mr
tools=$build/tests/tools
scale=${MR_TEST_SCALE:-1}
failures=0

if [[ -n ${MR_TEST_WORK:-} ]]; then
    work=$MR_TEST_WORK
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/mr-test-work-XXXXXX")
    trap 'rm -rf "$work"' EXIT
fi
cd "$work" || exit 1
export XDG_CACHE_HOME=$work/.cache # for what mr compiles: tests are to leave nothing in the home folder

# fail MESSAGE... - note a failure and go on.
fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
    [[ $failures -lt 10 ]] || finish
}

# skip REASON - this whole script cannot run here.
skip() {
    echo "skipped: $*"
    exit 77
}

# finish - the last line of every script.
finish() {
    [[ $failures -eq 0 ]] && exit 0
    echo "$failures checks failed"
    exit 1
}

# run COMMAND... - run it with stdout in the file out, stderr in the file err, its exit status in $status.
run() {
    command_line="${*@Q}"
    "$@" >out 2>err
    status=$?
}

# describe_run - show what the last `run` did, for the report of a failure.
describe_run() {
    echo "    command: ${command_line:0:2000}"
    echo "    status: $status; stderr:"
    head -c 2000 err | cat -v | sed 's/^/    | /'
}

# expect_status STATUS [WHAT] - the last run ended with STATUS and every line it said begins with `mr:`.
expect_status() {
    if [[ $status -ne $1 ]]; then
        fail "${2:-}: exit status $status, not $1"
        describe_run
        return 1
    fi
    if grep -aqv '^mr:' err; then
        fail "${2:-}: a message that does not begin with mr:"
        describe_run
        return 1
    fi
}

# expect_error TEXT... - stderr of the last run contains every TEXT.
expect_error() {
    local text
    for text in "$@"; do
        grep -aqF -- "$text" err && continue
        fail "stderr does not say \"$text\""
        describe_run
        return 1
    done
}

# expect_same EXPECTED ACTUAL WHAT - both files hold the same bytes.
expect_same() {
    cmp -s "$1" "$2" && return 0
    fail "${3:-}: $2 differs from $1: $(cmp "$1" "$2" 2>&1)"
    [[ -z ${command_line:-} ]] || describe_run
    diff -a "$1" "$2" | head -n 6 | cut -c 1-200 | cat -v | sed 's/^/    | /'
    return 1
}

# expect_files FOLDER [NAME...] - FOLDER holds exactly these entries, hidden ones included.
expect_files() {
    local folder=$1
    shift
    local found
    found=$(ls -A "$folder" | tr '\n' ' ')
    [[ $found == "$(printf '%s\n' "$@" | sed '/^$/d' | sort | tr '\n' ' ')" ]] && return 0
    fail "$folder holds: $found(expected: $*)"
    return 1
}

# summary_field WORD - print the text before WORD in the summary line of the last run, as in `0 B` for spilled.
summary_field() {
    sed -n "s/^mr: .*, \([^,]*\) $1\(,.*\)*\$/\1/p" err
}

# start_seed - set $seed from MR_TEST_SEED or at random, print it, and start the random numbers of `below`.
start_seed() {
    seed=${MR_TEST_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
    echo "seed $seed (replay with MR_TEST_SEED=$seed)"
    random_state=$seed
}

# below LIMIT - set REPLY to a random number from 0 to LIMIT-1. (Not in a subshell: that would not advance the state.)
below() {
    random_state=$(((random_state * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff))
    REPLY=$(((random_state >> 20) % $1))
}

# pick WORD... - set REPLY to one of the words.
pick() {
    below $#
    shift "$REPLY"
    REPLY=$1
}

# next_round SECONDS - for the head of the loop of a random test: whether there is to be another round: the first one always,
# and more until so many seconds are over or three faults have been found. Sets $round_seed and starts the random numbers of
# `below` with it; $rounds is how many rounds are over.
next_round() {
    if [[ -z ${round_seed:-} ]]; then
        rounds=0
        rounds_end=$((SECONDS + $1))
    else
        rounds=$((rounds + 1))
        [[ $SECONDS -lt $rounds_end && $failures -lt 3 ]] || return
    fi
    round_seed=$((seed + rounds))
    random_state=$round_seed
    below 2 # the first number of neighbouring seeds is much the same
}

# children_of PID - print the process numbers of its living children.
children_of() {
    cat "/proc/$1/task/$1/children" 2>/dev/null
}

# has_sanitizer - whether the program under test was built with one: memory and time limits mean little then.
has_sanitizer() {
    grep -qaE '__(asan|ubsan|tsan)_' "$mr"
}

# make_slow_lines COUNT - print lines on each of which grep with $slow_pattern works for about 3 ms: the pattern has to try
# a million ways to cut a row of x before it knows that none of them fits.
slow_pattern='(x+x+)+[yz]'
make_slow_lines() {
    yes xxxxxxxxxxxxxxxxxxxx | head -n "$1"
}

# milliseconds - the time, for differences.
milliseconds() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

# wait_for_workers PID - wait until the mr with this number has its workers, or is gone. A short-lived child that only
# loads the plugin comes before them.
wait_for_workers() {
    local pid=$1 jobs=$2 attempt children
    for ((attempt = 0; attempt < 1000; attempt++)); do
        children=$(children_of "$pid")
        [[ $(wc -w <<<"$children") -ge $jobs ]] && return 0
        kill -0 "$pid" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}
