#!/bin/bash
# mr check finds every fault of faulty.c, names it, and shows as few records as can be. A plugin without one passes, and so do custom
# folds that are right.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/faulty.so
# Crashes are what is tested: a sanitizer shall leave them to the system.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0:handle_sigbus=0"
start_seed

# Two hundred lines, in which every word comes more than once, with numbers that differ.
words=(ant bee cat mole dog eel fox gnu hen ibis Ant bEe moose)
for ((i = 0; i < 200; i++)); do
    below ${#words[@]} && word=${words[REPLY]}
    below 1000 && echo "$word $REPLY"
done >lines

# check FAULT - check the plugin with this fault, in a folder of its own. Several are done at a time.
check() {
    mkdir "$1"
    "$mr" check "$plugin" lines --set fault="$1" --seed "$((seed % 1000000))" --seconds 100 --keep "$1/kept" >"$1/out" 2>"$1/err"
    echo $? >"$1/status"
}

# look FAULT - what a check has come to, in the way of run.
look() {
    command_line="mr check --set fault=$1"
    cp "$1/out" "$1/err" .
    status=$(<"$1/status")
}

# finds FAULT RECORDS TITLE - the fault has been found under this title, and at most so many records show it.
finds() {
    local kept=$1/kept
    look "$1"
    expect_status 1 "$1" || return
    grep -qF -- "WRONG: $3" out || fail "$1 is not called \"$3\": $(grep -A 12 WRONG: out)"
    [[ $(grep -c '^WRONG:' out) -eq 1 ]] || fail "$1 is found more than once: $(grep WRONG: out)"
    [[ $2 -gt 0 ]] || return
    [[ $(wc -l <"$kept") -ge 1 && $(wc -l <"$kept") -le $2 ]] || fail "$1 is shown by $(cat "$kept")"
    ! grep -vxFf lines "$kept" || fail "$1: these lines are not in the input"
}

for fault in $(sed -n 's/^    {"\([a-z-]*\)",.*/\1/p' "$root/tests/abi/faulty.c"); do
    check "$fault" &
    [[ $(jobs -r | wc -l) -lt 8 ]] || wait -n
done
wait
look none
expect_status 0 "no fault" && ! grep WRONG out || fail "a fault is found where there is none"
[[ ! -e none/kept ]] || fail "there is nothing to be kept"

finds clock 1 "map does not give the same for the same record: it is not deterministic"
finds random 1 "map gives something else when it is called twice for the same record"
finds sequence 1 "map gives something else when it is called twice for the same record"
finds address 1 "map does not give the same for the same record: it depends on where things lie in memory"
if ! has_sanitizer; then # whose memory is another
    finds padding 1 "map emits bytes that nobody has set"
    grep -q "bytes 1 to 3 of the key differ" out || fail "the padding is not named: $(cat out)"
    finds unset 1 "map emits bytes that nobody has set"
    finds old-value 1 "reduce uses a value, or a key, that is not borrowed any more"
fi
finds beyond 1 "map reads beyond the end of the record"
finds repeats 2 "map remembers other records"
finds old-text 1 "map reads text that it has no right to any more"
finds lines-of-chunk 2 "map_chunk depends on where its text begins and ends"

finds mean 3 "fold is not associative"
finds last 2 "fold is not commutative"
finds doubles 3 "fold is not associative"
finds rounded 3 "fold is not associative"
finds count 2 "fold is not commutative"
finds finish-number 1 "finish gives something else when the same keys come again"

finds combine-count 2 "reduce says something else after combine"
finds combine-twice 1 "reduce says something else after combine has run twice"
finds difference 2 "reduce gives something else when the same keys come again"
finds writing 0 "reduce writes to a key or value, which is not its own"
finds end 0 "end prints something for workers that have had no key"

finds less 2 "compare contradicts itself"
finds circle 3 "compare is no order"
finds torn 2 "compare disagrees with partition"
finds turn 1 "partition gives different numbers for the same key"

# Records that the plugin divides itself.
look records
expect_status 0 "records of its own" && ! grep WRONG out || fail "a fault is found in records of its own"
grep -q "^  records are cut at the same places    ok " out || fail "records are not looked at: $(cat out)"
finds part 1 "record finds an end in a part of a record"
finds beyond-part 1 "record reads text that it has no right to any more, or beyond its end"
finds more 1 "record says more bytes than it is given"
finds record-turn 0 "record gives another answer when it is asked again"
finds alone 1 "record says something else when nothing follows the record"
finds record-writing 1 "record writes to the bytes that it is given"
finds anywhere 1 "find_record finds a place where no record begins"
finds overlooked 2 "find_record misses a place where a record begins"

# What only whole jobs show: this one behaves as long as it is not one of their workers.
finds workers 3 "the output changes with how the job is divided"

# A source file is compiled with sanitizers, too: a byte is written behind a copy. It lies in a folder that is called as
# one of mr's own sources is, of which the report says nothing.
mkdir src
cat >src/beyond.c <<END
#include <stdlib.h>
#include <string.h>
#include "mr.h"
static void map(mr_ctx *ctx, char *line, size_t length) {
    char *copy = malloc(length);
    memcpy(copy, line, length);
    copy[length] = 0;
    mr_count(ctx, mr_bytes(copy, strlen(copy)));
    free(copy);
}
MR_PLUGIN(.name = "beyond", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
END
if ! has_sanitizer && cc -fsanitize=address src/beyond.c -I"$root/src" -shared -fPIC -o beyond.so 2>cc.log; then
    run "$mr" check ./src/beyond.c lines --seconds 60 --keep kept
    expect_status 1 "a sanitizer finds it"
    grep -q "WRONG: a sanitizer finds: heap-buffer-overflow" out && grep -q " in map src/beyond.c:7" out ||
        fail "the place is not named: $(cat out)"
    ! grep -E ' src/(flow|host|job)/' out || fail "the report tells of mr"
    [[ $(wc -l <kept) -eq 1 ]] || fail "more than one record is kept: $(cat kept)"
fi

# The same seed says the same.
mv doubles first && check doubles && expect_same first/out doubles/out "the same seed"

# A plugin that cannot be run is not checked; one that crashes in a job of the usual kind has its card.
check nothing && look nothing && expect_status 1 "no such fault" && expect_error "there is no fault 'nothing'"
run "$mr" check "$build/tests/abi/crashes.so" lines --set what=abort --set on=ibis
expect_status 1 "a plugin that crashes" && expect_error "crashes crashed in map" "lines:$(grep -n -m 1 ibis lines | cut -d : -f 1)"
# One that hangs is waited for once.
run "$mr" check "$build/tests/abi/crashes.so" lines --set what=hang --set on=ibis --timeout 1s
expect_status 1 "a plugin that hangs" && expect_error "crashes hangs in map" "attempts  1," "lines:$(grep -n -m 1 ibis lines | cut -d : -f 1)"
# It is not left out as other bad records may be: each one like it would cost all of the time once more.
run "$mr" check "$build/tests/abi/crashes.so" lines --set what=hang --set on=ibis --timeout 400ms --skip-bad 100
expect_status 1 "a plugin that hangs, where bad records may be" && expect_error "crashes hangs in map" "attempts  1,"
# Of a sample, too, the card tells of the place in the file.
for ((i = 0; i < 3000; i++)); do
    echo "line $i"
    ((i % 40)) || echo BOOM
done >long
run "$mr" check "$build/tests/abi/crashes.so" long --sample 8K --set what=abort
expect_status 1 "a plugin that crashes on a sample" && expect_error "crashes crashed in map" "record    BOOM" "--inline"
[[ $(sed -n "$(sed -n 's/^mr:   where *long:\([0-9]*\), .*/\1/p' err)p" long) == BOOM ]] || fail "the card is about another line: $(cat err)"

# Records that the plugin rejects can be left out, as in a job; then they are no fault, and are kept nowhere.
log=("$root/datasets/access.log" --set by=status --set bad=fail --seconds 2)
run "$mr" check "$build/plugins/accesslog.so" "${log[@]}"
expect_status 1 "a record is bad" && expect_error "rejected its record"
run "$mr" check "$build/plugins/accesslog.so" "${log[@]}" --skip-bad 5
expect_status 0 "bad records are left out" && ! grep WRONG out || fail "bad records are a fault"
grep -qF "(without 5 bad records)" out || fail "bad records are not counted: $(cat out)"
! ls ./*.jsonl 2>/dev/null || fail "bad records are kept"
run "$mr" check "$build/plugins/accesslog.so" "${log[@]}" --skip-bad 4
expect_status 1 "more records are bad than may be"

# Standard input is read for the sample alone, also when it could be read once more.
"$mr" check "$plugin" - --set fault=none --seconds 2 <lines >out 2>err
status=$? command_line="mr check -"
expect_status 0 "standard input is a file" && ! grep WRONG out || fail "a fault is found in standard input"
"$mr" check "$build/tests/abi/crashes.so" - --set what=abort --set on=ibis <lines >out 2>err
status=$?
expect_status 1 "a plugin that crashes on standard input" && expect_error "(standard input), byte"

# Ended in the middle, it leaves nothing behind.
for signal in TERM KILL; do
    "$mr" check "$build/tests/abi/crashes.so" lines --set what=hang --set on=ibis --timeout 100s >/dev/null 2>&1 &
    sleep 0.3
    kill -$signal $!
    wait $! 2>/dev/null
    [[ $? -gt 128 ]] || fail "it does not end by SIG$signal"
done

run "$mr" check "$plugin" lines --output result
expect_status 2 "an option that is none of mr check" && expect_error "--output"
: >empty
run "$mr" check "$plugin" empty --set fault=none
expect_status 1 "nothing to check with" && expect_error "there is no record in the input"
finish
