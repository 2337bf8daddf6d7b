#!/bin/bash
# Whatever call of the system fails, at whatever point: mr ends with status 0 and the right output, or with status 1 and
# one message, never hangs, and leaves nothing. tests/preload/fail_call.c lets one call of a small job fail, or be
# interrupted by a signal, or transfer half of the bytes.
#
# In the suite random calls fail, for MR_TEST_SECONDS seconds. By hand every single call fails in turn, which takes tens of
# thousands of runs, with
#
#     tests/fault/injection.sh every [PATTERN...]
#
# for the combinations "JOB to OUTPUT, KIND of CALLS" that contain one of the patterns; a table of what was injected where,
# how often, and what mr said of it, comes at the end.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
has_sanitizer && skip "a sanitizer defines the same functions as the library that lets them fail"

fail_call=$build/tests/preload/fail_call.so
# As little memory as two workers can have: runs, sorts and parts of the output are spilled.
common=(-q -j 2 --memory 1M --chunk 64K)
declare -A job=(
    [fold]="wordcount input"
    [ordered]="wordcount input --sort value:desc"
    [group]="invertedindex input"
    [map]="grep --set pattern=a input"
    [numbered]="grep --set pattern=a --set line-numbers=yes input"
    [inline]="wordcount input --inline"
    [stats]="grep --set pattern=a input --stats folder/stats"
    [report]="wordcount input --report folder/report"
    [bad]="$build/tests/abi/slow.so bad_input --set deadly=!deadly --skip-bad 2 --bad folder/bad"
    [listed]="wordcount @list"
    [status]="wordcount input --status :0 --progress json"
    [compiled]="./counted.c input"
    [kept]="./counted.c input"
)
outputs=(new old directory stdout pipe)
kinds=(error other interrupt short)
# What is picked at random: mostly all of them, otherwise one that is called rarely.
groups=(system system memory)
rare=(access bind close dup2 dup3 epoll_create1 epoll_ctl epoll_wait eventfd execv fchmod fcntl flock fork fstat fstatat fsync
    fts_open fts_read ftruncate getcwd getdelim get_robust_list getsockname linkat listen lseek madvise memfd_create mkdir mkdtemp
    mkostemp mmap mprotect munmap open opendir open_memstream pidfd_open pidfd_send_signal pipe2 poll prctl read readdir readlink
    rename sendfile setenv setpgid setsockopt signalfd socket stat statvfs waitid write)

"$tools/random_input" 1 600000 many >input || exit 1
{ echo '!deadly' && cat input; } >bad_input
mkdir folder inputs
mkfifo pipe
# A folder that a list names, and a plugin with a compiler that takes no time.
cp input inputs
echo inputs >list
cp "$root/plugins/wordcount.c" counted.c
"$mr" build counted.c || fail "the plugin does not compile"
cat >compiler <<END
#!/bin/sh
for word; do
    case \$before in
    -o) cp "$work/counted.so" "\$word" ;;
    -MF) echo 'plugin: counted.c' >"\$word" ;;
    esac
    before=\$word
done
END
chmod +x compiler
export CC=$work/compiler

# cache_of JOB - where a job has its plugins, if it compiles any.
cache_of() {
    echo "$work/cache.$1"
}

for name in "${!job[@]}"; do
    XDG_CACHE_HOME=$(cache_of "$name") run "$mr" run ${job[$name]} "${common[@]}"
    [[ $status -eq 0 ]] || fail "$name undisturbed: status $status, $(cat err)"
    [[ $name != bad ]] || sed 's/"line":1,//' folder/bad >expected_bad
    mv out "expected.$name"
done
export MR_FAIL_STATE=$work/state MR_FAIL_CALLS MR_FAIL_KIND MR_FAIL_AT MR_FAIL_TIMES=1
export MALLOC_PERTURB_=165 # what is freed is overwritten

# start OUTPUT JOB - start the job in the background as $pid, with a time limit and in a process group of its own.
start() {
    local destination=()
    rm -rf folder/* out
    : >state
    case $1 in
    new) destination=(-o folder/result) ;;
    old)
        destination=(-o folder/result)
        echo before >folder/result
        ;;
    directory) # one that is there already stays when there is no output
        destination=(-o folder/result/)
        [[ $2 != listed ]] || mkdir folder/result
        [[ $2 == ordered ]] || destination+=(--parts 3)
        ;;
    pipe) cat pipe >out & ;;
    esac
    [[ $2 != compiled ]] || rm -rf "$(cache_of compiled)"
    local start=(timeout -s KILL 20 env "XDG_CACHE_HOME=$(cache_of "$2")" "LD_PRELOAD=$fail_call" "$mr" run ${job[$2]} "${common[@]}" "${destination[@]}")
    command_line="${start[*]}"
    case $1 in
    new | old | directory) "${start[@]}" 2>err & ;;
    stdout) "${start[@]}" >out 2>err & ;;
    pipe) "${start[@]}" >pipe 2>err & ;;
    esac
    pid=$!
}

# expect_gone WHAT - of the group of processes that was $pid nobody lives; those killed by the kernel may take a moment.
expect_gone() {
    local attempt
    for ((attempt = 0; attempt < 50; attempt++)); do
        kill -0 -- "-$pid" 2>/dev/null && pgrep -g "$pid" -r D,R,S,T,t >/dev/null || return 0
        sleep 0.02
    done
    fail "$1: processes are left: $(pgrep -g "$pid" -a)"
}

# expect_output WHAT OUTPUT JOB - the output is as $status demands: complete; or none, or the beginning in a stream. Only
# when the statistics or the report fail is the output there already. They, and the bad records, are kept when the job
# fails, too.
expect_output() {
    local what=$1 expected=expected.$3 place=folder/result files=() complete=
    [[ $2 == new || $2 == old || $2 == directory ]] || place=out
    [[ $status -eq 0 || $message == "mr: the output is complete"* ]] && complete=yes
    [[ $2 == old || ($place != out && -n $complete) ]] && files=(result)
    if [[ $2 == directory && $3 == listed && -z $complete ]]; then
        files=(result)
        expect_files folder/result
    fi
    [[ $3 == stats && ($status -eq 0 || -e folder/stats) ]] && files+=(stats)
    [[ $3 == report && ($status -eq 0 || -e folder/report) ]] && files+=(report)
    if [[ $3 == bad && ($status -eq 0 || -e folder/bad) ]]; then
        files+=(bad)
        # The number of a line that cannot be counted is left out.
        sed 's/"line":1,//' folder/bad | cmp -s - expected_bad || fail "$what: kept $(<folder/bad)"
    fi
    if [[ -n $complete ]]; then
        if [[ $2 == directory ]]; then
            [[ -e folder/result/_SUCCESS ]] || fail "$what: no _SUCCESS"
            place=parts
            cat folder/result/part-* >parts
        fi
        expect_same "$expected" "$place" "$what"
    elif [[ $place == out ]]; then
        cmp -s -n "$(stat -c %s out)" out "$expected" || fail "$what: printed wrong bytes"
    elif [[ $2 == old ]]; then
        [[ $(<folder/result) == before ]] || fail "$what: the old output is gone"
    fi
    expect_files folder "${files[@]}"
}

# expect_message WHAT JOB - a run that succeeds is silent; one that fails says why in one line, which is left in $message.
# What mr says of damage that it has repaired, of statistics or a report that it could not write, of bad records, of its page,
# or how far it is, comes before.
expect_message() {
    local lines
    # Whether a worker is looked at while it is beyond a share as small as this is a matter of the moment; and what libraries
    # say that mr loads is not its own.
    mapfile -t lines < <(sed -E "/^mr: .*; .* again\$|^mr: the (statistics|report)|^mr: [^ ]*: 1 bad record was/d
        /^mr: status: http|^\{|^mr: .* beyond its share of --memory|^Error in GnuTLS/d" err)
    message=
    [[ ${#lines[@]} -eq 0 ]] || message=${lines[-1]}
    [[ $status -eq 0 && ${#lines[@]} -eq 0 ]] && return 0
    [[ $status -eq 1 && ${#lines[@]} -eq 1 && $message == "mr: "?* ]] && return 0
    [[ $status -eq 1 && $2 == bad && $message == "mr: "?* ]] && ! grep -aqv '^mr:' err && return 0
    fail "$1: exit status $status with ${#lines[@]} lines of messages"
    describe_run
}

# inject OUTPUT JOB - run it with the call failing that MR_FAIL_... say. $injected tells what was; nothing when there are
# fewer calls.
inject() {
    local what="$2 to $1, MR_FAIL_KIND=$MR_FAIL_KIND MR_FAIL_CALLS='$MR_FAIL_CALLS' MR_FAIL_AT=$MR_FAIL_AT MR_FAIL_TIMES=$MR_FAIL_TIMES"
    start "$@"
    wait "$pid"
    status=$?
    [[ $1 != pipe ]] || wait
    runs=$((runs + 1))
    IFS= read -r injected <state
    expect_message "$what ($injected)" "$2"
    expect_output "$what ($injected)" "$1" "$2"
    expect_gone "$what ($injected)"
    if compgen -G "$TMPDIR/*" >/dev/null; then
        fail "$what ($injected): TMPDIR holds $(ls "$TMPDIR")"
        rm -rf "${TMPDIR:?}"/*
    fi
    [[ -z $(compgen -G "$(cache_of "$2")/mr/.new-*") ]] || fail "$what ($injected): a new file is left in the cache"
}

# calls_of OUTPUT JOB - set REPLY to about the number of calls that count in a run.
declare -A counted
calls_of() {
    local combination="$* $MR_FAIL_KIND $MR_FAIL_CALLS"
    if [[ -z ${counted[$combination]:-} ]]; then
        MR_FAIL_AT=1000000000 MR_FAIL_TIMES=1
        inject "$@"
        counted[$combination]=$(od -A n -t u8 -j 1024 -N 8 state)
    fi
    REPLY=${counted[$combination]}
}

# Every call of the combinations that match one of the patterns, or of all.
try_every() {
    local output name kind calls combination
    for name in "${!job[@]}"; do for output in "${outputs[@]}"; do for kind in "${kinds[@]}"; do for calls in system memory; do
        combination="$name to $output, $kind of $calls"
        [[ $calls == system || $kind == error ]] || continue
        [[ $# -eq 0 ]] || grep -qF "$(printf '%s\n' "$@")" <<<"$combination" || continue
        MR_FAIL_CALLS=$calls MR_FAIL_KIND=$kind
        for ((MR_FAIL_AT = 1; ; MR_FAIL_AT++)); do
            inject "$output" "$name"
            [[ -n $injected ]] || break
            echo "${injected/ in mr*, / at } => ${message:-success}" >>findings
        done
        echo "$combination: $((MR_FAIL_AT - 1)) calls"
    done; done; done; done
    sed -E 's/(byte|process) [0-9]+/\1 N/g' findings | sort | uniq -c
}

# Random calls, for a while. Some go on failing, as those on a full disk or without memory do.
try_some() {
    local seconds=${MR_TEST_SECONDS:-30} name output
    MR_FAIL_TIMES=1
    for ((SECONDS = 0; SECONDS < seconds; )); do
        pick "${!job[@]}"
        name=$REPLY
        pick "${outputs[@]}"
        output=$REPLY
        pick "${kinds[@]}"
        MR_FAIL_KIND=$REPLY
        pick "${rare[@]}"
        pick "${groups[@]}" "$REPLY"
        MR_FAIL_CALLS=$REPLY
        # The dynamic linker ends a process that lacks memory for variables of threads, which libraries of --status have.
        [[ $name != status || $MR_FAIL_CALLS != memory ]] || continue
        calls_of "$output" "$name"
        [[ $REPLY -gt 0 ]] || continue
        below "$REPLY"
        MR_FAIL_AT=$((REPLY + 1))
        pick 1 1 1 2 10 1000000000
        MR_FAIL_TIMES=$REPLY
        [[ $MR_FAIL_KIND != interrupt || $MR_FAIL_TIMES -le 10 ]] || continue # nobody sends signals for ever
        inject "$output" "$name"
        [[ -z $injected ]] || hits=$((hits + 1))
    done
}

# expect_injected STATUS TEXT - the run that was injected last had this status, and its message holds the text.
expect_injected() {
    [[ -n $injected ]] || fail "MR_FAIL_CALLS=$MR_FAIL_CALLS MR_FAIL_AT=$MR_FAIL_AT: nothing was injected"
    [[ $status -eq $1 ]] || fail "MR_FAIL_CALLS=$MR_FAIL_CALLS MR_FAIL_AT=$MR_FAIL_AT: status $status, not $1"
    [[ -z $2 ]] || expect_error "$2"
}

# What has to come out is known in these cases.
try_certain() {
    local name
    # A file system on which every call transfers a part only.
    MR_FAIL_KIND=short MR_FAIL_CALLS="read pread write pwrite" MR_FAIL_AT=1 MR_FAIL_TIMES=1000000000
    for name in "${!job[@]}"; do
        inject new "$name"
        expect_injected 0 ""
        inject pipe "$name"
        expect_injected 0 ""
    done
    # A damaged place of the input: which file, which byte.
    MR_FAIL_KIND=error MR_FAIL_CALLS=pread MR_FAIL_TIMES=1
    common+=(--memory 64M)
    for MR_FAIL_AT in 1 2 3 5 10; do
        inject new map
        expect_injected 1 "could not read input at byte "
    done
    unset 'common[-1]' 'common[-1]'
    # No more processes: at the child that looks at the plugin, at the first worker, at the second.
    MR_FAIL_CALLS=fork
    for MR_FAIL_AT in 1 2 3; do
        inject new fold
        expect_injected 1 "could not start a "
    done
}

# No process can be started for a worker that was killed.
try_replacing() {
    make_slow_lines 1500 >slow
    MR_FAIL_KIND=error MR_FAIL_CALLS=fork MR_FAIL_AT=4
    : >state
    env "LD_PRELOAD=$fail_call" "$mr" run grep --set "pattern=$slow_pattern" --chunk 1K -j 2 slow -o folder/slow >out 2>err &
    pid=$!
    wait_for_workers $pid 2
    sleep 0.2
    kill -9 $(children_of $pid | cut -d ' ' -f 1)
    wait $pid
    status=$?
    IFS= read -r injected <state
    expect_injected 1 "could not start a worker process"
    [[ ! -e folder/slow ]] || fail "an output in spite of a failure"
} 2>/dev/null

runs=0 hits=0
if [[ ${1:-} == every ]]; then
    try_every "${@:2}"
    echo "$runs runs"
else
    start_seed
    try_certain
    try_replacing
    try_some
    echo "$runs runs, $hits calls failed"
    [[ $hits -gt 0 ]] || fail "nothing was injected"
fi
finish
