#!/bin/bash
# Help: the first screen fits on one of 24 lines of 80 columns, every command explains itself in the same words by `mr help
# COMMAND` and `mr COMMAND --help`, and every plugin by `mr help PLUGIN` and `mr run PLUGIN --help`.
source "$(dirname "$0")/../tools/testing.sh"

commands=$("$mr" complete -- mr "" | cut -f1 | grep -v '^-')
[[ $(wc -w <<<"$commands") -ge 7 ]] || fail "there are few commands"

"$mr" help >screen
[[ $(wc -l <screen) -le 24 ]] || fail "the first screen has $(wc -l <screen) lines"
for spelling in --help -h; do
    run "$mr" $spelling
    expect_status 0 "$spelling" && expect_same screen out "mr $spelling"
done
run "$mr"
[[ $status -eq 2 ]] || fail "without a command the exit status is $status"
expect_same screen err "mr without a command"

for command in $commands; do
    [[ $command == complete ]] || grep -q "^  mr $command\b" screen || fail "the first screen does not have $command"
    run "$mr" help "$command"
    expect_status 0 "help of $command"
    [[ $(head -n 1 out) == "mr $command"* && $(wc -l <out) -gt 2 ]] || fail "help of $command says little"
    mv out help
    run "$mr" "$command" --help
    expect_status 0 "$command --help" && expect_same help out "mr $command --help"
    run "$mr" "$command" -h
    expect_status 0 "$command -h" && expect_same help out "mr $command -h"
    awk -v name="$command" 'length > 80 { print name ": " $0 }' help >>wide
done
awk 'length > 80' screen >>wide
[[ ! -s wide ]] || fail "lines of help are wider than 80 columns: $(cat wide)"

for plugin in $("$mr" list | cut -d ' ' -f 1); do
    run "$mr" help "$plugin"
    expect_status 0 "help of $plugin"
    mv out help
    run "$mr" run --help "$plugin"
    expect_status 0 "run --help $plugin" && expect_same help out "mr run --help $plugin"
    grep -q "^  mr run $plugin .*INPUT$" help || fail "help of $plugin has no example"
    # What has to be set is set in the example.
    for option in $(grep -B 3 '(required)' help | sed -n 's/^  --set \([^=]*\)=.*/\1/p' | tail -n 1); do
        grep -q "^  mr run .*--set $option=" help || fail "the example of $plugin does not set $option"
    done
done

"$mr" help kmeans >help
grep -q "^There is a job of this name, which runs it: mr job kmeans --help" help || fail "help of kmeans has no job"
"$mr" help grep >help
grep -q "There is a job" help && fail "help of grep has a job"

# A plugin by its path.
cp "$build/plugins/wordcount.so" mine.so
"$mr" help ./mine.so >help
grep -q '^mr run ./mine.so INPUT' help || fail "help of a path does not say how it is called"
grep -q '^  --set words=space|letters' help || fail "help of a path has no options"
run "$mr" help ./none.so
expect_status 1 "help of a path where nothing is" && expect_error "./none.so"
run "$mr" help nonesuch
expect_status 2 "help of a plugin that there is not" && expect_error "there is no plugin 'nonesuch'"

# Help that cannot be written is a failure.
"$mr" help run >/dev/full 2>err && fail "help was written to a full device"
grep -q '^mr: could not write to standard output: No space' err || fail "a full device is not named: $(cat err)"
finish
