#include "base/numerics.h"

#include <stdlib.h>

/* NULL when there is no memory for it: then that of the plugin stays. */
static locale_t plain_locale(void) {
    static locale_t plain;
    if (!plain) plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return plain;
}

void mr_numerics_begin(mr_numerics *before) {
    before->locale = uselocale(plain_locale());
    fegetenv(&before->arithmetic);
    fesetenv(FE_DFL_ENV);
}

void mr_numerics_end(const mr_numerics *before) {
    fesetenv(&before->arithmetic);
    uselocale(before->locale);
}

double mr_read_double(const char *text, char **end) {
    mr_numerics before;
    mr_numerics_begin(&before);
    double number = strtod(text, end);
    mr_numerics_end(&before);
    return number;
}
