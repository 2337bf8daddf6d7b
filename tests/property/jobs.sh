#!/bin/bash
# Job files: a chain of stages gives what the same commands give by hand, and a repetition what a loop of the shell gives,
# whatever the number of workers and the memory; and job.schema.json has the fields that the program knows.
source "$(dirname "$0")/../tools/testing.sh"
halve=$build/tests/abi/halve.so sides=$build/tests/abi/sides.so

# ---- a chain ----------------------------------------------------------------------------------------------------------

cat "$root"/datasets/*.txt >text
for ((i = 0; i < 40; i++)); do cat text; done >many
mkdir folder
cat >folder/chain.json <<END
{
  "parameters": {"input": {}, "here-it-is": {"default": "\${here}/found"}},
  "stages": [
    {"name": "last", "plugin": "$sides", "inputs": [{"stage": "lines"}, "many"], "side": {"known": {"stage": "lines"}},
     "output": "\${here-it-is}"},
    {"name": "count", "plugin": "wordcount", "inputs": {"stage": "lines"}, "set": {"words": "letters"}, "output": "counts"},
    {"name": "index", "plugin": "invertedindex", "inputs": [{"stage": "lines"}, {"stage": "count"}], "output": "index"},
    {"name": "lines", "plugin": "grep", "inputs": "\${input}", "set": {"pattern": "th", "ignore-case": true}}
  ]
}
END
"$mr" run grep many --set pattern=th --set ignore-case=yes -q >lines
"$mr" run wordcount lines --set words=letters -q >counts.expected
ln -s lines "stage lines"
cp counts.expected counts
"$mr" run invertedindex "stage lines" counts -q >index.expected
"$mr" run "$sides" lines many --side known=lines -q >found.expected
for how in "-j 1" "-j 2 --chunk 16K" "-j 2 --memory 4M"; do
    rm -f counts index folder/found
    # shellcheck disable=SC2086
    run "$mr" job folder/chain.json --set input=many $how
    expect_status 0 "$how"
    expect_same counts.expected counts "counts $how"
    expect_same index.expected index "index $how"
    expect_same found.expected folder/found "found $how"
done

# ---- a repetition -----------------------------------------------------------------------------------------------------

# by_hand TIMES - what halving the numbers so many times makes of them.
by_hand() {
    perl -ne 'BEGIN { $times = shift } print $_ >> $times, "\n"' "$1" numbers
}

seq 1 2000 >numbers
cat >loop.json <<END
{
  "parameters": {"most": {"default": 30}, "or": {"default": "fail"}},
  "stages": [
    {"name": "result", "plugin": "grep", "inputs": {"stage": "half"}, "set": {"pattern": "."}, "output": "result"},
    {"name": "half", "plugin": "$halve", "inputs": {"previous": "again", "first": "numbers"}, "output": "-"},
    {"name": "again", "plugin": "$halve", "inputs": {"stage": "half"}}
  ],
  "repeat": {"stages": ["again", "half"], "most": "\${most}", "or": "\${or}",
             "until": {"stage": "again", "counter": "left", "below": 1}}
}
END
for how in "-j 1" "-j 2 --chunk 1K"; do
    # shellcheck disable=SC2086
    run "$mr" job loop.json $how
    expect_status 0 "$how"
    by_hand 11 >expected # 2000 is 0 after eleven halvings, in the first stage of the sixth round
    expect_same expected out "standard output $how"
    expect_same expected result "result $how"
    grep -q '^mr: stage again, round 6: ' err || fail "there is no sixth round"
    grep -q 'round 7' err && fail "there is a seventh round"
done
run "$mr" job loop.json --set most=2 --set or=stop -q
expect_status 0 && expect_error "after 2 rounds the counter left of stage again is" "not below 1; the last round counts"
by_hand 3 >expected
expect_same expected out "two rounds"
rm result
run "$mr" job loop.json --set most=2 -q
expect_status 1 && expect_error "after 2 rounds the counter left of stage again is" 'allow more rounds ("most")'
[[ ! -s out && ! -e result ]] || fail "there is output of a repetition that has failed"

# So many rounds, without a condition; a side file of the round before.
cat >side.json <<END
{
  "stages": [{"name": "add", "plugin": "$halve", "inputs": "numbers",
              "side": {"more": {"previous": "add", "first": "first"}}, "output": "result"}],
  "repeat": {"stages": ["add"], "most": 4}
}
END
echo 100 >first
run "$mr" job side.json
expect_status 0
# The first number is 1/2 + 100 = 100, and stays so.
perl -ne 'print int($_ / 2) + 100, "\n"' numbers >expected
expect_same expected result "side files of rounds"

# Many rounds need no more open files than few.
cat >rounds.json <<END
{
  "stages": [{"name": "half", "plugin": "$halve", "inputs": {"previous": "half", "first": "numbers"}, "output": "result"}],
  "repeat": {"stages": ["half"], "most": 60}
}
END
has_sanitizer || ulimit -n 60
run "$mr" job rounds.json -j 1 -q
expect_status 0 "sixty rounds"

# ---- the schema -------------------------------------------------------------------------------------------------------

schema=$root/src/cli/job.schema.json
perl -MJSON::PP -e 1 2>/dev/null || finish
fields() {
    perl -MJSON::PP -e 'local $/; open F, "<", shift; my $at = decode_json(<F>); $at = $at->{$_} for @ARGV;
        print "$_\n" for sort keys %$at' "$schema" "$@"
}
# What the program calls a field of a stage: the long options of its help, and those that a stage has by itself.
"$mr" help | grep -oE -e '--[a-z]+(-[a-z]+)*' | sed 's/^--//' | sort -u >options
known() {
    printf '{"stages": [{"name": "a", "plugin": "wordcount", "inputs": "text", "%s": ""}]}' "$1" >field.json
    run "$mr" job field.json --check
    ! grep -q 'no such field' err
}
fields '$defs' stage properties >properties
while read -r name; do
    known "$name" || fail "the schema has the field $name, which the program does not know"
done <properties
while read -r name; do
    ! known "$name" || grep -qx -- "$name" properties || fail "the schema has not the field $name"
done <options
[[ $(fields properties | paste -sd' ') == "about parameters repeat stages" ]] || fail "other fields of a job file"
[[ $(fields properties repeat properties | paste -sd' ') == "most or stages until" ]] || fail "other fields of repeat"
[[ $(fields properties repeat properties until properties | paste -sd' ') == "below counter is stage" ]] ||
    fail "other fields of until"
# Schema and program are of one mind about whole files.
agree() {
    perl "$root/tests/tools/schema.pl" "$schema" "$1" >/dev/null
    local by_schema=$?
    run "$mr" job "$1" --check "${@:2}"
    [[ $((status == 0)) -eq $((by_schema == 0)) ]] || fail "schema ($by_schema) and program ($status) differ: $(cat "$1" err)"
}
rm field.json
perl "$root/tests/tools/schema.pl" "$schema" "$root"/plugins/*.json *.json folder/*.json >wrong.txt || fail "the schema refuses $(cat wrong.txt)"
rm -rf folder
stage='"name": "a", "plugin": "wordcount", "inputs": "text", "output": "-"'
while read -r json; do
    echo "$json" >one.json
    agree one.json
done <<END
{"stages": [{$stage}]}
{"stages": [{$stage, "top": 5, "memory": "64M", "header": true, "set": {"words": "letters"}}]}
{"stages": [{$stage, "top": null}]}
{"stages": [{$stage, "colour": "red"}]}
{"stages": [{$stage, "inline": true}]}
{"stages": [{$stage, "set": {"words": ["letters"]}}]}
{"stages": [{$stage, "side": {"x": {"stage": "a", "first": "text"}}}]}
{"stages": [{$stage, "side": {"x": 7}}]}
{"stages": [{"name": "a b", "plugin": "wordcount", "inputs": "text", "output": "-"}]}
{"stages": [{"name": "a", "plugin": "wordcount", "inputs": [], "output": "-"}]}
{"stages": [{"name": "a", "plugin": "wordcount", "output": "-"}]}
{"stages": [{"name": "a", "inputs": "text", "output": "-"}]}
{"stages": [{$stage}], "about": 5}
{"stages": [{$stage}], "parameters": {"k": {"default": 5, "help": "h"}}}
{"stages": [{$stage}], "parameters": {"k": 5}}
{"stages": [{$stage}], "parameters": {"k_": {"default": 5}}}
{"stages": [{$stage}], "repeat": {"stages": ["a"], "most": 3}}
{"stages": [{$stage}], "repeat": {"stages": ["a"]}}
{"stages": [{$stage}], "repeat": {"stages": ["a"], "most": -1}}
{"stages": [{$stage}], "repeat": {"stages": ["a"], "most": 3, "until": {"stage": "a", "counter": "x", "is": 0, "below": 1}}}
{"stages": [{$stage}], "repeat": {"stages": ["a"], "most": 3, "until": {"stage": "a", "counter": "x", "below": 1}}}
{"stages": []}
{}
END

finish
