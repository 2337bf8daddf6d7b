#!/bin/bash
# The same source makes the same bytes, wherever and whenever it is built: some files of each kind. `make
# check-reproducible` builds everything twice.
source "$(dirname "$0")/../tools/testing.sh"

grep -qaE '__(asan|ubsan)_' "$mr" && skip "this does not depend on sanitizers"

TMPDIR=$work "$root/tests/reproducible.sh" some >out 2>&1 || fail "$(tail -n 5 out)"

finish
