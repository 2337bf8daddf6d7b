/* death.h - why a worker died, or a record was rejected, and where it was. [coordinator] */
#ifndef MR_JOB_DEATH_H
#define MR_JOB_DEATH_H

#include "host/fault.h"

/* Why. */
enum mr_death_cause {
    MR_DEATH_CRASH = 1, /* a signal of its own making (fault.signal), or that of nobody else */
    MR_DEATH_EXIT,      /* it called exit (code is the status), or left in another way */
    MR_DEATH_KILLED,    /* somebody else killed it (code is minus the signal) */
    MR_DEATH_NO_MEMORY, /* the kernel killed it because memory ran out */
    MR_DEATH_TIMEOUT,   /* a callback took longer than --timeout */
    MR_DEATH_TOO_LARGE, /* it used more than --worker-memory */
    MR_DEATH_REJECTED   /* nobody died: the plugin rejected the record (MR_SKIP) */
};

enum { MR_REASON = 200 };

/* One death (or rejection). */
typedef struct mr_death {
    uint32_t cause;         /* enum mr_death_cause */
    int32_t code;           /* as mp_process_exit_code gives it */
    uint32_t attempts;      /* how often this place has been tried, all with such an end */
    uint32_t worker;        /* index of the slot */
    const char *callback;   /* the callback at work, static text; NULL: the plugin was being loaded */
    mr_place place;         /* the record at hand */
    char reason[MR_REASON]; /* REJECTED: what the plugin said; TIMEOUT, TOO_LARGE: the limit, in words; else empty */
    mr_fault fault;         /* by the worker's own account; told is 0 when it could not say anything */
} mr_death;

#endif
