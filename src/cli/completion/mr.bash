# shellcheck shell=bash
# Completion of mr for bash: asks 'mr complete' what may stand where TAB is pressed. bash-completion loads it from
# share/bash-completion/completions/mr, or etc/bash_completion.d/mr; without it: source this file.

# Sets the variables words and kept of the caller. words: those of the command line up to the cursor. bash divides them also
# at = and : and @, here only blanks do. kept: what stands in the last of them before the last of bash's own, which is all
# that bash replaces.
_mr_words() {
    local rest=$COMP_LINE word blank i over
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        blank=${rest%%[![:space:]]*}
        rest=${rest#"$blank"}
        if [[ $i -gt 0 && -z $blank ]]; then
            words[-1]+=$word
        else
            words+=("$word")
        fi
        rest=${rest#"$word"}
    done
    over=$((${#COMP_LINE} - ${#rest} - COMP_POINT)) # letters of the last word behind the cursor
    if ((over > 0 && over <= ${#word})); then
        word=${word:0:${#word}-over}
        words[-1]=${words[-1]:0:${#words[-1]}-over}
    fi
    [[ $word == *[!=:@]* ]] || word=
    kept=${words[-1]%"$word"}
    kept=${kept%@} # bash divides at it, but replaces it, too
}

# _mr_files TYPED KIND PATTERN BEFORE - adds files that match the pattern, or none but folders, with a text before them,
# but for what is in kept.
_mr_files() {
    local typed=${1//\\/} path
    while IFS= read -r path; do
        # shellcheck disable=SC2053  # the right side is a pattern; in folders there may be files that match
        [[ ! -d $path && ( $2 == folders || ${path##*/} != $3 ) ]] && continue
        if [[ $4 == @ ]]; then # bash would put a backslash before it
            [[ ! -d $path ]] || path+=/
            printf -v path %q "$path"
        else
            compopt -o filenames 2>/dev/null
        fi
        path=$4$path
        COMPREPLY+=("${path#"$kept"}")
    done < <(compgen -f -- "${typed#"$4"}")
}

_mr() {
    local words kept line kind pattern before
    _mr_words
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ $line == $'\t'* ]]; then
            IFS=$'\t' read -r kind pattern before <<<"${line:1}"
            _mr_files "${words[-1]}" "$kind" "$pattern" "$before"
        else
            line=${line%%$'\t'*}
            line=${line#"$kept"}
            # Names in a file of somebody else may be anything: nothing of them is to be run.
            [[ $line != *[!a-zA-Z0-9_=:,.@%+/-]* ]] || printf -v line %q "$line"
            COMPREPLY+=("$line")
        fi
    done < <("${words[0]/#\~/$HOME}" complete -- "${words[@]}" 2>/dev/null)
    # What ends so goes on with a value.
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:/] ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _mr mr
