#!/bin/bash
# kill -9 of workers at random moments, a thousand times, in jobs of all kinds: the output has the same bytes, the summary
# counts the work that was done again, and nothing is left. Then some that are only paused. Then kill -9 of the
# coordinator, 200 times: a second later no worker is alive, and no file is left but, when the blow came last of all, the
# whole output.
#
# tests/tools/chaos does the killing, several of them at a time. Many jobs are those of a plugin that sleeps in its
# callbacks (tests/abi/slow.c), so that blows come in every phase and the test costs little.
# timeout: 400
source "$(dirname "$0")/../tools/testing.sh"
source "$root/tests/tools/striking.sh"
start_seed

blows=$((1000 / scale))
coordinators=$((200 / scale))

# ---- the jobs

"$tools/random_input" "$seed" $((8 * 1024 * 1024 / scale)) many >big || exit 1
make_records 20000 16000 >records
make_records 80000 64000 >many_records

slow="$build/tests/abi/slow.so --chunk 32K --set open=8000000 --set close=15000000"
few="$slow records --set map=15000"
define fold fold "$few --set kind=fold --set compare=600 --set reduce=20000"
define sealing sealing "$slow many_records --set kind=fold --set compare=1000"
define group group "$few --set kind=group --set compare=300 --set combine=5000 --set reduce=10000"
define map map "$few --set kind=map --set copies=20"
define ordered ordered "$few --set kind=fold --set reduce=20000 --sort value:desc"
define wordcount wordcount "wordcount big --memory 192M"
define wordcount_spilling wordcount "wordcount big --memory 4M"
define sorted sorted "wordcount big --memory 32M --sort value:desc"
define top top "wordcount big --sort value:desc --top 20"
define index index "invertedindex big --memory 192M"
define index_spilling index "invertedindex big --memory 24M"
define grep grep "grep big --set pattern=ka --set line-numbers=yes"
define index_unpacked index_unpacked "invertedindex big.gz --memory 24M"
define map_unpacked map "$slow records.gz --set map=15000 --set kind=map --set copies=20 --memory 2M"
define counting grep "grep big --set pattern=ka --set line-numbers=yes --chunk 2K"
define delivering long "grep long --set pattern= --chunk 64K" # which finds quickly what takes long to write

perl -e 'print "x" x 4000, " $_\n" for 1 .. 4000' >long
cp long expected.long
gzip -1k big records
sed 's/\<big\>/big.gz/g' < <("$tools/reference" invertedindex -- big) >expected.index_unpacked
"$tools/reference" wordcount -- big >expected.wordcount
"$tools/reference" invertedindex -- big >expected.index
"$tools/reference" grep pattern=ka line-numbers=yes -- big >expected.grep
sort -s -t "$(printf '\t')" -k2,2nr expected.wordcount >expected.sorted
head -n 20 expected.sorted >expected.top
# expect_alone NAME KIND FILE - what the plugin prints when it is neither slow nor disturbed.
expect_alone() {
    run "$mr" run "$build/tests/abi/slow.so" "$3" -j 1 --set kind="$2" --set copies=20 -o "expected.$1"
    expect_status 0 "undisturbed, $1"
}
for kind in fold group map; do
    expect_alone $kind $kind records
done
expect_alone sealing fold many_records
sort -s -t "$(printf '\t')" -k2,2r expected.fold >expected.ordered # as text: no built-in fold

# ---- striking

share=$(((blows + 21) / 22))
strike file fold -w $((share * 2))
strike file fold -w $share -f split
strike pipe sealing -w $((share * 2)) -f split
strike pipe group -w $((share * 2))
strike file group -w $share -f map
strike file map -w $((share * 2))
strike pipe ordered -w $share -f map
strike file counting -w $share -f start
strike file wordcount -w $share
strike pipe wordcount_spilling -w $share
strike file wordcount_spilling -w $share -f map
strike file sorted -w $share
strike pipe sorted -w $share -f reduce
strike pipe top -w $share
strike pipe index -w $share
strike file index_spilling -w $share
strike pipe grep -w $share
strike file index_unpacked -w $share
strike pipe map_unpacked -w $share
collect 1
total blows 1 "$rounds"
[[ $REPLY -ge $blows ]] || [[ $failures -gt 0 ]] || fail "only $REPLY of $blows blows"
echo "$REPLY blows at workers"

# Every phase has to be hit. One that was missed is sought: in a job that has much of it, when the phase before is over.
declare -A seek=([start]="group" [sample]="fold -f start" [split]="fold -f sample" [count]="counting -f start"
    [map]="fold -f split" [seal]="sealing -f split" [reduce]="fold -f map" [merge]="sorted -f reduce"
    [deliver]="delivering -f start -e 1-8" [stop]="group -f reduce")
for phase in "${!seek[@]}"; do
    total "$phase" 1 "$rounds"
    for ((attempt = 0; attempt < 20 && REPLY == 0 && failures == 0; attempt++)); do
        # shellcheck disable=SC2086 # words are wanted
        strike file ${seek[$phase]} -w 20
        collect "$rounds"
        total "$phase" 1 "$rounds"
    done
    echo "deaths during $phase: $REPLY"
    [[ $REPLY -gt 0 ]] || [[ $failures -gt 0 ]] || fail "no worker was killed during $phase"
done

# Workers that are only stopped for a while (SIGSTOP, SIGCONT) lose nothing, and nobody waits for them for ever.
first=$((rounds + 1))
strike file fold -w $share -b pause
strike pipe group -w $share -b pause,kill
strike file wordcount -w $share -b pause
strike pipe index_spilling -w $share -b pause,kill
collect "$first"
total blows "$first" "$rounds"
echo "$REPLY more blows, most of them pauses"

first=$((rounds + 1))
share=$(((coordinators + 9) / 10))
strike file fold -c $((share * 2))
strike pipe group -c $((share * 2)) -b kill,stop
strike file map -c $((share * 2))
strike file wordcount_spilling -c $((share * 2))
strike pipe index_spilling -c $share
strike file sorted -c $share
collect "$first"
total blows "$first" "$rounds"
[[ $REPLY -ge $coordinators ]] || [[ $failures -gt 0 ]] || fail "only $REPLY of $coordinators coordinators were killed"
echo "$REPLY blows at coordinators"
finish
