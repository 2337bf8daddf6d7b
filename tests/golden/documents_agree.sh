#!/bin/bash
# README.md, the manual page, plugins/GALLERY.md and what mr says of itself agree: all of them know every command, every option,
# every plugin and every option of each plugin. Links of all documents lead somewhere.
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
    grep -q "^| \`mr ${command}[ \`]" "$root/README.md" || fail "README.md has no $command in its table of commands"
    for option in $("$mr" help "$command" | sed -n '/^Options:/,/^$/p' | grep -oE -- '^ +(-., )?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        grep -qE -- "$option([^a-z-]|$)" page || fail "the manual page does not have $option of mr $command"
    done
done

# The manual page of plugins names every function and macro of mr.h that plugins call, every field and every constant.
perl -0pe 's{/\*.*?\*/}{}gs' "$root/src/mr.h" >header
sed 's/\\-/-/g' "$root/src/cli/mr-plugin.5" >plugin_page
{
    grep -oE '^static inline [a-z0-9_ ]+\**mr_[a-z0-9_]+\(' header | grep -oE 'mr_[a-z0-9_]+\($' | tr -d '('
    grep -oE '^#define (mr_[a-z_]+|MR_SKIP|MR_PLUGIN|MR_PLUGIN_FROM)\(' header | sed 's/#define //; s/(//'
    sed -n '/^struct mr_plugin {/,/^};/p' header | sed -n '/const char \*name/,$p' |
        grep -oE '(\(\*[a-z_]+\)\(|[a-z_]+;)' | tr -d '(*);' | grep -vx 'reserved'
    grep -oE '^ +MR_(FOLD|RECORDS|TOGETHER|NEEDS|OPTION|WORDS)_[A-Z0-9_]+ = ' header | tr -d ' ='
} | sort -u >names
[[ $(wc -l <names) -gt 90 ]] || fail "few names were found in mr.h: $(wc -l <names)"
while read -r name; do
    grep -qE "(^|[^a-zA-Z0-9_])$name([^a-zA-Z0-9_]|$)" plugin_page || fail "mr-plugin.5 does not name $name of mr.h"
done <names

# Manual pages are written as their language has it, where there is a program that knows.
for manual in "$root"/src/cli/*.[15]; do
    if command -v groff >/dev/null; then
        groff -ww -man -Tutf8 "$manual" 2>&1 >/dev/null | head -n 5 >wrong
        [[ ! -s wrong ]] || fail "groff: $(cat wrong)"
    fi
    if command -v mandoc >/dev/null; then
        mandoc -T lint -W warning "$manual" >wrong || fail "mandoc: $(head -n 5 wrong)"
    fi
done

# Variables of the environment that mr reads.
grep -rohE 'getenv\("[A-Z_]+"\)' "$root/src" --include='*.c' | grep -oE '[A-Z_]{2,}' | sort -u >variables
[[ $(wc -l <variables) -ge 5 ]] || fail "few variables were found"
while read -r variable; do
    grep -qE "^\.BR? .*\b$variable\b" page || fail "the manual page does not have the variable $variable"
    case $variable in COLUMNS | PATH | TERM) continue ;; esac # those of everybody
    grep -q "^| .*\`$variable\`" "$root/README.md" || fail "README.md has no $variable in its table of variables"
done <variables

# Links lead somewhere.
(cd "$root" && ls -- *.md */*.md) >documents
[[ $(wc -l <documents) -ge 6 ]] || fail "few documents were found"
xargs perl "$root/tests/tools/links.pl" "$root" <documents >broken || fail "links.pl: exit status $?"
[[ ! -s broken ]] || fail "links: $(cat broken)"

# section PLUGIN - what plugins/GALLERY.md says of a plugin.
section() {
    awk -v title="## $1" '/^##/ { on = 0 } on { print } $0 == title { on = 1 }' "$root/plugins/GALLERY.md"
}

for plugin in $("$mr" list | awk '{ print $1 }'); do
    grep -qx "\.B $plugin" page || fail "the manual page does not have the plugin $plugin"
    section "$plugin" >section
    [[ -s section ]] || fail "plugins/GALLERY.md has no section on $plugin"
    case $plugin in invertedindex) section wordcount >>section ;; esac # has the options of wordcount
    "$mr" help "$plugin" | sed -n 's/^  --set \([a-z0-9-]*\)=.*/\1/p' | sort >options
    while read -r option; do
        grep -q "^|.*\`$option\`.*|" section || fail "plugins/GALLERY.md says nothing of --set $option of $plugin"
    done <options
    grep -oE '^\| `[^|]*\|' section | grep -oE '`[^`]*`' | tr -d '`' | sort | comm -23 - options >unknown
    [[ ! -s unknown ]] || fail "plugins/GALLERY.md has options that $plugin does not: $(cat unknown)"
done
finish
