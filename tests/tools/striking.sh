# Sourced by the scripts that have tests/tools/chaos strike jobs, after testing.sh. A job has a name; several rounds of
# blows go on at a time, each of which is one call of chaos with a report of its own.

workers=3 # of a job
at_once=3 # rounds
declare -A jobs expected # by the name of a job: its arguments, and NAME of the file expected.NAME with its output
names=()                 # of the rounds
rounds=0
running=0
# The leak checker works in a child of its own, which would be killed as well.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# make_records COUNT KEYS - print so many records with at most so many different keys.
make_records() {
    awk -v seed="$seed" -v count="$1" -v keys="$2" 'BEGIN {
        srand(seed)
        for (i = 0; i < count; i++) printf "%x the record with number %d, of some length\n", rand() * keys, i
    }'
}
# define NAME EXPECTED COMMAND... - a job; it prints what the job EXPECTED prints.
define() {
    local name=$1
    expected[$name]=$2
    shift 2
    jobs[$name]="run $* -v -j $workers"
}

# strike file|pipe NAME OPTION... - have chaos strike a job that writes to a file or a pipe, in the background. In the
# options and in the job the word ROUND stands for a number that no other round has.
strike() {
    local output=$1 name=$2 options=()
    shift 2
    rounds=$((rounds + 1))
    if [[ $running -ge $at_once ]]; then
        wait -n
        running=$((running - 1))
    fi
    mkdir "round.$rounds"
    if [[ $output == file ]]; then
        output="-o $work/round.$rounds/result"
        options=(-o "$work/round.$rounds/result")
    else
        output=
    fi
    {
        # shellcheck disable=SC2086 # words are wanted
        "$tools/chaos" "${@//ROUND/$rounds}" "${options[@]}" -s "$((seed + rounds))" -l $((100 * scale)) \
            "expected.${expected[$name]}" "$mr" ${jobs[$name]//ROUND/$rounds} $output >"report.$rounds" 2>&1
        echo $? >"status.$rounds"
    } &
    running=$((running + 1))
    names[rounds]="$name $*"
}

# collect FIRST - wait for all rounds and show them from FIRST on; each must have succeeded.
collect() {
    local round
    wait
    running=0
    for ((round = $1; round <= rounds; round++)); do
        echo "${names[round]}: $(cat "report.$round")"
        [[ $(cat "status.$round") == 0 ]] || fail "${names[round]}"
    done
}

# total WORD FIRST LAST - set REPLY to the sum of WORD=NUMBER in the reports of these rounds.
total() {
    local round
    REPLY=0
    for ((round = $2; round <= $3; round++)); do
        REPLY=$((REPLY + $(sed -n "s/.*\b$1=\([0-9]*\).*/\1/p" "report.$round" | tail -n 1)))
    done
}
