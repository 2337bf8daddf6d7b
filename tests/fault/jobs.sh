#!/bin/bash
# Jobs of several stages that end before their time: whatever happens, nothing is left but the outputs of stages that were
# complete, and the exit status and the message say what it was.
source "$(dirname "$0")/../tools/testing.sh"
halve=$build/tests/abi/halve.so

seq 1 3000 >numbers
make_slow_lines 20000 >slow # more than anybody waits for
echo yes >yes
cat >slow.json <<END
{
  "stages": [
    {"name": "first", "plugin": "wordcount", "inputs": "numbers", "output": "words"},
    {"name": "hidden", "plugin": "grep", "inputs": "yes", "set": {"pattern": "yes"}},
    {"name": "slow", "plugin": "grep", "inputs": ["slow", {"stage": "hidden"}], "set": {"pattern": "$slow_pattern"},
     "output": "found"}
  ]
}
END

# wait_for_stage PID - wait until the slow stage has its workers: then the output of the first is there.
wait_for_stage() {
    local attempt
    for ((attempt = 0; attempt < 1000; attempt++)); do
        [[ -e words ]] && grep -q '^mr: stage hidden' err && break
        sleep 0.01
    done
    wait_for_workers "$1" 2 || fail "the slow stage has no workers"
}

# Signals in the middle of a stage end all of it.
for signal in TERM HUP KILL; do
    rm -f words found err
    "$mr" job slow.json -j 2 --chunk 512 >out 2>err &
    pid=$!
    wait_for_stage $pid
    kill -s $signal $pid
    wait $pid 2>/dev/null
    status=$?
    [[ $status -eq $((128 + $(kill -l $signal))) ]] || fail "SIG$signal: exit status $status"
    [[ -s words && ! -e found ]] || fail "SIG$signal: not just the output of the first stage is there"
done

# Killed workers are replaced, in every stage.
make_slow_lines 600 >slow
"$mr" run grep slow yes --set pattern="$slow_pattern" -q >expected
rm -f words found
"$mr" job slow.json -j 2 --chunk 512 >out 2>err &
pid=$!
wait_for_stage $pid
for worker in $(children_of $pid); do kill -9 "$worker"; done
wait $pid || fail "killed workers end the job"
expect_same expected found "after killed workers"

# Signals at random moments, also between stages: rounds are short.
cat >rounds.json <<END
{
  "stages": [
    {"name": "again", "plugin": "$halve", "inputs": {"previous": "last", "first": "numbers"}},
    {"name": "last", "plugin": "$halve", "inputs": {"stage": "again"}, "output": "result"}
  ],
  "repeat": {"stages": ["again", "last"], "most": 10000}
}
END
start_seed
for ((i = 0; i < 10; i++)); do
    pick TERM KILL
    signal=$REPLY
    "$mr" job rounds.json -j 2 -q >out 2>err &
    pid=$!
    below 300
    sleep "0.$(printf %03d "$REPLY")"
    kill -s "$signal" $pid
    wait $pid 2>/dev/null
    status=$?
    [[ $status -eq $((128 + $(kill -l "$signal"))) ]] || fail "SIG$signal in rounds: exit status $status"
    [[ ! -s err && ! -e result ]] || fail "SIG$signal in rounds: $(head -n 1 err)"
done

# A stage that fails: those before it have left their output, and the others are not run.
echo -666 >bad
cat >bad.json <<END
{
  "stages": [
    {"name": "good", "plugin": "wordcount", "inputs": "numbers", "output": "words"},
    {"name": "bad", "plugin": "$halve", "inputs": ["bad", {"stage": "good"}], "output": "result"},
    {"name": "after", "plugin": "wordcount", "inputs": {"stage": "bad"}, "output": "more"}
  ]
}
END
rm -f words
run "$mr" job bad.json
expect_status 1 && expect_error "mr: stage bad: bad, byte 0: plugin halve failed in map: '-666'" "mr: stage good: "
[[ -s words && ! -e result && ! -e more ]] || fail "a stage that fails leaves other files than it should"

# A crash: no command can name what another stage has made.
cat >crash.json <<END
{
  "stages": [
    {"name": "lines", "plugin": "grep", "inputs": "numbers", "set": {"pattern": "7"}},
    {"name": "crash", "plugin": "$build/tests/abi/sides.so", "inputs": {"stage": "lines"}, "output": "result",
     "side": {"known": "numbers"}, "set": {"scribble": true}}
  ]
}
END
run "$mr" job crash.json
expect_status 1 && expect_error "where     stage lines:1, byte 0" "debug     give the stage that this one reads an \"output\"" \
    "mr: stage crash: stage lines, byte 0: plugin sides, in map: the worker was killed by signal 11"

# What goes between stages does not fit: the message names the stage.
cat >large.json <<END
{
  "stages": [
    {"name": "all", "plugin": "grep", "inputs": "slow", "set": {"pattern": "x"}},
    {"name": "words", "plugin": "wordcount", "inputs": {"stage": "all"}, "output": "words"}
  ]
}
END
rm -f words
(ulimit -f 1; run "$mr" job large.json -q; printf '%s' "$status" >status)
[[ $(cat status) -eq 1 ]] || fail "a file that may not grow: exit status $(cat status)"
grep -q '^mr: stage all: could not write stage all' err || fail "a file that may not grow: $(head -n 1 err)"
[[ ! -e words ]] || fail "a file that may not grow: there is a result"

# No folder for what goes between stages.
run "$mr" job large.json --tmp nowhere
expect_status 1 && expect_error "stage all: could not make" "nowhere"
finish
