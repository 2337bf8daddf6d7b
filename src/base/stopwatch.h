/* stopwatch.h - what a process spends its time on.
 *
 * A stopwatch always runs for exactly one activity. Whoever begins another says so, and says what it was before when he
 * is done: so activities may lie within each other, each moment counts once, and nothing is left out. It is for steps
 * that take some microseconds at least, never for single records: each change looks at the clock.
 *
 *     enum mr_activity before = mr_stopwatch_change(watch, MR_ACTIVITY_READ);
 *     ... read ...
 *     mr_stopwatch_change(watch, before);
 *
 * One process owns it; the times may lie in memory that others look at meanwhile. Any process.
 */
#ifndef MR_BASE_STOPWATCH_H
#define MR_BASE_STOPWATCH_H

#include <stdatomic.h>
#include <stdint.h>

enum mr_activity {
    MR_ACTIVITY_START,    /* loading the plugin, and its open */
    MR_ACTIVITY_READ,     /* the input: waiting for the disk and copying */
    MR_ACTIVITY_INFLATE,  /* undoing compression, and cutting what comes of it into blocks */
    MR_ACTIVITY_MAP,      /* the plugin's map, and folding what it emits; also looking at the input beforehand */
    MR_ACTIVITY_EXCHANGE, /* writing runs, to memory or to disk, and reading them back */
    MR_ACTIVITY_REDUCE,   /* folding or grouping, sorting, the plugin's reduce and finish */
    MR_ACTIVITY_WRITE,    /* the output: compressing and writing */
    MR_ACTIVITY_WAIT,     /* for a task, or for room: there is nothing to do */
    MR_ACTIVITIES
};

/* "read", "inflate" and so on. Static text. */
const char *mr_activity_name(enum mr_activity activity);

/* Nanoseconds of each activity so far. */
typedef _Atomic uint64_t mr_activity_times[MR_ACTIVITIES];

typedef struct mr_stopwatch {
    _Atomic uint64_t *times;   /* MR_ACTIVITIES of them; borrowed */
    enum mr_activity activity; /* at present */
    uint64_t since;            /* nanoseconds on the monotonic clock */
} mr_stopwatch;

/* Starts it, for an activity. times: mr_activity_times, to which is added. */
void mr_stopwatch_start(mr_stopwatch *watch, _Atomic uint64_t *times, enum mr_activity activity);

/* From now on it runs for another activity; returns the one before. NULL is allowed: nobody wants to know. */
enum mr_activity mr_stopwatch_change(mr_stopwatch *watch, enum mr_activity activity);

#endif
