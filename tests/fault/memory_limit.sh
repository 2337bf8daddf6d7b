#!/bin/bash
# What all processes of a job use together stays below --memory, as the kernel counts it: the sum of their proportional
# shares (Pss), looked at every 20 ms.
# timeout: 240
source "$(dirname "$0")/../tools/testing.sh"
has_sanitizer && skip "a sanitizer needs memory of its own"

"$tools/random_input" 3 $((128 * 1024 * 1024)) many >big || exit 1
"$tools/random_input" 4 $((64 * 1024 * 1024)) prefix >prefix || exit 1
for plugin in wordcount invertedindex; do
    for memory in 32 128; do
        for jobs in 2 8; do
            run perl "$root/tests/tools/peak_memory.pl" peak "$mr" run $plugin big prefix -j $jobs --memory ${memory}M
            expect_status 0 "$plugin --memory ${memory}M" || continue
            # The code, the C library and the stacks come on top: 16 MiB and a tenth.
            limit=$(((memory + memory / 10 + 16) * 1024 * 1024))
            echo "$plugin -j $jobs --memory ${memory}M: $(numfmt --to=iec "$(cat peak)") at most"
            [[ $(cat peak) -le $limit ]] ||
                fail "$plugin -j $jobs --memory ${memory}M used $(numfmt --to=iec "$(cat peak)"): $(tail -n 1 err)"
        done
    done
done
finish
