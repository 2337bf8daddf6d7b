#!/bin/bash
# The plugin header compiles without any warning in all languages that it promises, and a plugin in C++ runs.
source "$(dirname "$0")/../tools/testing.sh"
flags=(-Wall -Wextra -Wpedantic -Werror -I "$root/src" -fPIC -shared)

cat >plugin.c <<'END'
#include "mr.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_words words = mr_words_of(ctx, record, length, MR_WORDS_SPACE);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
    mr_count(ctx, mr_text("(line)"));
    /* What is not of the text at hand, and may not be read beyond its end. */
    int64_t number;
    if (length > 100 && mr_decimal_of(ctx, mr_text("7"), 0, &number)) mr_count(ctx, mr_text("a line of some length"));
}

MR_PLUGIN(.name = "c", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
END
cat >plugin.cpp <<'END'
#include "mr.h"

#include <string>

namespace {
void map(mr_ctx *ctx, char *record, size_t length) {
    std::string doubled(record, length);
    doubled += doubled;
    mr_count(ctx, mr_bytes(doubled.data(), doubled.size()));
}

void fill(mr_plugin *plugin) {
    plugin->name = "cpp";
    plugin->kind = MR_FOLD;
    plugin->fold_type = MR_FOLD_COUNT;
    plugin->map = map;
}
} // namespace

MR_PLUGIN_FROM(fill)
END
printf 'a b\na b\nc\n' >input

# compile COMPILER STANDARD SOURCE - at several levels of optimisation, for they warn of different things.
compile() {
    local level
    for level in -O0 -O2 '-O3 -march=native' -O3; do
        # shellcheck disable=SC2086 # a level may be two options
        run "$1" "-std=$2" $level "${flags[@]}" "$3" -o ./plugin.so
        [[ $status -eq 0 && ! -s err ]] && continue
        fail "$1 -std=$2 $level does not like mr.h"
        describe_run
    done
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for standard in c99 c11 c17; do
        compile $compiler $standard plugin.c
        run "$mr" run ./plugin.so input -q
        printf '(line)\t3\na\t2\nb\t2\nc\t1\n' >expected
        expect_status 0 "$compiler $standard" && expect_same expected out "$compiler $standard"
    done
done
for compiler in g++ clang++; do
    command -v $compiler >/dev/null || continue
    for standard in c++11 c++17; do
        compile $compiler $standard plugin.cpp
        run "$mr" run ./plugin.so input -q
        printf 'a ba b\t2\ncc\t1\n' >expected
        expect_status 0 "$compiler $standard" && expect_same expected out "$compiler $standard"
    done
done
finish
