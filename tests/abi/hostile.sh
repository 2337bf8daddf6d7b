#!/bin/bash
# A plugin that does its worst: it forks, closes descriptors, changes signals, folder and user of its process, starts threads, hands over
# nonsense. The job ends with the right answer or with a report, never hangs, and leaves nothing behind, which
# tests/tools/contain looks at.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/hostile.so
# The crash of a plugin is what is tested: a sanitizer shall leave it to the system.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:allocator_may_return_null=1"

printf '%s\n' b a b c >one
printf '%s\n' a b c d e f g h >two
sed 's/$/\t1/' one two >expected.map
sort one two | uniq -c | awk '{print $2 "\t" $1}' >expected.fold
cp expected.fold expected.group
seq 100000 >many

# hostile KIND CALLBACK MISDEED [ARGUMENT...] - run a job of this kind with the misdeed in this callback.
hostile() {
    local kind=$1 where=$2 what=$3
    shift 3
    rm -f result
    run "$mr" run "$plugin" one two -q -j 2 --chunk 7 -o result --set kind="$kind" --set where="$where" --set what="$what" "$@"
}

# harmless KIND CALLBACK MISDEED - the result is right all the same.
harmless() {
    hostile "$@"
    expect_status 0 "$*" && expect_same "expected.$1" result "$*"
}

# reported KIND CALLBACK MISDEED TEXT... - the job fails with status 1 and all of these texts.
reported() {
    hostile "$1" "$2" "$3"
    expect_status 1 "$1 $2 $3" && expect_error "${@:4}"
    [[ -e result ]] && fail "$1 $2 $3: a failed job left its output" && rm -f result
}

# The callbacks that each kind of job has.
declare -A callbacks=([fold]="configure open map fold finish partition compare close"
    [group]="configure open map combine reduce partition compare close" [map]="configure open map close")

# everywhere MISDEED - it is harmless in every callback of every kind of job.
everywhere() {
    local kind where
    for kind in fold group map; do
        for where in ${callbacks[$kind]}; do
            harmless "$kind" "$where" "$1"
        done
    done
}

# wait_for MILLISECONDS COMMAND... - until it succeeds, at most so long.
wait_for() {
    local deadline=$(($(milliseconds) + $1))
    shift
    until "$@"; do
        [[ $(milliseconds) -lt $deadline ]] || return 1
        sleep 0.01
    done
}

# start_hostile MISDEED - begin a map job in the background, number $pid, and wait until the misdeed is under way.
start_hostile() {
    rm -f ready result
    # A shell has SIGINT ignored in the background.
    env --default-signal=INT "$mr" run "$plugin" one two -q -j 2 --chunk 7 -o result --set kind=map --set where=map \
        --set what="$1" >out 2>err &
    pid=$!
    command_line="$1"
    wait_for 20000 test -e ready || fail "$1 did not begin"
}

# ---- forks and threads

everywhere fork-and-return
for kind in fold group map; do
    harmless $kind map fork-and-end
    harmless $kind map fork-and-emit
done
harmless group reduce fork-and-emit
# What is left running is ended with the job, which tests/tools/contain looks at.
for kind in fold group map; do
    for where in configure open map close; do
        harmless $kind $where fork-and-stay
        harmless $kind $where fork-daemon
    done
    harmless $kind map fork-a-crash
    reported $kind map fork-and-crash "hostile" "map" "signal 6"
done
run "$mr" help "$plugin"
# But not what was there before mr was.
run bash -c 'sleep 1000 & echo $! >before; exec "$@"' - "$mr" run "$plugin" one two -q -o result --set where=map --set what=fork-and-end
expect_status 0 "with a child from before" && expect_same expected.fold result "with a child from before"
kill "$(cat before)" || fail "a child from before mr was is gone"
everywhere threads
for kind in fold group map; do
    reported $kind map crash-in-thread "hostile" "map" "signal 11"
done

# ---- descriptors

# They are the host's: that is noticed when there is next something to report, and nothing goes to the files that have
# got their numbers.
for kind in fold group map; do
    for where in ${callbacks[$kind]}; do
        for misdeed in close-all close-high replace-all; do
            reported $kind "$where" $misdeed "hostile" "closed files of mr, or put others in their places"
        done
        [[ -s trap ]] && fail "$kind $where: something was written into the plugin's own file"
        rm -f trap
    done
done
# Also in the middle of a task, where the map phase spills, and the reduce phase.
for where in map reduce; do
    rm -f result
    run "$mr" run "$plugin" many -q -j 2 --memory 1M -o result --set kind=group --set where=$where --set what=replace-all
    expect_status 1 "spilling without descriptors in $where" && expect_error "closed files of mr"
    [[ ! -s trap ]] || fail "records were spilled into the plugin's own file in $where"
    rm -f trap
done

# ---- signals

for misdeed in block-signals ignore-signals handle-signals; do
    harmless fold open $misdeed
    harmless group map $misdeed
    harmless map close $misdeed
done
reported fold map ignore-and-crash "hostile" "map" "signal 11"
reported group reduce alarm "hostile" "reduce" "signal 14"
for signal in INT TERM; do
    start_hostile stay
    kill -$signal $pid
    wait $pid
    status=$?
    expect_status $((128 + $(kill -l $signal))) "SIG$signal while the plugin stays for ever"
    [[ -e result ]] && fail "SIG$signal left output"
done
# A coordinator that is killed outright: its workers notice, even if the kernel does not tell them.
start_hostile outlive
workers=$(children_of "$pid")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
for worker in $workers; do
    wait_for 20000 eval "! kill -0 $worker 2>/dev/null || grep -q '^State:.Z' /proc/$worker/status 2>/dev/null" ||
        fail "a worker outlives its coordinator"
done

# ---- output

for misdeed in write-raw write-much close-stderr; do
    harmless fold finish $misdeed
    harmless group reduce $misdeed
    harmless map map $misdeed
done

# ---- the state of the process

for kind in fold group map; do
    for where in configure open map close; do
        harmless $kind $where change-folder
    done
    reported $kind open forbid-files "could not read"
    reported $kind open forbid-writing "hostile" "signal 25"
done
if [[ $(id -u) -eq 0 && -z $(find one two -not -perm -004) ]]; then
    chmod 755 . # for nobody
    harmless fold open become-nobody
    harmless map map become-nobody
fi

# How numbers are computed and printed: the language, the rounding, and what the smallest ones are.
printf '\n\n' >two-lines
printf '%s\t%s\n' fractions 0.6000000000000001 option 4.7 small 6.99999999999993e-310 smallest 1e-323 >expected.sum
printf '%s\t%s\n' fractions 0.1 option 2.35 small 1.2e-310 smallest 5e-324 >expected.least
changes="nothing rounding flush"
mkdir locales
if localedef -i de_DE -f UTF-8 locales/de_DE.UTF-8 2>/dev/null; then
    changes="$changes locale"
fi
export LOCPATH=$work/locales
for change in $changes; do
    for least in no yes; do
        run env LC_ALL=de_DE.UTF-8 "$mr" run "$build/tests/abi/numerics.so" two-lines -q --set what=$change --set number=2.35 \
            --set least=$least
        [[ $least == no ]] && expected=expected.sum || expected=expected.least
        expect_status 0 "numerics $change" && expect_same $expected out "numerics $change, least=$least"
    done
done

# ---- nonsense

for kind in fold group map; do
    reported $kind map emit-null "hostile" "map" "signal 11"
    reported $kind map emit-huge "4 GiB is the most"
    reported $kind map append-huge "a text that the plugin builds"
    reported $kind map append-endless "a text that the plugin builds"
    # A sanitizer speaks up before the processor does.
    has_sanitizer || reported $kind map scan-zeros "hostile" "map" "signal 11"
done
reported map map write-huge "a line of output"

# An order that is none: each key comes out, once for each time it was not recognised, and all of them are counted.
for kind in fold group; do
    for memory in 1M 64M; do
        run "$mr" run "$plugin" many many -q -j 2 --memory $memory -o result --set kind=$kind --set where=compare --set what=inconsistent
        expect_status 0 "$kind with an inconsistent order, $memory"
        awk -F '\t' '{count[$1] += $2} END {for (key in count) if (count[key] == 2) right++; exit right != 100000}' result ||
            fail "$kind with an inconsistent order, $memory: keys are missing"
    done
done

# An exception has nowhere to go.
cat >thrower.cpp <<'END'
#include "mr.h"

#include <stdexcept>

namespace {
void map(mr_ctx *, char *, size_t) {
    throw std::runtime_error("thrown by a plugin");
}

void fill(mr_plugin *plugin) {
    plugin->name = "thrower";
    plugin->kind = MR_FOLD;
    plugin->fold_type = MR_FOLD_COUNT;
    plugin->map = map;
}
} // namespace

MR_PLUGIN_FROM(fill)
END
if g++ -O1 -fPIC -shared -I "$root/src" thrower.cpp -o thrower.so 2>/dev/null; then
    run "$mr" run ./thrower.so one -q
    [[ $status -eq 1 ]] || fail "an exception: status $status"
    expect_error "thrower" "map" "signal 6"
fi
finish
