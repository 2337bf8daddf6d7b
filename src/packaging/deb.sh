#!/bin/bash
# Makes Debian packages of what is built, with Debian's own tools: src/packaging/deb.sh BUILD VERSION MAINTAINER
#
# What `make install` puts below /usr is divided into mr, libmr0 and libmr-dev; the packages lie in BUILD/deb. What they
# depend on is found in the files: what they are linked with by dpkg-shlibdeps, what they load when it is needed in the
# source. All times are SOURCE_DATE_EPOCH, or the time of the last commit, so that the same source makes the same packages.
set -eu -o pipefail
export LC_ALL=C
umask 022
build=$1 version=$2 maintainer=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[[ $build == /* ]] || build=$root/$build
architecture=$(dpkg --print-architecture)
libraries=lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH 2>/dev/null)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date -r "$root/Makefile" +%s)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/debian"

# fill FILE - print a template with its names replaced.
fill() {
    sed "s|@MAINTAINER@|$maintainer|; /^@LICENSE@\$/{
        r $work/license
        d
    }" "$here/debian/$1"
}

# divide PACKAGE PLACE... - move what is at these places below /usr into a package.
divide() {
    local package=$1 place
    shift
    for place; do
        mkdir -p "$work/$package/usr/$(dirname "$place")"
        mv "$work/mr/usr/$place" "$work/$package/usr/$place"
    done
}

# loaded_libraries - the libraries that are loaded when they are needed, as the source names them; those that undo
# compression only if this build knows them.
loaded_libraries() {
    local library
    for library in $(grep -rhoE '"lib[a-z0-9-]+\.so\.[0-9]+"' "$root/src" --include=*.c | tr -d '"' | sort -u); do
        case $library in
        libisal.*) grep -q MR_ISAL "$build/coding.mk" || continue ;;
        libzstd.*) grep -q MR_ZSTD "$build/coding.mk" || continue ;;
        esac
        echo "$library"
    done
}

# package_of LIBRARY - the package of a shared library of this system; nothing when it is not installed.
package_of() {
    local path
    path=$(/sbin/ldconfig -p | sed -n "s|.*\b$1 .*=> ||p" | head -n 1)
    [[ -n $path ]] || return 0
    { dpkg -S "$path" 2>/dev/null || dpkg -S "$(readlink -f "$path")" 2>/dev/null || dpkg -S "/usr$path" 2>/dev/null || true; } |
        sed 's/:.*//' | head -n 1
}

# join_packages - the packages of the libraries on standard input, with commas between them.
join_packages() {
    local library
    while read -r library; do package_of "$library"; done | sort -u | paste -sd , | sed 's/,/, /g'
}

# put_documents PACKAGE - what every package has in its folder of documents.
put_documents() {
    local folder=$work/$1/usr/share/doc/$1
    mkdir -p "$folder"
    install -m 644 "$work/debian/copyright" "$folder/copyright"
    gzip -9nc "$work/debian/changelog" >"$folder/changelog.gz"
    [[ ! -f $here/debian/$1.lintian-overrides ]] ||
        install -D -m 644 "$here/debian/$1.lintian-overrides" "$work/$1/usr/share/lintian/overrides/$1"
}

# put_control PACKAGE - what dpkg has to know of it.
put_control() {
    local tree=$work/$1 files=()
    mkdir -p "$tree/DEBIAN"
    mapfile -t files < <(find "$tree/usr" -type f \( -path '*/bin/*' -o -name '*.so' -o -name '*.so.*' \) | sort)
    : >"$work/substvars"
    if [[ ${#files[@]} -gt 0 ]]; then
        (cd "$work" && dpkg-shlibdeps -T"$work/substvars" -l"$work/libmr0/usr/$libraries" "${files[@]}" 2>"$work/log") || {
            cat "$work/log" >&2
            return 1
        }
    fi
    {
        echo "mr:Depends=$needed"
        echo "mr:Recommends=$welcome"
        echo "misc:Depends="
    } >>"$work/substvars"
    (cd "$work" && dpkg-gencontrol -p"$1" -P"$tree" -T"$work/substvars" -f"$work/files" -O"$tree/DEBIAN/control" 2>"$work/log") || {
        cat "$work/log" >&2
        return 1
    }
    if [[ $1 == libmr0 ]]; then
        echo "libmr 0 libmr0 (>= $version)" >"$tree/DEBIAN/shlibs"
        echo "activate-noawait ldconfig" >"$tree/DEBIAN/triggers"
    fi
    (cd "$tree" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
}

# The staged files; what belongs to Debian takes the place of what make install has for it.
make -s -C "$root" -o all install BUILD="$build" DESTDIR="$work/mr" PREFIX=/usr LIBDIR="$libraries" INSTALL_STRIP=1
rm "$work/mr/usr/share/mr/installed"
mv "$work/mr/usr/share/doc/mr/LICENSE" "$work/LICENSE"
sed 's/^$/./; s/^/ /' "$work/LICENSE" >"$work/license"
find "$work/mr/usr/share/man" -type f -exec gzip -9n {} +
# Where the zsh of Debian looks for what packages bring.
mv "$work/mr/usr/share/zsh/site-functions" "$work/mr/usr/share/zsh/vendor-completions"
# Where bash-completion looks first it has a file mr of its own, for another program.
mkdir -p "$work/mr/etc/bash_completion.d" "$work/mr/DEBIAN"
mv "$work/mr/usr/share/bash-completion/completions/mr" "$work/mr/etc/bash_completion.d/mr"
rmdir -p --ignore-fail-on-non-empty "$work/mr/usr/share/bash-completion/completions"
echo /etc/bash_completion.d/mr >"$work/mr/DEBIAN/conffiles"
divide libmr0 "$libraries/libmr.so.0"
divide libmr-dev "$libraries/libmr.so" "$libraries/libmr.a" "$libraries/libmp.a" "$libraries/pkgconfig/libmr.pc" \
    include/libmr.h include/mp
rmdir -p --ignore-fail-on-non-empty "$work/mr/usr/$libraries/pkgconfig" 2>/dev/null || true

fill control >"$work/debian/control"
fill copyright >"$work/debian/copyright"
printf 'mr (%s) unstable; urgency=medium\n\n  * Packages made from the source of mr %s.\n\n -- %s  %s\n' "$version" "$version" \
    "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >"$work/debian/changelog"

# Without names for addresses a crash card has a shorter backtrace, and without pages there is no status page; but
# without the others inputs cannot be read.
optional='^lib(dw|microhttpd)\.'
needed=$(loaded_libraries | sed -E "/$optional/d" | join_packages)
welcome=$(loaded_libraries | sed -nE "/$optional/p" | join_packages)

mkdir -p "$build/deb"
rm -f "$build/deb/"*.deb
for package in libmr0 libmr-dev mr; do
    put_documents "$package"
    put_control "$package"
    find "$work/$package" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$work/$package" "$build/deb/${package}_${version}_$architecture.deb" >"$work/log"
done
ls "$build/deb"
