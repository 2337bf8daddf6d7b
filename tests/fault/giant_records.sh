#!/bin/bash
# One line of 300 MB, a word of 16 MB, and values to match: slow, but right.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

line_megabytes=$((300 / scale))
key_megabytes=$((16 / scale))

# A line without an end in sight: the words go on for 300 MB, and what grep looks for comes last.
yes 'one donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft three incomprehensibilities' | head -c $((line_megabytes * 1000000)) | tr '\n' ' ' >line
printf ' the last\nnext line\n' >>line
"$tools/reference" wordcount -- line >expected.wordcount
"$tools/reference" grep pattern=last line-numbers=yes -- line >expected.grep
for jobs in 1 3; do
    run "$mr" run wordcount line -j $jobs
    expect_status 0 "long line" && expect_same expected.wordcount out "wordcount of a long line"
    run "$mr" run grep --set pattern=last --set fixed=yes --set line-numbers=yes line -j $jobs
    expect_status 0 "long line" && expect_same expected.grep out "grep of a long line"
done
"$tools/reference" invertedindex -- line >expected
run "$mr" run invertedindex line
expect_status 0 "long line" && expect_same expected out "invertedindex of a long line"

# When the line is larger than the memory, the job may give up, but only with a message of its own.
run "$mr" run grep --set pattern=last --memory 32M line
if [[ $status -eq 0 ]]; then
    grep -ah last line | cmp -s - out || fail "a line larger than the memory: wrong output"
else
    expect_status 1 "a line larger than the memory" && expect_error line
fi
rm line expected.*

# Words of 16 MB: two that are the same, one that differs in its last byte, in two files.
head -c $((key_megabytes * 1024 * 1024)) /dev/zero | tr '\0' k >giant
{ cat giant; echo; } >first
{ cat giant; echo; cat giant; echo x small; } >second
for plugin in wordcount invertedindex; do
    "$tools/reference" $plugin -- first second first >expected
    for arguments in "-j 1" "-j 2" "-j 3 --chunk 1M"; do
        run "$mr" run $plugin first second first $arguments
        expect_status 0 "16 MB keys, $arguments" && expect_same expected out "$plugin of 16 MB keys, $arguments"
    done
    run "$mr" run $plugin first second first --sort value:desc --top 1
    sort -t "$(printf '\t')" -k2,2r -k1,1 expected | head -n 1 >expected.top
    expect_status 0 "16 MB keys, sorted" && expect_same expected.top out "$plugin of 16 MB keys, sorted"
done
finish
