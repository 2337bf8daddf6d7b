#!/bin/bash
# A plugin that takes more and more memory is named on stderr, once for each worker. With --worker-memory its worker is
# ended and replaced before it takes everything; a record that makes it do so is found, and can be left out.
source "$(dirname "$0")/../tools/testing.sh"
has_sanitizer && skip "a sanitizer needs memory of its own"

plugin=$build/tests/abi/greedy.so
seq 20000 >numbers
{ head -n 12000 numbers; echo '!'; tail -n +12001 numbers; } >one_bad
sed 's/$/\t1/' numbers | sort >expected

# Without a limit the job ends well, and says who took the memory.
run "$mr" run "$plugin" one_bad -j 2 --memory 64M --set feast=200
expect_status 0 "a greedy plugin" && expect_same <(sort expected <(printf '!\t1\n')) <(sort out) "of a greedy plugin"
grep -qE '^mr: worker [01]: plugin greedy uses .* beyond its share of --memory; --worker-memory SIZE would end it$' err ||
    { fail "the plugin was not named"; describe_run; }
[[ $(grep -c 'beyond its share' err) -eq 1 ]] || fail "the same worker was named again and again"

# A record that takes too much: the job ends with its place, or goes on without it.
run "$mr" run "$plugin" one_bad -j 2 --memory 64M --set feast=8192 --worker-memory 100M
expect_status 1 "a greedy record" && expect_error "it used more than 100.0 MiB (--worker-memory)" "one_bad:12001"
run "$mr" run "$plugin" one_bad -j 2 --memory 64M --set feast=8192 --worker-memory 100M --skip-bad 1 --bad bad
expect_status 0 "a greedy record left out" && expect_same <(cat expected) <(sort out) "all other records"
grep -q too-large bad || fail "the file of bad records does not say why: $(cat bad)"

# What leaks a little with each record is no record's fault; within the limit nothing happens.
run "$mr" run "$plugin" numbers -j 2 --memory 64M --set leak=1000 --worker-memory 100M
expect_status 0 "a small leak" && expect_same <(cat expected) <(sort out) "with a small leak"
finish
