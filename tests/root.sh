#!/bin/bash
# An empty Debian system in a folder, to try in it what a new user does. As root, with debootstrap:
#
#     tests/root.sh packages             install the packages of `make deb` there, use them, purge them
#     tests/root.sh source               build from a copy of the source there: make deps, make, make demo
#     tests/root.sh enter [COMMAND...]   a shell, or a command, in such a system where the packages are installed
#     tests/root.sh keep FOLDER          such a system in a new folder, where it stays until that is removed
#     tests/root.sh in FOLDER [COMMAND...]   a shell, or a command, in one that was kept
#
# The system is the one of this machine, from where this machine's apt has its packages. It is put together once, below
# the build folder; each use has a copy of its own, which is removed at the end, with all its processes and mounts.
# Environment: BUILD, the build folder.
set -eu -o pipefail
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD:-build}
[[ $build == /* ]] || build=$root/$build
base=$build/root.tar

[[ $(id -u) -eq 0 ]] || { echo "root.sh: only root can make a system in a folder" >&2 && exit 1; }
command -v debootstrap >/dev/null || { echo "root.sh: debootstrap is missing (apt-get install debootstrap)" >&2 && exit 1; }
case ${1:-} in
keep | in)
    [[ $# -ge 2 ]] || { echo "root.sh: $1 wants a folder" >&2 && exit 2; }
    [[ $1 == in ]] || mkdir "$2"
    system=$(cd "$2" && pwd)
    ;;
*)
    system=$(mktemp -d "${TMPDIR:-/var/tmp}/mr-root-XXXXXX")
    trap 'rm -rf --one-file-system "$system"' EXIT
    ;;
esac
trap 'exit 130' INT TERM HUP

# inside COMMAND... - run a command in the system, in namespaces of its own: its processes and mounts end with it.
inside() {
    # shellcheck disable=SC2016 # for the other shell
    unshare --mount --pid --fork --kill-child --mount-proc="$system/proc" \
        /bin/sh -c 'mount -t devpts devpts "$1/dev/pts" && exec chroot "$@"' - "$system" /usr/bin/env -i \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM="${TERM:-dumb}" \
        DEBIAN_FRONTEND=noninteractive "$@"
}

# script - run the commands on standard input, in bash, in a folder of their own; the first that fails ends it.
script() {
    cat >"$system/root/script.sh"
    inside /bin/bash -c 'mkdir -p /root/work && cd /root/work && exec bash -eu -o pipefail /root/script.sh'
}

# make_base - a minimal system of the release of this machine, in $base.
make_base() {
    local release mirror
    # shellcheck disable=SC1091 # of this machine
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
    # shellcheck disable=SC2016 # what apt replaces
    mirror=$(apt-get indextargets --format '$(RELEASE) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v release="$release" '$1 == release || $2 == release { print $3; exit }')
    [[ -n $mirror ]] || { echo "root.sh: apt knows no place for $release" >&2 && exit 1; }
    debootstrap --variant=minbase "$release" "$system" "$mirror" >"$system.log" 2>&1 ||
        { tail -n 20 "$system.log" >&2 && rm -f "$system.log" && exit 1; }
    rm -f "$system.log"
    mkdir -p "$build"
    tar -C "$system" --numeric-owner -cf "$base.part" .
    mv "$base.part" "$base"
}

# open_system - put the system into its folder, with apt as it is set up here.
open_system() {
    if [[ -f $base ]]; then
        tar -C "$system" --numeric-owner -xpf "$base"
    else
        make_base
    fi
    rm -rf "$system/etc/apt/sources.list"
    cp -a /etc/apt/sources.list* /etc/apt/trusted.gpg.d "$system/etc/apt/" 2>/dev/null || true
    cp -a /usr/share/keyrings/. "$system/usr/share/keyrings/"
    apt-config dump | grep '^Acquire::' >"$system/etc/apt/apt.conf.d/90machine" || true
    cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
    chmod 755 "$system" # for apt, which gives up its rights
    inside apt-get update -qq
}

# install_packages - what `make deb` has made, with what it recommends.
install_packages() {
    mkdir -p "$system/root/packages"
    cp "$build"/deb/*.deb "$system/root/packages/"
    inside /bin/sh -c 'apt-get install -y -qq /root/packages/mr_*.deb >/root/install.log 2>&1 || { cat /root/install.log; exit 1; }'
}

# use_packages - what a new user does with them, and that nothing stays behind.
use_packages() {
    cp "$root/tests/embedding/count_files.c" "$system/root/"
    script <<'END'
mr version
printf 'one fish\ntwo fish\n' >text
[[ $(mr run wordcount text -q | tr '\n\t' '; ') == 'fish 2;one 1;two 1;' ]]
[[ $(gzip -c text | mr run wordcount - -q --top 1) == $'fish\t2' ]]
(cp -r /usr/share/doc/mr/datasets . && mr run wordcount datasets/*.txt -q --top 1 | grep -q '^the')
mr new mine
mr run ./mine.c text -q >mine.out
[[ -s mine.out ]]
mr run grep text --set pattern=two --stats stats.json -q
[[ -s stats.json ]]
apt-get install -y -qq bash-completion >install.log 2>&1 || { cat install.log; exit 1; }
bash -c 'source /usr/share/bash-completion/bash_completion; complete -p mr' | grep -q -- '-F _mr '
gzip -dc /usr/share/man/man1/mr.1.gz | head -n 3 | grep -q '^.TH MR'
dpkg -V mr
apt-get install -y -qq /root/packages/libmr*.deb pkg-config >install.log 2>&1
cc /root/count_files.c -o count $(pkg-config --cflags --libs libmr)
[[ $(./count text | head -n 1) == '1. fish: 2' ]]
dpkg -L mr libmr0 libmr-dev | grep -v "^/\.$" | sort -u >listed
apt-get purge -y -qq mr libmr0 libmr-dev >purge.log 2>&1
while read -r path; do
    [[ ! -e $path && ! -L $path ]] || dpkg -S "$path" >owner || { echo "left behind: $path"; exit 1; }
done <listed
! find / -xdev \( -name 'libmr*' -o -path '*/lib/mr*' -o -path '*/share/mr*' \) -not -path '/root/*' -not -path '/proc/*' | grep .
echo "the packages can be installed, used and purged"
END
}

# build_source - what README.md says about the source.
build_source() {
    mkdir -p "$system/root/work/mr"
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -cf - | tar -C "$system/root/work/mr" -xf -
    script <<'END'
apt-get install -y -qq --no-install-recommends make >install.log 2>&1
cd mr
make deps
make -s
make -s demo
echo "make deps, make and make demo work"
END
}

case ${1:-} in
packages)
    open_system
    install_packages
    use_packages
    ;;
source)
    open_system
    build_source
    ;;
enter)
    shift
    open_system
    install_packages
    echo "mr: this is an empty Debian system; mr is installed, libmr0 and libmr-dev lie in /root/packages" >&2
    inside /bin/sh -c 'cd /root && exec "$@"' - "${@:-bash}"
    ;;
keep)
    open_system
    install_packages
    ;;
in)
    shift 2
    inside /bin/sh -c 'cd /root && exec "$@"' - "${@:-bash}"
    ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
