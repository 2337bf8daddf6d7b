#!/bin/bash
# 100,000 small files: each is read whole, none is forgotten, and no more of them are open than the system allows.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

count=$((100000 / scale))
mkdir f
perl -e 'for my $n (1 .. $ARGV[0]) { open my $f, ">", "f/$n" or die; print $f "all some", $n % 100, " only$n\n" x ($n % 3) }' \
    $count || exit 1
mapfile -t files < <(seq -f 'f/%.0f' 1 $count)
ulimit -n 256

for plugin in wordcount invertedindex; do
    "$tools/reference" $plugin -- "${files[@]}" >expected || exit 1
    for jobs in 1 2 8; do
        run "$mr" run $plugin -j $jobs "${files[@]}"
        expect_status 0 "$plugin -j $jobs of $count files" && expect_same expected out "$plugin -j $jobs of $count files"
    done
done
# All of them as one directory, in the order of their names, and as a list.
"$tools/reference" grep pattern=only77 -- $(find f -type f | sort) >expected
run "$mr" run grep --set pattern=only77 f
expect_status 0 "a directory of $count files" && expect_same expected out "a directory of $count files"
find f -type f -print0 | sort -z >list
run "$mr" run grep --set pattern=only77 -0 @list
expect_status 0 "a list of $count files" && expect_same expected out "a list of $count files"

"$tools/reference" grep pattern=only77 line-numbers=yes -- "${files[@]}" >expected
run "$mr" run grep --set pattern=only77 --set line-numbers=yes "${files[@]}"
expect_status 0 "grep of $count files" && expect_same expected out "grep of $count files"
"$tools/reference" grep pattern=only count=yes -- "${files[@]}" >expected
run "$mr" run grep --set pattern=only --set count=yes "${files[@]}"
expect_status 0 "grep of $count files" && expect_same expected out "grep of $count files, counted"
finish
