#!/bin/bash
# Every plugin that comes with mr prints the same bytes in one process, in one worker and in three of them with ten
# chunks. plugins/README.md has an example of each, with what it prints. Its commands are run with another mr on the path,
# which does each of them three times and compares.
# timeout: 300
source "$(dirname "$0")/../tools/testing.sh"

mkdir -p copy/build path || exit 1
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
rm -f "$work/first"
END
chmod +x path/mr
sed -n '/^## The plugins that come with mr/,$p' "$root/plugins/README.md" >examples.md

touch compared differences
(cd copy && PATH=$work/path:$PATH perl "$root/tests/tools/console.pl" "$work/examples.md") || fail "commands of plugins/README.md"
[[ ! -s differences ]] || fail "not the same: $(cat differences)"
for plugin in $("$mr" list | awk '{ print $1 }'); do
    grep -qx "$plugin" compared || fail "no example of $plugin that could be compared"
done
finish
