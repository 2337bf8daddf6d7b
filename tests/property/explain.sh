#!/bin/bash
# What mr explain says of random text, rows, and mixtures of several kinds is near to what mr run then counts: records and
# pairs within five percent and twice their error, keys within half as much again of the range, shares of hot keys within
# twice their error and one percent; and it is the same for every -j, as long as there is time for all of the sample.
# Every round has a seed of its own: MR_TEST_SEED=N begins with that round, and
# MR_TEST_SECONDS=0 ends after it.
# timeout: 120
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-6}

# make_input - write the file input, in one of several ways, and set $job to the arguments of a job on it.
make_input() {
    pick text rows sorted unique one mixed
    kind=$REPLY
    pick 50 3000 100000 5000000
    names=$REPLY
    pick 0 0.6 1 1.5
    exponent=$REPLY
    local rows=$((400000 / scale))
    case $kind in
    text)
        "$build/datasets/generate_text" --seed "$round_seed" --size $((5000000 / scale)) --vocabulary "$names" \
            --exponent "$exponent" --no-punctuation --case lower --output input
        pick wordcount invertedindex
        job=("$REPLY" input)
        ;;
    rows | sorted)
        "$build/datasets/generate_rows" --seed "$round_seed" --rows "$rows" --names "$names" --exponent "$exponent" \
            --output input
        [[ $kind == rows ]] || LC_ALL=C sort -o input input
        job=(stats input)
        ;;
    unique)
        seq -f '%.0f;1' "$round_seed" $((round_seed + rows)) >input
        job=(stats input)
        ;;
    one)
        yes "key$round_seed;1" | head -n "$rows" >input
        job=(stats input)
        ;;
    mixed)
        "$build/datasets/generate_rows" --seed "$round_seed" --rows "$rows" --names "$names" --exponent "$exponent" \
            --output input
        seq -f '%.0f;1' "$round_seed" $((round_seed + rows / 2)) >>input
        yes "$(printf 'once\nand\nagain')" | sed 's/$/;1/' | head -n "$rows" >>input
        job=(stats input)
        ;;
    esac
}

# compare - look at the forecast in the file out, by the keys and pairs of the input in the file truth: KEY TAB PAIRS.
compare() {
    perl -MJSON::PP -e '
        my ($records, $pairs, %pairs) = (0, 0);
        open my $out, "<", "out" or die;
        my $forecast = decode_json(do { local $/; <$out> });
        open my $truth, "<", "truth" or die;
        while (<$truth>) { chomp; my ($key, $count) = split /\t/; $pairs{$key} = $count; $pairs += $count }
        open my $input, "<", "input" or die;
        $records++ while <$input>;
        sub check { my ($good, $what) = @_; print "$what\n" unless $good }
        for (["records", $records], ["pairs", $pairs]) {
            my ($name, $true) = @$_;
            my $expected = $forecast->{$name}{expected};
            my $error = $forecast->{$name}{high} - $expected;
            check(abs($expected - $true) <= 0.05 * $true + 2 * $error, "$name: $expected, not $true");
        }
        my ($keys, $true) = ($forecast->{keys}, scalar keys %pairs);
        check($keys->{low} / 1.5 <= $true && $true <= $keys->{high} * 1.5 + 10,
            "keys: $keys->{expected}, $keys->{low} to $keys->{high}, not $true");
        for my $hot (@{ $forecast->{hot_keys} }) {
            next unless defined $hot->{key}; # cut within a letter
            utf8::encode(my $key = $hot->{key});
            my ($share, $true) = ($hot->{share}, ($pairs{$key} // 0) / $pairs);
            my $error = $hot->{share_high} - $share;
            check(abs($share - $true) <= 2 * $error + 0.01, "key $key: $share, not $true");
        }
        my ($hottest) = sort { $b <=> $a } values %pairs;
        my $found = @{ $forecast->{hot_keys} } ? $forecast->{hot_keys}[0]{share} : 0;
        check($found > $hottest / $pairs / 2 - 0.02, "hottest key: $found, not " . $hottest / $pairs);
    '
}

# without_times FILE - what a forecast counts.
without_times() {
    perl -MJSON::PP -e '
        local $/;
        my $forecast = decode_json(<STDIN>);
        delete @$forecast{qw(seconds plan memory_bytes between_bytes spilled_bytes)};
        delete $forecast->{sample}{seconds};
        print JSON::PP->new->utf8->canonical->pretty->encode($forecast);
    ' <"$1"
}

while next_round "$seconds"; do
    make_input
    if [[ $kind == text ]]; then
        tr -s ' ' '\n' <input | LC_ALL=C sort | uniq -c | awk '{ print $2 "\t" $1 }' >truth
    else
        cut -d ';' -f 1 input | LC_ALL=C sort | uniq -c | sed 's/^ *\([0-9]*\) \(.*\)/\2\t\1/' >truth
    fi
    pick 600K 1M 2M
    sample=$REPLY
    pick 1 2 3
    run "$mr" explain "${job[@]}" --json --sample "$sample" -j "$REPLY"
    expect_status 0 "round seed $round_seed"
    wrong=$(compare 2>&1)
    [[ -z $wrong ]] || fail "seed $round_seed, ${job[*]}, $kind, $names names, exponent $exponent: $wrong"
    without_times out >first
    run "$mr" explain "${job[@]}" --json --sample "$sample" -j 4
    without_times out >second
    # How many pieces there is time for depends on what else the machine does.
    grep -q '"cut" : true' first second || expect_same first second "the same with -j 4, seed $round_seed"
done
echo "$rounds rounds"
finish
