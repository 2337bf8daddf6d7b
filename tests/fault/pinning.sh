#!/bin/bash
# --pin: during a run every worker may run on one CPU only, these are CPUs that mr itself may use, and no CPU has two
# workers more than another. The same holds for the successor of a worker that was killed. Without --pin workers may run
# wherever mr may.
# timeout: 60
source "$(dirname "$0")/../tools/testing.sh"

# The output goes into a pipe that nobody reads yet: the workers stay until somebody does.
{ "$tools/random_input" 1 $((4 * 1024 * 1024)) many && echo; } >input || exit 1
mkfifo pipe

# expand LIST - the numbers in a list such as 0-3,8, one a line.
expand() {
    tr ',' '\n' <<<"$1" | awk -F- '{ for (cpu = $1; cpu <= $NF; cpu++) print cpu }'
}

# cpus_of PID - the list of the CPUs that a process may run on.
cpus_of() {
    sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null
}

# spread JOBS CPUS - how often workers use each CPU when they are pinned in turn: a sorted list of numbers of workers.
spread() {
    awk -v jobs="$1" -v cpus="$2" 'BEGIN { for (i = 0; i < cpus && i < jobs; i++) print int((jobs - 1 - i) / cpus) + 1 }' | sort
}

# expect_pinned WHAT PID JOBS - the workers are on CPUs of mr, equally many on each. Waits a while for new ones.
expect_pinned() {
    local what=$1 pid=$2 jobs=$3 usable attempt used
    usable=$(expand "$(cpus_of "$pid")")
    for ((attempt = 0; attempt < 300; attempt++)); do
        used=$(for worker in $(children_of "$pid"); do cpus_of "$worker"; done)
        if [[ $(sort <<<"$used" | uniq -c | awk '{ print $1 }' | sort) == "$(spread "$jobs" "$(wc -l <<<"$usable")")" ]] &&
            [[ $(grep -cvxF "$usable" <<<"$used") -eq 0 ]]; then
            return 0
        fi
        sleep 0.02
    done
    fail "$what: workers are on $used and not one on each of $usable"
}

# start OPTION... - start a job whose workers stay until the output is read; its number is in $pid.
start() {
    "$mr" run grep --set pattern= input "$@" >pipe 2>err &
    pid=$!
    exec 9<pipe
    wait_for_workers "$pid" 3 || fail "there are no workers: $(cat err)"
}

# end WHAT - let the job go on; it has to succeed.
end() {
    cat <&9 | cmp - input || fail "$1: wrong output"
    exec 9<&-
    wait "$pid" || fail "$1: $(cat err)"
}

start -j 3 --pin
expect_pinned "three workers" $pid 3
read -r victim rest <<<"$(children_of $pid)"
kill -9 "$victim"
for ((attempt = 0; attempt < 300; attempt++)); do
    [[ " $(children_of $pid) " != *" $victim "* ]] && break
    sleep 0.01
done
wait_for_workers $pid 3 || fail "the killed worker has no successor"
expect_pinned "after a kill" $pid 3
end "pinned"

last=$(expand "$(cpus_of $$)" | tail -n 1)
taskset -c "$last" true 2>/dev/null && {
    taskset -c "$last" "$mr" run grep --set pattern= input -j 3 --pin >pipe 2>err &
    pid=$!
    exec 9<pipe
    wait_for_workers $pid 3 || fail "there are no workers on one CPU: $(cat err)"
    expect_pinned "on one CPU" $pid 3
    end "on one CPU"
}

start -j 3
for worker in $(children_of $pid); do
    [[ $(cpus_of "$worker") == "$(cpus_of $pid)" ]] || fail "without --pin a worker is pinned to $(cpus_of "$worker")"
done
end "not pinned"

run "$mr" run wordcount input --pin=2
expect_status 2 "--pin with a value"
finish
