#!/bin/bash
# What grows with the number of workers: counts the words of one text with 2, 8, 32 and 128 of them, however few cores
# there are, and prints a line for each number.
#
#     tests/bench/scaling.sh [WORKERS...]
#
#   wall, cpu        seconds; the medians of RUNS runs (5), cpu of all processes together
#   coord            milliseconds of CPU time of the coordinating process, and of these in start, map and reduce
#   tasks, reports   messages to and from the workers
#   waits            context switches because a process had to wait, in all workers
#   pss, tables      MiB; most memory at a time in all processes (what is shared counts once), and most page tables
#
# Below each line stands how many times the values of the first line these are: what grows faster than the workers shows.
# With more workers than cores wall says little; cpu and coord are what counts. Environment: BUILD, SIZE of the text (594M),
# RUNS.
set -u -o pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$root/$build
mr=$build/mr
size=${SIZE:-594M}
runs=${RUNS:-5}
work=$(mktemp -d "${TMPDIR:-/tmp}/mr-scaling-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

"$build/datasets/generate_text" --size "$size" --vocabulary 46000 --no-punctuation --case lower --unicode 0 \
    --output "$work/text" || exit 1

# most_memory PID - sample the memory of a job until it ends; prints the most MiB of memory and of page tables.
most_memory() {
    local pid=$1 processes pss=0 tables=0 now_pss now_tables
    cd /proc || return 1
    while kill -0 "$pid" 2>/dev/null; do
        read -r -a processes <<<"$pid $(cat "$pid/task/$pid/children" 2>/dev/null)"
        read -r now_pss now_tables <<<"$(cat "${processes[@]/%//smaps_rollup}" "${processes[@]/%//status}" 2>/dev/null |
            awk '$1 == "Pss:" { pss += $2 } $1 == "VmPTE:" { tables += $2 } END { print pss + 0, tables + 0 }')"
        [[ $now_pss -le $pss ]] || pss=$now_pss
        [[ $now_tables -le $tables ]] || tables=$now_tables
        sleep 0.02
    done
    awk -v pss="$pss" -v tables="$tables" 'BEGIN { print pss / 1024, tables / 1024 }'
}

# middle COLUMN - the median of a column of numbers.
middle() {
    awk -v column="$1" '{ print $column }' | sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

# figures - the figures of one run, from what mr --verbose has said: wall cpu coordinator start map reduce tasks reports waits.
figures() {
    awk '
        $NF == "s" && / coordinator / { own[$2] = $(NF - 1) * 1000 }
        $2 == "total:" {
            for (i = 3; i < NF; i++) {
                if ($(i + 1) ~ /^tasks/) tasks = $i
                if ($(i + 1) ~ /^reports/) reports = $i
                if ($i == "coordinator") coordinator = $(i + 1)
                if ($i == "processes") others = $(i + 1)
                if ($i == "waited") waits = $(i + 1)
            }
        }
        / workers?, / { for (i = 1; i < NF; i++) if ($(i + 1) == "s,") wall = $i }
        END {
            print wall, others + coordinator, coordinator * 1000, own["start:"], own["map:"], own["reduce:"], tasks, reports, waits
        }' "$1"
}

printf '%7s %7s %7s %7s %6s %6s %6s %7s %7s %7s %7s %7s\n' \
    workers wall cpu coord start map reduce tasks reports waits pss tables
least=
[[ $# -gt 0 ]] || set -- 2 8 32 128
for workers in "$@"; do
    for ((attempt = 0; attempt < runs; attempt++)); do
        "$mr" run wordcount "$work/text" -j "$workers" -v -o "$work/result" 2>"$work/said" || {
            cat "$work/said" >&2
            exit 1
        }
        figures "$work/said"
    done >"$work/runs"
    line=()
    for column in 1 2 3 4 5 6 7 8 9; do
        line+=("$(middle $column <"$work/runs")")
    done
    "$mr" run wordcount "$work/text" -j "$workers" -q -o "$work/result" &
    read -r pss tables <<<"$(most_memory $!)"
    wait
    line+=("$pss" "$tables")
    printf '%7d %7.2f %7.2f %7.1f %6.1f %6.1f %6.1f %7d %7d %7d %7.1f %7.1f\n' "$workers" "${line[@]}"
    [[ -n $least ]] || least="$workers ${line[*]}"
    [[ ${least%% *} == "$workers" ]] || awk '{
        printf "%7.1f", $13 / $1
        for (i = 2; i <= 12; i++) printf (i >= 5 && i <= 7 ? " %6.1f" : " %7.1f"), ($i > 0 ? $(i + 12) / $i : 0)
        print "  times"
    }' <<<"$least $workers ${line[*]}"
done
