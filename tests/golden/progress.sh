#!/bin/bash
# What is to be seen of a job while it runs: the line on a terminal, which comes and goes as it should, lines for logs and
# programs, and answers to SIGUSR1. The plugin (tests/abi/steps.c) waits where its input says so, until the test has seen
# what there is to be seen.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
export TERM=xterm
unset COLUMNS

cp "$build/tests/abi/steps.so" .
{
    perl -e 'print "x" x 99, "\n" for 1 .. 1000'
    echo "wait go"
    perl -e 'print "y" x 99, "\n" for 1 .. 1000'
} >half
job=("$mr" run ./steps.so half -j 1 -o result)

# in_terminal STEP... COMMAND... - run tests/tools/terminal; what it shows is in the file out, what was written in raw.
in_terminal() {
    rm -f go crashed
    command_line="terminal ${*@Q}"
    "$tools/terminal" --raw raw "$@" >out 2>err </dev/null
    status=$?
}

# expect_screen STATUS WHAT LINE... - the terminal has shown these lines, where N is any number, and `summary` what comes
# last.
expect_screen() {
    local wanted=$1 what=$2
    shift 2
    sed -E 's/[0-9]+(\.[0-9]+)?/N/g; s/  +/  /g; s/N [KkM]i?B/N MB/g' out |
        awk '!/^mr: .\/steps.so: / { print; next } !summary++ { print "summary" }' >shown
    printf '%s\n' "$@" | sed -E 's/  +/  /g; ${/^$/d}' >wanted
    [[ $status -eq $wanted ]] && cmp -s wanted shown && return
    fail "$what: the terminal shows something else"
    diff wanted shown | sed 's/^/    | /'
    describe_run
}

# ---- the line

# It comes, is written over in place, and goes.
in_terminal --size 240x24 --expect ' left' --screen --do 'touch go' "${job[@]}"
expect_screen 0 "a line" "mr: steps.so  N%  [###########.............]  map  N MB/s  N:N left  N MB memory" ---- summary
[[ $(head -n 1 raw) == *'./steps.so: '* ]] || fail "the line moves: $(cat -v raw)"
[[ $(tr '\r' '\n' <raw | grep -c map) -ge 5 ]] || fail "the line is not written again: $(cat -v raw)"
expect_same half <(sed 's/^$/wait go/' <(sed '1000a wait go' result)) "the result"

# Never wider than the terminal, however narrow that is.
in_terminal --size 30x24 --expect left --screen --resize 11 --gone map --screen --resize 1 --gone mr: \
    --resize 79 --pause 300 --do 'touch go' "${job[@]}" -q --progress always
expect_screen 0 "a narrow terminal" "mr:  N%  map  N:N left" ---- "mr:  N%" ----
awk 'BEGIN { RS = "\r" } { gsub(/\033\[K/, ""); if (length($0) > 78) bad = 1 } END { exit bad }' raw || fail "too wide"

# What plugins and mr itself say stands above it; a line that has not been ended is left alone.
printf '%s\n' "wait zero" "crash crashed" "wait one" "say from the plugin" "wait two" "mutter ..." "wait three" "say !" "wait four" >talk
rm -f zero one two three four
in_terminal --size 240x24 --expect ' map' --do 'touch zero' --expect '1 retry' --screen --do 'touch one' --expect plugin \
    --expect ' map' --screen --do 'touch two' --expect ... --pause 500 --screen --do 'touch three' --expect ' map' --screen \
    --do 'touch four' "$mr" run ./steps.so talk -j 1 -o result -v
sed -i '/^mr: [a-z]*: [0-9]* units/d; s/worker 0 .*/worker/; s/\[[#.]*\].*retry/retry/; /^mr: total/d' out
line="mr: steps.so  N%  retry"
expect_screen 0 "words in between" "mr: worker" "$line" ---- "mr: worker" "from the plugin" "$line" ---- \
    "mr: worker" "from the plugin" ... ---- "mr: worker" "from the plugin" "...!" "$line" ---- \
    "mr: worker" "from the plugin" "...!" "from the plugin" "...!" summary # on trial, and then in earnest

# ---- signals

in_terminal --size 240x24 --expect ' map' --send '\x03' "${job[@]}"
expect_screen 130 "Ctrl-C"
in_terminal --size 240x24 --expect ' map' --signal 15 "${job[@]}"
expect_screen 143 "SIGTERM"
in_terminal --size 240x24 --expect ' map' --send '\x1c' bash -c 'ulimit -c 0; exec "$@"' bash "${job[@]}"
expect_screen 131 "Ctrl-\\"

# A plugin that prints without end, on a terminal that takes nothing, because of Ctrl-S or because nobody reads what has
# come there: mr hears all the same, and ends.
echo "rant on and on" >rant
cat >await_end <<'END'
for ((i = 0; i < 100; i++)); do
    pgrep -f '^[^ ]*/mr run ./steps.so rant ' >/dev/null || exit 0
    sleep 0.1
done
touch deaf
END
in_terminal --expect 'on and on' --send '\x13' --pause 500 --signal 15 --do 'bash await_end' --send '\x11' \
    "$mr" run ./steps.so rant -j 1 -o result
[[ $status -eq 143 && ! -e deaf ]] || fail "SIGTERM after Ctrl-S: exit status $status"
in_terminal --expect 'on and' --hold 1000 --signal 15 --do 'bash await_end' "$mr" run ./steps.so rant -j 1 -o result
[[ $status -eq 143 && ! -e deaf ]] || fail "SIGTERM while nobody reads: exit status $status"

# Stopped, in the background, and in the foreground again.
in_terminal --lax --size 240x24 --expect '$ ' --send 'mr run ./steps.so half -j 1 -o result\r' --expect ' map' \
    --send '\x1a' --expect Stopped --pause 300 --screen --send 'bg\r' --expect '&' --pause 700 --screen \
    --send 'fg\r' --expect ' map' --do 'touch go' --expect retries --expect '$ ' --send 'exit\r' \
    env PS1='$ ' PATH="$build:$PATH" bash --norc --noprofile -i
command="mr run ./steps.so half -j N -o result"
expect_screen 0 "Ctrl-Z" "$ $command" "" "[N]+  Stopped  $command" "$" ---- \
    "$ $command" "" "[N]+  Stopped  $command" "$ bg" "[N]+ $command &" "$" ---- \
    "$ $command" "" "[N]+  Stopped  $command" "$ bg" "[N]+ $command &" "$ fg" "$command" summary "$ exit" exit

# A terminal that has been stopped (Ctrl-S) does not hold the job up.
rm -f result
in_terminal --size 240x24 --expect '  map' --send '\x13' --pause 300 \
    --do 'touch go; for i in $(seq 300); do [ -e result ] && exit 0; sleep 0.1; done; exit 1' --send '\x11' "${job[@]}"
expect_screen 0 "Ctrl-S" summary

# ---- where there is no line

# expect_no_line WHAT - the last job in a terminal has written no line.
expect_no_line() {
    [[ $status -eq 0 ]] || fail "$1: exit status $status"
    ! grep -aq '  map  ' raw || fail "$1: there is a line: $(cat -v raw)"
}

in_terminal --pause 800 --do 'touch go' "${job[@]}" -q
expect_no_line "--quiet"
in_terminal --pause 800 --do 'touch go' "${job[@]}" --progress never
expect_no_line "never"
in_terminal --pause 800 --do 'touch go' env TERM=dumb "${job[@]}"
expect_no_line "a terminal that cannot erase"
in_terminal --pause 800 --do 'touch go' "${job[@]}" --inline
expect_no_line "--inline"
in_terminal --pause 800 --do 'touch go' bash -c 'stty -icanon; "$@"' bash "${job[@]}"
expect_no_line "a terminal that a pager has"
in_terminal --expect '  map  ' --do 'touch go' "${job[@]}" -o /dev/null
grep -aq '  map  ' raw || fail "no line without these reasons: $(cat -v raw)"
rm -f go
(sleep 1 && touch go) &
run "${job[@]}"
wait
expect_status 0 "no terminal" && ! grep -q '  map  ' err || fail "a line that nobody sees: $(cat err)"

# Where results go to the terminal the line is gone when they come.
printf '%s\n' "wait one" "say first" "wait two" "the result" >talk
rm -f one two
in_terminal --size 240x24 --expect ' map' --do 'touch one two' "$mr" run ./steps.so talk -j 1
expect_screen 0 "results on the terminal" "first" "the result" summary

# ---- inputs whose size is not known, or not what it takes

cat >feed <<'END'
cat half
while [[ ! -e end ]]; do sleep 0.1; done
END
rm -f end
in_terminal --size 80x24 --do 'touch go' --expect 'KiB read  map  ' --screen --do 'touch end' bash -c 'bash feed | "$@"' bash \
    "$mr" run ./steps.so - -j 1 -o result -q --progress always
expect_screen 0 "a pipe" "mr: steps.so  N MB read  map  N MB/s  N MB memory" ----
gzip -c half >half.gz
in_terminal --size 240x24 --expect ' left' --screen --do 'touch go' "$mr" run ./steps.so half.gz -j 1 -o result -q --progress always
sed -i 's/\[[#.]*\]/[]/' out # how much text there will be is a guess
expect_screen 0 "gzip" "mr: steps.so  N%  []  map  N MB/s  N:N left  N MB memory" ----

# ---- for logs and programs

schema=$root/src/job/progress.schema.json
split_lines() { # each line of JSON in a file of its own
    rm -f line.*
    split -l 1 -a 3 -d "$1" line.
}
# run_until COUNT TEXT FILE OPTION... - run the job, and let it go on when FILE has so many lines with TEXT, which come every
# second: not more in the time that it took.
run_until() {
    local count=$1 text=$2 file=$3 seen attempt started
    shift 3
    rm -f go
    : >"$file"
    started=$(milliseconds)
    (
        for ((attempt = 0; attempt < 2000; attempt++)); do
            [[ $(grep -c -- "$text" "$file") -lt $count ]] || break
            sleep 0.01
        done
        touch go
    ) &
    run "${job[@]}" -q "$@" 5>lines
    wait
    seen=$(grep -c -- "$text" "$file")
    [[ $seen -ge $count && $((seen * 1000)) -le $(($(milliseconds) - started + 100)) ]] ||
        fail "not a line every second: $seen after $(($(milliseconds) - started)) ms: $(cat "$file")"
}
run_until 2 '^mr: steps.so .* map ' err --progress always
expect_status 0 always

run_until 1 '"input_bytes":100000,.*"outcome":null' lines --progress json:5
expect_status 0 "json" && [[ ! -s err ]] || fail "json to another descriptor: $(cat err)"
split_lines lines
perl "$root/tests/tools/schema.pl" "$schema" line.* || fail "json is not what its schema says"
[[ $(grep -vc '"outcome":null' lines) -eq 1 ]] || fail "not one line at the end: $(cat lines)"
perl -MJSON::PP -e '
    my @told = map { decode_json($_) } <>;
    my ($at) = grep { $_->{input_bytes} == 100000 } @told;
    my $end = $told[-1];
    die "the line: " . encode_json($at) unless !defined $at->{outcome} && $at->{phase} eq "map"
        && $at->{input_bytes_in_all} == 200008 && $at->{fraction} > 0.48 && $at->{fraction} < 0.52;
    die "the end: " . encode_json($end) unless $end->{outcome} eq "done" && $end->{fraction} == 1 && $end->{records} == 2001
        && $end->{output_bytes} == 200000 && $end->{input_bytes} == 200008' lines || fail "json says something else"

# Names that are no text, counters, a death, and jobs that fail: also what is asked for with quotes and bytes of any kind.
mkdir -p $'odd"\n\xff' && cp steps.so $'odd"\n\xff/a\\b.so'
printf 'count x"\\\ncount plain\ncrash crashed2\ncrash crashed3\nend\n' >counting
rm -f crashed2 crashed3
run "$mr" run $'odd"\n\xff/a\\b.so' counting -q --progress json -o result
grep -v '^mr:' err >lines
split_lines lines
perl "$root/tests/tools/schema.pl" <(sed 's/"required": \["version", "plugin", /"required": ["version", /; s/"plugin": {/"plugin_hex": {/' \
    "$schema") line.* || fail "json of odd names is not what its schema says"
grep -q '"counters":{"plain":1,"x\\"\\\\":1}.*"outcome":"done"' lines || fail "the counters: $(cat lines)"
echo "crash no/such/folder" >crashing
run "$mr" run ./steps.so crashing -q --progress json
grep -q '"outcome":"failed","error":"' err || fail "a job that fails: $(cat err)"

# A job that could not begin: one line, with the message that stands on standard error.
printf 'no plugin\n' >faulty.so
for wrong in "./steps.so missing" "./steps.so half --set no=1" "./steps.so half --memory 1K" "./faulty.so half"; do
    run "$mr" run $wrong --progress json:5 5>lines
    [[ $status -ne 0 ]] || fail "$wrong: it began"
    split_lines lines
    perl "$root/tests/tools/schema.pl" "$schema" line.* || fail "$wrong: json is not what its schema says"
    perl -MJSON::PP -we '
        my ($line, @more) = <STDIN>;
        my $end = decode_json($line);
        my $said = do { local (@ARGV, $/) = "err"; <> };
        die "not so: $line" unless !@more && $end->{outcome} eq "failed" && $said eq "mr: $end->{error}\n"' <lines ||
        fail "$wrong: $(cat lines err)"
done
run "$mr" run ./steps.so half --progress json:77
expect_status 2 "a descriptor that is not open" && expect_error "descriptor 77 is not open"
run "$mr" run ./steps.so half --progress yes
expect_status 2 "a mode that there is not" && expect_error "auto, always, never, json or json:DESCRIPTOR"

# A reader who does not read holds nothing up: the pipe is full from the beginning.
rm -f go
mkfifo full
exec 6<>full
dd if=/dev/zero bs=1024 count=64 status=none >&6
(sleep 2.2 && touch go && sleep 1 && head -c 65536 <&6 >/dev/null) &
run "${job[@]}" -q --progress json:6
expect_status 0 "a pipe that is full"
wait
timeout 20 grep -m 1 '"outcome":"done"' <&6 >lines || fail "a pipe that is full: the end is not told"
exec 6>&-

# ---- SIGUSR1

# ask OPTION... - run the job with these options, and ask how far it is while it waits.
ask() {
    rm -f go
    "${job[@]}" "$@" >out 2>err &
    local pid=$!
    # It holds the signal back as soon as it has begun.
    until (((0x$(awk '/^SigBlk/ { print $2 }' "/proc/$pid/status") & 0x200) != 0)); do sleep 0.01; done
    for _ in $(seq 100); do
        grep -q ' map half at 100' err && break
        sleep 0.1
        kill -USR1 "$pid"
        pkill -USR1 -P "$pid" # workers are meant by nobody
    done
    touch go
    wait "$pid"
    status=$?
}
ask
expect_status 0 "asked" && expect_error "mr: ./steps.so: " "map (0 of 1 units)" " 0 B spilled, 0 retries, 0 bad records" \
    "mr:   worker 0 (process " "): map half at 100000, in the callback map, for "
ask --inline
expect_status 0 "asked alone" && expect_error "mr: ./steps.so: " "mr:   worker 0: wait"
gzip -c half >half.gz
printf '{"stages": [{"name": "first", "plugin": "./steps.so", "inputs": "half.gz", "output": "result"}]}' >stages.json
job=("$mr" job stages.json)
ask
expect_status 0 "a stage is asked" && expect_error "mr: stage first: " "mr:   worker 0 (process " "mr:   reader 1 (process "
[[ $(sed 's/^mr: .*//' err | grep -c .) -eq 0 ]] || fail "other lines: $(cat err)"
finish
