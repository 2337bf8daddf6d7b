/* lines.h - which line of its file a record is. [coordinator]
 *
 * Nobody counts lines while a job runs. When a record has to be named, its file is read up to it: which takes a while
 * in a large file, and is given up when a signal comes that ends the job.
 */
#ifndef MR_JOB_LINES_H
#define MR_JOB_LINES_H

#include "flow/input.h"

/* Counts up to one place after the other; cheap when they come in the order of the input. Initialise with
 * {.file = {.file = -1, .folder = that of the input}}. */
typedef struct mr_line_counter {
    mr_source_file file;     /* the source at hand, open */
    const mr_source *source; /* it; NULL: none yet */
    mr_source counted;       /* all of the file that it is a part of */
    uint64_t offset;         /* of the byte that has been counted up to, within counted */
    uint64_t newlines;       /* before it, within the file */
} mr_line_counter;

/* The number, from 1, of the line that begins at (or holds) the byte at offset of the source, within the file that the
 * source is taken from. 0: it is not known, because the file cannot be read or a signal came. */
uint64_t mr_line_at(mr_line_counter *counter, const mr_source *source, uint64_t offset);

/* Counts the records of the file that come before the source that is a part of it: fills in its records_before. Of
 * records that the plugin divides nothing is known; then it stays 0. */
bool mr_records_before(const mr_input *input, const mr_records *records, mr_source *source, mr_error *error);

/* The source that a place of the input is in; NULL when it is a place of another kind, or there is no such place: it
 * may have come through memory that a plugin has written to. */
const mr_source *mr_place_source(const mr_input *input, const mr_place *place);

void mr_line_counter_close(mr_line_counter *counter);

/* Whether a signal waits that is to end the job; they are held back while a job runs. */
bool mr_signal_waits(void);

#endif
