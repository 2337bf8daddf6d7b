#!/bin/bash
# valgrind finds no leak and no other error in the coordinator and in the workers, for all three kinds of job.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
command -v valgrind >/dev/null || skip "valgrind is not installed"
has_sanitizer && skip "valgrind and sanitizers do not mix"

"$tools/random_input" 1 30000 letters >letters || exit 1
"$tools/random_input" 2 30000 many >many || exit 1

# check JOB... - run it under valgrind; every process writes a report of its own, all of which have to be clean.
check() {
    rm -f report.*
    run valgrind --quiet --vgdb=no --trace-children=yes --leak-check=full --show-leak-kinds=definite,possible \
        --errors-for-leak-kinds=definite,possible --error-exitcode=9 --log-file=report.%p "$mr" run "$@" letters many -j 2
    expect_status 0 "$*"
    local report
    for report in report.*; do
        # Lines with dashes are valgrind speaking of itself, such as of system calls that it does not know.
        grep -q '^==' "$report" || continue
        fail "valgrind on mr run $*: $report"
        grep '^==' "$report" | head -n 60
    done
    [[ $(ls report.* | wc -l) -ge 3 ]] || fail "valgrind did not see the workers"
}

check wordcount --set words=letters --set case=lower --sort value:desc --top 10
check invertedindex --memory 32M
check grep --set pattern=ka --set fixed=yes
check grep --set pattern='k[ae]' --set count=yes
run valgrind --quiet --vgdb=no --leak-check=full --error-exitcode=9 "$mr" run wordcount no/such/file
[[ $status -eq 1 ]] || { fail "valgrind on an error"; describe_run; }
run valgrind --quiet --vgdb=no --leak-check=full --error-exitcode=9 "$mr" help wordcount
[[ $status -eq 0 ]] || { fail "valgrind on help"; describe_run; }
finish
