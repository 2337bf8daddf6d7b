#!/bin/bash
# The promises of datasets/generate_rows: the same bytes everywhere, names as they are said to be, and an answer that awk
# finds as well.
source "$(dirname "$0")/../tools/testing.sh"
generator=$build/datasets/generate_rows

# The first 100,000 rows. They may change only when the generator is meant to write something else.
checksum=2f2a4e099326061ea4ef2cef5534a43609f5a22d27e8b1dc98642fce0311931f

expect_pinned_rows() {
    [[ $("$1" --rows 100000 | sha256sum | cut -d ' ' -f 1) == "$checksum" ]] || fail "$2 wrote other rows than the pinned ones"
}

expect_pinned_rows "$generator" "the generator as built"
for compiler in gcc clang; do
    command -v $compiler >/dev/null || continue
    for level in -O0 -O3; do
        "$compiler" $level -std=c17 -D_GNU_SOURCE "$root/datasets/generate_rows.c" -o generate_rows || fail "$compiler $level"
        expect_pinned_rows ./generate_rows "$compiler $level"
    done
done

# answer_of FILE - the statistics of rows, with the mean rounded exactly: awk's doubles hold these integers.
answer_of() {
    awk -F ';' '{ number = $2; sub(/\./, "", number); number += 0
                  if (!($1 in count) || number < least[$1]) least[$1] = number
                  if (!($1 in count) || number > most[$1]) most[$1] = number
                  count[$1]++; sum[$1] += number }
        function tenths(number) { return (number < 0 ? "-" : "") sprintf("%d.%d", abs(number) / 10, abs(number) % 10) }
        function abs(number) { return number < 0 ? -number : number }
        function mean(name) { return (sum[name] < 0 ? -1 : 1) * int((2 * abs(sum[name]) + count[name]) / (2 * count[name])) }
        END { for (name in count) print name "\t" tenths(least[name]) "\t" tenths(mean(name)) "\t" tenths(most[name]) "\t" count[name] }' "$1" | sort
}

for options in "" "--seed 7 --rows 1" "--rows 0" "--names 1 --rows 1000" "--names 50000 --rows 200000" \
    "--names 2000 --exponent 1.5 --rows 300000 --seed 18446744073709551615"; do
    # shellcheck disable=SC2086 # the options are meant to be split
    "$generator" $options --output rows --answer answer || fail "'$options' failed"
    answer_of rows >expected
    expect_same expected answer "the answer of '$options'"
    grep -avPq '^[^;\n]{3,26};-?[0-9]{1,2}\.[0-9]$' rows && fail "'$options' wrote a row of another form"
    iconv -f UTF-8 -t UTF-8 rows >/dev/null || fail "'$options' is not UTF-8"
done

"$generator" --rows 50000 --answer answer >/dev/null || fail "the default names"
cut -f 1 answer >names
[[ $(wc -l <names) -eq 413 ]] || fail "there are $(wc -l <names) names, not 413"
[[ $(awk 'length($0) > 15' names | wc -l) -lt 100 ]] || fail "too many names are long"
grep -aqP '[\x80-\xff]' names || fail "no name has a letter outside ASCII"
grep -q ' ' names || fail "no name has a space"
"$generator" --rows 3000000 --names 10000000 --answer answer >/dev/null || fail "ten million names"
cut -f 1 answer | sort -c -u || fail "a name comes twice"
cmp -s <("$generator") <("$generator" --seed 2) && fail "two seeds gave the same rows"

for arguments in "--rows x" "--rows -1" "--names 0" "--names 10000001" "--exponent 5" "--seed -1" "--colour" "extra" \
    "--output same --answer same"; do
    # shellcheck disable=SC2086 # the arguments are meant to be split
    run "$generator" $arguments
    [[ $status -eq 2 ]] || fail "'$arguments' ended with $status"
    expect_error "generate_rows --help"
done
run "$generator" --output /dev/full
[[ $status -eq 1 ]] || fail "a full disk is no failure"
expect_error "/dev/full"
run "$generator" --answer no/such/folder/answer
[[ $status -eq 1 ]] || fail "a missing folder is no failure"
finish
