/* trial.h - finding out which records of a chunk kill the worker that maps them. [worker] */
#ifndef MR_JOB_TRIAL_H
#define MR_JOB_TRIAL_H

#include "flow/flow.h"
#include "job/death.h"
#include "job/job.h"

typedef struct mr_trial {
    mr_chunk chunk;        /* to be looked through; what lies before its begin is done */
    const mr_input *input; /* borrowed */
    mr_place suspect;      /* the record that a worker has died on; kind other than RECORD: it is not known */
    mr_where *where;       /* of this worker's slot: the processes on trial say there where they are */
    mr_fault *fault;       /* likewise, how they die */
    const mr_slot *slot;   /* of this worker */
    uint64_t memory;       /* bytes that the plugin may use; 0: any */
    uint64_t timeout;      /* milliseconds that a callback may take for one record; 0: any time */
    bool hasty;            /* a record that takes longer than timeout once is not tried again */

    /* Maps a chunk record by record, and lets nothing come of it; in a process of its own. */
    bool (*rehearse)(void *receiver, const mr_chunk *chunk, mr_error *error);
    /* Takes a record that kills; in the worker itself. */
    bool (*found)(void *receiver, const mr_death *death, mr_error *error);
    /* Is told of each death of a process on trial; in the worker itself. */
    bool (*died)(void *receiver, mr_error *error);
    void *receiver; /* for all three */
} mr_trial;

/* Finds every record of the chunk that kills, twice in a row, a process that maps it. */
bool mr_trial_run(mr_trial *trial, mr_error *error);

#endif
