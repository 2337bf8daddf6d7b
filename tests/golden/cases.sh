#!/bin/bash
# Runs the cases in golden/*.md: each document is a list of commands with what they print, in the form that
# tests/tools/console.pl explains. Each runs in an empty folder, with `mr` on the path and $data for the small samples.
source "$(dirname "$0")/../tools/testing.sh"

export PATH=$build:$PATH data=$root/datasets
has_sanitizer && export MR_TEST_SANITIZER=yes
for document in "$root"/tests/golden/*.md; do
    folder=$work/$(basename "$document" .md)
    mkdir "$folder" || exit 1
    (cd "$folder" && perl "$root/tests/tools/console.pl" "$document") || fail "$(basename "$document")"
done
finish
