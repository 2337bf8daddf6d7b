#!/bin/bash
# What plugins or disks do to stored records and results: it is noticed and named, and the work is done again, so that
# the output has the right bytes and nothing counts twice; or the job ends with a message.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

scribbles=$build/tests/abi/scribbles.so
count=60000
seq -f 'line-number-%09.0f-of-the-input' $count >file
sed 's/$/\t1/' file >expected.fold
cp expected.fold expected.group
cp file expected.map
mkdir spill

# expect_result KIND WHAT - the last run, into result, is right, and has counted each line once.
expect_result() {
    expect_status 0 "$2" && expect_same "expected.$1" result "$2"
    expect_error "$count records" "counter lines = $count"
}

# job KIND OPTION... - run a job on file, with its output in result.
job() {
    local kind=$1
    shift
    rm -f result marker marker.go
    run "$mr" run "$scribbles" --set kind="$kind" --set marker=marker --tmp spill "$@" file -o result
}

for kind in fold group; do
    where=finish
    [[ $kind == fold ]] || where=reduce
    sealed=(--set where=$where --set target=line-number-000059990-of -j 2 --memory 64M)

    job $kind "${sealed[@]}" --set what=write -v
    expect_result $kind "$kind, a write to sealed records"
    expect_error "killed by signal 11" "1 retry"

    job $kind "${sealed[@]}" --set what=unprotect
    expect_result $kind "$kind, sealed records made writable and changed"
    expect_error "in the memory of worker" "a plugin has written where it may not" "chunks are mapped again"
done

# Records that are changed before their block is full and has a checksum are noticed where they are no records any more;
# after that, in any case...
open=(--set where=map --set what=length --set target=line-number-000004500-of -j 1 --memory 64M --chunk 64K)
job group "${open[@]}"
expect_result group "a length changed before sealing"
expect_error "a plugin has written where it may not" "chunks are mapped again"
# ... but that does not go on for ever.
job group "${open[@]}" --set marker=
expect_status 1 "a length changed in every attempt" && expect_error "a plugin has written where it may not" "for the 3rd time"
[[ ! -e result ]] || fail "there is a result although the job failed"

# What the plugin shares with the process that asks it what it is.
run "$mr" run "$scribbles" --set where=configure file -o result
expect_status 1 "an answer that is written over" && expect_error "scribbles.so has written where it may not"

# A finished part that waits for its reader, in memory: nothing of it has gone out, or the job ends.
run bash -c "'$mr' run '$scribbles' --set kind=map --set where=map --set what=write --set marker=marker -j 1 \
    --set target=line-number-000003000-of --set after=9000 --memory 64M --chunk 64K file |
    (until [[ -e marker ]]; do sleep 0.02; done; cat) >result"
[[ -e marker ]] || fail "the plugin has not found its finished part"
expect_result map "a finished part in memory"
expect_error "of the output, in the memory of worker" "it is made again"

# ---- files ----

# spill_file PID NUMBER - print the path of a spill file of a job with one worker: 1 for runs, 2 for parts.
spill_file() {
    local file
    for file in $(ls "/proc/$1/fd" | sort -n); do
        [[ $(readlink "/proc/$1/fd/$file") == "$work/spill/"* ]] && echo "/proc/$1/fd/$file"
    done | sed -n "$2p"
}

# damage FILE FROM STEP - change a byte at offset FROM (from the end when negative) and at every STEP bytes behind.
damage() {
    perl -e 'open my $file, "+<:raw", $ARGV[0] or die "$ARGV[0]: $!\n";
        my ($size, $at, $step) = (-s $file, @ARGV[1, 2]);
        $at += $size if $at < 0;
        die "a file of $size bytes\n" if $at < 0 || $at >= $size;
        for (; $at < $size; $at += $step) {
            seek $file, $at, 0; read $file, my $byte, 1;
            seek $file, $at, 0; print $file chr(1 ^ ord $byte);
        }' "$@" || fail "could not damage $1"
}

# damage_while_waiting KIND NUMBER FROM STEP OPTION... - damage a spill file while the plugin waits.
damage_while_waiting() {
    local kind=$1 number=$2 from=$3 step=$4
    shift 4
    rm -f result marker marker.go
    command_line="mr run scribbles --set kind=$kind $*"
    "$mr" run "$scribbles" --set kind="$kind" --set what=wait --set marker=marker --tmp spill -j 1 "$@" file \
        -o result 2>err &
    local pid=$!
    until [[ -e marker ]] || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done
    damage "$(spill_file $pid "$number")" "$from" "$step"
    touch marker.go
    wait $pid
    status=$?
}

for kind in fold group; do
    where=finish
    [[ $kind == fold ]] || where=reduce
    damage_while_waiting $kind 1 1000000 20000 --set where=$where --memory 2M
    expect_result $kind "$kind, a damaged run file"
    expect_error "in the spill file of worker 0" "the disk returned other bytes" "chunks are mapped again"
done

# The last that is in the run file when reduce begins is what the sorter has put there.
damage_while_waiting group 1 -100 1000 --set where=reduce --memory 3M --chunk 2M
expect_result group "a damaged sorter run"
expect_error "sorted runs in the spill file of worker 0" "the partition is reduced again"

# Ordered parts wait in the part file for the last of them.
LC_ALL=C sort -s -t "$(printf '\t')" -k2,2 expected.fold >expected.ordered
damage_while_waiting fold 2 20 5000000 --set where=finish --set after=50000 --memory 2M --sort value
[[ $status -eq 0 ]] && cmp -s expected.ordered result || fail "a damaged ordered part: status $status, $(cat err)"

# Parts that do not fit into memory wait in the part file for a slow reader.
rm -f result fifo
mkfifo fifo
command_line="mr run scribbles --set kind=map to a slow reader"
"$mr" run "$scribbles" --set kind=map --tmp spill -j 1 --memory 2M --chunk 64K file >fifo 2>err &
pid=$!
exec 3<fifo
for ((attempt = 0; attempt < 500; attempt++)); do
    [[ $(stat -Lc %s "$(spill_file $pid 2)" 2>/dev/null || echo 0) -lt 1000000 ]] || break
    sleep 0.02
done
damage "$(spill_file $pid 2)" 300000 100000
cat <&3 >result
exec 3<&-
wait $pid
status=$?
expect_result map "damaged parts in a file"
expect_error "of the output, in the spill file of worker 0" "the disk returned other bytes" "it is made again"
finish
