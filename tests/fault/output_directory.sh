#!/bin/bash
# -o DIR/: part files that are one behind the other what goes to a file otherwise, the same for every -j, --chunk and
# --memory, with a marker beside them; and none of it when the job fails, is interrupted or killed, or when there is
# output already.
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/printing.so

# expect_parts FOLDER COUNT [ENDING] - FOLDER holds so many part files and the marker.
expect_parts() {
    local names=(_SUCCESS) number
    for ((number = 0; number < $2; number++)); do
        names+=("$(printf 'part-%05d%s' "$number" "${3:-}")")
    done
    expect_files "$1" "${names[@]}"
}

"$tools/random_input" 1 $((3000000 / scale)) >input || exit 1
for job in wordcount "grep --set pattern=a" "$plugin --set kind=group --format csv"; do
    run "$mr" run $job -q input
    mv out whole
    for parts in 1 3 40; do
        rm -rf first
        run "$mr" run $job -q input -o first/ --parts $parts -j 1
        expect_status 0 "$job" && expect_parts first $parts
        cat first/part-* >joined
        expect_same whole joined "$job, $parts parts"
        for options in "-j 3 --chunk 16K --memory 1G" "-j 2 --memory 64M" "--inline"; do
            mkdir other # which may be there, and be empty
            run "$mr" run $job -q input -o other --parts $parts $options
            expect_status 0 "$job $options" && diff -rq first other >/dev/null || fail "$job $options: other parts"
            rm -rf other
        done
    done
done

# Compressed, with the names of columns in each.
run "$mr" run wordcount -q input -o packed/ --parts 3 --compress gzip --header
expect_status 0 "compressed" && expect_parts packed 3 .gz
run "$mr" run wordcount -q input
for part in packed/part-*; do
    gzip -dc "$part" | { read -r line && [[ $line == $'key\tvalue' ]] || fail "$part: no header"; cat; }
done | cmp - out || fail "compressed: other results"
run "$mr" run wordcount -q input --sort value:desc -o sorted/
expect_status 0 "sorted" && expect_parts sorted 1
run "$mr" run wordcount -q input --sort value:desc && expect_same out sorted/part-00000 "sorted"

# Output that is there already, and other files that are not in the way.
touch "packed/notes"
run "$mr" run wordcount -q input -o packed/
expect_status 1 "packed again" && expect_error "packed already (" "give another directory"
mkdir mixed && touch mixed/notes
run "$mr" run wordcount -q input -o mixed/ --parts 2
expect_status 0 "mixed" && expect_files mixed notes _SUCCESS part-00000 part-00001
echo text >file
run "$mr" run wordcount -q input -o file/
expect_status 1 "a file" && expect_error "file/: it is a file"
run "$mr" run wordcount -q input -o no/such/folder/
expect_status 1 "no parent" && expect_error "no/such/folder"
run "$mr" run wordcount -q input -o file --parts 3
expect_status 2 "no directory" && expect_error "--parts is for --output DIR/"
run "$mr" run wordcount -q input -o there/ --top 3 --parts 3
expect_status 2 "ordered parts" && expect_error "--parts"
[[ ! -e there && $(<file) == text ]] || fail "a refused job has left something"

# As many files as are usual, also where the plugin is loaded into this process.
for job in wordcount topk; do
    rm -rf usual inline
    run "$mr" run $job -q - -o usual/ < <(cat input)
    expect_status 0 "$job, usual files"
    run "$mr" run $job -q - -o inline/ --inline < <(cat input)
    expect_status 0 "$job --inline, usual files"
    diff -rq usual inline || fail "$job --inline makes other files"
done

# Jobs that fail, or are ended at some moment: nothing, or everything.
run "$mr" run "$build/tests/abi/misbehave.so" --set kind=group --set where=reduce -q input -o failed/ --parts 3
expect_status 1 "a failing job"
[[ ! -e failed ]] || fail "a failing job has left $(ls -A failed)"
mkdir folder
for signal in INT TERM KILL; do
    complete=0
    for ((round = 0; round < 12; round++)); do
        # What bash starts in the background ignores SIGINT.
        perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$mr" run wordcount -q input -o folder/result/ --parts 20 -j 2 2>err &
        pid=$!
        sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
        kill -s "$signal" "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        if [[ -e folder/result/_SUCCESS ]]; then
            expect_parts folder/result 20
            complete=$((complete + 1))
        elif [[ $signal != KILL ]]; then
            expect_files folder
        else # at worst killed while the files got their names, one after the other
            for entry in folder/* folder/.[!.]*; do
                [[ ! -e $entry || $entry == folder/result ]] || fail "SIGKILL has left $entry"
            done
        fi
        rm -rf folder/result
    done
    echo "$signal: $complete of 12 jobs were complete"
done
finish
