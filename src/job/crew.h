/* crew.h - the workers, processes as a rule, and what each has been told to do; and the readers, if there are streams.
 * [coordinator] */
#ifndef MR_JOB_CREW_H
#define MR_JOB_CREW_H

#include "job/job.h"
#include "job/watchdog.h"

/* A task that a worker was given. */
typedef struct mr_assignment {
    uint64_t sequence; /* of the task */
    uint64_t unit;     /* which chunk, partition or part */
    uint32_t kind;     /* enum mr_task_kind */
    bool done;         /* the worker has reported so */
    bool committed;    /* and what it did will outlive the worker */
    double given;      /* when, in mr_seconds */
} mr_assignment;

/* One slot of a worker or reader, and the process that has it now. */
typedef struct mr_member {
    mp_process *process;        /* NULL: none */
    mr_worker *worker;          /* who does the tasks in this process instead; NULL: nobody; borrowed */
    mr_reader *reader;          /* the same, of a reader; owned */
    mp_queue *tasks;            /* to the process */
    mr_worker_start start;      /* what it started with */
    double started;             /* when, in mr_seconds */
    bool ready;                 /* it has loaded the plugin */
    bool stopped;               /* it has reported a good end */
    bool abandoned;             /* it has reported that it gives up what it has not committed */
    uint32_t condemned;         /* enum mr_death_cause: why it is being ended; 0: it is not */
    double condemned_at;        /* since when, in mr_seconds */
    char reason[MR_REASON];     /* the same in words */
    mr_watchdog watchdog;       /* over the process */
    bool memory_told;           /* the user knows that the plugin takes more memory than there is for it */
    unsigned failed_starts;     /* processes in a row that died before they were ready */
    unsigned failed_errands;    /* processes in a row that died while they were sealing or delivering */
    uint64_t sequence;          /* of the last task; goes on when the process is replaced */
    mr_assignment *assignments; /* not yet both done and committed, oldest first; owned */
    size_t assignment_count;
    size_t assignment_room; /* allocated */
    unsigned busy;          /* assignments that are not done, deliveries not counted */
    unsigned delivering;    /* deliveries that are not done */
    mr_run *runs;           /* sealed, not yet committed; owned */
    size_t run_count;
    size_t run_room;     /* allocated */
    uint64_t arena_used; /* bytes of the arena with committed runs */
    uint64_t part_head;  /* how much of the sequence of its output region holds committed parts */
} mr_member;

typedef struct mr_crew {
    const mr_job *job;
    mr_report_sink *sink; /* where a worker in this process reports; the others use the job's queue */
    void *receiver;       /* for sink */
    mr_member *members;   /* one for each slot; owned */
    uint32_t count;       /* plan.workers workers, and behind them plan.readers readers */
    uint64_t tasks;       /* given to workers so far */
    int watch;            /* epoll descriptor: readable (POLLIN) when a process that is watched has ended */
} mr_crew;

/* Makes the crew and starts all processes, or makes job->alone its only member. sink: takes the reports of that one,
 * while it is at work: it must not give tasks. */
bool mr_crew_open(mr_crew *crew, const mr_job *job, mr_report_sink *sink, void *receiver, mr_error *error);

/* Kills whoever is left, at once, and collects them. */
void mr_crew_close(mr_crew *crew);

/* Lets the worker and the reader in this process, if there are any, do their next tasks. False when the job cannot go
 * on. */
bool mr_crew_work(mr_crew *crew, mr_error *error);

/* Whether there is somebody to do tasks of this slot. */
static inline bool mr_member_present(const mr_member *member) {
    return member->process || member->worker || member->reader;
}

/* Starts a process in a slot that has none. */
bool mr_crew_start(mr_crew *crew, uint32_t index, mr_error *error);

/* Finds a process that is watched and has ended; false when there is none. Takes no longer with many workers. */
bool mr_crew_next_ended(const mr_crew *crew, uint32_t *index);

/* Notes that a worker has reported a good end: its process is watched no longer. */
void mr_crew_stopped(mr_crew *crew, uint32_t index);

/* Collects a process that has ended, and ends those that the plugin has started there (and all others that have lost
 * their parent); *code is what mp_process_exit_code says. The assignments stay. */
void mr_crew_collect(mr_crew *crew, uint32_t index, int *code);

/* Collects those processes without a parent that have ended: the coordinator is what init is to others. */
void mr_crew_collect_orphans(const mr_crew *crew);

/* Gives a worker a task, whose sequence is filled in. *taken is false when its queue is full. */
bool mr_crew_assign(mr_crew *crew, uint32_t index, mr_task *task, bool *taken, mr_error *error);

/* The assignment with a sequence number; NULL when there is none. */
mr_assignment *mr_member_find(mr_member *member, uint64_t sequence);

/* Forgets assignments that are done and committed. */
void mr_member_tidy(mr_member *member);

/* Keeps a run until the worker commits it. */
bool mr_member_hold_run(mr_member *member, const mr_run *run, mr_error *error);

#endif
