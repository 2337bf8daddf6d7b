#!/bin/bash
# The page of --report when things go wrong: it cannot be written, the job is interrupted, its workers die, records are left
# out, mr itself is killed. It appears whole or not at all, and says what has happened.
source "$(dirname "$0")/../tools/testing.sh"

slow=$build/tests/abi/slow.so
for ((i = 0; i < 4000; i++)); do echo "record $i"; done >records
{ cat records && echo '!deadly'; } >bad_records
mkdir folder

# start OPTION... - start a job of a second or more in the background as $pid.
start() {
    command_line="$mr run $slow records -j 2 $*"
    "$mr" run "$slow" records -j 2 --chunk 1K --set map=500000 --report folder/report.html "$@" >out 2>err &
    pid=$!
}

# expect_report FILE PART... - the page is whole, and has every PART.
expect_report() {
    local file=$1 part
    shift
    [[ -e $file && $(tail -n 1 "$file") == "</html>" ]] || fail "$file is not whole"
    for part in "$@"; do
        grep -aqF -- "$part" "$file" || fail "$file does not say $part"
    done
}

# ---- it cannot be written

run "$mr" run wordcount records -o folder/result --report nowhere/report.html
expect_status 1 "no such folder" && expect_error nowhere/report.html "No such file or directory"
[[ $(wc -l <err) -eq 1 ]] || fail "no such folder is said twice"
expect_files folder

run "$mr" run "$slow" records -j 2 -o result --report folder/report.html --set map=100 --set close=1 --stats folder/stats
expect_status 0 "all is well" && expect_report folder/report.html "done" && expect_files folder report.html stats

mkdir folder/gone
start --report folder/gone/report.html -o result
wait_for_workers $pid 2 && rmdir folder/gone
wait $pid
status=$?
expect_status 1 "a folder that disappears" && expect_error "the output is complete, but the report could not be written" folder/gone
expect_files folder report.html stats

for options in "-o folder/x --report folder/x" "-o folder/x --stats folder/x" "--stats folder/x --report folder/x"; do
    run "$mr" run wordcount records $options
    expect_status 2 "$options" && expect_error folder/x "another name"
done
expect_files folder report.html stats

# ---- the job is interrupted: the old page makes way for one that says so

echo before >folder/report.html
for signal in TERM HUP; do
    start -o folder/result
    wait_for_workers $pid 2
    sleep 0.1
    kill -$signal $pid
    wait $pid
    status=$?
    expect_status $((128 + $(kill -l $signal))) "SIG$signal"
    expect_report folder/report.html "interrupted by SIG$signal" "the output was not completed"
    expect_files folder report.html stats
done

# ---- mr is killed: nothing has changed

echo before >folder/report.html
start -o folder/result
wait_for_workers $pid 2
kill -9 $pid
wait $pid 2>/dev/null
expect_files folder report.html stats
[[ $(<folder/report.html) == before ]] || fail "the old page is gone"

# ---- workers die

start -o folder/result --stats folder/stats
wait_for_workers $pid 2
sleep 0.2
kill -9 $(children_of $pid | cut -d ' ' -f 1)
wait $pid
status=$?
expect_status 0 "a worker killed"
expect_report folder/report.html "died at" "killed by signal 9" "1 worker replaced" mended
rm folder/result

# ---- records are left out

run "$mr" run "$slow" bad_records -j 2 --set deadly='!deadly' --skip-bad 1 --bad 'folder/<bad>' -o result --report folder/report.html
expect_status 0 "a bad record"
expect_report folder/report.html "1 bad record left out" "folder/&lt;bad&gt;"
finish
