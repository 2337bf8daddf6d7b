#!/bin/bash
# What a job uses stays within its bounds, whatever the input: --memory and 1 MiB for each process, as the kernel counts
# it (the sum of the proportional shares, Pss); on disk little more than the records that map emits, or twice as much
# where a few keys have most of them; and a number of descriptors that depends on that of the workers alone. All of it is
# looked at every 20 ms.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
has_sanitizer && skip "a sanitizer needs memory of its own"

count_values=$build/tests/abi/count_values.so
large_fold=$build/tests/abi/large_fold.so
mkdir spill

# measure BYTES PERCENT MEGABYTES JOBS PLUGIN FILE [OPTION...] - run a job and look at its bounds. The records that map
# emits have about BYTES together; on disk the job may use so many hundredths of it. The output is in out.
measure() {
    local bytes=$1 percent=$2 megabytes=$3 jobs=$4 plugin=$5 file=$6 name what amount
    shift 6
    name="${plugin##*/} of $file, --memory ${megabytes}M -j $jobs"
    run perl "$root/tests/tools/peak_usage.pl" usage "$work/spill" \
        "$mr" run "$plugin" "$file" --memory "${megabytes}M" -j "$jobs" --tmp "$work/spill" "$@"
    expect_status 0 "$name" || return
    local -A peak limit
    while read -r what amount; do
        peak[$what]=$amount
    done <usage
    limit[memory]=$(((megabytes + peak[processes]) << 20))
    limit[disk]=$((bytes * percent / 100 + (jobs << 17)))
    limit[files]=$((4 * jobs + 20))
    limit[child]=${limit[files]}
    printf '%s: memory %s of %s, disk %s of %s, descriptors %s and %s of %s\n' "$name" \
        "$(numfmt --to=iec "${peak[memory]}")" "$(numfmt --to=iec "${limit[memory]}")" \
        "$(numfmt --to=iec "${peak[disk]}")" "$(numfmt --to=iec "${limit[disk]}")" \
        "${peak[files]}" "${peak[child]}" "${limit[files]}"
    for what in "${!limit[@]}"; do
        [[ ${peak[$what]} -le ${limit[$what]} ]] || fail "$name: $what is ${peak[$what]}, not below ${limit[$what]}"
    done
}

# expect_line LINE - the output of the last job has it.
expect_line() {
    grep -qxF -- "$1" out || fail "the output does not say: $1"
}

keys=$((1500000 / scale))

# Every key once.
"$tools/heavy_input" distinct $keys >distinct || exit 1
for setting in "8 2" "16 32" "64 32" "32 2"; do
    read -r megabytes jobs <<<"$setting"
    # With 32 workers many partitions are at hand at once, each of them in runs and in the sorter.
    percent=$((jobs > 2 ? 250 : 150))
    measure $((keys * 19)) $percent "$megabytes" "$jobs" wordcount distinct
    measure $((keys * 17)) $percent "$megabytes" "$jobs" "$count_values" distinct --set order=yes
    [[ $(wc -l <out) -eq $keys ]] || fail "$(wc -l <out) groups, not $keys"
done
rm distinct

# One key with nine of ten values: one partition is nearly everything.
"$tools/heavy_input" skewed $keys >skewed || exit 1
values=$((keys * 9 / 10))
for setting in "8 2" "16 32" "64 32"; do
    read -r megabytes jobs <<<"$setting"
    measure $((keys * 13)) 240 "$megabytes" "$jobs" "$count_values" skewed --set order=yes
    grep -q "^hot	$values " out || fail "not all values of the hot key came: $(grep '^hot' out)"
    measure $((keys * 10)) $((jobs > 2 ? 250 : 150)) "$megabytes" "$jobs" wordcount skewed
    expect_line "hot	$values"
done
rm skewed

# Values of 10 MB, of which few fit into the share of a worker, and sorting them takes several passes.
"$tools/heavy_input" large 16 10000000 >large || exit 1
for setting in "64 2" "48 1" "256 8"; do
    read -r megabytes jobs <<<"$setting"
    measure 160000000 210 "$megabytes" "$jobs" "$count_values" large --set order=yes
    expect_line "north	4 40000000"
done
# Where not even one fits, the job says so.
run "$mr" run "$count_values" large --memory 64M -j 32
expect_status 1 "10 MB in 2 MB" && expect_error "does not fit into the memory of a worker; give more --memory or fewer"
rm large

# Accumulators of 64 KiB.
"$tools/heavy_input" distinct 400 >few || exit 1
for setting in "8 2" "16 8"; do
    read -r megabytes jobs <<<"$setting"
    measure $((400 << 16)) 220 "$megabytes" "$jobs" "$large_fold" few --chunk 512
    [[ $(wc -l <out) -eq 400 ]] || fail "$(wc -l <out) keys, not 400"
done
finish
