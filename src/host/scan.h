/* scan.h - finding words, lines, fields and rows in text: what mr_next and mr_next_row refill from. [worker] */
#ifndef MR_HOST_SCAN_H
#define MR_HOST_SCAN_H

#include "base/processor.h"
#include "mr.h"

/* From now on, in this process, text is scanned with these instructions, which the processor must have. Until then
 * it is portable C. The results are the same. */
void mr_scan_use(mr_processor processor);

/* The refill of mr_scan: finds the next batch. scan->ctx must belong to an mr_context, whose error is set when a part
 * of the text is longer than 4 GiB, or memory for a word in lower case runs out. */
void mr_scan_refill(mr_scan *scan);

/* How many of length bytes are newlines. */
uint64_t mr_count_newlines(const char *bytes, size_t length);

#endif
