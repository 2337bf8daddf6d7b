#!/bin/bash
# For random inputs and options, mr prints what the reference prints, whatever -j, --chunk and --memory are. Every round
# has a seed of its own: MR_TEST_SEED=N begins with that round, and MR_TEST_SECONDS=0 ends after it.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"
start_seed
seconds=${MR_TEST_SECONDS:-30}

# make_files - fill the array `files` with the names of one to six random files, odd names and repetitions among them.
make_files() {
    local count number
    files=()
    below 6
    count=$((REPLY + 1))
    total=0
    for ((number = 0; number < count; number++)); do
        pick "file$number" "file$number" "name with spaces $number" "back\\slash$number" $'tab\t'"$number" "colon:$number"
        local name=$REPLY size kind file_seed
        pick 0 1 2 63 64 65 1000 1000 30000 30000 300000 300000 2000000
        size=$((REPLY / scale))
        pick few many skewed prefix long lines letters binary "" "" ""
        kind=$REPLY
        below 1000000000
        file_seed=$REPLY
        "$tools/random_input" "$file_seed" "$size" $kind >"$name" || exit 1
        files+=("$name")
        total=$((total + size))
    done
    below 4
    [[ $REPLY -ne 0 ]] || files+=("${files[0]}")
}

# expect_words - compute what wordcount or invertedindex have to print, with random options, into the file expected.
expect_words() {
    pick space letters
    settings=("words=$REPLY")
    pick keep lower
    settings+=("case=$REPLY")
    "$tools/reference" "$plugin" "${settings[@]}" -- "${files[@]}" >expected || exit 1
}

# expect_lines - compute what grep has to print: by the reference for fixed strings, by grep -P otherwise.
expect_lines() {
    local option value flags=(-a -P) fixed
    pick yes no
    fixed=$REPLY
    if [[ $fixed == yes ]]; then
        pick ka MiMi '\x' '.' 'c.D' 'prefix.prefix' x $'\r' "'z" $'\xff' 'a'
    else
        pick 'ka+' '^$' 'lo$' '[A-Z]{2}' '\bre' '^(ka|lo)' '\d' '\r$' '(a|b)c\.' '^x?$' '\\x\b' 'aaaa+b*a' '[^\x00-\x7f]'
    fi
    settings=("pattern=$REPLY" "fixed=$fixed")
    flags+=(-e "$REPLY")
    for option in ignore-case invert count line-numbers; do
        pick no no yes
        value=$REPLY
        settings+=("$option=$value")
        [[ $value == no ]] && continue
        case $option in
        ignore-case) flags+=(-i) ;;
        invert) flags+=(-v) ;;
        esac
    done
    if [[ $fixed == yes ]]; then
        local known=()
        for option in "${settings[@]}"; do [[ $option == fixed=* ]] || known+=("$option"); done
        "$tools/reference" grep "${known[@]}" -- "${files[@]}" >expected || exit 1
    elif [[ " ${settings[*]} " == *" count=yes "* ]]; then
        count_lines "${flags[@]}" >expected
    elif [[ " ${settings[*]} " == *" line-numbers=yes "* && ${#files[@]} -gt 1 ]]; then
        grep -nH "${flags[@]}" -- "${files[@]}" >expected
    elif [[ " ${settings[*]} " == *" line-numbers=yes "* ]]; then
        grep -nh "${flags[@]}" -- "${files[@]}" >expected
    else
        grep -h "${flags[@]}" -- "${files[@]}" >expected
    fi
}

# count_lines FLAG... - print `file TAB count` for every file.
count_lines() {
    local name
    for name in "${files[@]}"; do
        local escaped=${name//\\/\\\\}
        printf '%s\t%s\n' "${escaped//$'\t'/\\t}" "$(grep -ch "$@" -- "$name")"
    done
}

# try_variant - run mr with a random -j, --chunk and --memory, and compare.
try_variant() {
    local jobs chunk memory output=() arguments
    pick 1 2 3 8 32
    jobs=$REPLY
    pick 64 64 100 1000 4K 64K 1M 1G
    chunk=$REPLY
    [[ $chunk == *[KMG] || $total -lt 700000 ]] || chunk=4K
    pick 32M 64M 256M 1G 8G
    memory=$REPLY
    arguments=(run "$plugin" "${files[@]}" -j "$jobs" --chunk "$chunk" --memory "$memory")
    for setting in "${settings[@]}"; do arguments+=(--set "$setting"); done
    below 3
    rm -f result
    [[ $REPLY -ne 0 ]] || output=(-o result)
    run "$mr" "${arguments[@]}" "${output[@]}"
    if expect_status 0 "round seed $round_seed"; then
        [[ ${#output[@]} -eq 0 ]] || {
            [[ ! -s out ]] || fail "round seed $round_seed: data on stdout in spite of -o"
            mv result out
        }
        expect_same expected out "round seed $round_seed"
    fi
}

while next_round "$seconds"; do
    rm -rf round
    mkdir round && cd round || exit 1
    make_files
    pick wordcount invertedindex grep
    plugin=$REPLY
    if [[ $plugin == grep ]]; then expect_lines; else expect_words; fi
    for variant in 1 2 3 4; do try_variant; done
    cd ..
done
echo "$rounds rounds of 4 runs each"
finish
