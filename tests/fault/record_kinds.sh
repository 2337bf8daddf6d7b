#!/bin/bash
# Records of every kind that crash the plugin or that it rejects: they are named, left out, kept byte for byte, and read
# again; --only finds them, and so does the command that the crash card proposes.
source "$(dirname "$0")/../tools/testing.sh"

show=$build/tests/abi/show_records.so
printf 'h,i\n"a\nb",CRASH\n"x\n""SKIP",\r\nlast,"CRASH\nopen\n' >csv
printf 'p1\nCRASH\n\n\nSKIP\r\n\r\nok\nx' >paragraphs
printf '{}\n \n\n"CRASH"\n[]\n{"SKIP":\\"\n' >jsonl
printf 'a\0CRASH\n\0b\0SKIP' >nul
printf 'aaaaaCRASHSKIP bbbbb' >fixed:5
printf 'CRASH\n' >whole
cp csv lines

# places FILE - the offset, length, line and bytes of the kept records.
places() {
    perl -ne 'print "$2 $3 ", $1 // "-", " $4\n"
        if /"file":"[^"]*",(?:"line":(\d+),)?"offset":(\d+),"length":(\d+)(?:,"records":"[^"]*")?,"record":(.*)\}$/' "$1"
}

expected_csv='4 12 2 "\"a\nb\",CRASH"
16 13 4 "\"x\n\"\"SKIP\",\r"
29 17 6 "last,\"CRASH\nopen"'
expected_paragraphs='0 9 1 "p1\nCRASH"
11 6 5 "SKIP\r"'
expected_jsonl='6 8 4 "\"CRASH\""
17 11 6 "{\"SKIP\":\\\""'
expected_nul='2 7 - "CRASH\n"
11 4 - "SKIP"'
expected_fixed='5 5 - "CRASH"
10 5 - "SKIP "'
expected_whole='0 6 - "CRASH\n"'
expected_lines='7 9 3 "b\",CRASH"
19 10 5 "\"\"SKIP\",\r"
29 12 6 "last,\"CRASH"'

for kind in csv paragraphs jsonl nul fixed:5 whole lines; do
    what="--records $kind"
    wanted=expected_${kind%:5}
    run "$mr" run "$show" -q --records $kind $kind -j 2 --chunk 3 --skip-bad 5 --bad bad
    expect_status 0 "$what" || continue
    cp out others
    places bad >kept
    echo "${!wanted}" >expected
    expect_same expected kept "$what: what was kept"
    run "$mr" run "$show" -q --records $kind --from-bad bad --skip-bad 5 --bad again
    expect_status 0 "$what --from-bad" && expect_same /dev/null out "$what --from-bad"
    places again >kept_again
    expect_same kept kept_again "$what: what was kept again"
    # What is left over is the records that are not bad, found one by one.
    : >singly
    while read -r offset _ _ length _; do
        run "$mr" run "$show" -q --records $kind --only "$offset:1" $kind
        expect_status 0 "$what --only $offset:1"
        cat out >>singly
    done < <(perl -pe 's/ first / /; s/^(\d+) (\d+) (\d+)/$1 $2 - $3/' others)
    expect_same others singly "$what --only"
    # The first bad one ends the job; the command of the card shows it again.
    run "$mr" run "$show" -q --records $kind $kind
    expect_status 1 "$what" && expect_error "gdb --args" "--records $kind" "SIGABRT"
    command=$(sed -n 's/^mr:   debug     gdb --args //p' err)
    (eval "$command" >/dev/null 2>&1)
    [[ $? -eq 134 ]] || fail "$what: '$command' does not crash"
done

run "$mr" run "$show" -q --records nul nul --skip-bad 5 --bad bad
run "$mr" run "$show" --from-bad bad
expect_status 2 "zero bytes as lines" && expect_error "are nul, not lines; give --records"
# A plugin that divides records itself may crash or fail there.
printf '>a\n>b\n>BOOM\n' >own
run "$mr" run "$show" -q --set own=yes own --skip-bad 3
expect_status 1 "a crash in record" && expect_error "crashed in record" "own, byte 6"
printf '>a\n>b\n>FAIL\n' >own
run "$mr" run "$show" -q --set own=undivided own
expect_status 1 "a failure in record" && expect_error "own, byte 6: plugin show_records failed in record: this is no record"
printf '>a\n>CRASH\n>b\n' >own
run "$mr" run "$show" -q --set own=yes own --skip-bad 3 --bad bad
expect_status 0 "a crash in map" && expect_same <(printf '0 1 first 3 >a\\n\n10 3 3 >b\\n\n') out "others of its own"
run "$mr" run "$show" -q --set own=yes --from-bad bad --skip-bad 1 --bad again
expect_status 0 "kept records of its own" && expect_same bad again "kept records of its own"
run "$mr" run "$show" -q --set own=yes own --only 3:7
expect_status 1 "--only of its own" && expect_error "own, byte 3"
run "$mr" run "$show" -q --from-bad bad
expect_status 2 "lines from records of its own" && expect_error "are those of the plugin, not lines"

run "$mr" run "$show" -q --records nul nul --skip-bad 5 --bad bad
sed 's/"records":"nul"/"records":"zero"/' bad >wrong
run "$mr" run "$show" --from-bad wrong
expect_status 1 "an unknown kind" && expect_error "wrong, line 1" "zero"
sed '2s/"records":"nul"/"records":"fixed:4"/' bad >wrong
run "$mr" run "$show" --from-bad wrong --records nul
expect_status 1 "two kinds" && expect_error "wrong, line 2" "another kind (fixed:4) than those before (nul)"
sed 's/"record":"SKIP"/"record_hex":"53004b"/' bad >wrong
run "$mr" run "$show" --from-bad wrong --records nul
expect_status 1 "a zero byte within" && expect_error "which would end it"
finish
