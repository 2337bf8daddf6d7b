#!/bin/bash
# Loads the plugins of this folder: old and new, right and wrong ones; each has to run or to be refused, with the right
# message and exit status.
source "$(dirname "$0")/../tools/testing.sh"
plugins=$build/tests/abi
# The crash of a plugin is what is tested: a sanitizer shall leave it to the system.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0"
expected_text() { printf '%s\n' "$@" >expected; }

# runs PLUGIN [ARGUMENT...] - run it on the file input; it has to succeed and print the file expected.
runs() {
    local plugin=$1
    shift
    for jobs in 1 3; do
        run "$mr" run "$plugins/$plugin.so" input -q -j $jobs --chunk 7 "$@"
        expect_status 0 "$plugin $*"
        expect_same expected out "$plugin $* -j $jobs"
    done
}

# refused PLUGIN TEXT... - neither 'run' nor 'help' takes it, and both say why.
refused() {
    local plugin=$1 command
    shift
    [[ $plugin == */* ]] || plugin=$plugins/$plugin.so
    for command in "run $plugin input" "help $plugin"; do
        # shellcheck disable=SC2086 # words are wanted
        run "$mr" $command
        expect_status 1 "$command"
        expect_error "$@"
        [[ -s out ]] && fail "mr $command printed something"
    done
}

# fails KIND CALLBACK MISDEED TEXT... - misbehave fails with status 1 and all of these texts.
fails() {
    local kind=$1 where=$2 what=$3
    shift 3
    run "$mr" run "$plugins/misbehave.so" input -q -j 2 -o result --set kind="$kind" --set where="$where" --set what="$what"
    expect_status 1 "misbehave $kind $where $what"
    expect_error "$@"
    [[ -e result ]] && fail "a failed job left its output" && rm -f result
}

# ---- plugins of other times

printf 'b 1\na 2\nb 1\n' >input
expected_text $'a 2\t1' $'b 1\t2'
runs shorter_struct
runs newer_zero_tail
expected_text $'1\t2' $'2\t1' $'a\t1' $'b\t2'
runs frozen_v1
expected_text $'>a\t2!' $'>b\t4!'
printf 'B,aB x\nb\nA,C\n' >input
expected_text $'>a\t2!' $'>ab\t4!' $'>b\t4!' $'>c\t2!' $'>x\t2!'
runs frozen_v1 --set prefix='>' --set loud=yes --set case=lower --set factor=2
expected_text $'aB\t2'
run "$mr" run "$plugins/frozen_v1.so" input --set minimum=2
expect_same expected out "frozen_v1 with minimum"
expect_error "short-words"
run "$mr" help "$plugins/frozen_v1.so"
[[ $status -eq 0 ]] || describe_run
grep -q 'a plugin of version 1' out || fail "help does not show the summary"
for option in minimum=INTEGER factor=NUMBER loud='yes|no' prefix=TEXT case='keep|lower'; do
    grep -qF -- "--set $option" out || fail "help does not show --set $option"
done
for wrong in minimum=x factor=x loud=x case=x other=x; do
    run "$mr" run "$plugins/frozen_v1.so" input --set $wrong
    expect_status 2 "--set $wrong"
    expect_error "${wrong%=*}"
done

refused newer_nonzero_tail "needs a newer mr"
refused newer_major "needs a newer mr" "version 2"
refused older_major "too old"
refused unknown_kind "needs a newer mr" "unknown kind"
refused unknown_fold "needs a newer mr" "unknown way"
refused unknown_needs "needs a newer mr"

# ---- what is no plugin

refused no_plugin "no mr plugin" "mr_plugin_entry"
refused wrong_magic "wrong_magic.so"
refused wrong_pointers "32-bit pointers"
refused tiny_struct "damaged"
refused missing_symbol "function_that_nobody_has"
refused crash_in_constructor "signal 11" "while it was loaded"
refused exit_in_constructor "status 3" "while it was loaded"
echo 'just a text' >text.so
refused ./text.so "could not load" "text.so"
: >empty.so
refused ./empty.so "could not load" "empty.so"
refused ./nothing.so "nothing.so" "No such file"
mkdir folder.so
refused ./folder.so "folder.so"

# ---- folds

printf '%s\n' 'b 5' 'a -3' 'b 9223372036854775807' 'a 10' 'b -9223372036854775808' 'c 0' 'a 2' >input
expected_text $'a\t9' $'b\t4' $'c\t0'
runs builtin_folds --set type=sum
expected_text $'a\t-3' $'b\t-9223372036854775808' $'c\t0'
runs builtin_folds --set type=min
expected_text $'a\t10' $'b\t9223372036854775807' $'c\t0'
runs builtin_folds --set type=max
expected_text $'a\tsomething' $'b\tsomething'
runs builtin_folds --set type=sum --set finish=yes
printf '%s\n' 'b 9223372036854775807' 'b 1' >input
run "$mr" run "$plugins/builtin_folds.so" input --set type=sum
expect_status 1 "a sum beyond int64"
expect_error "above the range" "'b'"
printf '%s\n' 'b ' 'a 7' 'b ' 'c 0' >input
expected_text $'a\t7' $'b\t2' $'c\t0'
runs builtin_folds --set type=count
printf '%s\n' 'a 0.1' 'b 1e308' 'a 0.2' 'b 1e308' 'a -0.3' 'b -1e308' 'c nan' 'c 1' 'd -0' 'd 0' 'e inf' 'e -1' >input
expected_text $'a\t2.7755575615628914e-17' $'b\t1e+308' $'c\tnan' $'d\t0' $'e\tinf'
runs builtin_folds --set type=double-sum
expected_text $'a\t-0.3' $'b\t-1e+308' $'c\tnan' $'d\t-0' $'e\t-1'
runs builtin_folds --set type=double-min
expected_text $'a\t0.2' $'b\t1e+308' $'c\tnan' $'d\t0' $'e\tinf'
runs builtin_folds --set type=double-max
printf '%s\n' 'b 5' 'a -3' 'b 9223372036854775807' 'a 10' 'b -9223372036854775808' 'c 0' 'a 2' 'a 2' >input
expected_text $'a\t4\t11\t-3\t10' $'b\t3\t4\t-9223372036854775808\t9223372036854775807' $'c\t1\t0\t0\t0'
runs builtin_folds --set type=stats
runs builtin_folds --set type=stats --sort value:desc
expected_text $'c\t1\t0\t0\t0' $'b\t3\t4\t-9223372036854775808\t9223372036854775807'
runs builtin_folds --set type=stats --sort value --top 2
expected_text $'a\t-3 to 10\t4: 11' $'b\t-9223372036854775808 to 9223372036854775807\t3: 4' $'c\t0 to 0\t1: 0'
runs builtin_folds --set type=stats --set finish=yes
printf '%s\n' 'b -9223372036854775808' 'b -1' 'a 1' >input
for finish in no yes; do
    run "$mr" run "$plugins/builtin_folds.so" input --set type=stats --set finish=$finish
    expect_status 1 "statistics with a sum beyond int64"
    expect_error "below the range" "'b'"
done

printf '%s\n' 'bb 5' 'a -3' 'bb 7' 'c 1' 'aaa 2' 'a 4' 'd 0' >input
expected_text $'a\t-3..4 (2)' $'aaa\t2..2 (1)' $'bb\t5..7 (2)' $'c\t1..1 (1)' $'d\t0..0 (1)'
runs custom_fold
expected_text $'a\t-3..4 (2)' $'c\t1..1 (1)' $'d\t0..0 (1)' $'bb\t5..7 (2)' $'aaa\t2..2 (1)'
runs custom_fold --set order=length
expected_text $'bb\t5..7 (2)' $'d\t0..0 (1)' $'a\t-3..4 (2)' $'aaa\t2..2 (1)' $'c\t1..1 (1)'
runs custom_fold --set parts=2
expected_text $'d\t0..0 (1)' $'bb\t5..7 (2)' $'a\t-3..4 (2)' $'c\t1..1 (1)' $'aaa\t2..2 (1)'
runs custom_fold --set parts=2 --set order=length
printf 'a 65\n' >input
printf 'a\tA\0\0\0A\0\0\0\1\0\0\0\n' >expected
runs custom_fold --set raw=yes
run "$mr" run "$plugins/custom_fold.so" input -j 2
expect_error "folded" # the counter

# ---- groups and map jobs

printf '%s\n' 'b 1 2' 'a x' 'b 3' 'ab y' 'a z' 'b 4' >input
expected_text $'a\tx,z' $'ab\ty' $'b\t1,2,3,4'
runs group
runs group --set combine=yes
expected_text $'b\t1,2,3,4' $'ab\ty' $'a\tx,z'
runs group --set order=reverse
expected_text $'ab\ty' $'a\tx,z' $'b\t1,2,3,4'
runs group --set parts=2
runs group --set parts=2 --set combine=yes
expected_text $'ab\ty' $'b\t1,2,3,4' $'a\tx,z'
runs group --set parts=2 --set order=reverse --set combine=yes
expected_text $'a\tx' $'ab\ty' $'b\t1'
runs group --set most=1
expected_text $'1\tb 1 2' '2 input' $'3\tb 3' '4 input' $'5\ta z' '6 input'
runs map_only

# ---- misdeeds

printf '%s\n' b a b c >input
expected_text $'a\tvalue' $'b\tvalue' $'c\tvalue'
runs misbehave --set kind=fold
runs misbehave --set kind=group
for where in configure open close map fold finish partition compare; do
    fails fold $where fail "plugin misbehave failed" "code 42"
done
for where in configure open close map combine reduce partition compare; do
    fails group $where fail "plugin misbehave failed" "code 42"
done
for where in configure open close map; do
    fails map $where fail "plugin misbehave failed" "code 42"
done
fails fold map fail "input, byte 0" "in map"
for kind in fold group map; do
    fails $kind open emit "may not emit"
    fails $kind close emit "may not emit"
done
for where in configure fold partition compare; do
    fails fold $where emit "may not emit"
done
for where in partition compare; do
    fails group $where emit "may not emit"
done
for _ in 1 2 3 4; do seq -f 'a key of some length %.0f' 60000; done >many
for memory in 1M 64M; do
    run "$mr" run "$plugins/late_emit.so" many -q -j 2 -o result --memory $memory
    expect_status 1 "late_emit with $memory" && expect_error "may not emit"
done
for where in open close map; do
    fails fold $where write "mr_write"
done
fails group combine write "mr_write"
fails fold map size "7 bytes"
fails fold partition range "partition gave 3"
fails group partition range "partition gave 3"
fails fold open option "undeclared"
fails fold open counters "counter"
fails fold map name "47 bytes"
fails map map scan "unknown kind (77)"
fails fold configure kind "needs a newer mr"
for kind in fold group map; do
    fails $kind open crash "misbehave" "open" "signal 6"
    fails $kind map crash "input" "misbehave" "map" "signal 6"
    fails $kind map exit "input" "misbehave" "map" "status 7"
    fails $kind close crash "misbehave" "close" "signal 6"
    fails $kind configure exit "misbehave" "status 7"
done
fails fold finish crash "misbehave" "finish" "signal 6"
fails group reduce exit "misbehave" "reduce" "status 7"
run "$mr" run "$plugins/misbehave.so" input -q --set where=map --set what=print
expect_status 0 "printing"
expect_same expected out "what a plugin prints is no output"
expect_error "printed by a plugin"
finish
