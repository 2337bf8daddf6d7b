#!/bin/bash
# Runs clang-tidy and cppcheck over src/, plugins/, datasets/ and tests/tools/; prints what they have to say and ends with 1 when
# that is anything. A remark that is wrong is answered where it is made, by a NOLINT or cppcheck-suppress comment with the
# reason; kinds of remarks that do not fit this code are switched off here, also with the reason. Files for one kind of
# processor are looked at with the flags that the Makefile compiles them with, which it hands over by 'make lint'. With
# LINT_ANALYZER=no clang's analyzer of paths through functions is left out, which takes two thirds of the time.
set -u
cd "$(dirname "$0")/.." || exit 1
[[ -v AVX2_FLAGS && -v AVX512_FLAGS ]] || exec make --silent lint

for tool in clang-tidy cppcheck; do
    command -v $tool >/dev/null || {
        echo "lint.sh: $tool is not installed: tests/install_packages.sh $tool" >&2
        exit 1
    }
done

checks=(
    '-*'
    'bugprone-*'
    'cert-*'
    'clang-analyzer-*'
    'misc-*'
    'performance-*'
    'portability-*'
    'readability-duplicate-include'
    'readability-inconsistent-declaration-parameter-name'
    'readability-misleading-indentation'
    'readability-redundant-*'
    # Offsets, lengths and counts stand side by side in most functions here; their names tell them apart.
    '-bugprone-easily-swappable-parameters'
    # An assignment within a condition is how C reads until the end.
    '-bugprone-assignment-in-if-condition'
    # C has no other way to say that memory is an array of something.
    '-bugprone-multi-level-implicit-pointer-conversion'
    # Wants Annex K functions (memcpy_s), which the C library does not have.
    '-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling'
    # strerror and rand are asked for their thread-safe sisters; every process here has one thread.
    '-concurrency-*'
    # Random seeds are constant where the same bytes are wanted.
    '-cert-msc32-c' '-cert-msc51-cpp'
    # Identifiers of the C library begin with an underscore where the library says so (_GNU_SOURCE, _Noreturn).
    '-bugprone-reserved-identifier' '-cert-dcl37-c' '-cert-dcl51-cpp'
    # A return value that does not matter is ignored on purpose: fprintf to stderr, close after reading.
    '-cert-err33-c'
    # Recursion is used where its depth is bounded.
    '-misc-no-recursion'
    # Padding and the order of fields follow meaning, unless it matters.
    '-clang-analyzer-optin.performance.Padding'
    # Numbers such as 1e9 need no narrower type.
    '-bugprone-narrowing-conversions' '-bugprone-implicit-widening-of-multiplication-result'
    # atoi and sscanf read what the kernel or this program wrote; numbers of users are read by base/units.h.
    '-cert-err34-c'
    # strcmp and its kin are used as conditions wherever only equality matters.
    '-bugprone-suspicious-string-compare'
    # Arrays of pointers are allocated with sizeof *array like all others.
    '-bugprone-sizeof-expression'
    # Locks lie in shared memory, and only their addresses are passed on.
    '-misc-non-copyable-objects' '-cert-fio38-c'
    # Addresses are stored as integers where processes exchange them.
    '-performance-no-int-to-ptr'
    # strcpy is used where the space was just allocated from strlen.
    '-clang-analyzer-security.insecureAPI.strcpy'
    # Short names for a, b, i, n in short scopes; a macro argument that is a type cannot be put in parentheses.
    '-bugprone-macro-parentheses'
)
[[ ${LINT_ANALYZER:-yes} == yes ]] || checks+=('-clang-analyzer-*')
checks_text=$(IFS=,; echo "${checks[*]}")

sources=()
for file in src/*.c src/*/*.c plugins/*.c datasets/*.c tests/tools/*.c; do
    [[ -f $file ]] && sources+=("$file")
done
report=$(mktemp -d) || exit 1
trap 'rm -rf "$report"' EXIT

# One process per file, as many at a time as there are CPUs; each writes its own report, so that they do not mix.
printf '%s\n' "${sources[@]}" | AVX2_FLAGS=$AVX2_FLAGS AVX512_FLAGS=$AVX512_FLAGS xargs -P "$(nproc)" -I{} sh -c '
    case $2 in
    *_avx2.c) flags=$AVX2_FLAGS ;;
    *_avx512.c) flags=$AVX512_FLAGS ;;
    *) flags= ;;
    esac
    clang-tidy --quiet --checks="$1" --header-filter="(src|plugins)/.*" "$2" -- -std=c17 -D_GNU_SOURCE -DMR_VERSION="\"0\"" \
        $flags -Isrc >"$3/$(echo "$2" | tr / _)" 2>/dev/null' - "$checks_text" {} "$report"
cat "$report"/* | awk '/^[^ ].*: (warning|error):/ { seen[$0]++; show = seen[$0] == 1 } show' >"$report.tidy"

# Unknown system headers and the like are not remarks about a file. A cast of a pointer to double is no attempt to store
# its bytes elsewhere.
cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr --inconclusive \
    --suppress=missingIncludeSystem --suppress=internalAstError --suppress=unmatchedSuppression \
    --suppress=invalidPointerCast -D_GNU_SOURCE -D__linux__ \
    -DMR_VERSION='"0"' -Isrc -j "$(nproc)" --template='{file}:{line}: {severity}: {message} [{id}]' src plugins datasets \
    >"$report.cppcheck" 2>&1

cat "$report.tidy" "$report.cppcheck"
# Tests that documents name have to exist.
missing=0
for name in $(grep -ohE '`(abi|data|fault|golden|property|unit)/[a-z_]+`' README.md src/README.md plugins/README.md tests/README.md | tr -d '`' | sort -u); do
    compgen -G "tests/$name.*" >/dev/null || {
        echo "README: there is no test $name"
        missing=$((missing + 1))
    }
done

remarks=$(grep -cE '(warning|error|performance|portability|style):' <(cat "$report.tidy" "$report.cppcheck"))
rm -f "$report.tidy" "$report.cppcheck"
echo "$remarks remarks about ${#sources[@]} files"
[[ $remarks -eq 0 && $missing -eq 0 ]]
