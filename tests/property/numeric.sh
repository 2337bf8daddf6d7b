#!/bin/bash
# The plugins for numbers print what tests/tools/numeric.pl computes, for random rows and options, and the same bytes
# whatever -j, --chunk and --memory are. Every round has a seed of its own: MR_TEST_SEED=N begins with that round, and
# MR_TEST_SECONDS=0 ends after it.
# timeout: 200
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-8}
numeric=$root/tests/tools/numeric.pl

# make_rows - write one or two files of rows with random columns, decimals and delimiter.
make_rows() {
    local number count
    pick 1 2 3 5 8
    columns=$REPLY
    pick 0 1 3 6
    decimals=$REPLY
    pick , ';' $'\t'
    delimiter=$REPLY
    files=()
    below 2
    for ((number = 0; number <= REPLY; number++)); do files+=("rows$number"); done
    for number in "${!files[@]}"; do
        pick 0 1 2 10 100 400
        count=$REPLY
        below 1000000000
        perl "$numeric" rows "$REPLY" "$count" "$columns" "$decimals" "$delimiter" >"rows$number" || exit 1
    done
}

# try_variants WHAT ARGUMENT... - run mr with these arguments and random -j, --chunk and --memory: the same bytes as in out.
try_variants() {
    local what=$1 variant jobs chunk
    shift
    mv out first
    for variant in 1 2; do
        pick 1 2 3
        jobs=$REPLY
        pick 64 1000 1M
        chunk=$REPLY
        pick 32M 1G
        run "$mr" run "$@" -j "$jobs" --chunk "$chunk" --memory "$REPLY"
        expect_status 0 "$what, round seed $round_seed" &&
            expect_same first out "$what, round seed $round_seed, -j $jobs --chunk $chunk"
    done
}

try_pca() {
    local wrong options
    below 5
    options=(pca "${files[@]}" --set "components=$REPLY" --set "decimals=$decimals" --set "delimiter=$delimiter")
    run "$mr" run "${options[@]}" -j 1
    expect_status 0 "pca, round seed $round_seed" || return
    wrong=$(perl "$numeric" pca out "$columns" "$decimals" "$delimiter" "${files[@]}" 2>&1) ||
        fail "pca, round seed $round_seed: $wrong"
    try_variants pca "${options[@]}"
}

while next_round "$seconds"; do
    rm -rf round
    mkdir round && cd round || exit 1
    make_rows
    try_pca
    cd ..
done
echo "$rounds rounds"
finish
