#!/bin/bash
# Compares this build of mr with that of another revision, on the rows of the benchmark.
#
#     make bench-compare BASE=HEAD~3                      all rows
#     make bench-compare BASE=v1 ROWS=stats ROUNDS=12     as for make bench; the default is 8 rounds
#
# BASE is built in a git worktree below $BUILD/bench, which is removed at the end. Both run in turn (new base, base new, ...) on the
# same data. Prints for each row the medians, the ratio new / base, and whether it differs from 1 by more than the noise,
# and writes compare.json. What BASE cannot do is left out, and said. Exit status: 0, also when this build is slower.
# shellcheck source-path=SCRIPTDIR
ROUNDS=${ROUNDS:-8}
source "$(dirname "$0")/runner.sh"
source "$here/rows.sh"

tree=$output/base
[[ -n ${1:-} ]] || complain "which revision? make bench-compare BASE=revision"
revision=$(git rev-parse --verify --quiet "$1^{commit}") || complain "there is no revision '$1' here"

# remove_tree - git has to forget the worktree, even if it is not whole.
remove_tree() {
    git worktree remove --force "$tree" 2>/dev/null
    clean_up
    git worktree prune
}
trap remove_tree EXIT

# make_base TARGET... - variables of the make that called this script are not for that of BASE.
make_base() {
    env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -C "$tree" BUILD=build "$@" >"$output/messages" 2>&1 && return
    tail -n 5 "$output/messages" >&2
    return 1
}

# build_base NAME - build BASE in its worktree. Its queue is passed through by the program of today.
build_base() {
    git worktree add --quiet --detach "$tree" "$revision" || return
    echo "bench: building $1" >&2
    make_base all || return
    mkdir -p "$tree/tests/bench"
    cp "$here/queue.c" "$tree/tests/bench/queue.c" && make_base build/tests/bench/queue ||
        echo "bench: its queue cannot be measured" >&2
}

# describe_sides - the programs of the row with this mr and then, in the same order, those with the mr of BASE.
describe_sides() {
    side=new mr=$build/mr queue=$programs/queue
    describe_row || return
    side=base mr=$tree/build/mr queue=$tree/build/tests/bench/queue
    describe_row
}

# warm_up_pairs - run each program once. A pair of which one cannot run is left out of the rounds.
warm_up_pairs() {
    local number
    for ((number = 0; number < pairs; number++)); do
        say_progress "${names[number]#* }, warming up"
        run_program "$number" 0 && run_program $((number + pairs)) 0 || rounds[number]=0
    done
    [[ ! -e $output/reference-new || ! -e $output/reference-base ]] ||
        cmp -s "$output/reference-new" "$output/reference-base" || event differ
}

# run_pairs - run both programs of each pair, in the other order each time.
run_pairs() {
    local round number first
    for ((round = 1; round <= ROUNDS; round++)); do
        for ((number = 0; number < pairs; number++)); do
            [[ $round -le ${rounds[number]} ]] || continue
            say_progress "${names[number]#* }, round $round"
            first=$((round % 2 ? number : number + pairs))
            run_program $first "$round" --repeat "$repeats"
            run_program $((2 * number + pairs - first)) "$round" --repeat "$repeats"
        done
    done
}

choose_rows
describe_machine "$(git describe --always --dirty)"
event base revision "$(git describe --always "$revision")"
build_base "$1" || { echo "bench: $1 cannot be built" >&2; exit 1; }
for name in "${rows[@]}"; do
    start_row "$name"
    describe_sides || continue
    [[ -t 2 ]] || echo "bench: $name" >&2
    pairs=$((${#names[@]} / 2))
    warm_up_pairs
    run_pairs
done
perl "$here/compare.pl" "$events" "$folder"
