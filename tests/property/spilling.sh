#!/bin/bash
# With more data than memory, mr spills to disk and prints the same bytes; its summary line says that it spilled, and that
# it kept to the limit.
# timeout: 420
source "$(dirname "$0")/../tools/testing.sh"
start_seed

megabytes=$((72 / scale))
for number in 1 2 3; do
    "$tools/random_input" "$((seed + number))" $((megabytes * 1024 * 1024 / 3)) many >"file$number" || exit 1
done
files=(file1 file2 file3)

# bytes_of SIZE - turn `45.2 MiB` into bytes.
bytes_of() {
    awk -v size="$1" 'BEGIN { split(size, part, " "); power["B"] = 0; power["KiB"] = 1; power["MiB"] = 2; power["GiB"] = 3;
        printf "%.0f\n", part[1] * 1024 ^ power[part[2]] }'
}

# try PLUGIN JOBS MEMORY SPILLS - run and compare; SPILLS says whether the job has to spill (yes), must not (no) or may.
try() {
    local plugin=$1 jobs=$2 memory=$3 spills=$4 spilled
    run "$mr" run "$plugin" "${files[@]}" -j "$jobs" --memory "$memory"
    expect_status 0 "$plugin -j $jobs --memory $memory" || return
    expect_same "expected.$plugin" out "$plugin -j $jobs --memory $memory"
    spilled=$(summary_field spilled)
    [[ $spills == yes && $spilled == "0 B" ]] && fail "$plugin -j $jobs --memory $memory did not spill: $(cat err)"
    [[ $spills == no && $spilled != "0 B" ]] && fail "$plugin -j $jobs --memory $memory spilled: $(cat err)"
    [[ -n $spilled ]] || fail "no spilled bytes in the summary: $(cat err)"
    tail -n 1 err
    has_sanitizer && return
    local peak limit
    peak=$(bytes_of "$(summary_field peak)")
    limit=$(numfmt --from=iec "$memory")
    # What the C library, the stacks and the tables of pages need is measured as well, hence a little more than the limit.
    [[ $peak -le $((limit + limit / 10 + 16 * 1024 * 1024)) ]] ||
        fail "$plugin -j $jobs --memory $memory used $(summary_field peak)"
}

for plugin in wordcount invertedindex; do
    "$tools/reference" "$plugin" -- "${files[@]}" >"expected.$plugin" || exit 1
    must=yes
    [[ $scale -eq 1 ]] || must=maybe
    try "$plugin" 1 32M $must
    try "$plugin" 2 32M $must
    try "$plugin" 3 40M maybe
    try "$plugin" 8 32M $must
    try "$plugin" 32 48M maybe
    try "$plugin" 2 128M maybe
    try "$plugin" 2 8G no
done

# One key with more values than memory, and keys that are long.
printf '%s\n' 'pattern' >one
"$tools/random_input" "$seed" $((megabytes * 1024 * 1024 / 2)) few >few
"$tools/random_input" "$seed" $((megabytes * 1024 * 1024 / 4)) prefix >prefix
files=(one few prefix few)
for plugin in wordcount invertedindex; do
    "$tools/reference" "$plugin" -- "${files[@]}" >"expected.$plugin" || exit 1
    try "$plugin" 2 32M maybe
    try "$plugin" 8 32M maybe
done
finish
