#!/bin/bash
# Plugins that mr compiles itself: what was compiled is kept in the user's cache, privately, and compiled again when
# anything of it is another; nothing is left behind, whoever is killed; and mr works where there can be no cache.
source "$(dirname "$0")/../tools/testing.sh"
printf 'b\na\nb\n' >input
printf 'a\t1\nb\t2\n' >expected

# write_plugin FILE KEY [LINES] - a plugin that counts lines, with the text KEY before each; the second line of it is LINES.
write_plugin() {
    cat >"$1" <<END
#include "mr.h"
${3:-}
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_append(ctx, mr_text($2));
    mr_append(ctx, mr_bytes(line, length));
    mr_count(ctx, mr_appended(ctx));
}
MR_PLUGIN(.name = "counted", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
END
}

# A compiler that notes that it was called, and waits while there is a file wait.
mkdir bin
cat >bin/noting <<END
#!/bin/bash
echo . >>$work/calls
while [[ -e $work/wait ]]; do echo >"\$TMPDIR/intermediate"; sleep 0.02; done
exec gcc "\$@"
END
chmod +x bin/noting
export CC=$work/bin/noting

# compiles TIMES WHAT COMMAND... - the command works, prints what it should, and calls the compiler so often.
compiles() {
    local times=$1 what=$2
    shift 2
    : >calls
    run "$@"
    expect_status 0 "$what" || return
    expect_same expected out "$what"
    [[ $(wc -l <calls) -eq $times ]] || fail "$what: the compiler was called $(wc -l <calls) times, not $times"
}

nothing_left() {
    [[ -z $(ls -A "$TMPDIR") ]] || fail "$1: TMPDIR holds $(ls -RA "$TMPDIR")"
}

# ---- the cache

cache=$XDG_CACHE_HOME/mr
write_plugin count.c '""'
compiles 1 "the first time" "$mr" run ./count.c input -q
compiles 0 "the second time" "$mr" run ./count.c input -q -j 2
compiles 0 "alone" "$mr" run ./count.c input -q --inline
[[ $(stat -c %a "$cache") == 700 ]] || fail "the folder has mode $(stat -c %a "$cache")"
[[ -z $(find "$cache" -type f ! -perm 600) ]] || fail "others may read $(find "$cache" -type f ! -perm 600)"
compiles 1 "other flags" env MR_CFLAGS=-O1 "$mr" run ./count.c input -q
compiles 0 "the flags of before" "$mr" run ./count.c input -q
compiles 1 "another folder of headers" env CPATH="$work" "$mr" run ./count.c input -q
touch bin/noting
compiles 1 "another compiler" "$mr" run ./count.c input -q
touch count.c
compiles 0 "a source that is new, but the same" "$mr" run ./count.c input -q
write_plugin count.c '"-"'
printf -- '-a\t1\n-b\t2\n' >expected
compiles 1 "another source" "$mr" run ./count.c input -q
write_plugin count.c '""'
printf 'a\t1\nb\t2\n' >expected
compiles 0 "the source of before" "$mr" run ./count.c input -q

# Headers: one that changes, one that takes the place of another, one that is gone. What is as new as the start of the
# compiler is not kept, hence the pauses.
export MR_CFLAGS=-O0
mkdir -p project/near project/far
write_plugin project/count.c 'KEY " "' '#include "key.h" // mr:'
sed -i '2a// mr: -Inear -Ifar' project/count.c
# with_header FILE KEY - now that the header says KEY the plugin does, too, and is compiled once.
with_header() {
    echo "#define KEY \"$2\"" >"$1"
    printf '%s a\t1\n%s b\t2\n' "$2" "$2" >expected
    sleep 0.05
    compiles 1 "$1 with $2" "$mr" run project/count.c input -q
    compiles 0 "$1 with $2 again" "$mr" run project/count.c input -q
}
with_header project/far/key.h far
with_header project/near/key.h near
with_header project/near/key.h nearer
with_header project/key.h here
rm project/key.h project/near/key.h
printf 'far a\t1\nfar b\t2\n' >expected
compiles 1 "a header that is gone" "$mr" run project/count.c input -q
rm project/far/key.h
run "$mr" run project/count.c input -q
[[ $status -eq 1 ]] || fail "a missing header: exit status $status"
expect_error "project/count.c:2" "key.h" "mr: project/count.c does not compile"
printf 'a\t1\nb\t2\n' >expected

# Folders that variables name, and what is linked.
cat >project/linked.c <<'END'
// mr: -lkeys
#include "mr.h"
#include <key.h>
extern const char key[];
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_append(ctx, mr_text(KEY));
    mr_append(ctx, mr_text(key));
    mr_append(ctx, mr_bytes(line, length));
    mr_count(ctx, mr_appended(ctx));
}
MR_PLUGIN(.name = "linked", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
END
# with_library KEY - now there is a library that says KEY.
with_library() {
    echo "const char key[] = \"$1 \";" | gcc -fPIC -x c -c -o keys.o -
    rm -f libkeys.a && ar rc libkeys.a keys.o
    sleep 0.05
}
# linked_compiles WHAT KEYS - it is compiled once, and prints these keys.
linked_compiles() {
    printf '%s a\t1\n%s b\t2\n' "$2" "$2" >expected
    compiles 1 "$1" "$mr" run project/linked.c input -q
    compiles 0 "$1, again" "$mr" run project/linked.c input -q
}
echo '#define KEY "far "' >project/far/key.h
with_library one
export CPATH=$work/project/near:$work/project/far LIBRARY_PATH=$work
linked_compiles "a folder of CPATH" "far one"
echo '#define KEY "near "' >project/near/key.h
sleep 0.05
linked_compiles "another folder of CPATH" "near one"
with_library two
linked_compiles "a library of LIBRARY_PATH" "near two"
unset LIBRARY_PATH
export MR_CFLAGS="-O0 -L."
linked_compiles "other flags" "near two"
with_library three
linked_compiles "a library of -L" "near three"
export MR_CFLAGS=@flags
echo "-O0 -L." >flags
sleep 0.05
linked_compiles "a file with flags" "near three"
echo "-O0 -g -L." >flags
sleep 0.05
linked_compiles "a file with other flags" "near three"
unset CPATH
export MR_CFLAGS=-O0
printf 'a\t1\nb\t2\n' >expected

# Bounds: what was used last stays, and what is in use.
touch -d '2 days ago' "$cache"/old{1..140}.so
exec 9<"$cache/old140.so"
flock -s 9
write_plugin count.c '""' '/* new */'
compiles 1 "a full cache" "$mr" run ./count.c input -q
[[ $(ls "$cache" | wc -l) -le 129 && -e $cache/old140.so ]] || fail "the cache holds $(ls "$cache" | wc -l) files"
exec 9<&-
compiles 0 "a full cache" "$mr" run ./count.c input -q
truncate -s 300M "$cache/huge.so"
touch -d '1 day ago' "$cache/huge.so" "$cache/.new-XXXXXX"
write_plugin count.c '""' '/* newer */'
compiles 1 "a cache with too much in it" "$mr" run ./count.c input -q
[[ ! -e $cache/huge.so && ! -e $cache/.new-XXXXXX ]] || fail "the cache keeps what it should not"

# ---- no cache

# not_kept WHAT [TEXT] - compiled every time; with TEXT the user is told why.
not_kept() {
    for _ in 1 2; do
        compiles 1 "$1" "$mr" run ./count.c input -q
        [[ -z ${2:-} ]] || expect_error "compiled every time" "$2" XDG_CACHE_HOME
        [[ -n ${2:-} || ! -s err ]] || fail "$1: says $(cat err)"
    done
    nothing_left "$1"
}
mkdir -p other/mr && chmod 777 other/mr
XDG_CACHE_HOME=$work/other not_kept "a folder that all may write to" "can be written to by others"
chmod 755 other/mr && chmod 777 other
XDG_CACHE_HOME=$work/other not_kept "a folder above it that all may write to" "can be written to by others"
chmod 755 other && rmdir other/mr && mkdir elsewhere && ln -s ../elsewhere other/mr
XDG_CACHE_HOME=$work/other not_kept "a link" "is no folder"
if [[ $(id -u) -eq 0 ]]; then
    rm other/mr && mkdir -m 700 other/mr && chown 65534 other/mr
    XDG_CACHE_HOME=$work/other not_kept "a folder of another user" "belongs to another user"
fi
XDG_CACHE_HOME=/proc not_kept "a file system that takes nothing"
XDG_CACHE_HOME='' HOME='' not_kept "no home"
mkdir noexec
if [[ $(id -u) -eq 0 ]] && unshare -m mount -t tmpfs -o noexec none noexec 2>/dev/null; then
    # shellcheck disable=SC2016 # for the other shell
    compiles 1 "a file system that runs nothing" \
        unshare -m bash -c 'mount -t tmpfs -o noexec none noexec; XDG_CACHE_HOME=$PWD/noexec exec "$@"' bash "$mr" run ./count.c input -q
    expect_error "compiled every time" noexec XDG_CACHE_HOME
fi
mkdir home
compiles 1 "a home folder" env -u XDG_CACHE_HOME HOME="$work/home" "$mr" run ./count.c input -q
compiles 0 "a home folder" env -u XDG_CACHE_HOME HOME="$work/home" "$mr" run ./count.c input -q
[[ $(stat -c %a home/.cache home/.cache/mr | xargs) == "700 700" ]] || fail "modes of ~/.cache and ~/.cache/mr"

# A worker that is replaced loads the plugin again, also when that is in memory; the crash card knows its source.
export MR_CFLAGS="-O0 -g"
write_plugin crash.c '(length == 1 && *line == 98 ? abort() : (void)0, "")' '#include <stdlib.h>'
for where in "$XDG_CACHE_HOME" /proc; do
    run env XDG_CACHE_HOME="$where" "$mr" run ./crash.c input -q
    expect_status 1 "a crash" && expect_error "plugin    ./crash.c" "crash.c:4" "record    b" \
        "gdb --args $mr run --inline ./crash.c input"
done
if command -v gdb >/dev/null && ! has_sanitizer; then
    XDG_CACHE_HOME=/proc gdb -batch -ex run -ex bt --args "$mr" run --inline ./crash.c input >shown 2>&1 </dev/null
    grep -q 'crash.c:4' shown || fail "gdb does not see the source: $(tail -5 shown)"
fi
unset MR_CFLAGS

# ---- several at once, and ends

write_plugin count.c '""' '/* at once */'
for i in 1 2 3 4; do
    "$mr" run ./count.c input -q >"out$i" 2>"err$i" &
done
wait
for i in 1 2 3 4; do
    cmp -s expected "out$i" && [[ ! -s err$i ]] || fail "four at once: $(cat "out$i" "err$i")"
done
compiles 0 "after four at once" "$mr" run ./count.c input -q

# ended SIGNAL STATUS - mr is struck while the compiler is at work, and nothing remains of either.
ended() {
    local process attempt
    write_plugin count.c '""' "/* $1 */"
    : >calls
    : >"wait"
    # A shell lets what it runs in the background ignore SIGINT.
    perl -e '$SIG{INT} = "DEFAULT"; setpgrp; exec @ARGV' "$mr" run ./count.c input -q >out 2>err &
    process=$!
    for ((attempt = 0; attempt < 500; attempt++)); do
        compgen -G "$TMPDIR/mr-compile-*/intermediate" >/dev/null && break
        sleep 0.02
    done
    kill -"$1" -- -$process
    wait $process 2>/dev/null
    status=$?
    [[ $status -eq $2 ]] || fail "SIG$1 while compiling: exit status $status"
    # Whoever is killed leaves the rest to others, who take a moment.
    for ((attempt = 0; attempt < 100 && $2 == 137; attempt++)); do
        [[ -z $(ls -A "$TMPDIR") ]] && break
        sleep 0.02
    done
    nothing_left "SIG$1"
    [[ -z $(find "$cache" -name '.new-*') ]] || fail "SIG$1 leaves a file in the cache"
    rm wait
    compiles 1 "after SIG$1" "$mr" run ./count.c input -q
}
ended INT 130
ended TERM 143
ended HUP 129
ended KILL 137

# ---- mistakes

# refuses WHAT TEXT... - mr run ./wrong.c fails, and says TEXT.
refuses() {
    run "$mr" run ./wrong.c input
    [[ $status -eq 1 ]] || fail "$1: exit status $status"
    expect_error "${@:2}"
}
write_plugin wrong.c no_such_key
refuses "an error of the compiler" "./wrong.c:4" no_such_key "mr: ./wrong.c does not compile: "
run "$mr" build wrong.c
[[ $status -eq 1 && ! -e wrong.so ]] || fail "mr build makes something of a source that does not compile"
write_plugin wrong.c '""' '#define mr_count no_such_function'
refuses "a function that is nowhere" no_such_function "mr: ./wrong.c does not compile: "
write_plugin wrong.c '""' '/* mr: -lm -Wl,-z,now */'
refuses "a flag" "./wrong.c:2" "-Wl,-z,now" MR_CFLAGS
write_plugin wrong.c '""' '/* mr: -lm;id */'
refuses "a library" "-lm;id"
echo 'typedef int nothing;' >wrong.c
refuses "no plugin" "./wrong.c is no mr plugin"
rm wrong.c
refuses "no source" ./wrong.c
run env CC=no-such-compiler "$mr" run ./count.c input
expect_status 1 "no such compiler" && expect_error no-such-compiler CC
run env -u CC PATH=/nowhere "$mr" run ./count.c input
expect_status 1 "no compiler" && expect_error "install gcc"
write_plugin ./-count.c '""' '/* mr: -DTWO=1 -lm */'
compiles 1 "a name that looks like a flag" "$mr" run -q -- -count.c input
mkdir "a b"
# shellcheck disable=SC2016 # a $ in a name
strange='a b/c$d #.c'
write_plugin "$strange" '""' '#include "e f.h"'
: >'a b/e f.h'
sleep 0.05
compiles 1 "a strange name" "$mr" run "$strange" input -q
compiles 0 "a strange name" "$mr" run "$strange" input -q

# ---- root

if [[ $(id -u) -eq 0 ]]; then
    write_plugin count.c '""' '#include "shared.h"'
    : >shared.h
    chmod 666 shared.h
    run "$mr" run ./count.c input
    expect_status 1 "a header that others may change" && expect_error "shared.h can be written to by everybody" ./count.c
    chmod 644 shared.h
    sleep 0.05
    compiles 1 "a header of root's" "$mr" run ./count.c input -q
    chmod 646 shared.h
    run "$mr" run ./count.c input
    expect_status 1 "a kept one whose header others may change" && expect_error "shared.h can be written to by everybody"
    chmod 644 shared.h
    chmod 666 count.c
    run "$mr" run ./count.c input
    expect_status 1 "a source that others may change" &&
        expect_error "root does not load the plugin ./count.c" MR_ALLOW_WRITABLE_PLUGIN=1
    chown 65534 count.c && chmod 644 count.c
    run "$mr" build ./count.c
    expect_status 1 "a source of another user" && expect_error "belongs to user 65534"
    run env MR_ALLOW_WRITABLE_PLUGIN=1 "$mr" run ./count.c input -q
    expect_status 0 "allowed" && expect_same expected out "allowed"
fi
nothing_left "the end"
finish
