#!/bin/bash
# Completion: what 'mr complete' says to a shell, what the function for bash makes of it, and both shells as people use them,
# at a terminal. zsh is left out where it is not installed.
source "$(dirname "$0")/../tools/testing.sh"

export PATH=$build:$PATH
completion=$root/src/cli/completion
mkdir folder && touch text.txt folder/inner.txt mine.c mine.so list.json
cat >jobs.json <<'END'
{"parameters": {"words": {"default": "space", "help": "what a word is"}},
 "stages": [{"name": "count", "plugin": "wordcount", "inputs": "text.txt", "output": "-"}]}
END

# expect_answer WORDS ANSWER - what 'mr complete' offers for a command line, without what words mean, on one line.
expect_answer() {
    local words answer
    IFS=' ' read -ra words <<<"$1"
    [[ $1 != *' ' ]] || words+=("")
    answer=$("$mr" complete -- "${words[@]}" | sed 's/^\([^\t][^\t]*\)\t.*/\1/' | tr '\t\n' '! ')
    [[ ${answer% } == "$2" ]] || fail "mr complete for '$1': '${answer% }' instead of '$2'"
}

expect_answer "mr he" "help"
expect_answer "mr --" "--help --version"
expect_answer "mr help wordc" "wordcount !files!*.c! !files!*.cc! !files!*.cpp!"
expect_answer "mr run ./w" "!files!*.c! !files!*.cc! !files!*.cpp! !files!*.so!"
expect_answer "mr run wordcount t" "!files!*!"
expect_answer "mr run wordcount @t" "!files!*!@"
expect_answer "mr run wordcount -o t" "!files!*!"
expect_answer "mr run wordcount --output=t" "!files!*!--output="
expect_answer "mr run wordcount --tmp t" "!folders!*!"
expect_answer "mr run wordcount --skip" "--skip-bad="
expect_answer "mr run wordcount --head" "--header"
expect_answer "mr run wordcount --format " "tsv csv jsonl raw binary"
expect_answer "mr run wordcount --format=c" "--format=csv"
expect_answer "mr run wordcount --sort value:n" "value:num value:num:desc"
expect_answer "mr run wordcount --records csv:" "csv:tab"
expect_answer "mr run wordcount --crlf " "keep strip"
expect_answer "mr run wordcount --memory " ""
expect_answer "mr run wordcount --set " "words= case="
expect_answer "mr run --top 3 -j 2 wordcount --set " "words= case="
expect_answer "mr run wordcount text.txt --set words=" "words=space words=letters"
expect_answer "mr run grep --set=invert=" "--set=invert=yes --set=invert=no"
expect_answer "mr run stringmatch --set strings=t" "!files!*!strings="
expect_answer "mr run stringmatch --side " "strings="
expect_answer "mr run wordcount --side x=t" "!files!*!x="
expect_answer "mr run nowhere --set " ""
expect_answer "mr run -- wordcount --for" "!files!*!"
expect_answer "mr job k" "kmeans !files!*.json!"
expect_answer "mr job ./jobs.json --set " "words="
expect_answer "mr job jobs.json --set=w" "--set=words="
expect_answer "mr list " ""
expect_answer "mr list --" "--help"
expect_answer "mr nothing " ""
# A job file from elsewhere may name its parameters as it likes, and describe them by what looks like further answers.
cat >strange.json <<'END'
{"parameters": {"$(touch run)": {"default": "1", "help": "new\nmr\ttwo"}, "two words": {"default": "2", "help": "\u001b[31m"}},
 "stages": [{"name": "count", "plugin": "wordcount", "inputs": "text.txt", "output": "-"}]}
END
expect_answer "mr job strange.json --set " '$(touch run)= two words='
run "$mr" complete --
expect_status 2 "complete without words"

# Every command offers the options that its help shows, and no others.
for command in $("$mr" complete -- mr "" | cut -f1 | grep -v '^-'); do
    "$mr" help "$command" | grep -oE -- "^ +(-., )?--[a-z-]+" | grep -oE -- "--[a-z-]+" | grep -vx -- --help | sort -u >shown
    "$mr" complete -- mr "$command" -- | grep -oE -- '^--[a-z-]+' | grep -vx -- --help | sort >offered
    expect_same shown offered "options that help and completion know of mr $command"
done

# The function for bash, with the words as bash divides them.
source "$completion/mr.bash"
compopt() { asked+=" $2"; } # only works while bash completes
# expect_reply LINE REPLIES ASKED - what bash puts in the place of the last of its own words, and what it is asked to mind.
expect_reply() {
    local asked=
    COMP_LINE=$1 COMP_POINT=${#1}
    mapfile -t COMP_WORDS < <(perl -e 'my ($line) = @ARGV; my @words;
        while ($line =~ /\G\s*([=:@]+|[^\s=:@]+)/gc) { push @words, $1 }
        push @words, "" if $line =~ /\s$/; print map { "$_\n" } @words' "$1")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _mr
    [[ "${COMPREPLY[*]}" == "$2" && $asked == "$3" ]] ||
        fail "bash completes '$1' with '${COMPREPLY[*]}' and '$asked' instead of '$2' and '$3'"
}
expect_reply "mr ru" "run" ""
expect_reply "mr run wordc" "wordcount" ""
expect_reply "mr run mi" "mine.c" " filenames"
expect_reply "mr run ./mi" "./mine.c ./mine.so" " filenames filenames"
expect_reply "mr run wordcount --for" "--format=" " nospace"
expect_reply "mr run wordcount --format=" "tsv csv jsonl raw binary" ""
expect_reply "mr run wordcount --format=js" "jsonl" ""
expect_reply "mr run wordcount --format js" "jsonl" ""
expect_reply "mr run wordcount --set wo" "words=" " nospace"
expect_reply "mr run wordcount --set words=" "space letters" ""
expect_reply "mr run wordcount --set=words=le" "letters" ""
expect_reply "mr run wordcount --records csv:" "tab" ""
expect_reply "mr run wordcount te" "text.txt" " filenames"
expect_reply "mr run wordcount folder/" "folder/inner.txt" " filenames"
expect_reply "mr run wordcount --output=te" "text.txt" " filenames"
expect_reply "mr run wordcount @li" "@list.json" ""
expect_reply "mr run wordcount @fo" "@folder/" " nospace"
expect_reply "mr run wordcount --tmp " "folder" " filenames"
expect_reply "mr job strange.json --set " '\$\(touch\ run\)= two\ words=' ""
expect_reply "mr job strange.json --set t" 'two\ words=' " nospace"
expect_reply "mr job li" "list.json" " filenames"
unset -f compopt

# A shell at a terminal: what is typed, with TAB at its end, becomes what stands behind; each is printed by a command of its
# own, so that nobody has to wait for anything but the shell.
typed=("mr ru" "mr run wordcou" "mr run wordcount --form" "mr run wordcount --format=js" "mr run wordcount --set wo"
    "mr run wordcount --set words=le" "mr run wordcount --set=words=le" "mr run wordcount te" "mr run wordcount --output=te"
    "mr run wordcount @li" "mr run wordcount folder/" "mr job kme" "mr help wordcou" "mr run wordcount --records csv:t")
printf '<%s>\n' "mr run" "mr run wordcount" "mr run wordcount --format=" "mr run wordcount --format=jsonl" \
    "mr run wordcount --set words=" "mr run wordcount --set words=letters" "mr run wordcount --set=words=letters" \
    "mr run wordcount text.txt" "mr run wordcount --output=text.txt" "mr run wordcount @list.json" \
    "mr run wordcount folder/inner.txt" "mr job kmeans" "mr help wordcount" "mr run wordcount --records csv:tab" >expected

# type_lines - what is typed: each line is completed, then put into quotes by keys that go to its beginning and its end, as
# the argument of echo.
type_lines() {
    local line
    for line in "${typed[@]}"; do
        printf "%s\t\001echo '<\005>'\n" "$line"
    done
    echo exit
}

# expect_typed SHELL - the file session holds what a shell has printed.
expect_typed() {
    tr -d '\r' <session | grep -a '^<' | sed 's/ *>$/>/' >printed
    expect_same expected printed "lines that $1 completes"
}

# With bash-completion the file is loaded when it is first needed, by the name of the command; otherwise by hand.
loader=/usr/share/bash-completion/bash_completion
if command -v script >/dev/null; then
    mkdir -p user/completions && cp "$completion/mr.bash" user/completions/mr
    [[ -f $loader ]] || loader=$completion/mr.bash
    printf '%s\n' "PS1='> '" "BASH_COMPLETION_USER_DIR='$work/user'" "source '$loader'" >start
    type_lines | TERM=dumb HISTFILE= script -qec 'bash --noprofile --rcfile start -i' /dev/null >session 2>&1
    expect_typed bash
else
    echo "no script(1): bash is not tried at a terminal"
fi

# zsh waits for a terminal of its own.
if command -v zsh >/dev/null; then
    cat >drive.zsh <<'END'
zmodload zsh/zpty
zpty shell "TERM=dumb zsh -f -i"
zpty -w shell "PS1='> '; HISTFILE=; fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D; setopt noautomenu; bindkey -e; print begin"
zpty -r shell text $'*\nbegin*'
for line in ${argv[2,-1]}; do
    zpty -w -n shell "$line"$'\t'
    zpty -w -n shell $'\x01'"print -r -- '<"$'\x05'">'; print end"$'\n'
    zpty -r shell text $'*\nend\r*'
    print -r -- "$text"
done
zpty -w shell exit
END
    zsh -f drive.zsh "$completion" "${typed[@]}" >session 2>&1
    expect_typed zsh
else
    echo "no zsh: its completion is not tried"
fi
finish
