#!/bin/bash
# Signals at random moments, to the coordinator alone or to all of its processes as Ctrl-C does. Those that end a program:
# exit status 128+n, no output, no litter, and nobody is left. (tests/tools/contain looks for processes and for TMPDIR.)
# Storms of those that do not: the output is as it was, even when every call of the system is interrupted again and again.
#
# The jobs are those of a plugin that sleeps in its callbacks (tests/abi/slow.c), so that signals come in every phase.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
start_seed
set -m # every job in a process group of its own, with SIGINT as it is by default

workers=3
perl -e 'srand $ARGV[0]; printf "%x the record with number %d, of some length\n", rand 8000, $_ for 1 .. 15000' "$seed" >records
mkdir folder

# With so little memory that it spills.
command=("$mr" run "$build/tests/abi/slow.so" records -v -j $workers --memory 4M --chunk 32K -o folder/result
    --set open=8000000 --set map=6000 --set reduce=20000 --set close=15000000)
declare -A job=([fold]="--set kind=fold" [ordered]="--set kind=fold --sort value:desc" [group]="--set kind=group" [map]="--set kind=map")

# How long each job takes at least when it is left alone, so that the signals come at any time within.
declare -A duration
for name in "${!job[@]}"; do
    for attempt in 1 2 3; do
        started=$(milliseconds)
        run "${command[@]}" ${job[$name]}
        took=$(($(milliseconds) - started))
        expect_status 0 "$name undisturbed"
        [[ ${duration[$name]:-$took} -lt $took ]] || duration[$name]=$took
    done
    mv folder/result "expected.$name"
done

# start NAME - start a job in the background as $pid.
start() {
    command_line="${command[*]} ${job[$1]}"
    "${command[@]}" ${job[$1]} >out 2>err &
    pid=$!
}

# pause MILLISECONDS - sleep.
pause() {
    sleep "$(($1 / 1000)).$(printf '%03d' $(($1 % 1000)))"
}

# ---- signals that end the job

# expect_ended ROUND NAME SIGNAL BEFORE - the job was ended by the signal, and left the output as it was before.
expect_ended() {
    local what="round $1 of seed $seed, SIG$3 to the $2 job" phase
    hits=$((hits + 1))
    phase=$(tail -n 1 err | cut -d ' ' -f 2)
    phases[${phase:-none:}]=1
    expect_status $((128 + $(kill -l "$3"))) "$what"
    # What nothing holds back may come when the output has its name.
    [[ $3 == ALRM || $3 == USR2 ]] && cmp -s "expected.$2" folder/result && return
    if [[ $4 == new ]]; then
        expect_files folder
    elif expect_files folder result; then
        [[ $(cat folder/result) == before ]] || fail "$what: the old output is gone"
    fi
}

hits=0
declare -A phases # the phases that were over when signals came
rounds=$((200 / scale))
for ((round = 0; round < rounds; round++)); do
    pick "${!job[@]}"
    name=$REPLY
    pick INT TERM HUP INT TERM HUP ALRM USR2
    signal=$REPLY
    pick one all
    whom=$REPLY
    pick new old
    before=$REPLY
    rm -f folder/result
    [[ $before == new ]] || echo before >folder/result
    start "$name"
    below "${duration[$name]}"
    pause "$REPLY"
    if [[ $whom == one ]]; then kill -$signal $pid; else kill -$signal -- -$pid; fi
    wait $pid
    status=$?
    if [[ $status -eq 0 ]]; then # it was done already
        expect_same "expected.$name" folder/result "round $round of seed $seed"
    else
        expect_ended $round "$name" $signal $before
    fi
done 2>/dev/null
echo "$hits of $rounds signals came in time, after the phases ${!phases[*]}"
[[ $round -eq $rounds && $hits -gt 0 ]] || fail "no signal came in time"

# ---- signals that the user wants to be ignored, as nohup does

for signal in INT TERM HUP; do
    rm -f folder/result
    (trap '' $signal && exec "${command[@]}" ${job[fold]} >out 2>err) &
    pid=$!
    wait_for_workers $pid $workers
    kill -$signal -- -$pid
    wait $pid
    status=$?
    expect_status 0 "an ignored SIG$signal" && expect_same expected.fold folder/result "an ignored SIG$signal"
done

# A job that is started with SIGCHLD ignored hears of the death of a worker all the same.
rm -f folder/result
(trap '' CHLD && exec "${command[@]/map=6000/map=200000}" ${job[map]} >out 2>err) &
pid=$!
wait_for_workers $pid $workers
kill -9 $(children_of $pid | cut -d ' ' -f 1)
wait $pid
status=$?
expect_status 0 "SIGCHLD ignored" && expect_same expected.map folder/result "SIGCHLD ignored"
grep -q 'killed by signal 9' err || fail "the death of a worker is not told: $(cat err)"

# ---- storms

# Stopping and going on interrupts calls that no handler would; SIGPIPE is for the coordinator, which blocks it, alone, and
# so is SIGUSR1, which it answers.
storms=("-USR1 -- -" "-WINCH -- -" "-CHLD -- -" "-URG -- -" "-STOP -- -" "-PIPE ")
rounds=$((18 / scale))
sent=0
for ((round = 0; round < rounds; round++)); do
    pick "${!job[@]}"
    name=$REPLY
    storm=${storms[round % ${#storms[@]}]}
    rm -f folder/result
    start "$name"
    wait_for_workers $pid $workers
    while kill $storm$pid; do
        sent=$((sent + 1))
        [[ $storm != -STOP* ]] || kill -CONT -- -$pid
    done
    wait $pid
    status=$?
    expect_status 0 "a storm of $storm in the $name job, seed $seed" &&
        expect_same "expected.$name" folder/result "a storm of $storm in the $name job, seed $seed"
done 2>/dev/null
echo "$sent signals in $rounds storms"
[[ $sent -gt 0 ]] || fail "no signal of a storm came in time"
finish
