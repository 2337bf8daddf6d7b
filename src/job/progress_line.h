/* progress_line.h - what is told of a running job in one line, or in several. Any process. */
#ifndef MR_JOB_PROGRESS_LINE_H
#define MR_JOB_PROGRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MR_PROGRESS_LINE = 512, MR_TIME_LEFT = 32, MR_RATE_TEXT = 32 };

/* What the line says. */
typedef struct mr_progress_facts {
    const char *title; /* what is run, of any bytes; what is not printable ASCII is replaced */
    const char *phase; /* its name; NULL: none has begun */
    double fraction;   /* of the job that is done, 0 to 1; negative: nobody knows */
    double left;       /* seconds; negative: nobody knows */
    double rate;       /* bytes per second; 0: not said */
    uint64_t bytes;    /* of input so far; told where there is no fraction */
    uint64_t memory;   /* bytes in use; 0: not said */
    uint64_t retries;  /* workers that were replaced */
} mr_progress_facts;

/* Writes the line into text (MR_PROGRESS_LINE bytes), at most width characters of printable ASCII: where there is no
 * room for all, what matters least is left out. Returns text. */
const char *mr_progress_line(const mr_progress_facts *facts, unsigned width, char *text);

/* Writes "0:05", "1:02:03" or "2 d 3 h" into text (MR_TIME_LEFT bytes); returns text. */
const char *mr_format_seconds(double seconds, char *text);

/* Writes "412 MB/s" or "3.1 kB/s" into text (MR_RATE_TEXT bytes), in powers of 1000; returns text. */
const char *mr_format_rate(double rate, char *text);

#endif
