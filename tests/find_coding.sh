#!/bin/sh
# Says, as lines of a makefile, which libraries undo compression: tests/find_coding.sh auto|zlib auto|no
cc=${CC:-gcc}
defines='' libraries=-lz

# Whether a program with this header, statement and library can be built.
can_build() {
    printf '#include <%s>\nint main(void){%s;return 0;}\n' "$1" "$2" |
        "$cc" -x c - "$3" -o /dev/null 2>/dev/null
}
if [ "$1" != zlib ] && can_build isa-l/igzip_lib.h 'struct inflate_state s; isal_inflate_init(&s)' -lisal; then
    defines='-DMR_ISAL' libraries=-lisal
fi
if [ "$2" != no ] && can_build zstd.h 'ZSTD_createDCtx()' -lzstd; then
    defines="$defines -DMR_ZSTD" libraries="$libraries -lzstd"
fi
echo "CODING_DEFINES := $defines"
echo "CODING_LIBS := $libraries"
