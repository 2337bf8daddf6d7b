/* units.h - the units of work of one phase: handed out in order, again when they were lost. [coordinator] */
#ifndef MR_JOB_UNITS_H
#define MR_JOB_UNITS_H

#include <stdint.h>

#include "base/error.h"

typedef struct mr_units {
    uint64_t count;     /* units 0 to count - 1 */
    uint64_t next;      /* the first that has never been handed out */
    uint64_t committed; /* how many are finished for good */
    uint64_t *lost;     /* units to be handed out again, lowest last; owned */
    size_t lost_count;
    size_t lost_room; /* allocated */
    uint8_t *kills;   /* for each unit: how often its worker was killed from outside; owned */
} mr_units;

bool mr_units_open(mr_units *units, uint64_t count, mr_error *error);
void mr_units_close(mr_units *units);

/* The unit to be handed out next; false when there is none. mr_units_take hands it out. */
bool mr_units_peek(const mr_units *units, uint64_t *unit);
void mr_units_take(mr_units *units);

/* A unit that was handed out is to be done again. */
bool mr_units_lose(mr_units *units, uint64_t unit, mr_error *error);

/* A unit that was finished is to be done again. */
static inline bool mr_units_reopen(mr_units *units, uint64_t unit, mr_error *error) {
    units->committed--;
    return mr_units_lose(units, unit, error);
}

static inline void mr_units_commit(mr_units *units) {
    units->committed++;
}
static inline bool mr_units_finished(const mr_units *units) {
    return units->committed == units->count;
}

#endif
