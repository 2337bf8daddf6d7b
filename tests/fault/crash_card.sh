#!/bin/bash
# A plugin that dies: the card on stderr says how, where, on which record, with which functions on the stack; the command
# that it proposes repeats the crash under gdb; statistics say the same as JSON. Bad records can be left out, are kept
# in a file, and can be the input of another run.
# timeout: 200
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/crashes.so
source_file=tests/abi/crashes.c
unset DEBUGINFOD_URLS
ulimit -S -s 8192 # KiB of stack, which some of these deaths use up

# An input of 3000 lines, of which line 1700 is bad: it holds a tab, quotes and a byte that is no UTF-8.
bad_line=$'it goes \'BOOM\' with\ta \xff'
seq -f 'line %06g' 3000 >good.txt
{
    head -n 1699 good.txt
    printf '%s\n' "$bad_line"
    tail -n +1700 good.txt
} >"input file.txt"
offset=$((1699 * 12)) length=$((${#bad_line} + 1))
sed 's/$/\t1/' good.txt >good.counts

# line_of WHAT - print where in the plugin's source it dies in this way.
line_of() {
    grep -n "/\* $1 here \*/" "$root/$source_file" | cut -d: -f1
}

# run_debugger - run the commands that the last card proposes, gdb without a terminal, with stdout and stderr to gdb.out.
run_debugger() {
    local command
    sed -n '/^mr:   debug  /,$p' err | sed -n 's/^mr:   \(debug   \|        \)  //p' >commands
    while IFS= read -r command <&3; do
        command=${command/#gdb --args/gdb -batch -nx -ex run -ex bt --args}
        timeout 60 bash -c "$command" >gdb.out 2>&1 </dev/null
    done 3<commands
}

# Sanitizers look into some of the mistakes themselves, before they are made, and their functions are on the stack.
has_sanitizer || stack_is_known=yes
gdb -batch -nx -ex run --args true </dev/null 2>/dev/null | grep -q 'exited normally' && debugger=yes

# check_card WHAT WORDS FUNCTION - a fold job that dies in map on the bad line has a card that says so.
check_card() {
    local what=$1 words=$2 function=$3 more=()
    [[ $what != hang ]] || more=(--timeout 300ms)
    run "$mr" run "$plugin" "input file.txt" -j 2 --set what="$what" --stats "$what.json" -o never "${more[@]}"
    expect_status 1 "$what" || return
    [[ ! -e never ]] || fail "$what: there is an output"
    expect_error "$words" "mr:   where     input file.txt:1700, byte $offset" \
        "mr:   record    it goes 'BOOM' with\\ta \\xff" "mr:   plugin    $plugin" || return
    [[ $(grep -c . err) -le 22 ]] || fail "$what: the card is too long: $(cat err)"
    if [[ -n $function && -n ${stack_is_known:-} ]]; then
        expect_error "$function" "crashes.c:$(line_of "$what")" || return
        grep -q "mr: .* die  *.*crashes.c" err || [[ $what == stack ]] || fail "$what: die is not on the stack: $(cat err)"
        ! grep -qE 'mr_worker_main|map_lines' err || fail "$what: functions of the host are on the card: $(cat err)"
    fi
    perl -MJSON::PP -e '
        my ($file, $line, $offset, $length, $function) = @ARGV;
        open my $handle, "<:raw", $file or die "no $file\n";
        local $/;
        my $stats = decode_json(<$handle>);
        my $crash = $stats->{crash};
        die "outcome\n" unless $stats->{version} == 2 && $stats->{outcome} eq "failed" && $stats->{error};
        die "place\n" unless $crash->{place}{file} eq "input file.txt" && $crash->{place}{line} == $line;
        die "offset\n" unless $crash->{place}{offset} == $offset && $crash->{place}{length} == $length;
        die "record\n" unless $crash->{place}{record_hex} eq unpack "H*", "it goes \x27BOOM\x27 with\ta \xff";
        die "callback\n" unless $crash->{callback} eq "map";
        die "function\n" if $function && !grep { ($_->{function} // "") eq $function } @{$crash->{stack}};
    ' "$what.json" 1700 "$offset" "$length" "${stack_is_known:+$function}" 2>perl.err ||
        fail "$what: statistics: $(cat perl.err "$what.json")"
}

check_card segv "SIGSEGV, access to address 0x8: a NULL pointer, or something behind one" use_null
cp err card.segv
has_sanitizer || check_card wild "SIGSEGV, access to address 0x123456789a8, where no memory is" use_wild_pointer
check_card abort "SIGABRT, abort was called" give_up
has_sanitizer || check_card fpe "SIGFPE, division by zero" divide
check_card ill "SIGILL" run_nonsense
check_card bus "SIGBUS" read_behind_file
check_card exit "status 7" ""
has_sanitizer || check_card stack "SIGSEGV, the stack overflowed" descend
has_sanitizer || check_card large "SIGSEGV, the stack overflowed" use_large_variable
check_card hang "took longer than 0.3 s" wait_for_ever

# The proposed command repeats the crash.
if [[ -n ${debugger:-} && -n ${stack_is_known:-} ]]; then
    cp card.segv err
    run_debugger
    grep -q "SIGSEGV" gdb.out && grep -q "use_null () at .*crashes.c:$(line_of segv)" gdb.out ||
        fail "gdb does not show the crash: $(cat commands gdb.out)"
fi

# Without a callback at a record there is no place, but a card.
run "$mr" run "$plugin" "input file.txt" --set what=abort --set where=open
expect_status 1 open && expect_error "crashes crashed in open" "SIGABRT"

# Where every record hangs, the 64 samples that are taken beforehand do not cost 64 times the timeout.
awk 'BEGIN { for (i = 0; i < 40000; i++) print "BOOM in each line, so that every sample hangs" }' >booms.txt
run "$mr" run "$plugin" booms.txt -j 2 --set what=hang --timeout 100ms --verbose
expect_status 1 "each record hangs" && expect_error "crashes hangs in map" "sample: 64 units"
[[ $(grep -c 'during sample' err) -le 8 ]] || fail "samples were taken on and on: $(cat err)"

# Left out: everything else is in the output, and the record in the file, as it was.
for kind in fold map; do
    for where in map map_chunk; do
        more="$kind in $where"
        run "$mr" run "$plugin" "input file.txt" -j 2 --set what=segv --set kind=$kind --set where=$where \
            --skip-bad 1 -o result --stats stats.json
        expect_status 0 "$more" || continue
        [[ $kind == fold ]] && expected=good.counts || expected=good.map
        sed 's/$/\tvalue/' good.txt >good.map
        expect_same $expected result "$more"
        perl -MJSON::PP -e '
            my ($line, $offset, $length) = @ARGV;
            open my $handle, "<:raw", "result.bad.jsonl" or die "there is no file of bad records\n";
            my $bad = decode_json(<$handle>);
            die "more than one line\n" if defined <$handle>;
            die "place\n" unless $bad->{file} eq "input file.txt" && $bad->{line} == $line;
            die "offset\n" unless $bad->{offset} == $offset && $bad->{length} == $length;
            die "cause\n" unless $bad->{cause} eq "crash" && $bad->{signal} eq "SIGSEGV" && $bad->{plugin} eq "crashes";
            die "record\n" unless $bad->{record_hex} eq unpack "H*", "it goes \x27BOOM\x27 with\ta \xff";
            local $/;
            open my $stats, "<:raw", "stats.json" or die "there are no statistics\n";
            $stats = decode_json(<$stats>);
            die "stats\n" unless $stats->{bad_records} == 1 && $stats->{bad_path} eq "result.bad.jsonl";
        ' 1700 "$offset" "$length" 2>perl.err || fail "$more: $(cat perl.err result.bad.jsonl)"
        run "$mr" run "$plugin" --from-bad result.bad.jsonl --set kind=$kind
        expect_status 0 "$more, again" && [[ $(cut -f 1 out | cut -c 1-14) == "it goes 'BOOM'" && $(grep -c . out) -eq 1 ]] ||
            fail "$more: from the file of bad records came: $(cat out err)"
        run "$mr" run "$plugin" --from-bad result.bad.jsonl --set kind=$kind --set what=abort
        expect_status 1 "$more, again" && expect_error "input file.txt:1700, byte $offset" "SIGABRT"
        rm -f result result.bad.jsonl stats.json
    done
done

# Groups: a key on which reduce or finish dies. Its record comes three times.
cat "input file.txt" "input file.txt" "input file.txt" >three.txt
for job in "group reduce" "fold finish"; do
    read -r kind where <<<"$job"
    run "$mr" run "$plugin" three.txt -j 2 --set what=segv --set kind="$kind" --set where="$where"
    expect_status 1 "$where" || continue
    expect_error "crashes crashed in $where" "SIGSEGV" "mr:   key       it goes 'BOOM' with\\ta \\xff"
    if [[ -n ${debugger:-} && -n ${stack_is_known:-} ]]; then
        run_debugger
        grep -q "use_null () at .*crashes.c:$(line_of segv)" gdb.out && grep -q " $where (" gdb.out ||
            fail "gdb does not show the crash in $where: $(cat commands gdb.out)"
    fi
    run "$mr" run "$plugin" three.txt -j 2 --set what=segv --set kind="$kind" --set where="$where" \
        --skip-bad 1 --bad kept.jsonl -o rest
    expect_status 0 "$where, left out" || continue
    run "$mr" run "$plugin" three.txt --set kind="$kind" -o all && expect_status 0 "$where, all"
    run "$mr" run "$plugin" --from-bad kept.jsonl --set kind="$kind" -o again && expect_status 0 "$where, again"
    sort rest again >together
    expect_same <(sort all) together "$where: what was kept and what was not"
done
finish
