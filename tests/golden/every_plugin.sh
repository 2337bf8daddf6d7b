#!/bin/bash
# Every plugin that comes with mr prints the same bytes in one process, in one worker and in three of them with ten
# chunks. plugins/GALLERY.md has an example of each, with what it prints. Its commands are run with another mr on the path,
# which does each of them three times and compares. And mr check finds nothing wrong with any of them.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

mkdir -p copy/build path commands checked || exit 1
cp -a "$root"/datasets "$root"/plugins copy/ && cp -a "$build"/plugins "$build"/datasets copy/build/ || exit 1

# mr itself, and the same with another number of workers, unless it failed, reads its standard input, or is no mr run.
cat >path/mr <<END
#!/bin/bash
"$mr" "\$@"
status=\$?
[[ \$status -eq 0 && \${1:-} == run && " \$* " != *" - "* && " \$* " != *" --inline "* ]] || exit \$status
arguments=() output= size=10
while [[ \$# -gt 0 ]]; do
    if [[ \$1 == -o ]]; then output=\$2; shift; else arguments+=("\$1"); fi
    [[ ! -f \$1 ]] || size=\$((size + \$(stat -c %s "\$1")))
    shift
done
[[ \$output != */ ]] || exit 0
for variant in "-j 1" "-j 3 --chunk \$((size / 10))" --inline; do
    "$mr" "\${arguments[@]}" \$variant -q >"$work/again" 2>"$work/told" || echo "\${arguments[*]} \$variant: \$(cat "$work/told")" >>"$work/differences"
    [[ -n \$output ]] || output=$work/first
    [[ -e \$output ]] || cp "$work/again" "$work/first"
    cmp "\$output" "$work/again" >>"$work/differences" 2>&1 || echo "\${arguments[*]} \$variant" >>"$work/differences"
done
echo "\${arguments[1]}" >>"$work/compared"
printf '%s\0' "\${arguments[@]:1}" >"$work/commands/\$RANDOM\$RANDOM"
rm -f "$work/first"
END
chmod +x path/mr

touch compared differences
has_sanitizer && export MR_TEST_SANITIZER=yes
(cd copy && PATH=$work/path:$PATH perl "$root/tests/tools/console.pl" plugins/GALLERY.md) || fail "commands of plugins/GALLERY.md"
[[ ! -s differences ]] || fail "not the same: $(cat differences)"
# check COMMAND - check the plugin of a command, given by its arguments; those that it shares with mr check are left.
check() {
    local arguments=() name=${1##*/} seed=$((seed % 1000000))
    while IFS= read -r -d '' argument; do
        case $argument in
        -j | --memory | --chunk | --format | --stats | --report | --parts | --compress | --bad) IFS= read -r -d '' argument ;;
        -q | --header | -v) ;;
        *) arguments+=("$argument") ;;
        esac
    done <"$1"
    (cd copy && "$mr" check "${arguments[@]}" --seed $seed --seconds 2 >"$work/checked/$name" 2>&1) ||
        echo "${arguments[*]} --seed $seed: $(cat "$work/checked/$name")" >>wrong
    echo "${arguments[0]}" >>checks
}

# Most of the time a check waits for another second on the clock.
start_seed
touch wrong checks
for command in commands/*; do
    check "$command" &
    [[ $(jobs -r | wc -l) -lt 8 ]] || wait -n
done
wait
[[ ! -s wrong ]] || fail "mr check: $(cat wrong)"

for plugin in $("$mr" list | awk '{ print $1 }'); do
    grep -qx "$plugin" compared || fail "no example of $plugin that could be compared"
    grep -qx "$plugin" checks || fail "no example of $plugin that could be checked"
done
finish
