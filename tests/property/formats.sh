#!/bin/bash
# What mr prints in each --format says the same as what it prints without one: Perl reads it, on nasty text, for pairs
# and columns of all kinds of job; the next job reads it; and the same bytes come for every -j, --chunk and --memory.
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-5}
plugin=$build/tests/abi/printing.so

# options - set $options to some that must not matter.
options() {
    pick 1 2 3 8
    options="-j $REPLY"
    pick 4K 64K 1G
    options+=" --chunk $REPLY"
    pick 16M 1G
    options+=" --memory $REPLY"
}

# reads FORMAT NAME... - what came out last, read as FORMAT, is what is in the file plain.
reads() {
    expect_status 0 "$*" || return
    perl "$root/tests/tools/read_format.pl" "$@" <out >back || fail "$*: it cannot be read"
    expect_same plain back "$*"
}

rounds=0
end=$((SECONDS + seconds))
while [[ $failures -lt 3 ]]; do
    random_state=$((seed + rounds))
    pick few many skewed prefix letters ""
    kind=$REPLY
    pick 0 100 10000 300000
    "$tools/random_input" "$((seed + rounds))" "$((REPLY / scale))" $kind >input || exit 1
    [[ $rounds -gt 0 ]] || printf 'a" b\n", ,\n\n\xff\x00 \xc3\xa9\n\xed\xa0\x80 \xf4\x90\x80\x80\n%s' '~~% "~"' >input
    for job in "wordcount" "$plugin --set kind=group" "$plugin --set kind=map" "$plugin --set kind=fold" \
        "$plugin --set kind=group --set as=columns" "$plugin --set kind=map --set as=columns"; do
        names=(key value)
        [[ $job != *columns ]] || names=(name text "text again" "name again")
        run "$mr" run $job -q input
        expect_status 0 "$job" && mv out plain
        for format in csv jsonl; do
            options
            run "$mr" run $job -q input --format "$format" $options
            reads "$format" "${names[@]}"
        done
        if [[ $job != *columns ]]; then
            options
            run "$mr" run $job -q input --format binary $options
            reads binary
        fi
        # The next job reads it.
        [[ $job == *columns ]] || for as in "tsv --set tsv=yes" "csv --records csv" "binary --records pairs"; do
            options
            pick "" "--compress gzip"
            rm -rf parts
            run "$mr" run $job -q input --format ${as%% *} -o parts/ --parts 3 $REPLY
            expect_status 0 "parts"
            run "$mr" run "$plugin" --set kind=map ${as#* } -q parts/ --include "part-*" $options
            expect_status 0 "$as" && expect_same plain out "$job, read again as $as"
        done
        options
        run "$mr" run $job -q input --format raw $options
        perl -pe 's/\\(.)/{t => "\t", n => "\n", r => "\r", "\\" => "\\"}->{$1}/ge' <plain >expected
        expect_status 0 raw && expect_same expected out "$job, raw"
        for format in tsv csv; do
            run "$mr" run $job -q input --format "$format"
            { [[ $format == csv ]] && (IFS=, && echo "${names[*]}") || (IFS=$'\t' && echo "${names[*]}"); cat out; } >expected
            run "$mr" run $job -q input --format "$format" --header -o file
            expect_status 0 header && expect_same expected file "$job, header of $format"
        done
    done
    rounds=$((rounds + 1))
    [[ $SECONDS -lt $end ]] || break
done
echo "$rounds rounds"
finish
