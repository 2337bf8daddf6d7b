/* worker.h - what the files of the worker share: worker.c is the process and hands tasks on, map_tasks.c and
 * reduce_tasks.c do them, trial_tasks.c finds bad records, reporting.c tells the coordinator. Private to them. [worker]
 */
#ifndef MR_JOB_WORKER_H
#define MR_JOB_WORKER_H

#include "flow/combine.h"
#include "flow/exchange.h"
#include "flow/inject.h"
#include "flow/input.h"
#include "flow/map.h"
#include "flow/merge.h"
#include "flow/part.h"
#include "flow/reduce.h"
#include "flow/sample.h"
#include "flow/survey.h"
#include "job/bad.h"
#include "job/descriptors.h"
#include "job/job.h"
#include "job/protection.h"

struct mr_worker {
    const mr_job *job;
    uint32_t index;                  /* of the slot */
    mp_queue *tasks;                 /* from the coordinator */
    mr_report_sink *sink;            /* where reports go; NULL: into the job's queue */
    void *receiver;                  /* for sink */
    pid_t coordinator;               /* the process, which is the parent */
    mr_slot *slot;                   /* shared: what survives this process */
    mr_stopwatch watch;              /* of this process; its times are in the slot */
    mr_protection protection;        /* of shared memory */
    mr_context context;              /* the plugin */
    mr_records records;              /* what they are; context knows how those of the plugin's own are divided */
    mr_fold fold;                    /* of a fold job */
    mr_key_order order;              /* of the keys */
    mr_splitter_index index_of_keys; /* key -> partition */
    mr_spill *runs;                  /* the worker's run file; its own copy of the position */
    mr_spill *parts;                 /* the worker's part file */
    mr_spill *run_files;             /* of all workers, for reading */
    mr_spill *part_files;            /* of all workers, for reading */
    mr_source_file file;             /* the source at hand */
    mr_descriptors descriptors;      /* what there was before the plugin came */
    mr_splitter splitter;
    mr_mapper mapper;
    mr_injector injector;
    mr_folder folder;     /* fold jobs */
    mr_combiner combiner; /* group jobs with combine */
    mr_exchange exchange;
    mr_sampler sampler;
    mr_surveyor *surveyor; /* of a survey; NULL: it is not open; owned */
    double survey_begun;   /* when the task at hand of a survey began, in seconds of survey_clock */
    long survey_touches;   /* pages that had been touched by then */
    mr_reducer reducer;
    mr_orderer orderer;
    mr_part_writer writer;
    mr_deflater *deflater; /* of the output, if that is compressed; owned */
    bool map_open;         /* splitter, mapper and what follows are open */
    bool sample_open;      /* splitter and sampler are open */
    bool reduce_open;      /* reducer (and orderer) are open */
    mr_place *bad;         /* records and groups to leave out, in the order of mr_place_compare; owned */
    uint64_t bad_count;    /* all of them; records come first */
    size_t bad_records;    /* how many are records */
    uint64_t sequence;     /* of the task at hand */
    bool again;            /* the partition at hand is to be reduced again, without groups that were rejected */
    bool rehearsing;       /* nothing comes of what is mapped: for a sample, or on trial */
    bool long_record;      /* this worker may read a record longer than plan.own_record */
    double trial_begun;    /* when the last trial began, in mr_seconds */
    uint64_t arena_used;   /* bytes of the arena with sealed runs of an earlier worker */
    uint64_t mapped;       /* bytes mapped since the last commit */
    uint64_t spilled;      /* bytes spilled up to the last commit */
    uint64_t damaged;      /* for mr_report */
};

static inline bool mr_worker_is_fold(const mr_worker *self) {
    return self->context.loaded.plugin.kind == MR_FOLD;
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

/* Sends a report, with what follows it. */
bool mr_worker_send(mr_worker *self, const void *message, size_t length, mr_error *error);

/* Sends a report that nothing follows. */
bool mr_worker_report(mr_worker *self, mr_report report, mr_error *error);

/* Sends a report that commits all that has been done so far (it is in sealed runs or in parts), with the records and
 * counters that belong to it: they count exactly when the work does. */
bool mr_worker_commit(mr_worker *self, mr_report report, mr_error *error);

/* Says why the worker cannot go on. */
void mr_worker_report_failure(mr_worker *self, const mr_error *failure);

/* Where descriptors are lost that is the reason for a failure, whatever it looked like; otherwise false. */
bool mr_worker_blame_descriptors(const mr_worker *self, mr_error *failure);

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

/* Each does a task of one kind; done is the report to be sent when it returns true. */
bool mr_do_sample(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_survey(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_split(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_quotes(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_count(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_map(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_try(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_seal(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_reduce(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_keep(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_merge(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);
bool mr_do_deliver(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error);

/* How records are divided, those of the plugin's own too. */
mr_records mr_worker_records(mr_worker *self);

/* How the sources are read. */
mr_source_reader mr_worker_reader(mr_worker *self);

/* Makes ready for mapping chunks, unless that is so already. */
bool mr_worker_open_map(mr_worker *self, mr_error *error);

/* The same for looking at pieces of the input, for a sample or a survey. */
bool mr_worker_open_sample(mr_worker *self, mr_error *error);

/* Says where the pairs of the map phase go. */
void mr_worker_wire_map(mr_worker *self);

/* Release what tasks of these kinds need, if it is there. */
void mr_worker_close_sample(mr_worker *self);
void mr_worker_close_survey(mr_worker *self);
void mr_worker_close_map(mr_worker *self);
void mr_worker_close_reduce(mr_worker *self);

/* Gives back what the records of a chunk made buffers grow to. */
void mr_worker_trim(mr_worker *self);

/* Says how much memory mr may have in use in this process, not shared with others, so that the rest can be told to be
 * the plugin's. */
static inline void mr_worker_announce_memory(const mr_worker *self, uint64_t bytes) {
    atomic_store_explicit(&self->slot->host_bytes, bytes, memory_order_relaxed);
}

/* In a survey: a task begins, and is done, of which it is noted how long it took; and notes a run that is sealed. */
void mr_worker_survey_begin(mr_worker *self);
void mr_worker_survey_done(const mr_worker *self, const mr_task *task);
void mr_worker_survey_run(const mr_worker *self, const mr_run *run);

/* Takes notice of records that are to be left out. */
bool mr_worker_learn_bad(mr_worker *self, mr_error *error);

/* A mr_reject_sink whose receiver is the worker. */
bool mr_worker_reject(void *receiver, const mr_place *place, const char *reason, bool undone, mr_error *error);

#endif
