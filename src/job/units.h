/* units.h - the units of work of one phase: handed out in order, again when they were lost. Some may come to be while
 * the phase is at work. [coordinator] */
#ifndef MR_JOB_UNITS_H
#define MR_JOB_UNITS_H

#include <stdint.h>

#include "base/error.h"

typedef struct mr_units {
    uint64_t count;     /* units 0 to count - 1 */
    uint64_t planned;   /* units before this one are there to be handed out from the beginning */
    uint64_t next;      /* the first of these that has never been handed out */
    uint64_t committed; /* how many of all are finished for good */
    uint64_t *ready;    /* units that go before next, lowest last: those that were lost or have been added; owned */
    size_t ready_count;
    size_t ready_room; /* allocated */
    uint8_t *kills;    /* for each unit: how often its worker was killed from outside; owned */
    size_t kills_room; /* allocated */
} mr_units;

/* planned: of count units; the others are not handed out before they are lost. */
bool mr_units_open(mr_units *units, uint64_t count, uint64_t planned, mr_error *error);
void mr_units_close(mr_units *units);

/* The unit to be handed out next; false when there is none. */
bool mr_units_peek(const mr_units *units, uint64_t *unit);

/* Whether a unit could be handed out instead. */
bool mr_units_can_take(const mr_units *units, uint64_t unit);

/* Hands out a unit that can be. */
void mr_units_take(mr_units *units, uint64_t unit);

/* Adds a unit, number count so far, to be handed out. */
bool mr_units_add(mr_units *units, mr_error *error);

/* A unit that was handed out is to be done again. */
bool mr_units_lose(mr_units *units, uint64_t unit, mr_error *error);

/* Units that could be handed out are not to be done: they count as finished. */
void mr_units_give_up(mr_units *units);

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
