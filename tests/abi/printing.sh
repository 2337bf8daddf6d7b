#!/bin/bash
# What plugins print as pairs, as columns (mr_append_column, mr_plugin.columns) and as bytes (mr_write), in all three kinds
# of job: what is escaped, in which order it comes, and where mr_write is refused.
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/printing.so

# prints OPTIONS... -- the plugin prints what the format of printf on stdin makes.
prints() {
    local expected
    printf "$(cat)" >expected
    run "$mr" run "$plugin" -q "$@" input
    expect_status 0 "$*" && expect_same expected out "$*"
}

printf 'b x%%y\\\nb ~\na 1~2%%3\na \nb%%~\\ c' >input
prints --set kind=map --set as=pairs <<<'b\tx\\ty\\\\\nb\t\\n\na\t1\\n2\\t3\na\t\nb\\t\\n\\\\\tc\n'
prints --set kind=group --set as=pairs <<<'a\t1\\n2\\t3\na\t\nb\tx\\ty\\\\\nb\t\\n\nb\\t\\n\\\\\tc\n'
prints --set kind=fold --set as=pairs <<<'a\t.....\nb\t....\nb\\t\\n\\\\\t.\n'
for kind in map group fold; do # columns of columns: the first of the key, which is the key, and the last are the same
    run "$mr" run "$plugin" -q --set kind=$kind --set as=pairs input
    awk -F '\t' -v OFS='\t' '{ print $1, $2, $2, $1 }' out >expected
    run "$mr" run "$plugin" -q --set kind=$kind --set as=columns input
    expect_status 0 "columns of $kind" && expect_same expected out "columns of $kind"
done
prints --set kind=map --set as=bytes <<<'b=x\ty\\\nb=\n\na=1\n2\t3\na=\nb\t\n\\=c\n'
prints --set kind=group --set as=bytes <<<'a=1\n2\t3\na=\nb=x\ty\\\nb=\n\nb\t\n\\=c\n'
prints --set kind=fold --set as=bytes <<<'a=.....\nb=....\nb\t\n\\=.\n'

# Line breaks that a plugin forgets to escape do not break lines; all else is printed as it is.
echo once >input
for kind in map group fold; do
    prints --set kind=$kind --set as=tabs <<<'a\\nb\tc\\t\t1\\r\t2\\n\n'
done

# Pairs and bytes in the order in which they were emitted and written, whatever the number of workers and the memory.
"$tools/random_input" 1 400000 >input
for kind in group fold; do
    run "$mr" run "$plugin" -q --set kind=$kind --set as=both -j 1 input
    mv out expected
    for options in "-j 2" "-j 3 --memory 2M --chunk 16K" "-j 2 --memory 1M" "--inline"; do
        run "$mr" run "$plugin" -q --set kind=$kind --set as=both $options input
        expect_status 0 "$kind $options" && expect_same expected out "$kind $options"
    done
done

# Nothing of a rejected group is printed, though bytes of it are out.
printf 'a 1\nb 1\nb reject\nc 1\n' >input
run "$mr" run "$plugin" --set kind=group --set as=bytes --skip-bad 1 --bad bad.jsonl input
expect_status 0 "rejected"
printf 'a=1\nc=1\n' >expected
expect_same expected out "rejected"

# Pairs that are cut off, or that say that they are longer than anything.
printf "\1\0\0\0\1\0\0\0kv\1\0\0\0\2\0\0\0kv" >input
run "$mr" run "$plugin" --set kind=map --records pairs input
expect_status 1 "half a pair" && expect_error "input, byte 10" "no whole pair"
printf "\xff\xff\xff\xff\xff\xff\xff\xff%s" "some text" >input
run "$mr" run "$plugin" --set kind=map --records pairs input
expect_status 1 "a huge pair" && expect_error "input, byte 0"
printf "a 1\nb 1\nb reject\nc 1\n" >input

# What cannot be ordered is refused.
for order in "--sort value" "--top 3" "--sort key --top 1"; do
    for kind in group fold; do
        run "$mr" run "$plugin" --set kind=$kind --set as=bytes $order input
        expect_status 1 "$kind $order" && expect_error "which have no order; leave --sort and --top out"
    done
done
finish
