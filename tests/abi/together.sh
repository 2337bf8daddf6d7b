#!/bin/bash
# Keys that stay together: one callback sees all keys of a group one behind the other, in order, between begin and end,
# for any -j, --chunk and --memory; what goes wrong in begin and end is reported; top is what is printed unless the user
# wants something else.
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/together.so
# The crash of a plugin is what is tested: a sanitizer shall leave it to the system.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0"

# Few groups with many words each, so that ranges of keys would divide them.
perl -e 'srand 1; print chr(97 + int rand 5), int rand 2000, "\n" for 1 .. shift' $((300000 / scale)) >input
perl -lne '$times{$_}++; END { push @{$words{substr $_, 0, 1}}, "$_:$times{$_} " for sort keys %times;
    print "$_\t", @{$words{$_}} for sort keys %words }' input >expected
for kind in fold group; do
    for arguments in "-j 1" "-j 2" "-j 3 --chunk 10000" "-j 8 --memory 32M" --inline; do
        for together in group all; do
            # shellcheck disable=SC2086 # words are wanted
            run "$mr" run "$plugin" input -q --set kind=$kind --set together=$together $arguments
            expect_status 0 "$kind $together $arguments" && expect_same expected out "$kind $together $arguments"
        done
    done
done

# reported TEXT ARGUMENT... - the job fails, and says so.
reported() {
    local text=$1
    shift
    run "$mr" run "$plugin" input -q -j 2 "$@"
    expect_status 1 "$*" && expect_error "$text"
    [[ ! -s out ]] || fail "$*: a failed job has printed something"
}
for kind in fold group; do
    reported "failed in begin: as told" --set kind=$kind --set where=begin --set what=fail -o result
    reported "failed in end: as told" --set kind=$kind --set where=end --set what=fail -o result
    reported "may not emit there" --set kind=$kind --set where=begin --set what=emit -o result
    reported "MR_SKIP belongs into" --set kind=$kind --set where=end --set what=skip -o result
    reported "plugin together, in begin" --set kind=$kind --set where=begin --set what=crash -o result
    reported "plugin together, in end" --set kind=$kind --set where=end --set what=crash -o result
done
reported "needs a newer mr" --set together=unknown -o result
reported "goes with neither partition nor compare" --set also=compare -o result

# The results with the greatest values are printed: texts here.
sort -t $'\t' -k2,2r expected | head -n 2 >greatest
run "$mr" run "$plugin" input -q -j 2 --set also=top
expect_status 0 top && expect_same greatest out top
run "$mr" run "$plugin" input -q -j 2 --set also=top --top 1
head -n 1 greatest >first
expect_status 0 "top and --top" && expect_same first out "top and --top"
run "$mr" run "$plugin" input -q -j 2 --set also=top --sort key
expect_status 0 "top and --sort" && expect_same expected out "top and --sort"
finish
