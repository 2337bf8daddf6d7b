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

/* One death (or rejection). */
typedef struct mr_death {
    uint32_t cause;         /* enum mr_death_cause */
    int32_t code;           /* as mp_process_exit_code gives it */
    uint32_t attempts;      /* how often this place has been tried, all with such an end */
    uint32_t worker;        /* index of the slot */
    const char *callback;   /* the callback at work, static text; NULL: the plugin was being loaded */
    mr_place place;         /* the record at hand */
    uint32_t leave_out;     /* 1: workers are to leave the record out; 0: the plugin rejects it again by itself */
    uint32_t unused;        /* zero */
    char reason[MR_REASON]; /* REJECTED: what the plugin said; TIMEOUT, TOO_LARGE: the limit, in words; else empty */
    mr_fault fault;         /* by the worker's own account; told is 0 when it could not say anything */
} mr_death;

/* Bytes of a death that a message needs: without the fault when nothing is told there. */
static inline size_t mr_death_size(const mr_death *death) {
    return death->fault.told ? sizeof *death : offsetof(mr_death, fault);
}

/* How often the kernel has killed a process of this machine because memory ran out; 0 where it does not say. Any
 * process. */
uint64_t mr_memory_kills(void);

/* A callback as a worker has told it, which is static text of this program, or something harmless: a plugin that writes
 * where it may not could have left any pointer there. NULL stays NULL. Any process. */
const char *mr_told_callback(const char *callback);

/* Fills in why a process died and where. code: as mp_process_exit_code gives it; where, fault: what it left behind;
 * memory_kills: mr_memory_kills before it died. Any process. */
void mr_death_explain(mr_death *death, int code, const mr_where *where, const mr_fault *fault, uint64_t memory_kills);

/* The process was ended because it was stuck. timeout: in milliseconds. */
void mr_death_was_stuck(mr_death *death, uint64_t timeout);

/* The same for a process that was ended because its plugin used more than so many bytes. */
void mr_death_was_too_large(mr_death *death, uint64_t limit);

#endif
