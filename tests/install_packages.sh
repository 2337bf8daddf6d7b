#!/bin/sh
# Installs what mr is built and tested with, through apt; as root directly, otherwise through sudo. What makes reading
# compressed files quicker (ISA-L) or possible (zstd) is installed where the system has it.
set -eu
packages="gcc g++ make libc6-dev zlib1g-dev libcjson-dev libmicrohttpd-dev libcmocka-dev libpcre2-dev libutf8proc-dev libxxhash-dev libdw-dev perl"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "mr: please install as root: apt-get install $packages" >&2
        exit 1
    }
    as_root=sudo
fi
command -v apt-get >/dev/null || {
    echo "mr: apt-get is not here; please install what these Debian packages hold: $packages" >&2
    exit 1
}
echo "mr: installing with apt-get${as_root:+ (through sudo)}: $packages"
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages $* >/dev/null
for package in libisal-dev libzstd-dev; do
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $package >/dev/null ||
        echo "mr: $package cannot be installed here; mr is built without it" >&2
done
