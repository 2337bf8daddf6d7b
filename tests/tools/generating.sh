# Sourced after testing.sh by the tests of the generators of datasets/; each of them sets $generator, the path of one.

# expect_pinned CHECKSUM OPTION... - the generator writes these bytes, and so it does when another compiler has made it,
# with and without optimisation. They may change only when the generator is meant to write something else.
expect_pinned() {
    local checksum=$1 name=${generator##*/} compiler
    shift
    expect_checksum "$generator" "$checksum" "$@"
    for compiler in "gcc -O0" "clang -O3"; do
        command -v ${compiler% *} >/dev/null || continue
        $compiler -std=c17 -D_GNU_SOURCE "$root/datasets/$name.c" -o "$name" || fail "$compiler cannot compile $name"
        expect_checksum "./$name" "$checksum" "$@"
    done
}

# expect_checksum PROGRAM CHECKSUM OPTION...
expect_checksum() {
    local program=$1 checksum=$2 found
    shift 2
    found=$("$program" "$@" | sha256sum | cut -d ' ' -f 1)
    [[ $found == "$checksum" ]] || fail "$program $* wrote bytes with the checksum $found, not $checksum"
}

# expect_usage_errors ARGUMENTS... - each of them, split at blanks, is refused with exit status 2 and a hint.
expect_usage_errors() {
    local arguments
    for arguments in "$@"; do
        # shellcheck disable=SC2086 # they are meant to be split
        run "$generator" $arguments
        [[ $status -eq 2 ]] || fail "'$arguments' ended with $status"
        expect_error "${generator##*/} --help"
    done
}

# expect_failing_files OPTION... - a full disk and a missing folder are failures, for the output and for the path that
# each of the options takes.
expect_failing_files() {
    local option
    for option in --output "$@"; do
        run "$generator" "$option" no/such/folder/file
        [[ $status -eq 1 ]] || fail "a missing folder for $option is no failure"
        expect_error "no/such/folder/file"
    done
    run "$generator" --output /dev/full
    [[ $status -eq 1 ]] || fail "a full disk is no failure"
    expect_error "/dev/full"
}

# expect_other_seed OPTION... - another seed makes something else.
expect_other_seed() {
    cmp -s <("$generator" "$@") <("$generator" "$@" --seed 2) && fail "two seeds gave the same bytes"
}

# expect_help - --help shows how the generator is used.
expect_help() {
    run "$generator" --help
    [[ $status -eq 0 ]] || fail "--help ended with $status"
    grep -q "^Usage: ${generator##*/}" out || fail "--help shows no usage"
}
