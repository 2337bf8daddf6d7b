#!/bin/bash
# The plugin groupby prints the answers of datasets/generate_sales, for CSV and JSON lines with random options, and what
# Perl computes from them in another way, whatever -j, --chunk and --memory are. Every round has a seed of its own:
# MR_TEST_SEED=N begins with that round, and MR_TEST_SECONDS=0 ends after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-12}
generate=$build/datasets/generate_sales

# trim_numbers - from an answer of the generator to what groupby prints: no number of amounts, and no zeros at the end.
trim_numbers() {
    perl -F'\t' -lane '
        s/(\.\d*?)0+$/$1/, s/\.$//, s/^-0$/0/ for @F[4 .. 7];
        print join "\t", @F[0 .. 2, 4 .. 8];
    ' "$1"
}

# try_variant - run groupby with a random -j, --chunk and --memory, and compare.
try_variant() {
    local jobs chunk
    pick 1 2 3 8
    jobs=$REPLY
    pick 1000 4K 64K 1M
    chunk=$REPLY
    pick 32M 1G
    run "$mr" run groupby sales -j "$jobs" --chunk "$chunk" --memory "$REPLY" "$@"
    expect_status 0 "round seed $round_seed" && expect_same expected out "round seed $round_seed"
}

while next_round "$seconds"; do
    made=(--seed "$round_seed")
    records=csv
    path=
    pick csv csv jsonl
    if [[ $REPLY == jsonl ]]; then
        made+=(--format jsonl)
        records=jsonl
        path=customer.
    else
        pick comma semicolon tab
        made+=(--delimiter "$REPLY")
        case $REPLY in
        semicolon) records='csv:;' ;;
        tab) records=csv:tab ;;
        esac
        pick --crlf ""
        made+=($REPLY)
    fi
    for option in --empty --nan --notes; do
        pick 0 5 60
        made+=("$option" "$REPLY")
    done
    pick 0 1 50 5000 30000
    made+=(--rows "$((REPLY / scale))")
    pick 1 30 20000
    made+=(--customers "$REPLY")
    "$generate" "${made[@]}" --output sales --answer answer || fail "generate_sales"
    trim_numbers answer >expected
    what=count,sum:amount,min:amount,max:amount,mean:amount
    names=${path}name
    if [[ $path ]]; then key=customer.id,$names; else key=customer,$names; fi
    options=(--records "$records" --set "by=$key" --set decimals=2)
    try_variant "${options[@]}" --set "compute=$what,distinct:product"
    # The same without distinct values, for which nothing is kept together.
    cut -f 1-7 expected >without && mv without expected
    try_variant "${options[@]}" --set "compute=$what"
    # By another key, in another order: products of names. Also how many rows have an id, which all do.
    perl -F'\t' -lane '$sales{$F[1]} += $F[2]; END { print "$_\t$sales{$_}\t$sales{$_}" for sort keys %sales }' answer >expected
    try_variant --records "$records" --set "by=$names" --set compute=count,count:id
done
echo "$rounds rounds of 3 runs each"
finish
