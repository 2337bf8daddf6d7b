#!/bin/bash
# What 'mr new' writes compiles without a warning in all versions of C that mr.h promises, and runs as it is; 'mr build'
# and 'mr run ./NAME.c' make the same of it. Paths of plugins may be those of sources wherever a plugin is asked for.
source "$(dirname "$0")/../tools/testing.sh"
input=$root/datasets/bakery.txt
flags=(-Wall -Wextra -Wpedantic -Werror -I "$root/src" -fPIC -shared)

tr -cs 'A-Za-z' '\n' <"$input" | tr 'A-Z' 'a-z' | sed '/^$/d' | sort | uniq -c | awk '{ print $2 "\t" $1 }' >expected.fold
perl -ne 'BEGIN { $at = 0 } push @{$places{lc $_}}, $at for /[A-Za-z]+/g; $at += length;
          END { for (sort keys %places) { my @all = @{$places{$_}}; print "$_\t@all[0 .. ($#all < 4 ? $#all : 4)]\n" } }' \
    "$input" >expected.group
awk 'NF { print $1 }' "$input" >expected.map

for kind in fold group map; do
    run "$mr" new "my$kind" --kind $kind
    expect_status 0 "mr new --kind $kind" || continue
    grep -qF "mr run ./my$kind.c" out || fail "mr new does not say what to type next"
    grep -q template_name "my$kind.c" && fail "a template keeps its own name"
    for compiler in gcc clang; do
        command -v $compiler >/dev/null || continue
        for flag in "-std=c99 -O3" "-std=c11 -O0" "-std=c17 -O3"; do
            # shellcheck disable=SC2086 # two options
            run $compiler $flag "${flags[@]}" "my$kind.c" -o compiled.so
            [[ $status -eq 0 && ! -s err ]] && continue
            fail "$compiler $flag does not like what mr new --kind $kind writes"
            describe_run
        done
    done
    run "$mr" run "./my$kind.c" "$input" -q
    expect_status 0 "$kind" && expect_same "expected.$kind" out "$kind"
    [[ ! -s err ]] || fail "mr run ./my$kind.c has something to say: $(cat err)"
    run "$mr" build "my$kind.c"
    expect_status 0 "mr build" && [[ ! -s out && ! -s err ]] || fail "mr build is not silent"
    run "$mr" run "./my$kind.so" "$input" -q -j 2
    expect_status 0 "$kind.so" && expect_same "expected.$kind" out "$kind.so"
    run "$mr" help "my$kind.c"
    expect_status 0 "mr help" && grep -q -- "--set" out || fail "mr help my$kind.c shows no option"
done
run "$mr" new myfold
expect_status 1 "a file that is there" && expect_error "myfold.c is there already" "--force"
echo mine >mine.c
run "$mr" new mine --force
expect_status 0 "--force" && ! grep -qx mine mine.c || fail "--force does not write over a file"
run "$mr" new other -o mine.c --force
expect_status 0 "another file" && grep -q '"other"' mine.c || fail "-o is not heeded"

run "$mr" new "" -o nameless.c
expect_status 2 "no name" && expect_error "'' is no name for a plugin"
[[ ! -e nameless.c ]] || fail "mr new has written a plugin without a name"
cp mine.c before.c
ln mine.c link.so
for output in mine.c ./mine.c link.so; do
    run "$mr" build mine.c -o $output
    expect_status 2 "the source itself" && expect_error "--output $output is the source itself"
    cmp -s mine.c before.c || fail "mr build has written over its source"
done
echo text >plain.txt
run "$mr" run ./plain.txt "$input"
expect_status 1 "no plugin" && expect_error "could not load the plugin" "such as mine.so, or a source file"

# A whole job: options and counters, records that are rejected, a job file.
run "$mr" run ./myfold.c "$input" --set least=4 --top 1
expect_status 0 "an option" && expect_error "counter short words left out = "
run "$mr" run ./myfold.c "$input" --set least=0
expect_status 1 "mr_fail" && expect_error "plugin myfold failed in open" "least"
printf 'a b\n\0c\nd e\n' >strange
run "$mr" run ./mymap.c strange --skip-bad 1 --bad kept.jsonl -q
printf 'a\nd\n' >expected
expect_status 0 "a rejected record" && expect_same expected out "a rejected record"
echo '{"stages": [{"name": "all", "plugin": "./myfold.c", "inputs": ["'"$input"'"], "output": "all.tsv"}]}' >job.json
run "$mr" job job.json -q
expect_status 0 "a job file" && expect_same expected.fold all.tsv "a job file"

# Plugins that come with mr and have libraries and headers of their own, from their sources.
for plugin in accesslog grep groupby kmeans linkgraph; do
    run "$mr" help "$root/plugins/$plugin.c"
    expect_status 0 "$plugin.c" && grep -q "^$plugin - " out || fail "mr help $plugin.c prints something else"
done

# C++, in the standard of the compiler and in older ones.
for ending in cpp cc cxx; do
    cat >plus.$ending <<'END_OF_PLUS'
#include "mr.h"

#include <algorithm>
#include <string>

namespace {
void map(mr_ctx *ctx, char *line, size_t length) {
    std::string text(line, length);
    std::sort(text.begin(), text.end());
    mr_count(ctx, mr_bytes(text.data(), text.size()));
}

void fill(mr_plugin *plugin) {
    plugin->name = "plus";
    plugin->kind = MR_FOLD;
    plugin->fold_type = MR_FOLD_COUNT;
    plugin->map = map;
}
} // namespace

MR_PLUGIN_FROM(fill)
END_OF_PLUS
done
command -v g++ >/dev/null || finish
printf 'ab\nba\nc\n' >letters
printf 'ab\t2\nc\t1\n' >expected
for ending in cpp cc cxx; do
    run "$mr" run plus.$ending letters -q
    expect_status 0 ".$ending" && expect_same expected out ".$ending"
done
for standard in c++11 c++17 c++20; do
    run env MR_CXXFLAGS="-O2 -std=$standard -Wall -Wextra -Wpedantic -Werror" "$mr" run ./plus.cpp letters -q
    expect_status 0 $standard && expect_same expected out $standard
done
finish
