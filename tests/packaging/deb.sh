#!/bin/bash
# The Debian packages: what is in them, what they depend on, and that a new mr runs from what they hold. `make check-root`
# installs them in an empty system.
source "$(dirname "$0")/../tools/testing.sh"
unset MAKEFLAGS # of a make that runs the tests

command -v dpkg-shlibdeps >path || skip "dpkg-dev is not installed"
grep -qaE '__(asan|ubsan)_' "$mr" && skip "packages are made without sanitizers"

# field PACKAGE NAME - print a field of what dpkg knows of a package.
field() {
    dpkg-deb -f deb/"$1"_*.deb "$2"
}

ln -s "$build"/* . && rm -f deb
make -s -C "$root" -o all deb BUILD="$work" >make.out 2>&1 || fail "make deb: $(cat make.out)"
for package in mr libmr0 libmr-dev; do
    dpkg-deb -x deb/"$package"_*.deb tree || fail "$package cannot be unpacked"
    dpkg-deb -e deb/"$package"_*.deb "$package.control"
    (cd tree && md5sum --quiet -c "../$package.control/md5sums") || fail "sums of $package"
    [[ $(field "$package" Maintainer) == *@* ]] || fail "$package has no maintainer"
    [[ -s tree/usr/share/doc/$package/copyright && -s tree/usr/share/doc/$package/changelog.gz ]] || fail "documents of $package"
done
[[ $(field mr Depends) == *libc6* && $(field mr Depends) == *libutf8proc* && $(field mr Depends) == *libcjson1* ]] ||
    fail "mr depends on: $(field mr Depends)"
[[ $(field mr Recommends) == *c-compiler* && $(field mr Recommends) == *libdw1* ]] || fail "mr recommends: $(field mr Recommends)"
[[ $(field libmr-dev Depends) == *"libmr0 (="* ]] || fail "libmr-dev depends on: $(field libmr-dev Depends)"
[[ -s tree/etc/bash_completion.d/mr && $(<mr.control/conffiles) == /etc/bash_completion.d/mr ]] ||
    fail "there is no completion for bash that is no file of the package bash-completion"
[[ ! -e tree/usr/share/bash-completion/completions/mr ]] || fail "the package bash-completion has this file, too"
[[ $(field mr Conflicts) == *myrepos* ]] || fail "another package has the command mr: $(field mr Conflicts)"
find tree -perm /022 -not -type l | grep . && fail "others may write to these"
[[ -s $(echo tree/usr/lib/*/libmr.so) ]] || fail "the link libmr.so leads nowhere"

printf 'one fish\ntwo fish\n' >text
printf 'fish\t2\none\t1\ntwo\t1\n' >expected
run tree/usr/bin/mr run wordcount text -q
expect_status 0
expect_same expected out "mr of the package"

finish
