#!/bin/bash
# The plugins of the gallery print what the references in tests/tools/gallery compute in Perl, for random input and
# options, whatever -j, --chunk and --memory are. Every round has a seed of its own: MR_TEST_SEED=N begins with that round,
# and MR_TEST_SECONDS=0 ends after it. Names of plugins as arguments: only these.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-20}
plugins=("$@")
[[ $# -gt 0 ]] || for reference in "$root"/tests/tools/gallery/*.pl; do plugins+=("$(basename "$reference" .pl)"); done

# try_variant PLUGIN - run it with a random -j, --chunk and --memory, and compare with what the reference expects.
try_variant() {
    local jobs chunk
    pick 1 2 3
    jobs=$REPLY
    pick 200 1000 4K 64K 1M
    chunk=$REPLY
    pick 32M 64M 1G
    run "$mr" run "$1" "${arguments[@]}" -j "$jobs" --chunk "$chunk" --memory "$REPLY"
    expect_status 0 "$1, round seed $round_seed" || return
    expect_same expected out "$1, round seed $round_seed"
    sed -n 's/^mr: [a-z]*: counter //p' err >told
    expect_same counters told "counters of $1, round seed $round_seed"
}

while next_round "$seconds"; do
    for plugin in "${plugins[@]}"; do
        rm -rf round
        mkdir round && cd round || exit 1
        perl "$root/tests/tools/gallery/$plugin.pl" "$round_seed" || fail "the reference of $plugin ended with status $?"
        mapfile -t arguments <arguments
        for variant in 1 2; do try_variant "$plugin"; done
        cd ..
    done
done
echo "$rounds rounds of 2 runs for each of: ${plugins[*]}"
finish
