#!/bin/bash
# Measures mr against other programs that do the same work, in turn, so that a machine that slows down slows all of them.
#
#     make bench                            everything, in about twelve minutes on two cores
#     make bench ROWS="wordcount stats"     some rows; rows.sh lists them
#     make bench ROUNDS=9                   more rounds (default 5)
#     make bench SIZE=small                 little data: whether the benchmark works, not how fast anything is
#     make bench JOBS=4                     workers of mr and of the programs that can have several (default 2)
#
# Each row is warmed up and checked, then all its programs run in turn. Prints a table of medians and which goals are
# missed, and writes result.json with all figures and result.md with the table below $BUILD/bench, or $BENCH_FOLDER. What is
# not installed is left out. Exit status: 0, also when goals are missed; 1 when a program failed or printed something else
# than mr.
# shellcheck source-path=SCRIPTDIR
source "$(dirname "$0")/runner.sh"
source "$here/rows.sh"

choose_rows
describe_machine "$(git describe --always --dirty 2>/dev/null || echo unknown)"
for name in "${rows[@]}"; do
    start_row "$name"
    describe_row || continue
    [[ -t 2 ]] || echo "bench: $name" >&2
    warm_up
    run_rounds
done
perl "$here/report.pl" "$events" "$folder"
