#!/bin/bash
# mr_first_record: from files, compressed or not, from pipes and standard input, for every record and any chunk.
source "$(dirname "$0")/../tools/testing.sh"

plugin=$build/tests/abi/first_record.so
perl -e 'print "the first of all\n"; print "line $_\n" for 2 .. 20000' >lines
gzip -k lines
perl -e 'print "the first of all\n" x 19999' >expected

for options in "" "--chunk 3K -j 3" "--inline"; do
    for input in lines lines.gz; do
        # shellcheck disable=SC2086 # a list of options
        run "$mr" run "$plugin" "$input" $options
        expect_status 0
        expect_same out expected
    done
    # shellcheck disable=SC2086
    cat lines | "$mr" run "$plugin" - $options >out || fail "a pipe was not read"
    expect_same out expected
done

# The first record of the file, not of what is looked at.
run "$mr" run "$plugin" lines --only 1000:2000
expect_status 0
[[ $(sort -u out) == "the first of all" ]] || fail "--only: it prints $(sort -u out)"

# Records of other kinds.
printf '"a\nb",c\n1,2\n3,4\n' >rows
run "$mr" run "$plugin" rows --records csv
expect_status 0
[[ $(cat out) == $'"a\nb",c\n"a\nb",c' ]] || fail "csv: it prints $(cat out)"

# More than it gives, and nothing at all.
perl -e 'print "x" x (1 << 20), "\nsecond\n"' >long
run "$mr" run "$plugin" long
expect_status 0
[[ $(cat out) == unknown ]] || fail "a record that is too long is known"
cat long | "$mr" run "$plugin" - >out || fail "a pipe was not read"
[[ $(cat out) == unknown ]] || fail "a record of a pipe that is too long is known"

# Before anything is read: files are known, pipes are not.
export MR_TEST_CONFIGURE=1
: >empty
for input in lines lines.gz; do
    run "$mr" run "$plugin" "$input"
    grep -qx "configure: 1 the first of all" err || fail "$input: configure sees $(cat err)"
done
run "$mr" run "$plugin" empty
grep -qx "configure: 1 " err || fail "empty: configure sees $(cat err)"
cat lines | "$mr" run "$plugin" - >out 2>err
grep -qx "configure: 0 " err || fail "a pipe: configure sees $(head -n 2 err)"
grep -q "one too many" err && fail "an input that is not there has a first record"
finish
