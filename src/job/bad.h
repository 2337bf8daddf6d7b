/* bad.h - records that are left out of a job, because the plugin cannot digest them. [coordinator]
 *
 * The coordinator keeps each once, however often workers find it, with the death that it caused. Workers leave out the
 * places in mr_shared.bad; those that the plugin rejects itself (MR_SKIP) are not there, unless its rejection came so
 * late that something of the record was on its way already.
 */
#ifndef MR_JOB_BAD_H
#define MR_JOB_BAD_H

#include "job/death.h"

/* One of them, for the quarantine file. */
typedef struct mr_bad_record {
    mr_place place;       /* a RECORD or a GROUP */
    uint32_t cause;       /* enum mr_death_cause */
    int32_t signal;       /* CRASH: which; otherwise 0 */
    const char *callback; /* static text */
    char *reason;         /* what the plugin said (MR_SKIP), or how it ended in words; owned */
    bool left_out;        /* workers have been told to leave it out */
} mr_bad_record;

typedef struct mr_bad_list {
    mr_bad_record *records; /* in the order of mr_place: records by source and offset, then groups; owned */
    size_t count;
    size_t room; /* allocated */
} mr_bad_list;

/* Adds a record, unless it is there already; returns its entry, valid until the next one is added. NULL on error. */
mr_bad_record *mr_bad_add(mr_bad_list *list, const mr_death *death, mr_error *error);

/* Whether a place is in the list. */
bool mr_bad_has(const mr_bad_list *list, const mr_place *place);

/* Below, equal to or above zero as a comes before, with or after b in the list. */
int mr_place_compare(const mr_place *a, const mr_place *b);

void mr_bad_close(mr_bad_list *list);

#endif
