#!/bin/bash
# Compressed files, pipes and standard input that go wrong: what is cut off, damaged, or followed by something else is an
# error that names file and place, and nothing is printed; producers that are slow or end early, readers and workers that
# are killed, records that crash the plugin.
source "$(dirname "$0")/../tools/testing.sh"
start_seed

"$tools/random_input" "$seed" 2000000 many >text || exit 1
gzip -1c text >text.gz
gzip -1c text | cat - <(gzip -1c text) >two.gz
cat text text >both
"$tools/bgzf" 20000 <text >blocks.gz
size=$(stat -c %s text.gz)

# refuse WHAT MESSAGE FILE - as a file, as standard input and through a pipe.
refuse() {
    local what=$1 message=$2 file=$3
    run timeout 60 "$mr" run wordcount "$file" -o result
    expect_status 1 "$what" && expect_error "$file: " "$message"
    run timeout 60 "$mr" run wordcount - -o result <"$file"
    expect_status 1 "$what on standard input" && expect_error "(standard input): " "$message"
    run timeout 60 "$mr" run wordcount - -o result < <(cat "$file")
    expect_status 1 "$what through a pipe" && expect_error "(standard input): " "$message"
    [[ ! -e result ]] || fail "$what left an output"
}

for i in 1 2 3; do
    below $((size - 20))
    head -c $((REPLY + 3)) text.gz >cut.gz
    refuse "a file cut off" "cut off at byte" cut.gz
done
{
    cat text.gz
    echo more
} >more.gz
refuse "text behind a member" "what follows at byte $size is neither compressed data nor zeros" more.gz
# Of the header most does not matter; of the rest every bit does.
for i in 1 2 3; do
    below $((size - 40))
    perl -e 'local $/; $_ = <STDIN>; substr($_, $ARGV[0], 1) ^= chr(1 << $ARGV[1]); print' $((REPLY + 30)) $((i + 1)) <text.gz >bad.gz
    run timeout 60 "$mr" run wordcount bad.gz -o result
    expect_status 1 "a damaged file, byte $((REPLY + 30))" && expect_error "bad.gz: the compressed data is "
done
# In the data of the block in the middle, behind its header of 18 bytes.
perl -e '
    local $/; $_ = <STDIN>;
    my $block = 0;
    while ($block < length() / 2) { $block += unpack("v", substr($_, $block + 16, 2)) + 1 }
    substr($_, $block + 30, 1) ^= "\x10";
    print' <blocks.gz >bad.gz
run timeout 60 "$mr" run wordcount bad.gz -o result -j 2
expect_status 1 "a damaged block" && expect_error "bad.gz: "
[[ ! -e result ]] || fail "damage left an output"
cut=$(($(stat -c %s blocks.gz) / 2)) # and nowhere between two blocks, where the file might end
[[ $(tail -c +$((cut + 1)) blocks.gz | head -c 2) != $'\x1f\x8b' ]] || cut=$((cut + 1))
head -c $cut blocks.gz >cut.gz
run timeout 60 "$mr" run wordcount cut.gz
expect_status 1 "blocks cut off" && expect_error "cut.gz: the compressed data is cut off at byte"

run timeout 20 "$mr" run wordcount - text - </dev/null
expect_status 2 "standard input twice" && expect_error "only once"
run timeout 20 bash -c '"$1" run wordcount - <&-' - "$mr"
expect_status 1 "standard input closed" && expect_error "(standard input): "
run timeout 20 "$mr" run wordcount - </
expect_status 1 "standard input is a directory" && expect_error "is a directory"
run timeout 20 "$mr" run wordcount text.gz --only 10:20
expect_status 2 "--only of a compressed file" && expect_error "unpack it"
gzip -c </dev/null >nothing.gz
for nothing in /dev/null nothing.gz -; do
    run timeout 20 "$mr" run wordcount "$nothing" -q < <(:)
    expect_status 0 "nothing ($nothing)" && expect_same /dev/null out "nothing ($nothing)"
done

# What is there comes out although the other end of the pipe goes on: the second line is written when the first is seen.
mkfifo there back
(
    echo "a first"
    timeout 20 cat back >/dev/null
    echo "a second"
) >there &
timeout 60 "$mr" run grep --set pattern=a there -q 2>err | while read -r line; do
    echo "$line"
    [[ $line != "a first" ]] || timeout 20 bash -c 'echo seen >back'
done >out
wait
expect_same <(printf 'a first\na second\n') out "a producer that waits for what it has written"
run timeout 20 "$mr" run grep --set pattern=a -q - < <(sleep 0.2; printf 'a\nb'; sleep 0.2; printf 'a\n'; sleep 0.2; printf ac)
expect_status 0 "a slow producer" && expect_same <(printf 'a\nba\nac\n') out "a slow producer"

mkfifo once
run timeout 20 "$mr" run wordcount once text ./once
expect_status 2 "a pipe twice" && expect_error "once and ./once are the same pipe"
run timeout 20 "$mr" run wordcount -q /dev/null text /dev/null
expect_status 0 "a device twice"

# A record longer than there is room for.
run timeout 60 "$mr" run wordcount - --memory 2M < <(head -c 3000000 /dev/zero | tr '\0' x)
expect_status 1 "a long record" && expect_error "the record at byte 0 is longer than 256.0 KiB" "--memory"

# A record for which there is room only when what is before it has gone, which workers seal only when they are told to.
{
    seq 40000 | sed 's/.*/word& a/'
    head -c 900000 /dev/zero | tr '\0' x
    printf '\nlast\n'
} >crowded
gzip -1kf crowded
"$mr" run wordcount -q crowded >expected
for options in "-j 2" "-j 1" --inline; do
    run timeout 60 "$mr" run wordcount -q crowded.gz --memory 8M $options
    expect_status 0 "a long record behind others ($options)" && expect_same expected out "a long record behind others ($options)"
done

# A frame of zstd that asks for more memory than there is.
if command -v zstd >/dev/null && head -c 10000 text | zstd -q --long=27 >wide.zst 2>/dev/null; then
    run timeout 60 "$mr" run wordcount -q wide.zst --memory 1G
    if [[ $status == 0 ]]; then
        run timeout 60 "$mr" run wordcount -q wide.zst --memory 64M
        expect_status 1 "a wide window" && expect_error "wide.zst: the frame at byte 0 asks for a window of more than 8.0 MiB" "--memory"
    else
        expect_error "which this mr was built without"
    fi
fi

# Many blocks of BGZF that hold nothing.
perl -e 'print "\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0" x 100000' | cat - blocks.gz >empty_blocks.gz
"$mr" run wordcount -q text >expected
run timeout 60 "$mr" run wordcount -q empty_blocks.gz --chunk 10K -j 2
expect_status 0 "blocks that hold nothing" && expect_same expected out "blocks that hold nothing"

# Readers that are killed: another one reads a file once more, up to where the first one was; of a pipe nothing is left.
"$mr" run wordcount -q both >expected
make_slow_lines 200 | cat - text >slow
gzip -1c slow >slow.gz
"$mr" run grep -q --set "pattern=$slow_pattern|or" slow >expected.slow
# kill_reader PID - kill the reader of the mr that timeout, process PID, runs.
kill_reader() {
    local attempt child main
    for ((attempt = 0; attempt < 500; attempt++)); do
        read -r main _ < <(children_of "$1")
        for child in $(children_of "$main"); do
            [[ $(cat "/proc/$child/comm" 2>/dev/null) == mr-reader ]] && kill -KILL "$child" && return
        done
        sleep 0.002
    done
}
for i in 1 2 3; do
    timeout 60 "$mr" run grep --set "pattern=$slow_pattern|or" slow.gz --memory 4M -j 2 -o result 2>err &
    pid=$!
    sleep 0.0$i
    kill_reader $pid
    wait $pid
    status=$?
    command_line="a reader that is killed"
    expect_status 0 "a reader that is killed" && expect_same expected.slow result "a reader that is killed"
    [[ $(summary_field retry) == 1 ]] || fail "no reader was killed: $(cat err)"
    rm -f result
done
mkfifo pipe
(
    cat text
    sleep 2
    cat text
) >pipe 2>/dev/null &
timeout 60 "$mr" run wordcount pipe -o result 2>err &
pid=$!
sleep 0.5
kill_reader $pid
wait $pid
status=$?
command_line="the reader of a pipe is killed"
expect_status 1 "the reader of a pipe is killed" && expect_error "pipe: the process that reads it" "lost"
[[ ! -e result ]] || fail "a lost reader left an output"

# Records that crash are found, shown and kept as those of files are, though nobody can read them again.
slow_plugin=$build/tests/abi/slow.so
awk '{ print } NR % 400 == 0 { print "!deadly", NR, $0 }' slow | head -n 2000 >deadly
gzip -1kf deadly
for kind in fold group map; do
    job=("$slow_plugin" --set kind=$kind --set "deadly=!deadly" -q -j 2 --skip-bad 5)
    run "$mr" run "${job[@]}" deadly --bad bad
    expect_status 0 "bad records of a file, $kind"
    mv out expected.deadly
    [[ $(wc -l <bad) == 4 ]] || fail "$(wc -l <bad) bad records"
    run "$mr" run "${job[@]}" deadly.gz --bad bad.gz
    expect_status 0 "bad records of a compressed file, $kind" && expect_same expected.deadly out "$kind"
    run "$mr" run "${job[@]}" - --bad bad.pipe < <(cat deadly)
    expect_status 0 "bad records of a pipe, $kind" && expect_same expected.deadly out "$kind"
    expect_same <(sed 's/"file":"deadly"/"file":"deadly.gz"/' bad) bad.gz "bad records of a compressed file, $kind"
    expect_same <(sed 's/"file":"deadly"/"file":"(standard input)"/' bad) bad.pipe "bad records of a pipe, $kind"
done
run "$mr" run "$slow_plugin" deadly.gz --set "deadly=!deadly" -o result
line=$(grep -n -m 1 '^!deadly' deadly | cut -d : -f 1)
expect_status 1 "a crash" && expect_error "deadly.gz:$line, byte" "record    !deadly 400" "gzip -dc deadly.gz | tail -c +"

# A file that changes while it is read.
cp slow.gz changing.gz
timeout 60 "$mr" run grep --set "pattern=$slow_pattern|or" changing.gz --memory 4M -j 2 -o result 2>err &
pid=$!
sleep 0.2
echo more >>changing.gz
wait $pid
status=$?
command_line="a file that changes"
expect_status 1 "a file that changes" && expect_error "changing.gz was changed while it was read"

finish
