/* finding.h - putting down on the board what has been found. In an experiment, or in the coordinator. */
#ifndef MR_CHECK_FINDING_H
#define MR_CHECK_FINDING_H

#include <stdio.h>

#include "check/board.h"

/* Says that a law holds, as far as it has been tried; printf-like: on what. Not if it is known to be broken. */
void mr_verdict_ok(mr_board *board, enum mr_law law, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says that a law has not been tried; printf-like: why. Not if more is known. */
void mr_verdict_none(mr_board *board, enum mr_law law, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says that a law is broken; printf-like: how, in a line. Returns what is to be filled in: the records, the advice, and
 * the text by mr_finding_text. */
mr_finding *mr_finding_begin(mr_board *board, enum mr_law law, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Says that a law is broken because others are, which is all that there is to say of it. */
void mr_follows_from_others(mr_board *board, enum mr_law law);

/* Where the text of a finding is to be written; to be closed. What does not fit is cut off. NULL when there is no
 * memory. */
FILE *mr_finding_text(mr_finding *finding);

/* What to do; printf-like. */
void mr_finding_advise(mr_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Adds a record to the smallest input, unless it is there. */
void mr_finding_add_record(mr_finding *finding, uint32_t record);

/* Puts the records into the order of the input. */
void mr_finding_sort_records(mr_finding *finding);

#endif
