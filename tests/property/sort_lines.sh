#!/bin/bash
# The plugin sort prints what GNU sort -s prints in the C locale, for random lines and options, whatever -j, --chunk and
# --memory are. Every round has a seed of its own: MR_TEST_SEED=N begins with that round, and MR_TEST_SECONDS=0 ends
# after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-12}

# make_lines SEED COUNT KIND - lines that are hard to sort: numbers with many digits, few different ones, common
# prefixes, fields with blanks and commas, any bytes but 128: GNU sort -n (9.1) takes that for a separator in numbers.
make_lines() {
    perl -e '
        my ($seed, $count, $kind) = @ARGV;
        srand $seed;
        sub digits { join "", map { int rand 10 } 1 .. int rand shift }
        sub number {
            my $text = (" ", "", "", "\t")[rand 4] . ("-", "", "", "+")[rand 4] . ("0", "", "")[rand 3];
            $text .= rand() < 0.01 ? digits(300) : digits(6);
            $text .= "." . digits(4) if rand() < 0.3;
            return $text . ("", "", "", "0", "x", " ", ".5")[rand 7];
        }
        sub word { join "", map { ("a", "b", "A", " ", "\t", "\0", "\xff", "\xfe", "\x01", ",")[rand 10] } 1 .. int rand shift }
        for (1 .. $count) {
            my $line = $kind eq "numbers" ? number()
                : $kind eq "few" ? int(rand 5) . ".0" x (rand 2)
                : $kind eq "bytes" ? join "", map { my $byte = int rand 256; chr($byte == 10 || $byte == 128 ? 0 : $byte) } 1 .. int rand 12
                : $kind eq "prefix" ? "a common beginning of more than sixty-four bytes, to reach the merge sort: " . word(9)
                : join(",", map { rand() < 0.5 ? number() : word(4) } 0 .. rand 4);
            print $line, "\n";
        }
        print number() if rand() < 0.5;
    ' "$@"
}

while next_round "$seconds"; do
    pick numbers few bytes prefix fields fields
    kind=$REPLY
    pick 0 1 100 3000 30000
    make_lines "$round_seed" "$((REPLY / scale))" "$kind" >first || exit 1
    make_lines "$((round_seed + 1))" 50 fields >second || exit 1
    wanted=(-s)
    options=()
    key=
    pick 0 0 1 2 3
    if [[ $REPLY -gt 0 ]]; then
        key=$REPLY,$REPLY
        options+=(--set "field=$REPLY")
        pick "" , ,
        [[ -z $REPLY ]] || { wanted+=(-t "$REPLY") options+=(--set "delimiter=$REPLY"); }
        wanted+=(-k "$key")
    fi
    for flag in n:numeric r:reverse u:unique; do
        pick yes no
        options+=(--set "${flag#*:}=$REPLY")
        [[ $REPLY == no ]] || wanted+=("-${flag%%:*}")
    done
    sort "${wanted[@]}" first second >expected || exit 1
    for variant in 1 2 3; do
        pick 1 2 3 8
        jobs=$REPLY
        pick 100 1000 64K 1M
        chunk=$REPLY
        pick 32M 1G
        run "$mr" run sort first second -j "$jobs" --chunk "$chunk" --memory "$REPLY" "${options[@]}"
        expect_status 0 "round seed $round_seed" && expect_same expected out "round seed $round_seed"
    done
done
echo "$rounds rounds of 3 runs each"

# More than fits into the memory: sorted on disk, by several workers.
make_lines "$seed" $((600000 / scale)) numbers >first
sort -s -n first >expected
run "$mr" run sort first -j 2 --memory 32M --set numeric=yes
expect_status 0 "on disk" && expect_same expected out "on disk"
[[ $(summary_field spilled) != "0 B" || $scale -gt 1 ]] || fail "nothing was spilled"
finish
