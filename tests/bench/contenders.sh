#!/bin/bash
# contenders.sh NAME ARGUMENT... - programs made of standard tools, which mr is compared with. Each writes what mr writes, byte
# for byte, to the file OUTPUT. rows.sh says who runs when.
# shellcheck disable=SC2016 # programs for awk stand in single quotes
set -u -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)

# in_folder FOLDER COMMAND... - run it there, with all files of all folders below as further arguments.
in_folder() {
    cd "$1" || exit 1
    shift
    exec "$@" [0-9]*/*
}

# What awk does for a part of the input, and for what several of them have printed.
count_words='{ line = tolower($0); n = split(line, word, /[ \t]+/); for (i = 1; i <= n; i++) count[word[i]]++ }
    END { delete count[""]; for (w in count) print w "\t" count[w] }'
sum_counts='{ count[$1] += $2 } END { for (w in count) print w "\t" count[w] }'
fold_rows='{ v = $2 + 0; s[$1] += v; if (!c[$1]++) { low[$1] = high[$1] = v }
    if (v < low[$1]) low[$1] = v; if (v > high[$1]) high[$1] = v }
    END { for (k in c) print k ";" low[k] ";" high[k] ";" s[k] ";" c[k] }'
# The sum is a whole number of tenths that was added with errors; they are rounded off before the mean is rounded.
join_rows='function mean(sum, count,   tenths, sign, whole) {
        sign = sum < 0 ? "-" : ""; tenths = int((sum < 0 ? -sum : sum) * 10 + 0.5)
        whole = int((2 * tenths + count) / (2 * count))
        return (whole ? sign : "") sprintf("%.1f", whole / 10)
    }
    { s[$1] += $4; if (!c[$1]) { low[$1] = $2 + 0; high[$1] = $3 + 0 } c[$1] += $5
    if ($2 + 0 < low[$1]) low[$1] = $2 + 0; if ($3 + 0 > high[$1]) high[$1] = $3 + 0 }
    END { for (k in c) printf "%s\t%.1f\t%s\t%.1f\t%d\n", k, low[k], mean(s[k], c[k]), high[k], c[k] }'

mawk_wordcount() { mawk "$count_words" "$1" | sort >"$2"; }
mawk_stats() { mawk -F ';' "$fold_rows" "$1" | mawk -F ';' "$join_rows" | sort -t $'\t' -k 1,1 >"$2"; }

# parallel_mawk_... INPUT OUTPUT JOBS - mawk for each part of a file, and once more for the parts.
parallel_mawk_wordcount() {
    parallel --will-cite -j "$3" --pipepart -a "$1" --block 32M mawk "$(printf %q "$count_words")" |
        mawk -F '\t' "$sum_counts" | sort >"$2"
}
parallel_mawk_stats() {
    parallel --will-cite -j "$3" --pipepart -a "$1" --block 32M mawk -F "';'" "$(printf %q "$fold_rows")" |
        mawk -F ';' "$join_rows" | sort -t $'\t' -k 1,1 >"$2"
}

sort_wordcount() {
    tr -s ' \t\n' '\n' <"$1" | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort | uniq -c | awk '{ print $2 "\t" $1 }' >"$2"
}

# compress INPUT OUTPUT - as one gzip member.
compress() { gzip -c "$1" >"$2"; }

pigz_mawk_wordcount() { pigz -dc "$1" | mawk "$count_words" | sort >"$2"; }

# without_result COMMAND... - run it, and forget what it prints.
without_result() { exec "$@" >/dev/null; }

# python JOB INPUT OUTPUT JOBS
python() { exec python3 "$here/multiprocessing_jobs.py" "$@"; }

# Words as DuckDB counts them: lines are split at blanks.
duckdb_wordcount() {
    exec node "$here/duckdb.js" "$3" "COPY (SELECT word, count(*) FROM
        (SELECT unnest(string_split(lower(line), ' ')) AS word FROM read_csv('$1', columns = {'line': 'VARCHAR'},
            header = false, delim = '\t', quote = '', escape = '', auto_detect = false))
        WHERE word <> '' GROUP BY word ORDER BY word) TO '$2' (HEADER false, DELIMITER '\t', QUOTE '')"
}
duckdb_stats() {
    exec node "$here/duckdb.js" "$3" "COPY (SELECT name, min(value), CAST(round(sum(value) / count(*), 1) AS DECIMAL(9, 1)),
            max(value), count(*) FROM read_csv('$1', columns = {'name': 'VARCHAR', 'value': 'DECIMAL(4, 1)'},
            header = false, delim = ';', quote = '', escape = '', auto_detect = false)
        GROUP BY name ORDER BY name) TO '$2' (HEADER false, DELIMITER '\t', QUOTE '')"
}
# Numbers without zeros at the end, as mr prints them.
duckdb_groupby() {
    local plain="rtrim(rtrim(CAST(%s(amount) AS VARCHAR), '0'), '.')"
    # shellcheck disable=SC2059 # the format is in the variable
    exec node "$here/duckdb.js" "$3" "COPY (SELECT city, count(*), $(printf "$plain" sum), $(printf "$plain" min),
            $(printf "$plain" max)
        FROM read_csv('$1', header = true, delim = ',', quote = '\"', escape = '\"', auto_detect = false,
            columns = {'id': 'BIGINT', 'date': 'DATE', 'customer': 'VARCHAR', 'name': 'VARCHAR', 'city': 'VARCHAR',
                'product': 'VARCHAR', 'quantity': 'INTEGER', 'amount': 'DECIMAL(12, 2)', 'note': 'VARCHAR'})
        GROUP BY city ORDER BY city) TO '$2' (HEADER false, DELIMITER '\t', QUOTE '')"
}

# to OUTPUT COMMAND... - run it with its standard output in a file.
to() {
    local output=$1
    shift
    exec "$@" >"$output"
}

"$@"
