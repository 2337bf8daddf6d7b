#!/bin/bash
# Builds a copy of the source twice, in folders with other names and at other times, and compares the bytes:
#
#     tests/reproducible.sh all     everything that is installed, and the packages
#     tests/reproducible.sh some    some objects, a plugin, an archive and a library, without optimising
#
# Environment: CC, the compiler.
set -eu -o pipefail
export LC_ALL=C TZ=UTC
unset MAKEFLAGS # of a make that runs the tests
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mr-reproducible-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP

case ${1:-} in
all) targets=(deb) flags=() compared='mr|libmr.*|libmp.a|.*\.so|generate_.*|.*\.deb' ;;
some)
    targets=(build/libmp.a build/plugins/wordcount.so build/src/job/card.o build/src/host/scan_avx2.o build/src/cli/templates.o
        build/datasets/generate_text)
    flags=(CFLAGS="-O0 -g") compared='libmp.a|.*\.so|.*\.o|generate_.*'
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac

# copy_source FOLDER TIME - copy the source, as if it had been written at some time.
copy_source() {
    mkdir -p "$work/$1"
    tar -C "$root" --exclude=./build --exclude=./.git -cf - . | tar -C "$work/$1" -xmf -
    find "$work/$1" -exec touch -h -d "$2" {} +
}

# build_copy FOLDER - build it.
build_copy() {
    local folder=$work/$1
    echo "building in $folder"
    (cd "$folder" && SOURCE_DATE_EPOCH=1750000000 make -s -j"$(nproc)" BUILD=build "${flags[@]}" "${targets[@]}" >log 2>&1) || {
        tail -n 20 "$folder/log"
        exit 1
    }
}

copy_source one "2024-02-29 12:00:00"
copy_source another/place "2025-07-01 06:30:00"
build_copy one
umask 077
build_copy another/place

cd "$work/one/build"
number=0 different=0
while IFS= read -r file; do
    number=$((number + 1))
    cmp "$file" "$work/another/place/build/$file" || different=$((different + 1))
done < <(find . -type f -regextype posix-extended -regex ".*/($compared)" | sort)
echo "$number files, $different differ"
[[ $number -gt 3 && $different -eq 0 ]]
