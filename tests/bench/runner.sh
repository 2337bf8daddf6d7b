# shellcheck shell=bash
# The words in which rows.sh is written, and what runs a row. Sourced by run.sh and compare.sh.
#
# A row is described by calling its function, which fills the arrays below; then its programs run in turn. What happens
# is written to $events, one JSON object for each line, from which report.pl makes tables.

# shellcheck disable=SC2034 # the variables are for rows.sh
set -u -o pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.." || exit 1

# complain MESSAGE... - end because of wrong usage.
complain() {
    echo "bench: $*" >&2
    exit 2
}

# absolute PATH - print it as a path that holds in every folder; the folder is made when it is not there.
absolute() {
    mkdir -p "$1" && (cd "$1" && pwd)
}

ROUNDS=${ROUNDS:-5} SIZE=${SIZE:-full} JOBS=${JOBS:-2}
[[ $ROUNDS =~ ^[1-9][0-9]*$ ]] || complain "ROUNDS has to be a number from 1 on, not '$ROUNDS'"
[[ $JOBS =~ ^[1-9][0-9]*$ ]] || complain "JOBS has to be a number from 1 on, not '$JOBS'"
[[ $SIZE == full || $SIZE == small ]] || complain "SIZE has to be full or small, not '$SIZE'"

build=$(absolute "${BUILD:-build}") || exit 1
folder=$(absolute "${BENCH_FOLDER:-$build/bench}") || exit 1
generators=$build/datasets programs=$build/tests/bench contenders=$here/contenders.sh
mr=$build/mr queue=$programs/queue
output=$(mktemp -d "$folder/output-XXXXXX") || exit 1
events=$output/events
export TMPDIR=$output # spill files, and the temporary files of sort and parallel
export NODE_PATH=$folder/node_modules${NODE_PATH:+:$NODE_PATH}

# ---- ending ----

running= # the process that waits for a program, if any

# clean_up - end what runs, and remove results. Data stays for the next time.
clean_up() {
    if [[ -n $running ]]; then
        kill -TERM "$running" 2>/dev/null
        wait "$running" 2>/dev/null
    fi
    rm -rf "$output"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# ---- events ----

# json_text TEXT - print it as a JSON string, on one line.
json_text() {
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    printf '"%s"' "$(tr -d '\000-\037' <<<"$text")"
}

# event KIND [NAME VALUE]... - note that something happened in the current row. A value that is a number or an object
# stays one.
event() {
    local line
    line="{\"event\": \"$1\", \"row\": \"${row:-}\""
    shift
    for (( ; $# > 1; )); do
        if [[ $2 =~ ^[0-9]+(\.[0-9]+)?$ || $2 == '{'*'}' ]]; then
            line+=", \"$1\": $2"
        else
            line+=", \"$1\": $(json_text "$2")"
        fi
        shift 2
    done
    echo "$line}" >>"$events"
}

# ---- data ----

# data NAME COMMAND... - print the path of generated data. The command is run with that path as its last argument, unless
# the same command has made the data already.
data() {
    local path made="${*:2}"
    path=$folder/data-$SIZE/$1
    shift
    if [[ ! -e $path || $(cat "$path.made" 2>/dev/null) != "$made" ]]; then
        echo "bench: making $path" >&2
        mkdir -p "${path%/*}"
        rm -rf "$path" "$path.part" "$path.made"
        "$@" "$path.part" && mv "$path.part" "$path" && echo "$made" >"$path.made" || return 1
    fi
    echo "$path"
}

# describe_machine REVISION - note what the figures are of.
describe_machine() {
    event machine revision "$1" jobs "$JOBS" rounds "$ROUNDS" size "$SIZE" processors "$(nproc)" kernel "$(uname -sr)" \
        processor "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" \
        memory "$(($(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo) * 1024))"
}

# ---- describing a row ----

side= # in a comparison: whose mr the row is being described for, `new` or `base`

# choose_rows - set $rows to those that are wanted.
choose_rows() {
    local name
    read -r -a rows <<<"${ROWS:-${all_rows[*]}}"
    for name in "${rows[@]}"; do
        [[ " ${all_rows[*]} " == *" $name "* ]] || complain "there is no row '$name'; there are: ${all_rows[*]}"
    done
}

# describe_row - call the function of the row. Returns false when the row is to be left out.
describe_row() {
    "row_${row//-/_}" || complain "the data of $row could not be made"
    [[ -z $skipped ]]
}

# start_row NAME - forget the row before.
start_row() {
    row=$1
    names=() rounds=() limits=() commands=() repeats=1 amount='' unit='' skipped=
    rm -f "$output"/reference*
}

title() { event title title "$1"; }

# work AMOUNT UNIT - what each of the programs that follow gets done, for a column with how many of them in a second.
work() { amount=$1 unit=$2; }

# repeat N - run each program so many times in a row, and take the median as one figure.
repeat() { repeats=$1; }

# goal FIGURE PROGRAM BASELINE LIMIT - the figure (wall, cpu or peak) of PROGRAM is to be at most LIMIT times BASELINE's.
goal() { event goal figure "$1" program "$2" baseline "$3" limit "$4"; }

skip_row() {
    echo "bench: $row skipped: $1" >&2
    skipped=yes
    event skip reason "$1"
}

# installed PROGRAM PACKAGE - whether a program is there; what is missing is said once in the report.
installed() {
    command -v "$1" >/dev/null && return
    event missing tool "$1" remedy "apt-get install $2"
    return 1
}

has_duckdb() {
    command -v node >/dev/null && node -e 'require.resolve("@duckdb/node-api")' 2>/dev/null && return
    event missing tool DuckDB remedy "npm install --prefix ${folder#"$PWD/"} @duckdb/node-api"
    return 1
}

# program NAME WHEN COMMAND... - one of the programs of a row. WHEN: `each` round, only `twice`, or `once`. Slow programs run
# once, and that has to do as their warm-up too. The argument OUT stands for the file that the result goes to; results
# of all programs of a row have to be the same bytes. A comparison ($side is set) takes only what is made of mr and runs in
# each round.
program() {
    local name=$1 when=$2
    shift 2
    if [[ -n $side ]]; then
        [[ $name == mr* && $when == each ]] || return 0
        name="$side $name"
    fi
    names+=("$name")
    case $when in
    each) rounds+=("$ROUNDS") limits+=(120) ;;
    twice) rounds+=($((ROUNDS < 2 ? ROUNDS : 2))) limits+=(120) ;;
    once) rounds+=(0) limits+=(120) ;;
    esac
    commands+=("${*@Q}")
    event program program "$name" amount "$amount" unit "$unit" command "${*//$folder\//}"
}

# ---- running a row ----

# measure FIGURES [OPTION]... COMMAND... - run a command, and put what it took into the file FIGURES. What it says goes to
# $output/messages. Returns its exit status.
measure() {
    local figures=$1 status
    shift
    "$programs/measure" "$@" 3>"$figures" >"$output/messages" 2>&1 &
    running=$!
    wait "$running"
    status=$?
    running=
    return $status
}

# judge STATUS RESULT - print what to say of a program that ended so: nothing when all is right.
judge() {
    local status=$1 result=$2
    if [[ $status -eq 124 ]]; then
        echo "not done in time"
    elif [[ $status -ne 0 ]]; then
        echo "failed with status $status: $(tail -n 1 "$output/messages")"
    elif [[ -e $result && -e $reference ]] && ! cmp -s "$result" "$reference"; then
        echo "prints something else than ${names[0]}"
    fi
}

# run_program NUMBER ROUND [OPTION]... - run a program of this row once. The first result is the reference for the others.
# Returns false when something is wrong.
run_program() {
    local number=$1 round=$2 command argument arguments=() fault
    shift 2
    local name=${names[number]} result=$output/result-$number reference=$output/reference
    [[ -z $side ]] || reference+=-${name%% *}
    eval "command=(${commands[number]})"
    for argument in "${command[@]}"; do
        [[ $argument == OUT ]] && argument=$result
        arguments+=("$argument")
    done
    measure "$output/figures" "$@" --timeout "${limits[number]}" "${arguments[@]}"
    fault=$(judge $? "$result")
    event run program "$name" round "$round" fault "$fault" figures "$(cat "$output/figures")"
    say_progress
    [[ -z $fault ]] || echo "bench: $row: $name: $fault" >&2
    [[ -e $reference || ! -e $result ]] || mv "$result" "$reference"
    rm -f "$result"
    [[ -z $fault ]]
}

# say_progress [TEXT] - show on the terminal, if there is one, what goes on; or nothing any more.
say_progress() {
    [[ ! -t 2 ]] || printf '\r\033[K%s' "${1:+bench: $row: $1}" >&2
}

# warm_up - run each program of the row once, looking at its memory. Those that fail run no more.
warm_up() {
    local number
    for number in "${!names[@]}"; do
        say_progress "${names[number]}, warming up"
        run_program "$number" 0 --memory || rounds[number]=0
    done
}

# run_rounds - run the programs of the row in turn.
run_rounds() {
    local round number
    for ((round = 1; round <= ROUNDS; round++)); do
        for number in "${!names[@]}"; do
            [[ $round -le ${rounds[number]} ]] || continue
            say_progress "${names[number]}, round $round"
            run_program "$number" "$round" --repeat "$repeats"
        done
    done
}
