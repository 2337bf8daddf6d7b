#!/bin/bash
# However the text comes, what mr prints is the same: as plain files, compressed in any way (told by the content, since
# the names are the same), and on standard input; for jobs of all kinds, with any number of workers, chunks and memory.
source "$(dirname "$0")/../tools/testing.sh"
start_seed

seed_bytes=$((seed % 5000))
seconds=${MR_TEST_SECONDS:-8}
forms=(bgzf gzip members padded)
standard=(file pipe gzip_file gzip_pipe members_pipe drops fifo)
# What the system or this mr does not have is left out.
command -v zstd >/dev/null && zstd -qc </dev/null >empty.zst && "$mr" run wordcount -q empty.zst 2>/dev/null && forms+=(zstd)

# compress FORM <TEXT - in a random way of this form.
compress() {
    case $1 in
    bgzf)
        below 65280
        "$tools/bgzf" $((REPLY + 1)) "$seed"
        ;;
    gzip) gzip -c1 ;;
    members)
        # Members end anywhere, also inside lines.
        below 100000
        split -b $((REPLY + 1000)) --filter='gzip -c1'
        gzip -c </dev/null
        ;;
    padded)
        gzip -c1
        head -c "$seed_bytes" /dev/zero
        ;;
    zstd)
        below 100000
        split -b $((REPLY + 1000)) --filter='zstd -qc1'
        ;;
    esac
}

# try NAME COMMAND... - run and compare with the expected output of this name.
try() {
    local name=$1
    shift
    run timeout 60 "$@"
    expect_status 0 "$name" && expect_same "$work/expected.$name" out "$name"
}

# random_options - set $options to how the job is done.
random_options() {
    options=()
    pick 1 2 3 5
    options+=(-j "$REPLY")
    pick 0 0 4K 100K 1M
    [[ $REPLY == 0 ]] || options+=(--chunk "$REPLY")
    pick 4M 8M 64M 1G
    # A whole file may be one record of these, for which little memory is too little; and a line may be long.
    [[ $kind == lines && $longest -lt 500000 ]] || REPLY=64M
    options+=(--memory "$REPLY")
    pick no no yes
    [[ $REPLY == no ]] || options+=(--inline)
}

kinds=(lines lines lines lines nul paragraphs csv jsonl fixed:1)
declare -A arguments=([wordcount]="" [invertedindex]="" [grep]="--set pattern=o.*a")
end=$((SECONDS + seconds))
for ((round = 0; SECONDS < end; round++)); do
    pick "${kinds[@]}"
    kind=$REPLY
    rm -rf text
    mkdir text
    below 4
    for ((i = 0; i <= REPLY; i++)); do
        pick 0 1 100 10000 100000 1000000
        size=$REPLY
        below $((size + 1))
        "$tools/random_input" $((seed + round * 10 + i)) "$REPLY" >"text/file$i" || exit 1
    done
    longest=$(cat text/* | perl -ne '$most = length if length > $most; END { print $most + 0 }')
    for form in "${forms[@]}"; do
        rm -rf "$form"
        mkdir "$form"
        for file in text/*; do
            below 5
            # One of them may be as it was: kinds mix.
            if [[ $REPLY == 0 ]]; then cp "$file" "$form"; else compress "$form" <"$file" >"$form/${file##*/}"; fi
        done
    done
    for plugin in wordcount invertedindex grep; do
        # shellcheck disable=SC2086
        (cd text && exec "$mr" run $plugin --records $kind ${arguments[$plugin]} -q -j 1 file*) >"expected.$plugin" || exit 1
        for form in "${forms[@]}"; do
            random_options
            cd "$form" || exit 1
            # shellcheck disable=SC2086
            try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" file*
            cd "$work" || exit 1
        done
    done
    cat text/* >all
    gzip -c1 all >all.gz
    for plugin in wordcount grep; do
        # shellcheck disable=SC2086
        "$mr" run $plugin --records $kind ${arguments[$plugin]} -q -j 1 all >"expected.$plugin" || exit 1
        for way in "${standard[@]}"; do
            random_options
            # shellcheck disable=SC2086
            case $way in
            file) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - <all ;;
            gzip_file) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - <all.gz ;;
            pipe) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - < <(cat all) ;;
            gzip_pipe) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - < <(cat all.gz) ;;
            members_pipe) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - < <(compress members <all) ;;
            drops) try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" - < <(dd if=all bs=5000 status=none) ;;
            fifo)
                rm -f fifo
                mkfifo fifo
                cat all >fifo &
                try $plugin "$mr" run $plugin --records $kind ${arguments[$plugin]} -q "${options[@]}" fifo
                ;;
            esac
        done
    done
done
echo "$round rounds"
finish
