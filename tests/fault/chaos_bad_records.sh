#!/bin/bash
# Workers that are killed from outside while records of the input kill others, and workers that are stopped (SIGSTOP) for
# longer than --timeout allows: the output is that of the input without the bad records, and exactly these are kept.
# timeout: 400
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/striking.sh"
start_seed

make_records 20000 16000 >records
# One of about two thousand records is deadly.
awk '{ print (NR % 1999 == 8 ? "!deadly " : "") $0 }' records >bad_records
grep -v '^!deadly' bad_records >good_records
grep -c '^!deadly' bad_records >bad_count

declare -A input=([good]=good_records [all]=records)
for kind in fold group map; do
    for name in good all; do
        run "$mr" run "$build/tests/abi/slow.so" "${input[$name]}" -j 1 --set kind=$kind -o expected.$name.$kind
        expect_status 0 "undisturbed, $kind"
    done
done
# Record numbers count bad records as well.
awk '!/^!deadly/ { print NR, $0 }' bad_records >expected.good.map
"$tools/reference" wordcount -- records >expected.wordcount

slow="$build/tests/abi/slow.so --chunk 32K --set open=8000000 --set map=15000"
bad="$slow bad_records --set deadly=!deadly --skip-bad 50 --bad bad.ROUND"
for kind in fold group map; do
    define bad_$kind good.$kind "$bad --set kind=$kind"
    define slow_$kind all.$kind "$slow records --set kind=$kind --set reduce=20000 --timeout 1s"
    define stuck_$kind good.$kind "$bad --set kind=$kind --timeout 1s"
done
define stopping all.fold "$slow records --set close=50000000 --timeout 1s"
define wordcount wordcount "wordcount records --chunk 32K --timeout 1s"

# What is kept does not depend on the blows either.
run "$mr" run "$build/tests/abi/slow.so" bad_records -j 1 --set kind=map --set deadly=!deadly --skip-bad 50 --bad bad
expect_status 0 "undisturbed, with bad records" && expect_same expected.good.map out "undisturbed"
sed -n 's/.*"record":"\(.*\)"}$/\1/p' bad | cmp -s - <(grep '^!deadly' bad_records) || fail "other records are kept: $(cat bad)"

blows=$((300 / scale))
share=$(((blows + 5) / 6))
for kind in fold group map; do
    strike file bad_$kind -w $share -x "cmp bad bad.ROUND"
    strike pipe bad_$kind -w $share -f start -x "cmp bad bad.ROUND"
done
collect 1
total blows 1 "$rounds"
echo "$REPLY blows among bad records"
[[ $REPLY -ge $blows ]] || [[ $failures -gt 0 ]] || fail "only $REPLY of $blows blows"

first=$((rounds + 1))
stops=$((40 / scale))
for name in slow_fold slow_group slow_map wordcount; do
    strike file $name -w $((stops / 5 + 1)) -b stop -m 3
done
strike pipe stopping -w $((stops / 5 + 1)) -b stop -m 2 -f reduce
strike pipe stuck_group -w $((stops / 5 + 1)) -b stop,kill -m 4 -x "cmp bad bad.ROUND"
collect "$first"
total blows "$first" "$rounds"
echo "$REPLY workers stopped"

# When all processes are stopped together, as by Ctrl-Z, that is nobody's timeout.
head -n 12 records >slow_records
awk '{ print NR, $0 }' slow_records >expected.frozen
for after in 0.2 0.6 1; do
    setsid "$mr" run "$build/tests/abi/slow.so" slow_records --chunk 60 -j 3 --set kind=map --set map=500000000 \
        --set close=500000000 --timeout 1s -o result >out 2>err &
    pid=$!
    sleep $after
    kill -STOP -- "-$pid"
    sleep 2
    kill -CONT -- "-$pid"
    wait $pid
    status=$?
    expect_status 0 "stopped after $after s" && expect_same expected.frozen result "stopped after $after s"
    expect_error " 0 retries"
done
finish
