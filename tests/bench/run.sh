#!/bin/bash
# Measures mr against other programs that do the same work, in turn, so that a machine that slows down slows all of them.
#
#     make bench                      all rows
#     BENCH_RUNS=9 make bench         more runs of each (default 5)
#     BENCH_SIZE=128M make bench      less input (default 512M)
#
# Prints a table of medians and writes build/bench/results.json. The figures of different runs of this script should not
# be compared with each other, only the ratios within one.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${BUILD:-build}
runs=${BENCH_RUNS:-5}
size=${BENCH_SIZE:-512M}
jobs=${BENCH_JOBS:-2}
folder=$build/bench
mkdir -p "$folder"
export LC_ALL=C

text=$folder/text-$size.txt
if [[ ! -s $text ]]; then
    echo "generating $size of text" >&2
    "$build/datasets/generate_text" --size "$size" --output "$text.part" && mv "$text.part" "$text" || exit 1
fi

# Each contender writes its result, sorted by word, to the file given as its argument.
run_mr() { "$build/mr" run wordcount "$text" -j "$jobs" -o "$1" -q; }
run_parallel_mawk() {
    parallel --will-cite -j "$jobs" --pipepart -a "$text" --block 32M \
        "mawk '{ for (i = 1; i <= NF; i++) n[\$i]++ } END { for (w in n) print w \"\\t\" n[w] }'" |
        mawk -F '\t' '{ n[$1] += $2 } END { for (w in n) print w "\t" n[w] }' | sort >"$1"
}
run_mawk() {
    mawk '{ for (i = 1; i <= NF; i++) n[$i]++ } END { for (w in n) print w "\t" n[w] }' "$text" | sort >"$1"
}

contenders=(mr)
command -v mawk >/dev/null && command -v parallel >/dev/null && contenders+=(parallel_mawk)
command -v mawk >/dev/null && contenders+=(mawk)

seconds() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.3f", to - from }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# One run of each that is not counted warms the cache and checks that all agree.
declare -A times
for contender in "${contenders[@]}"; do
    "run_$contender" "$folder/$contender.tsv" || exit 1
    cmp -s "$folder/mr.tsv" "$folder/$contender.tsv" || { echo "$contender counts otherwise than mr" >&2; exit 1; }
done
for ((run = 0; run < runs; run++)); do
    for contender in "${contenders[@]}"; do
        start=$EPOCHREALTIME
        "run_$contender" "$folder/$contender.tsv" || exit 1
        times[$contender]+="$(seconds "$start" "$EPOCHREALTIME")"$'\n'
    done
done

own=$(printf '%s' "${times[mr]}" | median)
printf '%-16s %10s %12s   (wordcount of %s, %s workers, median of %s)\n' program seconds 'times mr' "$size" "$jobs" "$runs"
{
    printf '{"size": "%s", "workers": %s, "runs": %s, "wordcount": {' "$size" "$jobs" "$runs"
    comma=
    for contender in "${contenders[@]}"; do
        middle=$(printf '%s' "${times[$contender]}" | median)
        printf '%s"%s": %s' "$comma" "$contender" "$middle"
        comma=', '
        printf '%-16s %10.3f %12.2f\n' "$contender" "$middle" "$(awk -v a="$middle" -v b="$own" 'BEGIN { print a / b }')" >&2
    done
    printf '}}\n'
} >"$folder/results.json"
for queue in "$build/tests/bench/queue"; do
    [[ -x $queue ]] && "$queue"
done
exit 0
