#!/bin/bash
# Root does not load a plugin that somebody else could change, unless told so; everybody else loads what they like.
source "$(dirname "$0")/../tools/testing.sh"
[[ $(id -u) -eq 0 ]] || skip "this is about root"
printf 'b\na\nb\n' >input
printf 'a\t1\nb\t2\n' >expected
umask 022
mkdir safe
cp "$build/plugins/wordcount.so" safe/words.so

# loads PATH WHAT - root takes it, by every command.
loads() {
    run "$mr" run "$1" input -q
    expect_status 0 "$2" && expect_same expected out "$2"
    run "$mr" help "$1"
    [[ $status -eq 0 ]] || fail "$2: help refuses it"
}

# refused PATH TEXT WHAT - root does not take it, and says why; with the variable it does.
refused() {
    for command in "run $1 input" "help $1"; do
        # shellcheck disable=SC2086 # words are wanted
        run "$mr" $command
        expect_status 1 "$3" && expect_error "root does not load the plugin $1" "$2" "MR_ALLOW_WRITABLE_PLUGIN=1"
    done
    run env MR_ALLOW_WRITABLE_PLUGIN=0 "$mr" run "$1" input
    expect_status 1 "$3, with the variable 0"
    run env MR_ALLOW_WRITABLE_PLUGIN=1 "$mr" run "$1" input -q
    expect_status 0 "$3, allowed" && expect_same expected out "$3, allowed"
}

plugin=safe/words.so
loads $plugin "a plugin of root's"
loads ./safe/../safe/words.so "a plugin of root's, by a roundabout way"
chmod 664 $plugin
loads $plugin "a plugin that root's group may write to"
chown 0:65534 $plugin
refused $plugin "safe/words.so can be written to by group 65534" "a plugin that a group may write to"
chmod 644 $plugin
loads $plugin "a plugin that a group may only read"
chmod 646 $plugin
refused $plugin "safe/words.so can be written to by everybody" "a plugin that all may write to"
chmod 644 $plugin
chown 65534:0 $plugin
refused $plugin "safe/words.so belongs to user 65534" "a plugin of another user"
chown 0:0 $plugin

chmod 777 safe
refused $plugin "/safe can be written to by everybody" "a folder that all may write to"
chmod 1777 safe
loads $plugin "a sticky folder"
chown 65534:0 $plugin
refused $plugin "belongs to user 65534" "a plugin of another user in a sticky folder"
chown 0:0 $plugin
chmod 755 safe
chown 65534:0 safe
refused $plugin "/safe belongs to user 65534" "a folder of another user"
chown 0:65534 safe
chmod 775 safe
refused $plugin "/safe can be written to by group 65534" "a folder that a group may write to"
chown 0:0 safe
loads $plugin "a folder that root's group may write to"

# By a link, which others may turn elsewhere.
mkdir links
ln -s ../safe/words.so links/words.so
loads links/words.so "a link of root's"
chown -h 65534 links/words.so
refused links/words.so "links/words.so belongs to user 65534" "a link of another user"
chown -h 0 links/words.so
chmod 777 links
refused links/words.so "links can be written to by everybody" "a link in a folder that all may write to"
chmod 755 links
chmod 646 $plugin
refused links/words.so "safe/words.so can be written to by everybody" "a link to a plugin that all may write to"

# By name.
run env MR_PLUGIN_PATH="$work/safe" "$mr" run words input -q
expect_status 1 "a name" && expect_error "root does not load the plugin $work/safe/words.so"
run env MR_PLUGIN_PATH="$work/safe" "$mr" list
grep -q '^words .*root does not load' out || fail "list does not say that a plugin is refused"
chmod 644 $plugin
run env MR_PLUGIN_PATH="$work/safe" "$mr" run words input -q
expect_status 0 "a name" && expect_same expected out "a name"

# Who is not root runs what it likes.
if command -v setpriv >/dev/null; then
    chmod 755 .
    chmod 777 safe
    cp "$mr" own-mr
    run setpriv --reuid 65534 --regid 65534 --clear-groups ./own-mr run safe/words.so input -q
    [[ $status -eq 126 ]] || { expect_status 0 "as nobody" && expect_same expected out "as nobody"; }
fi
finish
