#!/bin/bash
# The examples of programs that embed mr print what they say, and fail as they should.
source "$(dirname "$0")/../tools/testing.sh"
export MR_PLUGIN_PATH=$build/plugins

run "$build/tests/embedding/count_buffer"
expect_status 0
printf 'fish\t4\nblue\t1\none\t1\nred\t1\ntwo\t1\n' >expected
expect_same expected out "count_buffer"

printf 'The cat and the dog.\n' >one
printf 'And the bird; and the fish.\n' >two
run "$build/tests/embedding/count_files" one two
expect_status 0
printf '1. the: 4\n2. and: 3\n3. bird: 1\n2 lines, 49 bytes\n' >expected
expect_same expected out "count_files"

run "$build/tests/embedding/count_files" one nosuch
[[ $status -eq 1 ]] || fail "count_files of a file that is not there: exit status $status"
expect_error "count_files: could not read nosuch"

finish
