#!/bin/sh
# Says, as lines of a makefile, which libraries undo compression: tests/find_coding.sh auto|zlib auto|no
# They are loaded when they are needed, so what has to be there is the header, and the library under the name that mr
# knows.
set -eu
cc=${CC:-gcc}
defines=
program=$(mktemp)
trap 'rm -f "$program"' EXIT

# Whether this header and this library are there.
has() {
    printf '#include <dlfcn.h>\n#include <%s>\nint main(void){return !dlopen("%s", RTLD_NOW);}\n' "$1" "$2" |
        "$cc" -x c - -o "$program" -ldl 2>/dev/null && "$program"
}
if [ "$1" != zlib ] && has isa-l/igzip_lib.h libisal.so.2; then defines="$defines -DMR_ISAL"; fi
if [ "$2" != no ] && has zstd.h libzstd.so.1; then defines="$defines -DMR_ZSTD"; fi
echo "CODING_DEFINES :=$defines"
