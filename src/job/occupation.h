/* occupation.h - what each worker and reader is doing, for those who look on. [coordinator] */
#ifndef MR_JOB_OCCUPATION_H
#define MR_JOB_OCCUPATION_H

#include "job/onlooker.h"

/* What is known of one slot of the crew. */
typedef struct mr_occupation {
    uint32_t index;       /* of the slot */
    bool reader;          /* it reads a stream; otherwise it is a worker */
    pid_t process;        /* its number; 0: there is none, or it is this one */
    const char *doing;    /* "map", "wait" and so on: static text */
    double since;         /* seconds for which it has been doing so */
    const char *file;     /* path of the source at hand; NULL: it is at none; borrowed from the job */
    uint64_t offset;      /* file not NULL: where in its text, in bytes */
    uint64_t partition;   /* it reduces this partition; UINT64_MAX: it does not */
    const char *callback; /* of the plugin, which runs; NULL: none does; static text */
    unsigned crashes;     /* processes in this slot that have died */
    uint64_t tasks;       /* done so far */
} mr_occupation;

/* Looks at a slot: index is below view->observation->lane_count. Nothing that a plugin may have written over is
 * believed. */
mr_occupation mr_occupation_of(const mr_view *view, uint32_t index);

#endif
