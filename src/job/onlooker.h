/* onlooker.h - those who look on while a job runs: a progress line, a status page, a program that has embedded mr.
 *
 * They are told of the job's course in the process of the coordinator, in its one thread and between two turns of its
 * loop: whoever takes long holds the job up. They read and change nothing. Workers and readers are told nothing, but
 * inherit what they have open, and can let go of it (leave).
 *
 * Who wants to look on makes a mr_onlooker and puts it into mr_job_settings.onlookers before mr_job_run. [coordinator]
 */
#ifndef MR_JOB_ONLOOKER_H
#define MR_JOB_ONLOOKER_H

#include <poll.h>

#include "job/coordinator.h"
#include "job/job.h"
#include "job/observation.h"

enum { MR_ONLOOKERS_MAX = 8 /* further ones are not called */ };

/* What there is to see. All borrowed for the call. */
typedef struct mr_view {
    const mr_job *job;                 /* planned: settings, description, input, plan */
    const mr_observation *observation; /* up to date */
    const mr_result_summary *summary;  /* as far as the job has come; seconds and outcome only at the end */
    const mr_error *failure;           /* END, FAILED: why the job has failed, if it is set; otherwise NULL */
} mr_view;

/* Why it is called. */
enum mr_moment_kind {
    MR_MOMENT_BEGIN,   /* the job is planned, and no worker has been started: once, first */
    MR_MOMENT_PHASE,   /* a phase has begun */
    MR_MOMENT_TURN,    /* time has passed: about ten times a second, less often when the coordinator is held up */
    MR_MOMENT_ASKED,   /* somebody has sent SIGUSR1 to mr */
    MR_MOMENT_READY,   /* the descriptor can be read from */
    MR_MOMENT_RESULTS, /* results are about to be written to a stream, such as a terminal */
    MR_MOMENT_END,     /* the job has ended, however it did, and no worker is left: once, last, if BEGIN was */
    MR_MOMENT_FAILED,  /* the job could not begin: once, and nothing else; the plan may not be complete */
};

typedef struct mr_onlooker {
    void (*look)(void *self, const mr_view *view, enum mr_moment_kind moment);
    void *self; /* for look and leave */
    /* Called in every worker and reader when that has been forked: lets go of what is not for it; NULL: there is
     * nothing.
     */
    void (*leave)(void *self);
    int descriptor; /* waited for until it can be read from, from BEGIN on; may be changed within look; -1: none */
} mr_onlooker;

/* Calls all onlookers of a job. view->job->settings says who they are. */
void mr_onlookers_look(const mr_view *view, enum mr_moment_kind moment);

/* Lets all onlookers of a job go. [worker, reader] */
void mr_onlookers_leave(const mr_job_settings *settings);

/* Says what they wait for: fills in up to MR_ONLOOKERS_MAX elements of polled, and returns how many. */
size_t mr_onlookers_poll(const mr_job_settings *settings, struct pollfd *polled);

/* Calls those (MR_MOMENT_READY) for whom there is something to read. polled: what mr_onlookers_poll has filled in. */
void mr_onlookers_answer(const mr_view *view, const struct pollfd *polled);

#endif
