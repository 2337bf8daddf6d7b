#!/bin/bash
# mr run --inline prints the same bytes as with two workers, for all plugins and random options, and says the same when a
# plugin fails; it makes no process and no thread, keeps what the plugin prints out of the output, keeps to its memory,
# ends by signals as any program does, and works under gdb and with a sanitizer in the plugin. Every round has a seed of
# its own: MR_TEST_SEED=N begins with that round.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-12}

# The leak check of a sanitizer makes a thread, and wants no debugger.
guard=("$tools/without_fork")
if has_sanitizer; then
    guard=()
else
    # The guard can fail: two workers are too many for it.
    echo word >word
    status=$(exec 2>/dev/null; "${guard[@]}" "$mr" run wordcount word -q -j 2 >out; echo $?)
    [[ $status -ne 77 ]] || guard=()
    [[ $status -eq 77 || $status -eq 159 ]] || fail "processes can be made without being noticed: status $status"
fi

# make_files - write one to three random files and name them in the array `files`.
make_files() {
    local number count
    files=()
    below 3
    count=$((REPLY + 1))
    for ((number = 0; number < count; number++)); do
        pick 0 1 1000 30000 300000 3000000
        local size=$((REPLY / scale))
        if [[ $plugin == stats ]]; then
            pick 3 400 100000
            perl "$root/tests/tools/stats.pl" rows $((round_seed + number)) $((size / 100)) ';' 1 "$REPLY" 0 >"file$number"
        else
            pick few many skewed prefix long lines letters binary
            "$tools/random_input" $((round_seed + number)) "$size" "$REPLY" >"file$number" || exit 1
        fi
        files+=("file$number")
    done
}

# choose_job - set the array `job` to a plugin with random options, its inputs, and options about its order and memory.
choose_job() {
    job=("$plugin" "${files[@]}")
    case $plugin in
    wordcount | invertedindex)
        pick space letters
        job+=(--set "words=$REPLY")
        ;;
    grep)
        pick ka '[A-Z]{2}' '^$' '('
        job+=(--set "pattern=$REPLY")
        pick no no yes
        job+=(--set "line-numbers=$REPLY")
        pick no no yes
        job+=(--set "count=$REPLY")
        ;;
    stats)
        pick 0 1
        job+=(--set "decimals=$REPLY")
        ;;
    esac
    pick "" "" value value:desc
    [[ -z $REPLY ]] || job+=(--sort "$REPLY")
    pick "" "" 1 1000
    [[ -z $REPLY ]] || job+=(--top "$REPLY")
    pick 1M 2M 32M 1G
    job+=(--memory "$REPLY")
    pick "" "" 4K 64K 1G
    [[ -z $REPLY ]] || job+=(--chunk "$REPLY")
}

# try_round - one job with two workers, and the same inline: to standard output, into a pipe, and to a file.
try_round() {
    local expected_status title="round seed $round_seed: ${job[*]}"
    rm -f result
    run "$mr" run "${job[@]}" -q -j 2
    expected_status=$status
    mv out expected
    mv err expected.err
    pick stdout pipe file
    case $REPLY in
    stdout) run "${guard[@]}" "$mr" run "${job[@]}" -q --inline ;;
    pipe)
        "${guard[@]}" "$mr" run "${job[@]}" -q --inline 2>err | cat >out
        status=${PIPESTATUS[0]}
        ;;
    file)
        run "${guard[@]}" "$mr" run "${job[@]}" -q --inline -o result
        [[ ! -s out ]] || fail "$title: data on stdout in spite of -o"
        if [[ -e result ]]; then mv result out; fi
        ;;
    esac
    # A sanitizer's memory looks like that of the plugin.
    has_sanitizer && sed -i '/ beyond its share of --memory/d' err expected.err
    expect_status "$expected_status" "$title" || return
    [[ $status -ne 0 ]] || expect_same expected out "$title"
    # Where several records are bad, which of them is met first is not said.
    [[ $plugin == stats ]] || expect_same expected.err err "$title, what it says"
}

while next_round "$seconds"; do
    pick wordcount invertedindex grep stats
    plugin=$REPLY
    make_files
    for variant in 1 2 3; do
        choose_job
        try_round
    done
done
echo "$rounds rounds of 3 jobs each"

# Spilling, and what the summary says of memory.
"$tools/random_input" "$seed" $((24 * 1024 * 1024 / scale)) many >big || exit 1
for plugin in wordcount invertedindex; do
    "$tools/reference" $plugin -- big >expected || exit 1
    run "${guard[@]}" "$mr" run $plugin big --inline --memory 4M
    expect_status 0 "$plugin spilling" && expect_same expected out "$plugin spilling"
    [[ $scale -ne 1 || $(summary_field spilled) != "0 B" ]] || fail "$plugin did not spill: $(cat err)"
    peak=$(summary_field peak)
    [[ -n $(summary_field '1 worker') || $peak == *iB ]] || fail "the summary is incomplete: $(cat err)"
    has_sanitizer || [[ $(numfmt --from=iec "$(sed 's/ \(.\)iB/\1/' <<<"$peak")") -le $((24 << 20)) ]] ||
        fail "$plugin with 4M used $peak"
done

# A reader that goes away, and one that is slow.
"$mr" run wordcount big --inline 2>err | head -n 3 >out
status=${PIPESTATUS[0]}
[[ ! -s err && ($status -eq 141 || $status -eq 0) ]] || fail "| head: status $status, $(head -c 500 err)"
"$tools/reference" wordcount -- big >expected
expect_same <(head -n 3 expected) out "| head"
"$mr" run wordcount big --inline -q | (sleep 1 && cat) >out
expect_same expected out "a slow reader"

# A plugin of one process: what it prints does not get into the output, configure and open run once, and its counters are
# the same. It also shows gdb where it is.
cat >plugin.c <<'END'
#include <stdio.h>
#include "mr.h"
static void configure(mr_ctx *ctx, mr_plugin *self) {
    (void)ctx, (void)self;
    puts("mr: configure");
}
static void open(mr_ctx *ctx) {
    (void)ctx;
    puts("mr: open");
}
static void close(mr_ctx *ctx) {
    (void)ctx;
    puts("mr: close");
}
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_count(ctx, mr_bytes(line, length));
    *mr_counter(ctx, "lines") += 1;
}
MR_PLUGIN(.name = "plugin", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map, .configure = configure,
          .open = open, .close = close)
END
printf 'one\ntwo\none\n' >lines
if ${CC:-cc} -g -O0 -shared -fPIC -I"$root/src" plugin.c -o plugin.so 2>compiler; then
    run "$mr" run ./plugin.so lines --inline
    expect_status 0 "a plugin that prints" && expect_same <(printf 'one\t2\ntwo\t1\n') out "a plugin that prints"
    expect_same <(printf 'mr: configure\nmr: open\nmr: close\n') <(grep -v ./plugin.so err) "what the plugin prints"
    expect_error "counter lines = 3"
    for to in /dev/stdout /proc/self/fd/1; do
        "$mr" run ./plugin.so lines --inline -o $to 2>err | cat >out
        expect_same <(printf 'one\t2\ntwo\t1\n') out "a plugin that prints, -o $to"
    done
    if command -v gdb >/dev/null && ! has_sanitizer; then
        gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'set breakpoint pending on' -ex 'break map if length == 3' \
            -ex run -ex 'print line[1]' -ex delete -ex continue --args "$mr" run ./plugin.so lines --inline -q -o result \
            </dev/null >gdb.out 2>&1
        grep -q "^\$1 = .*'n'" gdb.out && grep -q 'exited normally' gdb.out && [[ $(cat result) == $'one\t2\ntwo\t1' ]] ||
            fail "gdb: $(cat gdb.out)"
    fi
    asan=$(${CC:-cc} -print-file-name=libasan.so 2>/dev/null)
    if [[ $asan == /* ]] && ! has_sanitizer; then
        sed -n '/^.\* longest\.c - /,/^```/p' "$root/plugins/README.md" | sed '$d' >longest.c
        ${CC:-cc} -g -fsanitize=address -shared -fPIC -I"$root/src" longest.c -o longest.so || fail "longest.c"
        LD_PRELOAD=$asan "$mr" run ./longest.so "$root/datasets/bakery.txt" --inline -o result.longest >out 2>err
        grep -q 'heap-buffer-overflow' err && grep -q 'in map .*longest\.c:15' err || fail "ASan: $(head -n 20 err)"
        [[ ! -e result.longest ]] || fail "output in spite of an error"
    fi
else
    fail "the plugin does not compile: $(cat compiler)"
fi

# Signals end it, and nothing stays. (A shell starts what is in the background with SIGINT ignored.)
mkdir folder
make_slow_lines 100000 >slow
for signal in INT TERM HUP; do
    env --default-signal="$signal" "$mr" run grep --set "pattern=$slow_pattern" slow --inline -o folder/result 2>err &
    pid=$!
    sleep 0.3
    kill -s "$signal" $pid
    wait $pid 2>/dev/null
    status=$?
    [[ $status -eq $((128 + $(kill -l "$signal"))) ]] || fail "SIG$signal: status $status"
    expect_files folder
done
finish
