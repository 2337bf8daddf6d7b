#!/bin/bash
# README.md, the manual page, plugins/README.md and what mr says of itself agree: all of them know every command, every option,
# every plugin and every option of each plugin.
source "$(dirname "$0")/../tools/testing.sh"

sed 's/\\-/-/g' "$root/src/cli/mr.1" >page

# Options of mr run, from the help to the documents and back.
"$mr" help run | grep -oE -- "^ +(-., )?--[a-z-]+" | grep -oE -- "--[a-z-]+" | sort -u >options
[[ $(wc -l <options) -gt 20 ]] || fail "mr help run lists few options"
for option in $(cat options); do
    grep -qE "^\| (\`[^|]*, )?\`$option[ \`]" "$root/README.md" || fail "README.md has no $option in its table of options"
    grep -qE -- "$option([^a-z-]|$)" page || fail "the manual page does not have $option"
done
sed -n '/^## Options of `mr run`/,/^## /p' "$root/README.md" | grep -oE -- '^\| `[^|]*\|' | grep -oE -- '--[a-z][a-z-]+' |
    sort -u | comm -23 - options >unknown
[[ ! -s unknown ]] || fail "mr help run does not have: $(cat unknown)"

# Commands, and their own options.
for command in $("$mr" complete -- mr "" | cut -f1 | grep -v '^-'); do
    grep -qE "^\.BI? \"?mr $command" page || fail "the manual page does not have the command $command"
    grep -q "^| \`mr $command[ \`]" "$root/README.md" || fail "README.md has no $command in its table of commands"
    for option in $("$mr" help "$command" | sed -n '/^Options:/,/^$/p' | grep -oE -- '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        grep -qE -- "$option([^a-z-]|$)" page || fail "the manual page does not have $option of mr $command"
    done
done

# section PLUGIN - what plugins/README.md says of a plugin.
section() {
    awk -v title="### $1" '/^##/ { on = 0 } on { print } $0 == title { on = 1 }' "$root/plugins/README.md"
}

for plugin in $("$mr" list | awk '{ print $1 }'); do
    grep -qx "\.B $plugin" page || fail "the manual page does not have the plugin $plugin"
    section "$plugin" >section
    [[ -s section ]] || fail "plugins/README.md has no section on $plugin"
    case $plugin in invertedindex) section wordcount >>section ;; esac # has the options of wordcount
    "$mr" help "$plugin" | sed -n 's/^  --set \([a-z0-9-]*\)=.*/\1/p' | sort >options
    while read -r option; do
        grep -q "^|.*\`$option\`.*|" section || fail "plugins/README.md says nothing of --set $option of $plugin"
    done <options
    grep -oE '^\| `[^|]*\|' section | grep -oE '`[^`]*`' | tr -d '`' | sort | comm -23 - options >unknown
    [[ ! -s unknown ]] || fail "plugins/README.md has options that $plugin does not: $(cat unknown)"
done
finish
