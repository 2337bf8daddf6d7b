#!/bin/sh
# Installs files below a folder, and removes them again:
#
#     src/packaging/install.sh install PREFIX VERSION MODE:FILE:PLACE...
#     src/packaging/install.sh uninstall PREFIX
#
# PLACE is a path below PREFIX. MODE is that of the file, such as 644; `link` makes PLACE a symbolic link to FILE;
# `text` replaces @PREFIX@, @LIBDIR@ and @VERSION@ in FILE. DESTDIR, from the environment, stands before PREFIX; STRIP=1 leaves
# out what only debuggers need; LIBDIR is the folder of libraries below PREFIX. What was made, folders too, is noted in share/mr/installed, so that removing finds
# all of it and nothing else, whatever version it was; what an older version had installed and this one has not, goes.
set -eu
command=$1 prefix=$2
root=${DESTDIR:-}$prefix
list=share/mr/installed
work=$(mktemp -d) # root does this where others may write: only what is in a folder of its own is its own
new=$work/installed
: >"$new"
trap 'rm -rf "$work"' EXIT

# Whether a line is in a list of what is installed.
noted() {
    [ -f "$2" ] && grep -qxF -- "$1" "$2"
}

# Makes the folder of a place, and notes the folders that were not there.
make_folder() {
    case $1 in
    */*) folder=${1%/*} ;;
    *) folder= ;;
    esac
    missing=
    while [ -n "$folder" ] && { [ ! -d "$root/$folder" ] || noted "$folder/" "$root/$list"; }; do
        missing="$folder/ $missing"
        case $folder in
        */*) folder=${folder%/*} ;;
        *) folder= ;;
        esac
    done
    for folder in $missing; do
        noted "$folder" "$new" || echo "$folder" >>"$new"
        [ -d "$root/$folder" ] || install -d -m 755 "$root/$folder"
    done
}

# Strips a program, a library or an archive.
strip_file() {
    case $1 in
    *.a) strip --strip-debug --enable-deterministic-archives "$1" ;;
    */bin/* | *.so | *.so.*) strip --strip-unneeded "$1" ;;
    esac
}

# place_file MODE FILE PLACE
place_file() {
    make_folder "$3"
    case $1 in
    link)
        ln -sfn "$2" "$root/$3"
        ;;
    text)
        sed "s|@PREFIX@|$prefix|; s|@LIBDIR@|${LIBDIR:-lib}|; s|@VERSION@|$version|" "$2" >"$work/text"
        install -m 644 "$work/text" "$root/$3"
        ;;
    *)
        install -m "$1" "$2" "$root/$3"
        [ "${STRIP:-}" != 1 ] || strip_file "$root/$3"
        ;;
    esac
    echo "$3" >>"$new"
}

# Removes what one list has and another has not: files first, then folders that are empty, the innermost first.
remove() {
    grep -v '/$' "$1" | while read -r place; do
        noted "$place" "$2" || rm -f "$root/$place"
    done
    grep '/$' "$1" | sort -r | while read -r place; do
        noted "$place" "$2" || rmdir "$root/$place" 2>/dev/null || true
    done
}

case $command in
install)
    version=$3
    shift 3
    [ -d "$root" ] || { install -d -m 755 "$root" && echo "/" >>"$new"; }
    ! noted / "$root/$list" || echo "/" >>"$new"
    for entry; do
        file=${entry#*:}
        place_file "${entry%%:*}" "${file%%:*}" "${file#*:}"
    done
    make_folder "$list"
    echo "$list" >>"$new"
    [ ! -f "$root/$list" ] || remove "$root/$list" "$new"
    install -m 644 "$new" "$root/$list"
    ;;
uninstall)
    [ -f "$root/$list" ] || {
        echo "mr: nothing is installed below $root: there is no $root/$list" >&2
        exit 1
    }
    cp "$root/$list" "$new"
    remove "$new" /dev/null
    ;;
esac
