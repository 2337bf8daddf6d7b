#include "base/numerics.h"

#include <stdlib.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/* NULL when there is no memory for it: then that of the plugin stays. */
static locale_t plain_locale(void) {
    static locale_t plain;
    if (!plain) plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return plain;
}

/* Saving and setting all of the environment takes a hundred times longer than computing. On x86-64 doubles are a matter
 * of the SSE unit; the other one only tells the C library how to round. */
#if defined(__x86_64__)
enum { SSE_DEFAULT = 0x1f80 /* round to nearest, nothing is flushed to zero, no exception traps, none has happened */ };
static int begin_sse(mr_numerics *before) {
    before->sse = _mm_getcsr();
    if (fegetround() != FE_TONEAREST) return 0;
    _mm_setcsr(SSE_DEFAULT);
    return 1;
}
static void end_sse(const mr_numerics *before) {
    _mm_setcsr(before->sse);
}
#else
static int begin_sse(mr_numerics *before) {
    before->sse = 0;
    return 0;
}
static void end_sse(const mr_numerics *before) {
    (void)before;
}
#endif

void mr_numerics_begin(mr_numerics *before) {
    before->locale = uselocale(plain_locale());
    before->whole = !begin_sse(before);
    if (!before->whole) return;
    fegetenv(&before->arithmetic);
    fesetenv(FE_DFL_ENV);
}

void mr_numerics_end(const mr_numerics *before) {
    if (before->whole)
        fesetenv(&before->arithmetic);
    else
        end_sse(before);
    uselocale(before->locale);
}

double mr_read_double(const char *text, char **end) {
    mr_numerics before;
    mr_numerics_begin(&before);
    double number = strtod(text, end);
    mr_numerics_end(&before);
    return number;
}
