#!/bin/bash
# What mr writes on the way to a result is nobody else's business: temporary files have no name and can be opened by
# their owner only, programs that a plugin starts inherit none of them, and the output has no name until it is complete, and
# then the permissions that any new file would get.
source "$(dirname "$0")/../tools/testing.sh"
plugin=$build/tests/abi/hostile.so
printf 'b\na\nb\n' >input
printf 'a\t1\nb\t2\n' >expected

# permissions FILE - in octal digits.
permissions() {
    stat -c %a "$1"
}

# check_descriptor PID NUMBER - a descriptor of a process of mr, from 3 on, is private.
check_descriptor() {
    local path=/proc/$1/fd/$2 target flags
    target=$(readlink "$path") || return 0
    # What mr has been given by the one who started it is not its own.
    [[ $(readlink "/proc/$$/fd/$2") != "$target" ]] || return 0
    flags=$(sed -n 's/^flags:[[:space:]]*//p' "/proc/$1/fdinfo/$2")
    ((8#$flags & 8#2000000)) || fail "process $1 has $target as $2, which is inherited by programs"
    case $target in
    "$work/tmp/"*)
        [[ $(stat -L -c '%a %h' "$path") == "600 0" ]] || fail "$target: permissions and links $(stat -L -c '%a %h' "$path")"
        spills=$((spills + 1))
        ;;
    "$work/folder/"*)
        [[ $(stat -L -c %h "$path") -eq 0 ]] || fail "$target has a name before it is complete"
        outputs=$((outputs + 1))
        ;;
    esac
}

# A job that has begun and does not go on: its plugin stays for ever.
mkdir tmp folder
umask 000
"$mr" run "$plugin" input -q -j 2 --chunk 3 --tmp tmp -o folder/result --set kind=map --set where=map --set what=stay \
    >out 2>err &
pid=$!
for ((i = 0; i < 2000; i++)); do
    [[ ! -e ready ]] || break
    sleep 0.01
done
[[ -e ready ]] || fail "the job did not begin"
spills=0 outputs=0
for process in $pid $(children_of $pid); do
    for descriptor in "/proc/$process/fd"/*; do
        number=${descriptor##*/}
        [[ $number -le 2 ]] || check_descriptor "$process" "$number"
    done
done
# Two for each worker, seen by the coordinator and both workers; and the output.
[[ $spills -eq 12 ]] || fail "found $spills temporary files, not 12"
[[ $outputs -eq 3 ]] || fail "found the output $outputs times, not 3"
expect_files tmp
expect_files folder
kill -TERM $pid
wait $pid
expect_files tmp
expect_files folder

# A new file gets the permissions that the user wants new files to have.
for mask in 077 027 022 002 000; do
    umask $mask
    run "$mr" run wordcount input -q -o folder/result
    expect_status 0 "umask $mask" && expect_same expected folder/result "umask $mask"
    wanted=$(printf '%o' $((0666 & ~8#$mask)))
    [[ $(permissions folder/result) == "$wanted" ]] || fail "umask $mask: permissions $(permissions folder/result), not $wanted"
    expect_files folder result
    rm folder/result
done
# An old one keeps those that it has.
for old in 600 640 664; do
    umask 022
    echo before >folder/result
    chmod $old folder/result
    run "$mr" run wordcount input -q -o folder/result
    expect_status 0 "replacing a file" && expect_same expected folder/result "replacing a file"
    [[ $(permissions folder/result) == "$old" ]] || fail "a file with permissions $old has $(permissions folder/result) now"
done
# What a plugin does to its own umask does not count.
rm folder/result
run "$mr" run "$plugin" input -q -o folder/result --set where=map --set what=change-folder
expect_status 0 "a plugin with a umask of its own"
[[ $(permissions folder/result) == 644 ]] || fail "the umask of a plugin: permissions $(permissions folder/result), not 644"
finish
