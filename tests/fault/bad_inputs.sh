#!/bin/bash
# An input that is an empty directory, missing or unreadable, or an output that cannot be written: an error that names it, before
# any work starts, exit status 1 and no output file.
source "$(dirname "$0")/../tools/testing.sh"

echo "some words" >good
mkdir folder
echo secret >unreadable
chmod 000 unreadable
# With a slow file among the inputs, an error that comes late is easy to see.
make_slow_lines 3000 >slow

# expect_refusal NAME COMMAND... - the command fails at once, with a message that names NAME, and creates nothing.
expect_refusal() {
    local name=$1 started
    shift
    started=$(milliseconds)
    run "$@" -o result
    expect_status 1 "$name as an input" && expect_error "$name"
    [[ $(($(milliseconds) - started)) -lt 3000 ]] || fail "$name as an input: noticed only after the work"
    [[ ! -s out ]] || fail "$name as an input: data on stdout"
    expect_files . err folder good out slow unreadable ${extra:-}
}

grep_slow=(run grep --set "pattern=$slow_pattern" --chunk 1K -j 2)
for plugin in wordcount invertedindex; do
    expect_refusal folder "$mr" run $plugin folder
    expect_refusal missing "$mr" run $plugin missing good
done
expect_refusal no/such/file "$mr" "${grep_slow[@]}" slow good no/such/file
expect_refusal good/file "$mr" "${grep_slow[@]}" slow good/file

# Root may read everything, so somebody else has to try.
if [[ $(id -u) -eq 0 ]]; then
    mkdir bin public
    cp -r "$mr" "$build/plugins" bin/
    chmod 711 "$work"
    chmod 777 public
    as_nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups env TMPDIR="$work/public")
    if "${as_nobody[@]}" bin/mr version >/dev/null 2>&1; then
        run "${as_nobody[@]}" bin/mr run wordcount good unreadable -o public/result
        expect_status 1 "an unreadable input" && expect_error unreadable
        expect_files public
        run "${as_nobody[@]}" bin/mr run wordcount good -o folder/result
        expect_status 1 "an output folder that may not be written" && expect_error folder/result
        expect_files folder
        mkdir -m 700 public/closed
        run "${as_nobody[@]}" bin/mr run wordcount good public -o public/result
        expect_status 1 "a folder below an input that may not be read" && expect_error public/closed
        expect_files public closed
    else
        fail "bin/mr version as another user: cannot run"
    fi
    extra="bin public"
else
    expect_refusal unreadable "$mr" run wordcount good unreadable
fi

run "$mr" run wordcount good -o no/such/folder/result
expect_status 1 "an output in a missing folder" && expect_error no/such/folder
run "$mr" run wordcount good --tmp no/such/folder -o result
[[ $status -eq 0 ]] || { expect_status 1 "a missing folder for temporaries" && expect_error no/such/folder; }

# What a file is called does nothing to a terminal.
run "$mr" run wordcount $'no\e]0;x\a\xc2\x9b\xff\xc3\xa9'
expect_status 1 "a name with control bytes" && expect_error $'no\\x1b]0;x\\x07\\xc2\\x9b\\xff\xc3\xa9: No such file'
rm -f result
expect_files . err folder good out slow unreadable ${extra:-}
finish
