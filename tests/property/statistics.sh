#!/bin/bash
# What --stats writes is what stats.schema.json says, for jobs of all kinds and ends, and agrees with itself: phases follow
# each other from the start to the end, spans of a lane are in order, counts and bytes add up. Hot keys are those that
# were put into the input. Workers that are killed show as crashes. What a job was bound by is right where that is known.
source "$(dirname "$0")/../tools/testing.sh"
start_seed

schema=$root/src/cli/stats.schema.json
slow=$build/tests/abi/slow.so

# check NAME [PERL] - the last run has written NAME.json, as the schema says; PERL dies unless $stats is as expected.
check() {
    perl "$root/tests/tools/schema.pl" --closed "$schema" "$1.json" >wrong.txt || fail "$(cat wrong.txt)"
    perl -MJSON::PP -e '
        sub all { my $sum = 0; $sum += $_ for @_; $sum }
        open my $file, "<:raw", $ARGV[0] or die "there are no statistics\n";
        local $/;
        our $stats = JSON::PP->new->utf8->decode(<$file>);
        my ($at, $done) = (0, $stats->{outcome} eq "done");
        for my $phase (@{$stats->{phases}}) {
            die "$phase->{name} begins at $phase->{begin}, not $at\n" if $phase->{begin} != $at;
            $at = $phase->{end};
            die "$phase->{name} ends before it begins\n" if $at < $phase->{begin};
            die "$phase->{name} has $phase->{units} units and $phase->{done} done\n" if $done && $phase->{units} != $phase->{done} && !($phase->{name} eq "sample" && $stats->{retries});
            next if $phase->{name} ne "map" || !$done;
            die "map: not all bytes\n" if grep { $_ != $stats->{input_bytes} } @$phase{qw(bytes bytes_done)};
        }
        die "phases take $at of $stats->{seconds} s\n" if $at > $stats->{seconds} + 1e-5;
        for my $lane (@{$stats->{lanes}}) {
            my ($end, $crashes, $tasks, $busy) = (0, 0, 0, 0);
            for my $span (@{$lane->{spans}}) {
                die "a span begins before the one before has ended\n" if $span->{begin} < $end || $span->{end} < $span->{begin};
                $end = $span->{end};
                $busy += $end - $span->{begin};
                $crashes += $span->{kind} eq "crash";
                $tasks += $span->{tasks} if $span->{kind} !~ /crash|start/;
            }
            die "a span ends at $end, the last phase at $at\n" if $end > $at + 1e-5;
            die "crashes: $crashes spans, $lane->{crashes}\n" if $crashes != $lane->{crashes};
            my $trials = grep { $_->{kind} eq "trial crash" } @{$lane->{spans}};
            die "deaths on trial: $trials spans, $lane->{trial_crashes}\n" if $trials != $lane->{trial_crashes};
            die "tasks: $tasks in spans, $lane->{tasks}\n" if $tasks != $lane->{tasks};
            die "busy for $lane->{busy}, in spans $busy\n" if $lane->{busy} > $busy + 1e-3;
            my $counted = all(values %{$lane->{activities}});
            die "activities of a worker take $counted of $stats->{seconds} s\n" if $counted > $stats->{seconds} + 1e-3;
        }
        die "CPU time: $stats->{cpu_seconds}\n" if $done && $stats->{cpu_seconds} <= 0;
        my @partitions = @{$stats->{partitions}};
        my ($reduce) = grep { $_->{name} eq "reduce" } @{$stats->{phases}};
        die "partitions: not those of the reduce phase\n" if @partitions != ($reduce ? $reduce->{units} : 0);
        if ($done && @partitions) {
            my $results = all(map { $_->{results} } @partitions);
            die "partitions: $results results of $stats->{results}\n"
                if exists $stats->{job}{top} ? $results < $stats->{results} : $results != $stats->{results};
            die "a partition: records or bytes, but not both\n" if grep { !$_->{records} != !$_->{bytes} } @partitions;
            my @from = map { exists $_->{from_hex} ? pack "H*", $_->{from_hex} : do { utf8::encode(my $key = $_->{from} // ""); $key } }
                @partitions;
            die "partitions are out of order\n" if grep { $from[$_] lt $from[$_ - 1] } 1 .. $#from;
        }
        for my $name (keys %{$stats->{activities}}) {
            my $sum = all(map { $_->{activities}{$name} } @{$stats->{lanes}});
            die "$name: $sum in lanes, $stats->{activities}{$name}\n" if abs($sum - $stats->{activities}{$name}) > 1e-3;
        }
        my @samples = @{$stats->{samples}};
        for my $i (1 .. $#samples) {
            die "samples are out of order\n" if $samples[$i]{at} < $samples[$i - 1]{at};
            for my $name (qw(input_bytes output_bytes spilled_bytes phase)) {
                die "$name shrinks\n" if $samples[$i]{$name} < $samples[$i - 1]{$name};
            }
        }
        die "the last sample is not of the end\n" if $done && $samples[-1]{input_bytes} != $stats->{input_bytes};
        '"${2:-}" "$1.json" 2>why.txt || fail "$1: $(cat why.txt)"
}

# job NAME ARGUMENT... - run a job that is done, and check its statistics.
job() {
    local name=$1
    shift
    run "$mr" run "$@" -o result --stats "$name.json"
    expect_status 0 "$name" && check "$name"
}

"$tools/random_input" "$seed" $((4 * 1024 * 1024 / scale)) many >text || exit 1
gzip -k text
"$tools/bgzf" 65280 <text >text.bgzf.gz || exit 1

# ---- jobs that are done

job fold wordcount text
job several wordcount text text.gz text.bgzf.gz text -j 3
job bgzf wordcount text.bgzf.gz --compress gzip
job map grep text --set pattern=a
job lines sort text
job group invertedindex text --memory 8M -j 2
job ordered wordcount text --sort value:desc --top 10
job inline wordcount text text.gz --inline
job counted grep text --set pattern=a --set line-numbers=yes
job empty wordcount /dev/null
ln text $'text \xff'
job bytes wordcount --set case=lower $'text \xff'
run "$mr" run wordcount - --stats pipe.json < <(cat text)
expect_status 0 "a pipe" && check pipe

# ---- jobs that are not

echo "it goes BOOM" >crash

run "$mr" run wordcount there_is_none --stats missing.json
expect_status 1 && check missing 'die "outcome\n" unless $stats->{outcome} eq "failed" && !@{$stats->{lanes}};'
run "$mr" run there_is_none text --stats unknown.json
expect_status 2 && check unknown
run "$mr" run "$build/tests/abi/crashes.so" crash --set what=segv -j 2 -o never --stats crashed.json
expect_status 1 && check crashed 'die "crash\n" unless $stats->{crash}{signal} eq "SIGSEGV" && $stats->{bound}{by};'

# ---- hot keys

awk -v seed="$seed" 'BEGIN {
    srand(seed)
    for (i = 0; i < 200000; i++) {
        at = rand()
        print (at < 0.4 ? "hot" : at < 0.6 ? "\377\376" : "key" int(rand() * 10000)), "some more text"
    }
}' >records
for kind in fold group; do
    job "hot_$kind" "$slow" records --set kind=$kind
    check "hot_$kind" '
        my ($first, $second, @others) = @{$stats->{hot_keys}};
        die "not 5 hot keys\n" unless @others == 3;
        die "the first is $first->{key}, $first->{share}\n" if $first->{key} ne "hot" || abs($first->{share} - 0.4) > 0.03;
        die "the second is not fffe\n" if $second->{key_hex} ne "fffe" || abs($second->{share} - 0.2) > 0.03;
        die "others are hot\n" if grep { $_->{share} > 0.01 } @others;'
done

# ---- partitions: all pairs of a group job, those of a hot key in one of them

check hot_group '
    my @partitions = @{$stats->{partitions}};
    my ($records, $most) = (all(map { $_->{records} } @partitions), 0);
    die "$records records of $stats->{records} pairs\n" if $records != $stats->{records} || @partitions < 2;
    $partitions[$_]{bytes} > $partitions[$most]{bytes} and $most = $_ for 0 .. $#partitions;
    my ($largest, $next) = @partitions[$most, $most + 1];
    die "the largest has $largest->{records}\n" if $largest->{records} < 0.37 * $records;
    die "hot is not in the largest, from $largest->{from}\n" if ($largest->{from} // "") gt "hot" || $next && $next->{from} le "hot";'

# ---- workers that are killed

head -n $((60000 / scale)) records >few
"$mr" run "$slow" few -j 2 --set map=$((40000 * scale)) -o result --stats killed.json 2>err &
job=$!
wait_for_workers $job 2
for victim in 1 2 3; do
    sleep 0.2
    read -r first _ < <(children_of "$job")
    kill -9 "$first" 2>/dev/null
done
wait $job
status=$?
expect_status 0 "a job whose workers are killed" && check killed '
    my $crashes = all(map { $_->{crashes} } @{$stats->{lanes}});
    die "$crashes crashes, $stats->{retries} retries\n" if $crashes != $stats->{retries} || !$crashes;
    my @told = grep { $_->{text} =~ /was killed by signal 9/ } @{$stats->{incidents}};
    die "incidents do not tell of $crashes crashes\n" if @told != $crashes;'

# ---- records that kill, and are left out: each twice on trial

awk 'NR % 2000 == 1000 { print "BOOM", NR } { print }' few >few_bad
bad=$(grep -c BOOM few_bad)
run "$mr" run "$build/tests/abi/crashes.so" few_bad -j 2 --set what=segv --skip-bad 100 -o result --stats bad.json
expect_status 0 "bad records" && check bad '
    my $trials = all(map { $_->{trial_crashes} } @{$stats->{lanes}});
    die "$stats->{bad_records} bad records of '"$bad"'\n" if $stats->{bad_records} != '"$bad"';
    die "$trials deaths on trial for $stats->{bad_records} bad records\n" if $trials < 2 * $stats->{bad_records};
    my @left_out = grep { exists $_->{left_out_by} } @{$stats->{incidents}};
    die scalar(@left_out), " are said to be left out\n" if @left_out != $stats->{bad_records};
    die "left out by nobody\n" if grep { !$stats->{lanes}[$_->{left_out_by}]{trial_crashes} } @left_out;'

# ---- what a job was bound by

head -n 20000 records >few
# All of them sleep, so they do so at a time.
# bound_by NAME BY WORDS ARGUMENT... - run a job in the background, which says that it was bound by that.
bound_by() {
    local name=$1 by=$2 words=$3
    shift 3
    bound+=("$name" "$by" "$words")
    "$mr" run "$@" --stats "$name.json" 2>"$name.err" &
}

bound=()
bound_by slow_map map mapping "$slow" few -j 1 --set map=60000 -o result1
bound_by slow_reduce reduce reducing "$slow" few -j 1 --set reduce=200000 -o result2
bound_by slow_open start starting "$slow" few -j 1 --set open=2000000000 -o result3
bound_by slow_close stop "the plugin's close" "$slow" few -j 1 --set close=2000000000 -o result4
bound_by slow_pipe read "waiting for /dev/fd/" wordcount <(sleep 2.5 && cat few) -o result5
bound_by slow_reader "reader of the output" "waiting for the reader of the output" "$slow" few --set kind=map \
    --set copies=20 > >(sleep 2.5 && cat >/dev/null)
wait
for ((i = 0; i < ${#bound[@]}; i += 3)); do
    name=${bound[i]} by=${bound[i + 1]} words=${bound[i + 2]}
    check "$name" 'die "not done\n" if $stats->{outcome} ne "done";
        die "bound by $stats->{bound}{by}\n" if $stats->{bound}{by} ne "'"$by"'";'
    grep -qF "bound by $words" "$name.err" || fail "$name: the summary is $(cat "$name.err")"
done
finish
