#!/bin/bash
# Looks whether every #include keeps to the layers of src/README.md, and names the ones that do not:
#
#     tests/check_layers.sh               check this repository
#     tests/check_layers.sh --root DIR    check another tree of the same shape
#     tests/check_layers.sh --self-test   check that the check finds what is wrong
#
# A file may include its own layer and lower ones. Two layers are stricter: mp/ stands alone and sees libc only, and a
# stage in flow/ sees its own header and flow/flow.h, never a sibling. libmr.h is for embed/. Plugins see mr.h, headers
# that they share, and the libraries they use.
set -u
here=$(cd "$(dirname "$0")" && pwd)

# What each layer may include, besides itself.
declare -A below=(
    [mp]=""
    [base]="mp"
    [data]="base mp"
    [host]="data base mp"
    [flow]="host data base mp"
    [job]="flow host data base mp"
    [check]="job flow host data base mp"
    [cli]="check job flow host data base mp"
    [embed]="cli check job flow host data base mp"
)
# Headers with <> that are libc's or the compiler's: all that mp/ may use.
libc='assert|ctype|dirent|errno|fcntl|float|inttypes|limits|linux/.*|math|poll|pthread|sched|semaphore|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdio_ext|stdlib|stdnoreturn|string|sys/.*|syscall|time|unistd|wchar'

wrong=0
complain() {
    echo "$1:$2: $3"
    wrong=$((wrong + 1))
}

# check_source FILE LINE HEADER LAYER - one #include "HEADER" in a file of src/LAYER ("" for src itself).
check_source() {
    local file=$1 line=$2 header=$3 layer=$4 target
    if [[ $header == mr.h ]]; then
        [[ $layer != mp ]] || complain "$file" "$line" "mp/ stands alone; it may not include \"$header\""
        return
    fi
    [[ $header != libmr.h || $layer != embed ]] || return
    if [[ $header != */* || $header == *..* ]]; then
        complain "$file" "$line" "write \"layer/file.h\" instead of \"$header\""
        return
    fi
    target=${header%%/*}
    if [[ ! -v below[$target] ]]; then
        complain "$file" "$line" "there is no layer $target/ (\"$header\")"
        return
    fi
    [[ -n $layer ]] || return # src/main.c stands above all layers
    if [[ $target == "$layer" ]]; then
        if [[ $layer == flow && $header != flow/flow.h && $header != "flow/$(basename "${file%.*}").h" ]]; then
            complain "$file" "$line" "a stage of flow/ may not include its sibling \"$header\""
        fi
        return
    fi
    [[ " ${below[$layer]} " == *" $target "* ]] ||
        complain "$file" "$line" "$layer/ may not include \"$header\": $target/ is not below it"
}

# check_plugin FILE LINE HEADER - one #include "HEADER" in a plugin.
check_plugin() {
    [[ $3 == mr.h || ($3 != */* && -e plugins/$3) ]] ||
        complain "$1" "$2" "a plugin may include \"mr.h\", headers of plugins/ and system headers, not \"$3\""
}

# check_system_header FILE LINE HEADER LAYER - one #include <HEADER>. Our own headers are not to come in this way
# (but mr.h may, in a plugin).
check_system_header() {
    local file=$1 line=$2 header=$3 layer=$4
    [[ $layer == plugins && $header == mr.h ]] && return
    if [[ $header == mr.h || (-v below[${header%%/*}] && $header == */*) ]]; then
        complain "$file" "$line" "<$header> is our own: include it with quotes, or not at all"
    elif [[ $layer == mp && ! $header =~ ^($libc)\.h$ ]]; then
        complain "$file" "$line" "mp/ stands alone; it may not include <$header>"
    fi
}

check_tree() {
    local file number text layer
    cd "$1" || return 1
    while IFS=: read -r file number text; do
        layer=${file#src/}
        if [[ $file == plugins/* ]]; then
            layer=plugins
        elif [[ $layer == */* ]]; then
            layer=${layer%%/*}
        else
            layer=
        fi
        if [[ $layer != plugins && -n $layer && ! -v below[$layer] ]]; then
            complain "$file" "$number" "src/$layer/ is not a layer"
        elif [[ $text =~ include[[:space:]]*\"([^\"]*)\" ]]; then
            if [[ $layer == plugins ]]; then
                check_plugin "$file" "$number" "${BASH_REMATCH[1]}"
            else
                check_source "$file" "$number" "${BASH_REMATCH[1]}" "$layer"
            fi
        elif [[ $text =~ include[[:space:]]*\<([^>]*)\> ]]; then
            check_system_header "$file" "$number" "${BASH_REMATCH[1]}" "$layer"
        else
            complain "$file" "$number" "an #include that cannot be read"
        fi
    done < <(find src plugins -name '*.[ch]' -exec grep -Hn '^[[:space:]]*#[[:space:]]*include' {} + 2>/dev/null | sort)
}

# Builds a small tree with one offence of every sort (marked WRONG) among correct files, and compares what is found.
self_test() {
    local tree expected found
    tree=$(mktemp -d) || return 1
    mkdir -p "$tree"/src/{mp,base,data,host,flow,job,check,cli,embed,extra} "$tree/plugins"
    add() { printf '%s\n' "${@:2}" >"$tree/$1"; }
    add src/main.c '#include "cli/cli.h"' '#include "job/job.h"'
    add src/mp/lock.c '#include "mp/mp.h"' '#include <pthread.h>' '#include <linux/futex.h>'
    add src/mp/bad.c '#include <zlib.h> // WRONG' '#include "base/error.h" // WRONG' '#include "mr.h" // WRONG'
    add src/base/error.c '#include "base/error.h"' '#include "mp/mp.h"' '#include <zlib.h>'
    add src/base/bad.c '# include "data/table.h" // WRONG'
    add src/data/bad.c '#include "host/host.h" // WRONG' '#include "table.h" // WRONG' '#include "../base/error.h" // WRONG'
    add src/host/good.c '#include "mr.h"' '#include "data/table.h"' '#include "host/host.h"'
    add src/flow/split.c '#include "flow/split.h"' '#include "flow/flow.h"' '#include "host/host.h"'
    add src/flow/merge.c '#include "flow/split.h" // WRONG' '#include "job/job.h" // WRONG'
    add src/job/good.c '#include "flow/split.h"' '#include "flow/merge.h"'
    add src/job/bad.c '#include "cli/cli.h" // WRONG' '#include "nosuch/file.h" // WRONG' '#include <base/error.h> // WRONG'
    add src/job/worse.c '#include "libmr.h" // WRONG'
    add src/embed/good.c '#include "libmr.h"' '#include "cli/cli.h"' '#include "mr.h"'
    add src/cli/bad.c '#include "embed/embed.h" // WRONG'
    add src/cli/good.c '#include "job/job.h"' '#include <cjson/cJSON.h>'
    add src/extra/bad.c '#include "base/error.h" // WRONG'
    add plugins/good.c '#include <mr.h>' '#include "mr.h"' '#include <pcre2.h>'
    add plugins/bad.c '#include "base/error.h" // WRONG' '#include <host/host.h> // WRONG'
    expected=$(cd "$tree" && grep -rn WRONG . | sed 's/^\.\///' | cut -d: -f1,2 | sort)
    found=$("$here/check_layers.sh" --root "$tree" | grep -E '^(src|plugins)/' | cut -d: -f1,2 | sort)
    rm -rf "$tree"
    if [[ $expected != "$found" ]]; then
        echo "the check finds the wrong lines (< expected, > found):"
        diff <(echo "$expected") <(echo "$found")
        return 1
    fi
    echo "the check finds all $(wc -l <<<"$expected") offences and nothing else"
}

case ${1:-} in
--self-test) self_test; exit ;;
--root) check_tree "$2" ;;
*) check_tree "$here/.." ;;
esac
[[ $wrong -eq 0 ]] || echo "$wrong includes break the layers"
[[ $wrong -eq 0 ]]
