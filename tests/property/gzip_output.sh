#!/bin/bash
# With --compress the output is what it is without, in gzip: gzip -d says so, for all kinds of job, orders and formats, to
# files and pipes. It consists of whole BGZF members with the empty one at the end, is the same bytes for every -j,
# --chunk and --memory (as long as there is enough), and mr reads it again.
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-3}
plugin=$build/tests/abi/printing.so

# options LEAST - set $options to some that must not matter, with at least so much memory.
options() {
    pick 1 2 3 8
    options="-j $REPLY"
    pick 64K 1M ""
    options+=${REPLY:+ --chunk $REPLY}
    pick "$1" 1G
    options+=" --memory $REPLY"
}

# is_bgzf FILE - the members say how long they are, and the last one is empty.
is_bgzf() {
    perl -0777 -ne '
        my ($at, $last) = (0, -1);
        while ($at < length) {
            my ($magic, $length) = (substr($_, $at, 4), unpack "v", substr $_, $at + 16, 2);
            die "no member at $at\n" if $magic ne "\x1f\x8b\x08\x04" || substr($_, $at + 10, 6) ne "\x06\0BC\x02\0";
            $at += $length + 1;
            $last = unpack "V", substr $_, $at - 4, 4;
        }
        die "the end is missing\n" if $at != length || $last != 0;' "$1"
}

rounds=0
end=$((SECONDS + seconds))
while [[ $failures -lt 3 ]]; do
    random_state=$((seed + rounds))
    pick few many skewed prefix letters ""
    kind=$REPLY
    pick 0 10000 600000 2000000
    "$tools/random_input" "$((seed + rounds))" "$((REPLY / scale))" $kind >input || exit 1
    for job in "wordcount" "wordcount --sort value" "wordcount --top 100 --format csv" "grep --set pattern=[a-d]" \
        "$plugin --set kind=group --format binary" "$plugin --set kind=fold --header" "$plugin --set kind=map"; do
        run "$mr" run $job -q input
        expect_status 0 "$job" && mv out plain
        run "$mr" run $job -q input --compress gzip -o first.gz
        expect_status 0 "$job" && is_bgzf first.gz || fail "$job: no BGZF"
        gzip -dc <first.gz >text && expect_same plain text "$job"
        for _ in 1 2; do
            options 64M
            run "$mr" run $job -q input --compress gzip $options
            expect_status 0 "$job $options" && expect_same first.gz out "$job $options"
        done
        options 4M
        pick 1 9
        run "$mr" run $job -q input --compress "gzip:$REPLY" $options -o other.gz --inline
        expect_status 0 "$job" && gzip -dc <other.gz >text && expect_same plain text "$job $options --inline"
        run "$mr" run grep --set pattern= -q first.gz
        [[ $job == *binary ]] || expect_same plain out "$job, read again"
    done
    rounds=$((rounds + 1))
    [[ $SECONDS -lt $end ]] || break
done
echo "$rounds rounds"

# The same compressed bytes and part files when it is read from front to back only, whenever it comes, and by how many.
"$tools/random_input" "$seed" 1500000 many >input || exit 1
seq 150000 >numbers
gzip -1kf input numbers
slowly() {
    head -c 700000 input
    sleep 0.3
    tail -c +700001 input
}
for job in "grep --set pattern=[a-d1]" "wordcount" "$plugin --set kind=group"; do
    rm -rf first first.* other
    run "$mr" run $job -q --compress gzip input.gz numbers.gz -o first.gz
    expect_status 0 "$job, streams"
    run "$mr" run $job -q --compress gzip - -o first.pipe < <(cat input)
    expect_status 0 "$job, a pipe"
    run "$mr" run $job -q input.gz numbers.gz numbers --parts 3 -o first/
    expect_status 0 "$job, part files"
    run "$mr" run $job -q --compress gzip - --chunk 10K < <(slowly)
    expect_status 0 "$job, a slow pipe" && expect_same first.pipe out "$job, a slow pipe"
    for _ in 1 2 3; do
        options 64M
        run "$mr" run $job -q --compress gzip $options input.gz numbers.gz
        expect_status 0 "$job $options, streams" && expect_same first.gz out "$job $options, streams"
        run "$mr" run $job -q --compress gzip $options - < <(cat input)
        expect_status 0 "$job $options, a pipe" && expect_same first.pipe out "$job $options, a pipe"
        rm -rf other
        run "$mr" run $job -q $options input.gz numbers.gz numbers --parts 3 -o other/
        expect_status 0 "$job $options, part files"
        for part in first/*; do expect_same "$part" "other/${part#*/}" "$job $options, ${part#*/}"; done
    done
done

# A line longer than any member, and bytes that cannot be made smaller.
head -c 300000 /dev/urandom | tr -d '\n' >input
run "$mr" run grep --set pattern= -q input --compress gzip
{ cat input && echo; } >expected
expect_status 0 random && is_bgzf out && gzip -dc <out >text && expect_same expected text "random bytes"
run "$mr" run wordcount -q input --compress zip
expect_status 2 "zip" && expect_error "--compress wants gzip"
run "$mr" run wordcount -q input --compress gzip:10
expect_status 2 "gzip:10" && expect_error "from 1 to 9"
finish
