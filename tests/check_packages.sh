#!/bin/sh
# Succeeds when every header and program that the build needs is there; names what is not.
cc=${CC:-gcc}
missing=
for header in zlib.h cjson/cJSON.h microhttpd.h xxhash.h utf8proc.h elfutils/libdwfl.h dwarf.h; do
    printf '#include <%s>\nint main(void){return 0;}\n' "$header" |
        "$cc" -x c -fsyntax-only - 2>/dev/null || missing="$missing $header"
done
printf '#define PCRE2_CODE_UNIT_WIDTH 8\n#include <pcre2.h>\nint main(void){return 0;}\n' |
    "$cc" -x c -fsyntax-only - 2>/dev/null || missing="$missing pcre2.h"
printf '#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <setjmp.h>\n#include <cmocka.h>\nint main(void){return 0;}\n' |
    "$cc" -x c -fsyntax-only - 2>/dev/null || missing="$missing cmocka.h"
[ -z "$missing" ] && exit 0
echo "mr: the build needs these, which are not installed:$missing" >&2
exit 1
