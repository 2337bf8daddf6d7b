#!/bin/bash
# make install puts everything in its place, from where it works; make uninstall takes all of that away and nothing else.
source "$(dirname "$0")/../tools/testing.sh"
unset MAKEFLAGS # of a make that runs the tests

prefix=$work/prefix

# make_target TARGET [VARIABLE=VALUE...] - run a target of the Makefile on what is built already.
make_target() {
    make -s -C "$root" -o all BUILD="$build" PREFIX="$prefix" "$@" >make.out 2>&1 || fail "make $*: $(cat make.out)"
}

# list_tree - print what is below the prefix: names, and what files hold.
list_tree() {
    (cd "$prefix" && find . -type d | sort && find . -type f -exec cksum {} + | sort && find . -type l -printf '%p %l\n' | sort)
}

# Into a folder that is not there yet, and out of it again.
make_target install
for file in bin/mr lib/mr/plugins/wordcount.so lib/mr/plugins/kmeans.json include/mr.h include/libmr.h include/mp/mp.h \
    lib/libmp.a lib/libmr.a lib/libmr.so.0 lib/pkgconfig/libmr.pc lib/pkgconfig/mr.pc share/man/man1/mr.1 share/man/man5/mr-plugin.5 share/mr/job.schema.json \
    share/bash-completion/completions/mr share/zsh/site-functions/_mr \
    share/doc/mr/README.md share/doc/mr/datasets/server.log share/doc/mr/datasets/pages/index.html; do
    [[ -s $prefix/$file ]] || fail "$file is not installed"
done
[[ $(readlink "$prefix/lib/libmr.so") == libmr.so.0 ]] || fail "lib/libmr.so is no link to libmr.so.0"
grep -rq '@[A-Z]*@' "$prefix/lib/pkgconfig" && fail "something in pkgconfig is not filled in"
make_target uninstall
[[ ! -e $prefix ]] || fail "left behind: $(find "$prefix")"

# Beside the files of others.
mkdir -p "$prefix/bin" "$prefix/lib/mr/plugins" "$prefix/share/empty" "$prefix/include"
echo theirs >"$prefix/bin/other"
echo theirs >"$prefix/lib/mr/plugins/mine.so"
list_tree >before
make_target install
make_target install INSTALL_STRIP=1
cp "$prefix/share/mr/installed" noted
echo "lib/mr/plugins/old.so" >>"$prefix/share/mr/installed" # of an older version
echo old >"$prefix/lib/mr/plugins/old.so"
make_target install
[[ ! -e $prefix/lib/mr/plugins/old.so ]] || fail "what an older version had installed is still there"
expect_same noted "$prefix/share/mr/installed" "what is noted, when it is installed again"

# It works from there.
printf 'one fish\ntwo fish\n' >text
printf 'fish\t2\none\t1\ntwo\t1\n' >expected
run "$prefix/bin/mr" run wordcount text -q
expect_status 0
expect_same expected out "mr run wordcount, installed"

# So does writing a plugin, with mr alone, with a compiler, and in C++.
run "$prefix/bin/mr" new words
run "$prefix/bin/mr" run ./words.c text -q
expect_status 0 "a plugin from source, installed"
expect_same expected out "a plugin from source, installed"
if command -v pkg-config >pkg-config.path; then
    read -ra flags <<<"$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags mr)"
    sed 's/"mr.h"/<mr.h>/' words.c >angle.c
    cc "${flags[@]}" -shared -fPIC angle.c -o words.so || fail "mr.pc does not say where mr.h is"
    run "$prefix/bin/mr" run ./words.so text -q
    expect_status 0 "a plugin that was compiled by hand" && expect_same expected out "a plugin that was compiled by hand"
    cat >plus.cc <<'END'
#include <mr.h>
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    for (mr_slice word; mr_next(&words, &word);)
        mr_count(ctx, word);
}
static void fill(mr_plugin *plugin) {
    plugin->name = "plus";
    plugin->kind = MR_FOLD;
    plugin->fold_type = MR_FOLD_COUNT;
    plugin->map = map;
}
MR_PLUGIN_FROM(fill)
END
    if command -v c++ >c++.path; then
        c++ -Wall -Wextra -Wpedantic -Werror -std=c++11 "${flags[@]}" -shared -fPIC plus.cc -o plus.so || fail "no plugin in C++"
        run "$prefix/bin/mr" run ./plus.so text -q
        expect_status 0 "a plugin in C++" && expect_same expected out "a plugin in C++"
    fi
fi

# Where a package is being made, the paths are those of the place where it will be.
make_target install DESTDIR="$work/root" PREFIX=/opt/mr
grep -qx 'prefix=/opt/mr' "$work/root/opt/mr/lib/pkgconfig/mr.pc" || fail "mr.pc names another place than PREFIX"
run "$work/root/opt/mr/bin/mr" run ./words.c text -q
expect_status 0 "with DESTDIR" && expect_same expected out "with DESTDIR"

# So do programs that embed it; those that are compiled here have no sanitizers.
if command -v pkg-config >pkg-config.path && ! grep -qaE '__(asan|ubsan)_' "$mr"; then
    export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
    read -ra flags <<<"$(pkg-config --cflags --libs libmr)"
    read -ra static_flags <<<"$(pkg-config --cflags --libs --static libmr)"
    printf '1. fish: 2\n2. one: 1\n3. two: 1\n2 lines, 18 bytes\n' >expected
    cc -Wall -Wextra -Wpedantic -Werror -std=c99 "$root/tests/embedding/count_files.c" -o shared "${flags[@]}" || fail "no shared program"
    LD_LIBRARY_PATH=$prefix/lib run ./shared text
    expect_status 0
    expect_same expected out "a program with libmr.so"
    sed -n '/^    #include <libmr.h>/,/^    }$/s/^    //p' "$root/README.md" >count.c
    cc -O2 -Wall -Wextra -Werror count.c -o count "${flags[@]}" || fail "the program of README.md does not compile"
    LD_LIBRARY_PATH=$prefix/lib run ./count
    expect_status 0 && expect_same <(printf 'fish\t2\none\t1\ntwo\t1\n') out "the program of README.md"
    cc "$root/tests/embedding/count_files.c" -o static "${static_flags[@]/-lmr/-l:libmr.a}" || fail "no static program"
    MR_PLUGIN_PATH=$prefix/lib/mr/plugins run ./static text
    expect_status 0
    expect_same expected out "a program with libmr.a"
    if command -v c++ >c++.path; then
        cp "$root/tests/embedding/count_files.c" count.cc
        c++ -Wall -Wextra -Wpedantic -Werror -std=c++11 count.cc -o plus "${flags[@]}" || fail "no program in C++"
        LD_LIBRARY_PATH=$prefix/lib run ./plus text
        expect_same expected out "a program in C++"
    fi
fi

# The library gives away the names of its header, and no others.
grep -o '^MR_LIBRARY .*(' "$root/src/libmr.h" | sed 's/($//; s/.*[ *]//' | sort >declared
nm -D --defined-only "$prefix/lib/libmr.so.0" | sed -n 's/.* T \([^@]*\).*/\1/p' | grep -v '^_' | sort >shared.names
expect_same declared shared.names "names in libmr.so"
nm -g --defined-only "$prefix/lib/libmr.a" | sed -n 's/.* [A-Z] //p' | sort >static.names
expect_same declared static.names "names in libmr.a"

make_target uninstall
list_tree >after
expect_same before after "make uninstall"
make -s -C "$root" uninstall PREFIX="$prefix" >make.out 2>&1 && fail "what is not installed can be uninstalled"
grep -q '^mr: nothing is installed' make.out || fail "make uninstall, once more: $(cat make.out)"

finish
