# shellcheck shell=bash disable=SC2154,SC2034 # variables come from runner.sh, and go there
# What is measured: one function for each row, and the data that they work on. Sourced by run.sh and compare.sh, after
# runner.sh, where the words that rows are written in are explained: title, work, repeat, installed, program, goal.
#
# A goal is a ratio between two programs of the same row in the same rounds, so it means the same on every machine that
# is not too different. "mr" works with $JOBS workers, "mr-j1" with one; the naive programs are naive_*.c.

all_rows=(wordcount manywords stats invertedindex grep-fixed grep-regex sort sort-numbers groupby gzip queue-16 queue-1K queue-64K startup)

# size FULL SMALL - print what goes with SIZE.
size() {
    if [[ $SIZE == small ]]; then echo "$2"; else echo "$1"; fi
}

english_text() {
    data english.txt "$generators/generate_text" --size "$(size 594000000 2M)" --vocabulary "$(size 46000 2000)" \
        --no-punctuation --unicode 0 --output
}

many_words_text() {
    data many_words.txt "$generators/generate_text" --size "$(size 1300000000 3M)" \
        --vocabulary "$(size 17500000 100000)" --no-punctuation --unicode 0 --output
}

row_wordcount() {
    local text
    title "wordcount, $(size '594 MB, 46 thousand' '2 MB, 2 thousand') distinct words"
    text=$(english_text) || return
    local job=(run wordcount "$text" --set case=lower -q -o OUT)
    program mr each "$mr" "${job[@]}" -j "$JOBS"
    program mr-j1 each "$mr" "${job[@]}" -j 1
    program naive each "$programs/naive_wordcount" "$text" OUT
    installed mawk mawk && installed parallel parallel &&
        program 'mawk under parallel' once "$contenders" parallel_mawk_wordcount "$text" OUT "$JOBS"
    installed mawk mawk && program mawk once "$contenders" mawk_wordcount "$text" OUT
    program 'sort and uniq' once "$contenders" sort_wordcount "$text" OUT
    installed python3 python3 && program 'Python pool' once "$contenders" python wordcount "$text" OUT "$JOBS"
    has_duckdb && program DuckDB once "$contenders" duckdb_wordcount "$text" OUT "$JOBS"
    goal wall mr naive 0.11
    goal wall mr mr-j1 0.54
    goal peak mr naive 4
}

row_manywords() {
    local text
    title "wordcount, $(size '1.3 GB, 12 million' '3 MB, 90 thousand') distinct words"
    text=$(many_words_text) || return
    local job=(run wordcount "$text" --set case=lower -q -o OUT)
    program mr each "$mr" "${job[@]}" -j "$JOBS"
    program mr-256M each "$mr" "${job[@]}" -j "$JOBS" --memory "$(size 256M 2M)"
    program mr-j1 twice "$mr" "${job[@]}" -j 1
    program naive once "$programs/naive_wordcount" "$text" OUT
    has_duckdb && program DuckDB once "$contenders" duckdb_wordcount "$text" OUT "$JOBS"
    goal wall mr naive 0.08
    goal wall mr-256M mr 1.20
    goal wall mr mr-j1 0.54
    goal peak mr naive 1.25
}

row_stats() {
    local rows
    title "stats, $(size '50 million' '100 thousand') rows, 413 names"
    [[ -x $generators/generate_rows ]] || { skip_row "datasets/generate_rows is not there"; return; }
    rows=$(data rows.txt "$generators/generate_rows" --rows "$(size 50000000 100000)" --output) || return
    program mr each "$mr" run stats "$rows" -q -o OUT -j "$JOBS"
    program mr-j1 each "$mr" run stats "$rows" -q -o OUT -j 1
    program naive each "$programs/naive_stats" "$rows" OUT
    installed mawk mawk && installed parallel parallel &&
        program 'mawk under parallel' once "$contenders" parallel_mawk_stats "$rows" OUT "$JOBS"
    installed mawk mawk && program mawk once "$contenders" mawk_stats "$rows" OUT
    installed python3 python3 && program 'Python pool' once "$contenders" python stats "$rows" OUT "$JOBS"
    has_duckdb && program DuckDB twice "$contenders" duckdb_stats "$rows" OUT "$JOBS"
    goal wall mr naive 0.10
    goal wall mr mr-j1 0.54
}

row_invertedindex() {
    local sources
    title "invertedindex, $(size '100 MB in 4000' '1 MB in 40') files"
    sources=$(data sources "$programs/generate_sources" "$(size 4000 40)" "$(size 100000000 1000000)") || return
    program mr each "$contenders" in_folder "$sources" "$mr" run invertedindex -q -o OUT -j "$JOBS"
    program naive each "$contenders" in_folder "$sources" "$programs/naive_invertedindex" OUT
    goal wall mr naive 0.40
}

# grep_row KIND PATTERN MR_OPTION GREP_OPTION RIPGREP_OPTIONS... - the programs of both grep rows.
grep_row() {
    local kind=$1 pattern=$2 mr_option=$3 grep_option=$4 text
    shift 4
    text=$(many_words_text) || return
    program mr each "$mr" run grep "$text" --set "pattern=$pattern" --set "fixed=$mr_option" -q -o OUT -j "$JOBS"
    program naive each "$programs/naive_grep" "$kind" "$pattern" "$text" OUT
    program grep each "$contenders" to OUT grep -a "$grep_option" -e "$pattern" "$text"
    installed rg ripgrep && program ripgrep each "$contenders" to OUT rg -a -N "$@" -j "$JOBS" -e "$pattern" "$text"
}

row_grep_fixed() {
    title "grep, plain text, $(size '1.3 GB' '3 MB')"
    grep_row fixed 'stoun' yes -F -F || return
    goal wall mr naive 0.30
    goal wall mr grep 1.20
    goal wall mr ripgrep 1.20
}

row_grep_regex() {
    title "grep, regular expression, $(size '1.3 GB' '3 MB')"
    grep_row regex '[A-Z][a-z]*ea[a-z]* [a-z]+ung' no -E || return
    goal wall mr naive 0.40
    goal wall mr grep 1.20
    goal wall mr ripgrep 1.20
}

# sort_row INPUT MR_OPTIONS... -- SORT_OPTIONS... - the programs of both sort rows.
sort_row() {
    local input=$1 mr_options=()
    shift
    while [[ $1 != -- ]]; do
        mr_options+=("$1")
        shift
    done
    shift
    program mr each "$mr" run sort "$input" "${mr_options[@]}" -q -o OUT -j "$JOBS"
    program 'GNU sort' twice sort -s "--parallel=$JOBS" -S 8G "$@" -o OUT "$input"
    goal wall mr 'GNU sort' 1.0
}

row_sort() {
    local text
    title "sort, lines of text, $(size '594 MB' '2 MB')"
    text=$(english_text) || return
    sort_row "$text" --
}

row_sort_numbers() {
    local rows
    title "sort, by the second field, a number, $(size '10 million' '100 thousand') rows"
    rows=$(data few_rows.txt "$generators/generate_rows" --rows "$(size 10000000 100000)" --output) || return
    sort_row "$rows" --set field=2 --set 'delimiter=;' --set numeric=yes -- -t ';' -k 2,2n
}

# Quoted fields hold delimiters and newlines, so no tool that goes by lines can do it.
row_groupby() {
    local sales
    title "groupby, $(size '10 million' '20 thousand') rows of CSV, 64 groups: count, sum, minimum, maximum"
    sales=$(data sales.csv "$generators/generate_sales" --rows "$(size 10000000 20000)" --output) || return
    local job=(run groupby "$sales" --set by=city --set compute=count,sum:amount,min:amount,max:amount -q -o OUT)
    program mr each "$mr" "${job[@]}" -j "$JOBS"
    program mr-j1 each "$mr" "${job[@]}" -j 1
    installed python3 python3 && program 'Python csv' once python3 "$here/csv_groups.py" "$sales" OUT
    has_duckdb && program DuckDB each "$contenders" duckdb_groupby "$sales" OUT "$JOBS"
    goal wall mr mr-j1 0.54
}

row_gzip() {
    local text compressed
    title "wordcount of a gzip file, $(size '594 MB' '2 MB') when it is unpacked"
    text=$(english_text) || return
    compressed=$(data english.txt.gz "$contenders" compress "$text") || return
    local job=(--set case=lower -q -o OUT -j "$JOBS")
    program mr each "$mr" run wordcount "$compressed" "${job[@]}"
    program mr-unpacked each "$mr" run wordcount "$text" "${job[@]}"
    program mr-reads each "$contenders" without_result "$mr" run grep "$compressed" --set pattern=@@@ --set fixed=yes -q
    installed pigz pigz && installed mawk mawk &&
        program 'pigz and mawk' once "$contenders" pigz_mawk_wordcount "$compressed" OUT
    # What inflating alone takes, and a little: the rest of the work is done meanwhile.
    goal wall mr mr-reads 1.15
}

# queue_row LENGTH COUNT - one producer and one consumer.
queue_row() {
    local length=$1 count=$2
    title "mp_queue, messages of $length bytes, one producer, one consumer"
    work "$count" messages
    program mr each "$queue" 1 1 "$length" "$count"
    program pipe each "$programs/naive_queue" "$length" "$count"
    installed python3 python3 && {
        work "$((count > 100 ? count / 100 : count))" messages
        program 'Python queue' once python3 "$here/python_queue.py" "$length" "$((count > 100 ? count / 100 : count))"
    }
}

row_queue_16() {
    queue_row 16 "$(size 8000000 20000)"
    goal wall mr pipe 0.10
}

row_queue_1K() {
    queue_row 1024 "$(size 3000000 10000)"
    goal wall mr pipe 0.35
}

row_queue_64K() {
    queue_row 65536 "$(size 150000 500)"
    goal wall mr pipe 0.80
}

row_startup() {
    local text
    title "start-up: from the command to the result of 1 KB"
    text=$(data short.txt "$generators/generate_text" --size 1K --output) || return
    repeat "$(size 100 3)"
    program mr each "$mr" run wordcount "$text" -q -o OUT -j "$JOBS"
    program naive each "$programs/naive_startup" "$text"
    goal wall mr naive 8
}
