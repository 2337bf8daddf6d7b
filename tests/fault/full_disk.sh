#!/bin/bash
# A disk that is full, for the output or for what is spilled: exit status 1, an error that names the path, no partial
# file, and what was there before is untouched.
source "$(dirname "$0")/../tools/testing.sh"

# The small disk is a tmpfs in a mount namespace of this script alone: it goes away with it, however it ends.
if [[ -z ${MR_TEST_MOUNTED:-} ]]; then
    namespace=(unshare --mount)
    [[ $(id -u) -eq 0 ]] || namespace=(unshare --mount --map-root-user)
    "${namespace[@]}" sh -c "mkdir -p '$work/probe' && mount -t tmpfs -o size=64k tmpfs '$work/probe'" 2>/dev/null ||
        skip "mounting a small disk is not permitted here"
    MR_TEST_MOUNTED=yes MR_TEST_WORK=$work "${namespace[@]}" "$root/tests/fault/full_disk.sh"
    exit
fi
mkdir -p disk
mount -t tmpfs -o size=2m tmpfs disk || skip "mounting a small disk is not permitted here"

"$tools/random_input" 1 $((96 * 1024 * 1024 / scale)) many >big || exit 1
for plugin in wordcount invertedindex "grep --set pattern=a"; do
    for jobs in 1 3; do
        run "$mr" run $plugin big -j $jobs -o disk/result
        expect_status 1 "$plugin to a full disk" && expect_error disk/result "No space left on device"
        expect_files disk
    done
    echo before >disk/result
    run "$mr" run $plugin big -o disk/result
    expect_status 1 "$plugin to a full disk" && expect_error disk/result
    expect_files disk result
    [[ $(cat disk/result) == before ]] || fail "$plugin to a full disk: the old output is gone"
    rm -f disk/result
done

run "$mr" run wordcount big -o disk/parts/ --parts 3
expect_status 1 "parts to a full disk" && expect_error disk/parts/part-0000 "No space left on device"
expect_files disk

# The disk for temporaries is full.
[[ $scale -eq 1 ]] && for plugin in wordcount invertedindex; do
    for jobs in 1 3; do
        run "$mr" run $plugin big -j $jobs --memory 32M --tmp disk -o result
        expect_status 1 "$plugin spilling to a full disk" && expect_error disk "No space left on device"
        expect_files disk
        [[ ! -e result ]] || fail "$plugin spilling to a full disk: left an output"
        rm -f result
    done
done

# There is no room left for the file of bad records, for the statistics, or for the report.
{ echo '!deadly' && head -c 1000000 big; } >bad_input
head -c $((2 * 1024 * 1024)) /dev/zero >disk/full 2>/dev/null
run "$mr" run "$build/tests/abi/slow.so" bad_input --set deadly=!deadly --skip-bad 2 --bad disk/bad -o result
expect_status 1 "bad records to a full disk" && expect_error disk/bad "No space left on device"
[[ ! -e result ]] || fail "bad records to a full disk: left an output, although what is left out of it is lost"
expect_files disk full
run "$mr" run wordcount bad_input --stats disk/stats -o result
expect_status 1 "statistics to a full disk" && expect_error disk/stats "No space left on device"
run "$mr" run wordcount bad_input --report disk/report -o result
expect_status 1 "the report to a full disk" && expect_error disk/report "No space left on device"
expect_files disk full
umount disk

# A file that may not grow is the same.
echo before >result
(ulimit -f 100; run "$mr" run grep big --set pattern=a -o result; printf '%s' "$status" >status)
[[ $(cat status) -eq 1 ]] || fail "a file that may not grow: exit status $(cat status)"
expect_error "could not write result: File too large"
[[ $(cat result) == before ]] || fail "a file that may not grow: the old output is gone"
finish
