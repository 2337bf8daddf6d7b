/* numerics.h - computing with doubles, and reading and printing them, as a program does at its start. Any process.
 *
 * A plugin shares its process with the host, and may have chosen another language, in which numbers have a decimal
 * comma, another way of rounding, or, by being compiled with -ffast-math, that the smallest numbers count as zero.
 * Results must not depend on it; nor must what the plugin computes change because the host has computed something.
 */
#ifndef MR_BASE_NUMERICS_H
#define MR_BASE_NUMERICS_H

#include <fenv.h>
#include <locale.h>

/* What was in force before. */
typedef struct mr_numerics {
    locale_t locale;   /* of this thread */
    fenv_t arithmetic; /* rounding, and what the processor does with exceptional numbers; not set when only the SSE unit
                        * has been looked at */
    unsigned sse;      /* the same for the SSE unit alone, on processors that compute doubles there */
    int whole;         /* not 0: all of the environment has been changed, and is in arithmetic */
} mr_numerics;

/* Between these two the defaults of C are in force. Takes some ten nanoseconds, on other processors than x86-64, or
 * after a change of the way of rounding, some hundred. */
void mr_numerics_begin(mr_numerics *before);
void mr_numerics_end(const mr_numerics *before);

/* strtod, between the two. */
double mr_read_double(const char *text, char **end);

#endif
