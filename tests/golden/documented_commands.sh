#!/bin/bash
# Runs every command that the documents show, in a copy of the repository, and compares what they print with what the
# documents say. tests/README.md explains how a document marks its commands.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

# The copy has the sources of the repository and, as build/, what is needed of the build folder: not the object files of
# other builds that lie below it.
mkdir -p copy/build || exit 1
(cd "$root" && tar -cf - --exclude=./.git --exclude=./build .) | tar -xf - -C copy || exit 1
for entry in "$build"/* "$build"/.packages; do
    [[ -e $entry && ! -e $entry/mr ]] && cp -a --reflink=auto "$entry" copy/build/
done

cd copy || exit 1
unset BUILD
export PATH=$work/copy/build:$PATH
# The source in the manual page of plugins, which its commands compile.
sed -n '/^#include <stdio.h>/,/^\.EE/p' src/cli/mr-plugin.5 | grep -v '^\.' >lengths.c || fail "mr-plugin.5 has no source"
documents=()
for document in README.md plugins/README.md plugins/GALLERY.md datasets/README.md src/README.md src/cli/mr.1 src/cli/mr-plugin.5; do
    if [[ -f $document ]]; then
        documents+=("$document")
    else
        fail "$document is missing"
    fi
done
has_sanitizer && export MR_TEST_SANITIZER=yes
perl tests/tools/console.pl "${documents[@]}" || fail "commands in the documents"
finish
