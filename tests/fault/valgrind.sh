#!/bin/bash
# valgrind finds no leak and no other error in the coordinator and in the workers, for all three kinds of job, nor in the
# one process of --inline.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
command -v valgrind >/dev/null || skip "valgrind is not installed"
has_sanitizer && skip "valgrind and sanitizers do not mix"

"$tools/random_input" 1 30000 letters >letters || exit 1
"$tools/random_input" 2 30000 many >many || exit 1

# check PROCESSES JOB... - run it under valgrind; every process writes a report of its own, all of which have to be clean;
# there are at least so many.
check() {
    local processes=$1
    shift
    rm -f report.*
    run valgrind --quiet --vgdb=no --trace-children=yes --leak-check=full --show-leak-kinds=definite,possible \
        --errors-for-leak-kinds=definite,possible --error-exitcode=9 --log-file=report.%p "$mr" run "$@" letters many
    expect_status 0 "$*"
    local report
    for report in report.*; do
        # Lines with dashes are valgrind speaking of itself, such as of system calls that it does not know.
        grep -q '^==' "$report" || continue
        fail "valgrind on mr run $*: $report"
        grep '^==' "$report" | head -n 60
    done
    [[ $(ls report.* | wc -l) -ge $processes ]] || fail "valgrind saw less than $processes processes of mr run $*"
}

check 3 wordcount --set words=letters --set case=lower --sort value:desc --top 10 -j 2
check 3 invertedindex --memory 32M -j 2
check 3 grep --set pattern=ka --set fixed=yes -j 2
check 1 wordcount --sort value --top 10 --inline
check 1 invertedindex --memory 1M --inline
check 1 grep --set pattern='k[ae]' --set count=yes --inline
run valgrind --quiet --vgdb=no --leak-check=full --error-exitcode=9 "$mr" run wordcount no/such/file
[[ $status -eq 1 ]] || { fail "valgrind on an error"; describe_run; }
run valgrind --quiet --vgdb=no --leak-check=full --error-exitcode=9 "$mr" help wordcount
[[ $status -eq 0 ]] || { fail "valgrind on help"; describe_run; }
finish
