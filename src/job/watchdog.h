/* watchdog.h - noticing that a process is stuck. Used by who started it: the coordinator, or a worker on trial. */
#ifndef MR_JOB_WATCHDOG_H
#define MR_JOB_WATCHDOG_H

#include "job/death.h"
#include "mp/mp.h"

/* What was last seen of a process, and since when. Initialise with {0}. */
typedef struct mr_watchdog {
    const char *callback; /* mr_where.callback */
    mr_place place;       /* mr_where.place */
    uint64_t task;        /* sequence number of its task */
    double since;         /* in mr_seconds; 0: nothing seen yet */
    double looked;        /* when it was last looked at, in mr_seconds */
    double stopped;       /* since when it has been stopped by a signal (SIGSTOP); 0: it is not */
} mr_watchdog;

/* What a watchdog thinks of the process. */
enum mr_alarm {
    MR_ALARM_NONE = 0,
    MR_ALARM_STUCK,  /* a callback is at the same record for longer than it may */
    MR_ALARM_STOPPED /* somebody has stopped the process, for as long */
};

/* Looks at a process. where, task: what it says; timeout: milliseconds that a callback may take for a record. */
enum mr_alarm mr_watchdog_look(mr_watchdog *watchdog, pid_t process, const mr_where *where, uint64_t task,
                               uint64_t timeout);

/* Milliseconds to wait between two looks, so that a timeout is noticed soon after it has passed. */
int mr_watchdog_pause(uint64_t timeout);

/* Asks a process that is stuck to say where it is and to die; mp_process_kill has to follow if it does not. */
void mr_watchdog_ask(pid_t process);

enum { MR_LAST_WORDS_MS = 1000 /* time for a process to say where it is */ };

#endif
