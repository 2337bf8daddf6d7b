#!/bin/bash
# grep finds what GNU grep -P finds, for random patterns over a few letters in random lines of them: whichever way it
# chooses for a pattern, by texts that every match contains, for many lines at once or line by line. A pattern is also
# given with a comment in it, which changes nothing but that it is then matched line by line.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-20}

# make_atom - set REPLY to something that may be repeated.
make_atom() {
    below 3
    if [[ $REPLY -gt 0 ]]; then
        pick a b c ab abc 'b c' A ' ' _ '\.' '\t'
        return
    fi
    pick . '[ab]' '[^a]' '[^ab ]' '\s' '\S' '\w' '\W' '\d' '\D' '[\s_]' '[^\s]' '[[:alpha:]]' '[^[:upper:]]' '[^-a]' \
        '[ -b]' '\h' '[\W]' '\N' '[a\-c]'
}

# make_branch DEPTH - set REPLY to a sequence of atoms, groups and assertions.
make_branch() {
    local depth=$1 branch= length i
    below 4
    length=$((REPLY + 1))
    for ((i = 0; i < length; i++)); do
        below 7
        if [[ $REPLY -eq 0 ]]; then
            pick '^' '$' '\b' '\B' '\A' '\z' '\Z'
            branch+=$REPLY
            continue
        elif [[ $REPLY -eq 1 && $depth -gt 0 ]]; then
            pick '(' '(?:' '(?:' '(?>' '(?=' '(?!' '(?<=a|' '(?<!'
            local open=$REPLY
            if [[ $open == '(?<'* ]]; then pick a ab '[^a]' '\s' '\W'; else make_pattern $((depth - 1)); fi
            branch+="$open$REPLY)"
            [[ $open == '(' || $open == '(?:' ]] || continue
        else
            make_atom
            branch+=$REPLY
        fi
        pick '' '' '' '' '' '*' '+' '?' '{2}' '{0,2}' '{1,}' '*?' '+?' '??' '++' '?+'
        branch+=$REPLY
    done
    REPLY=$branch
}

# make_pattern DEPTH - set REPLY to one to three branches.
make_pattern() {
    local depth=$1 pattern
    make_branch "$depth"
    pattern=$REPLY
    while below 4 && [[ $REPLY -eq 0 ]]; do
        make_branch "$depth"
        pattern+="|$REPLY"
    done
    REPLY=$pattern
}

# spare_pcre2 - take lazy repeats out of a pattern with atomic groups: the JIT of PCRE2 10.42, with which GNU grep and
# matching line by line work, then misses matches that begin in the middle of a run, such as (?>\s+?)a in two spaces and a.
spare_pcre2() {
    [[ $pattern == *'(?>'* || $pattern == *'(?='* || $pattern == *'(?!'* || $pattern == *'++'* || $pattern == *'?+'* ]] ||
        return
    pattern=${pattern//'+?'/+}
    pattern=${pattern//'*?'/*}
    pattern=${pattern//'??'/?}
}

# make_lines FILE - short lines of few letters, empty ones among them; the last may lack its newline.
make_lines() {
    below 1000000000
    perl -e 'srand shift; my @letters = (qw(a a a b b b c A _ . é), " ", " ", "\t", "\r", "\x0b", "\x00", "1");
             my $text = join "\n", map { join "", map { $letters[rand @letters] } 1 .. rand 14 } 1 .. shift;
             print $text, rand() < 0.5 ? "\n" : ""' "$REPLY" $((2000 / scale)) >"$1"
}

# expect_lines FLAG... - what GNU grep finds, into the file expected; false when it does not understand the pattern.
expect_lines() {
    grep -a -P "$@" -e "$pattern" lines >expected
    [[ $? -le 1 ]]
}

# compare TITLE SETTING... - mr finds the same.
compare() {
    local title=$1 arguments=() setting
    shift
    for setting; do arguments+=(--set "$setting"); done
    pick 100 1000 1M
    run "$mr" run grep lines -q -j 2 --chunk "$REPLY" "${arguments[@]}"
    expect_status 0 "round seed $round_seed, $title" &&
        expect_same expected out "round seed $round_seed, $title"
}

compared=0
while next_round "$seconds"; do
    make_lines lines
    for ((i = 0; i < 8; i++)); do
        make_pattern 2
        pattern=$REPLY
        spare_pcre2
        pick no no no yes
        ignore_case=$REPLY
        pick no no no yes
        invert=$REPLY
        pick no no no yes
        numbers=$REPLY
        flags=()
        [[ $ignore_case == no ]] || flags+=(-i)
        [[ $invert == no ]] || flags+=(-v)
        [[ $numbers == no ]] || flags+=(-n)
        settings=("ignore-case=$ignore_case" "invert=$invert" "line-numbers=$numbers")
        expect_lines "${flags[@]}" 2>/dev/null || continue
        compare 'as it is' "pattern=$pattern" "${settings[@]}"
        compare 'with a comment' "pattern=(?#)$pattern" "${settings[@]}"
        compared=$((compared + 1))
    done
done
echo "$compared patterns in $rounds rounds"
[[ $compared -gt 0 ]] || fail "GNU grep understood none of the patterns"
finish
