/* job.h - one job: what the user wants, how it is planned, and what coordinator and workers share. */
#ifndef MR_JOB_JOB_H
#define MR_JOB_JOB_H

#include <stdatomic.h>

#include "base/memory.h"
#include "base/stopwatch.h"
#include "data/format.h"
#include "data/hot_keys.h"
#include "data/records.h"
#include "flow/flow.h"
#include "flow/output.h"
#include "flow/split.h"
#include "host/describe.h"
#include "host/fault.h"
#include "job/first_record.h"
#include "job/paths.h"
#include "job/pinning.h"
#include "job/texts.h"
#include "mp/mp.h"

enum { MR_WORKERS_MAX = 1024, MR_MEMBERS_MAX = 2 * MR_WORKERS_MAX /* workers and readers */ };
enum { MR_RUNS_MAX = 4 << 20, MR_BAD_MAX = 1 << 20 };

/* What the user asks for. Texts are borrowed for the whole job. */
typedef struct mr_job_settings {
    const char *program;        /* how this program was called, for commands that messages propose */
    const char *plugin;         /* as typed */
    const mr_plugin *linked;    /* the plugin, when it is part of this program; NULL: it is a file */
    const char *const *inputs;  /* files, directories and lists, as paths.h explains */
    const mr_held *held_inputs; /* for each what it is, when it is no path but only a name; NULL: all are paths */
    size_t input_count;         /* at least 1 */
    mr_path_choice choice;      /* which files of directories */
    const char *output;         /* path; NULL: standard output */
    int held_output;            /* descriptor of a file of our own that output names; 0: output is a path */
    const char *temporary;      /* folder for spill files; NULL: TMPDIR, /var/tmp or /tmp */
    const mr_setting *settings; /* of the plugin's options; not NULL */
    size_t setting_count;
    const mr_side_wish *sides; /* side files */
    size_t side_count;
    uint64_t workers;       /* 0: as many as there are CPUs for this process */
    uint64_t memory;        /* bytes for everything together; 0: half of what the machine or cgroup has */
    uint64_t chunk;         /* bytes of a chunk; 0: chosen by size of the input */
    uint64_t top;           /* the most results to print; UINT64_MAX: all */
    uint64_t timeout;       /* milliseconds that a callback may take for one record; 0: any time */
    uint64_t skip_bad;      /* the most bad records that are left out */
    const char *bad;        /* path of the quarantine file; NULL: named after the output or the plugin */
    const char *from_bad;   /* path of a quarantine file whose records are the input; NULL: none */
    const char *stats;      /* path of a file for the summary as JSON; NULL: none */
    int held_stats;         /* descriptor of a file of our own for the same; 0: none */
    const char *report;     /* path of a file for the report as a page; NULL: none */
    mr_records records;     /* what the user wants them to be; kind MR_RECORDS_UNSAID: what the plugin says */
    uint64_t only_offset;   /* with only_length: records of the one input that begin in these bytes are all the input */
    uint64_t only_length;   /* bytes; 0: the whole input */
    uint64_t worker_memory; /* bytes that a worker may use for itself before it is replaced; 0: any */
    uint32_t sort;          /* enum mr_sort */
    uint32_t format;        /* enum mr_format_kind */
    bool ordered;           /* sort is what the user has said */
    bool header;            /* the output begins with the names of its columns */
    uint64_t compress;      /* the output is gzip: how hard to try, 1 to 9; 0: it is not */
    uint64_t parts;         /* files in a directory of output; 0: by the size of the input */
    struct mr_survey *survey;             /* the job is only to look at a sample; NULL: it is to be run (survey.h) */
    bool alone;                           /* no other processes: everything runs in this one */
    bool pin;                             /* every worker stays on one CPU */
    bool embedded;                        /* in a program of somebody else, who has no command line */
    bool forgets_bad;                     /* bad records that are left out are not kept */
    bool hasty;                           /* what takes longer than timeout once ends the job, whatever skip_bad is */
    bool quiet;                           /* no summary */
    bool verbose;                         /* a line for each phase */
    struct mr_onlooker *const *onlookers; /* who looks on while it runs: onlooker.h */
    size_t onlooker_count;
} mr_job_settings;

/* How the memory is divided. All sizes are bytes; those marked "each" are per worker. */
typedef struct mr_plan {
    uint32_t workers;          /* worker processes */
    uint32_t readers;          /* reader processes, for streams; their slots come behind those of the workers */
    uint64_t ring;             /* each reader: shared memory for text that has been read and not been mapped for good */
    uint64_t text_block;       /* text of a stream that is handed on at once, usually */
    bool steady;               /* that, and what is sampled of streams, depends on nothing but the input */
    uint32_t least_partitions; /* of an input of some size; 0: as is best for the number of workers */
    uint32_t partitions;       /* the most partitions to choose */
    uint64_t memory;           /* the limit for everything together, less what side files take */
    uint64_t piece;            /* each: input read at once */
    uint64_t table;            /* each: the table (or combiner) of the map phase */
    uint64_t arena;            /* each: shared memory for runs */
    uint64_t region;           /* each: shared memory for finished parts */
    uint64_t block;            /* a block of a partition, or of a part in a file */
    uint32_t group;            /* partitions whose space on disk is given back together */
    uint64_t reduce;           /* each: for one partition in the reduce phase */
    uint64_t record_limit;     /* the longest record that is read */
    uint64_t own_record;       /* a longer one is read by one worker at a time */
    uint64_t seal;             /* input after which a worker seals what it has, so that little is lost with it */
} mr_plan;

/* The part of a worker's state that survives it. Each has pages of its own, because all others are read-only in the
 * worker; fields say who writes. */
typedef struct mr_slot {
    _Alignas(MR_PAGE) mr_where where;        /* worker: where it is */
    _Atomic uint64_t task;                   /* worker: sequence number of the task at hand; 0: none */
    _Atomic uint64_t shared_bytes;           /* worker: bytes of its arena and region that have ever been in use */
    _Atomic uint64_t host_bytes;             /* worker: bytes that mr may have in use there, not shared with others */
    _Atomic uint64_t longest;                /* worker: bytes of the longest record in its runs; 0: none is long */
    mr_activity_times activities;            /* worker: what all processes in the slot have spent their time on */
    _Alignas(128) _Atomic uint64_t released; /* coordinator: for mr_part_writer */
    _Alignas(128) mr_fault fault;            /* worker: how it dies */
    mr_error untold;                         /* worker: why it ends, when it could not report that */
} mr_slot;

/* A record or group that workers leave out. */
typedef struct mr_left_out {
    mr_place place;         /* where it is */
    uint32_t cause;         /* enum mr_death_cause */
    int32_t signal;         /* as in mr_bad_record */
    const char *callback;   /* static text */
    char reason[MR_REASON]; /* why, in words, cut */
    uint32_t kept;          /* GROUP: 1: it has been written to bad_file */
} mr_left_out;

/* Memory that all processes share; mapped before the first fork. Only the coordinator writes where nothing else is
 * said: in workers it is read-only (protection.h). Pages that nobody touches cost nothing. */
typedef struct mr_shared {
    _Alignas(MR_PAGE) mr_splitters splitters;           /* written by one worker, before the map phase */
    mr_hot_keys hot_keys;                               /* the same */
    _Alignas(MR_PAGE) uint64_t sampled[MR_WORKERS_MAX]; /* bytes of sampled keys in each worker's arena */
    mr_part ordered[MR_PARTITIONS_MAX];                 /* the parts to be merged */
    uint64_t ordered_count;                             /* how many */
    uint64_t run_count;                                 /* runs that count; fixed while there are reduce tasks */
    mr_run runs[MR_RUNS_MAX];                           /* these runs */
    mr_left_out bad[MR_BAD_MAX];                        /* what is left out, in any order */
    _Atomic uint64_t bad_count;                         /* how many; grows */
    _Atomic uint32_t singly;                            /* 1: records are mapped one by one, to take their time */
    mr_slot slots[MR_MEMBERS_MAX];                      /* written by one worker or reader each */
} mr_shared;

/* The stages of the flow, wired together, and the plugin: see job/worker.h. */
typedef struct mr_worker mr_worker;

/* What reads streams: see job/reader.c. */
typedef struct mr_reader mr_reader;

/* A job. Workers have their own copy of it, as it was when they were forked. */
typedef struct mr_job {
    const mr_job_settings *settings;
    char *plugin_path;          /* of the plugin file; owned */
    mr_description description; /* of the plugin */
    mr_sides sides;             /* files that everybody reads as a whole */
    mr_paths paths;             /* of the inputs, unless they are bad records */
    mr_input input;
    mr_first_records *first; /* records of the sources; owned */
    mr_chunks chunks;        /* units of the map phase */
    mr_plan plan;
    mr_cpus cpus;            /* that workers are pinned to */
    mr_format format;        /* how results are printed */
    uint32_t sort;           /* in which order: enum mr_sort */
    uint64_t top;            /* and the most of them; UINT64_MAX: all */
    char write_refusal[128]; /* why mr_write is refused; empty: it is not */
    mr_output *outputs;      /* where the output goes: one, or the part files of a directory; owned */
    uint32_t output_count;   /* how many */
    char *directory;         /* its path, without slashes at the end; NULL: it is none; owned */
    mr_shared *shared;
    char *arena_memory;   /* all arenas and regions, one behind the other */
    uint64_t arena_bytes; /* of all of them, with some room to read behind the last */
    char *ring_memory;    /* all rings; NULL: there are none */
    uint64_t ring_bytes;  /* of address space, twice their memory */
    mr_arena *arenas;     /* one per worker */
    mr_arena *regions;    /* one per worker */
    mr_arena *rings;      /* one per reader; each mapped twice, one behind the other */
    mr_spill *run_files;  /* one per worker: runs */
    mr_spill *part_files; /* one per worker: parts of the output */
    char *temporary;      /* the folder of these files; owned */
    int bad_file;         /* a temporary file for lines about bad groups, see quarantine.h; -1: none */
    uint64_t bad_bytes;   /* coordinator: of it that hold whole lines; a worker writes behind them */
    mp_queue *reports;    /* from all workers to the coordinator */
    mr_worker *alone;     /* the only worker, in this process; NULL: workers are processes; owned */
    mr_texts texts;       /* coordinator: records of streams that have to be shown later */
    mp_lock *long_record; /* held by the worker that reads a record longer than plan.own_record */
} mr_job;

/* Whether results are put into another order than that of the keys, or only some are wanted. */
static inline bool mr_job_is_ordered(const mr_job *job) {
    return job->sort != MR_SORT_KEY || job->top != UINT64_MAX;
}

/* Whether the job is an MR_MAP job: its parts come from the map phase. */
static inline bool mr_job_is_map(const mr_job *job) {
    return job->description.kind == MR_MAP;
}

/* Why mr_write is refused in this job; NULL: it is not. */
static inline const char *mr_write_refusal(const mr_job *job) {
    return *job->write_refusal ? job->write_refusal : NULL;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

enum mr_task_kind {
    MR_TASK_SAMPLE = 1, /* map chunk for its keys only */
    MR_TASK_SURVEY,     /* map chunk for counts only (survey.h) */
    MR_TASK_SPLIT,      /* choose the splitters */
    MR_TASK_QUOTES,     /* find out how chunk ends in CSV */
    MR_TASK_COUNT,      /* count the records of chunk */
    MR_TASK_MAP,        /* map chunk */
    MR_TASK_TRY,        /* find out which records of chunk kill those that map it; suspect is one such record */
    MR_TASK_SEAL,       /* seal all that has been mapped */
    MR_TASK_REDUCE,     /* reduce partition unit into a part */
    MR_TASK_KEEP,       /* write the bad groups of partition unit that have not been kept to offset of bad_file */
    MR_TASK_MERGE,      /* merge the ordered parts into one */
    MR_TASK_DELIVER,    /* write part to offset of the output file */
    MR_TASK_READ        /* for readers: read source unit into the ring, on from block */
};

/* From the coordinator to one worker. */
typedef struct mr_task {
    uint64_t sequence;   /* of the worker's tasks, from 1 */
    uint32_t kind;       /* enum mr_task_kind */
    uint32_t file;       /* for DELIVER: which of the outputs */
    uint64_t unit;       /* which chunk, partition or part */
    mr_chunk chunk;      /* for SAMPLE, SURVEY, QUOTES, COUNT, MAP, TRY */
    mr_place suspect;    /* for TRY; kind MR_PLACE_NONE: there is none */
    mr_part part;        /* for DELIVER */
    uint64_t offset;     /* for DELIVER: in that file; for KEEP: in bad_file; for SPLIT: the most partitions; for
                          * READ: blocks of the source that have been read before */
    mr_text_block block; /* for READ: where it begins or goes on; its length, records and lines do not matter */
} mr_task;

enum mr_report_kind {
    MR_REPORT_READY = 1,   /* the worker has loaded the plugin */
    MR_REPORT_RUN,         /* run is sealed; it counts once the worker commits */
    MR_REPORT_COMMIT,      /* everything up to task sequence is in sealed runs */
    MR_REPORT_DONE,        /* task sequence is done */
    MR_REPORT_BLOCK,       /* the reader has read block, in task sequence */
    MR_REPORT_BAD,         /* a record is bad; as much of a mr_death as mr_death_size says follows */
    MR_REPORT_TRIAL_DEATH, /* in task sequence, begun when begun says, a process on trial died, when ended says */
    MR_REPORT_ABANDONED,   /* the worker ends without what it has not committed, which is to be done again */
    MR_REPORT_DAMAGED, /* it ends as well, because in task sequence it has met something damaged; a mr_error follows */
    MR_REPORT_STOPPED, /* the worker has ended well */
    MR_REPORT_FAILED   /* the job cannot go on; a mr_error follows the report */
};

/* From a worker to the coordinator. */
typedef struct mr_report {
    uint32_t kind;          /* enum mr_report_kind */
    uint32_t worker;        /* from whom */
    uint64_t sequence;      /* of the task */
    mr_run run;             /* RUN */
    mr_part part;           /* DONE of MAP (map jobs), REDUCE, MERGE */
    uint64_t commits;       /* 1: what was done since the last such report counts from now on; the four fields below
                             * and the counters belong to it */
    uint64_t records;       /* records mapped; DONE of COUNT: records counted */
    uint64_t arena_used;    /* bytes of the arena that hold sealed runs; DONE of SAMPLE: of sampled keys */
    uint64_t spilled;       /* bytes spilled */
    uint64_t counter_count; /* mr_counter_value that follow */
    uint64_t again;         /* DONE of REDUCE: 1: groups were rejected; the partition is to be reduced without them */
    uint64_t kept;          /* DONE of KEEP: bytes of bad_file that hold whole lines now */
    uint64_t source;        /* DONE of COUNT: index of the source of the last record, plus 1; 0: no record */
    mr_quote_map quotes;    /* DONE of QUOTES */
    mr_text_block block;    /* BLOCK */
    uint64_t more;          /* DONE of READ: 1: there is no room for more at present; 0: the source is read */
    uint64_t partial;       /* DONE of READ: bytes in the ring of a block that is not complete */
    uint64_t coded;         /* BLOCK: bytes of the source, as they lie on disk, that have been decoded */
    uint64_t exchanged;     /* DONE of REDUCE: bytes of the partition, as it came from the exchange */
    uint64_t exchanged_records; /* DONE of REDUCE: records in it */
    double begun;               /* DONE: when it began with the task, in mr_seconds */
    double ended;               /* DONE: and when it was done */
    uint64_t damaged;           /* DAMAGED in REDUCE: index of the run, MR_OWN_RUNS: what the worker itself has sorted;
                                 * in MERGE: index of the ordered part */
} mr_report;

#define MR_OWN_RUNS UINT64_MAX

/* The records of a chunk, as the count phase found them. */
typedef struct mr_record_counts {
    uint64_t source;  /* index of the source of the last record, plus 1; 0: no record */
    uint64_t records; /* of the chunk in that source */
} mr_record_counts;

/* ---- the steps of a job ------------------------------------------------------------------------------------------ */

/* Looks at plugin, inputs and output, divides the memory and maps what is shared. [coordinator] */
bool mr_job_open(mr_job *job, const mr_job_settings *settings, mr_error *error);
void mr_job_close(mr_job *job);

/* Takes what a worker says: a mr_report and what follows it, length bytes together, borrowed for the call. */
typedef bool mr_report_sink(void *receiver, const void *message, size_t length, mr_error *error);

/* What a worker or reader starts with. */
typedef struct mr_worker_start {
    const mr_job *job;
    uint32_t index;       /* of its slot */
    mp_queue *tasks;      /* from the coordinator to this worker */
    uint64_t arena_used;  /* bytes of its arena that hold sealed runs of the worker before it */
    uint64_t part_head;   /* how much of its region's sequence has been used before */
    mr_report_sink *sink; /* where its reports go; NULL: into the job's queue of reports */
    void *receiver;       /* for sink */
} mr_worker_start;

/* Works until the task queue is closed. argument: a mr_worker_start. Returns the exit status. [worker] */
int mr_worker_main(void *argument);

/* The folder for temporary files. */
const char *mr_job_temporary(const mr_job_settings *settings);

/* What the plugin of a job is opened with, but for wish and where. Any process. */
mr_setup mr_job_setup(const mr_job *job);

/* The following is for jobs that run alone: the worker is then no process, but part of the coordinator's. First the
 * worker is made and loads the plugin; job needs no more than what setup has been made from by then, and stays where it
 * is as long as the worker lives. NULL with error set when that fails. [coordinator] */
mr_worker *mr_worker_load(const mr_job *job, const mr_setup *setup, mr_error *error);

/* What the loaded plugin says of itself. [coordinator] */
void mr_worker_describe(const mr_worker *self, mr_description *description);

/* Makes the worker ready for tasks, and reports so. start is read only here. [coordinator] */
bool mr_worker_open(mr_worker *self, const mr_worker_start *start, mr_error *error);

/* Does one task, if there is any; when the queue is closed and empty, ends the plugin's work and reports that. False
 * with the error of the task when the job cannot go on. [coordinator] */
bool mr_worker_turn(mr_worker *self, mr_error *error);

/* NULL is allowed. [coordinator] */
void mr_worker_free(mr_worker *self);

/* The same for a process that reads streams and knows nothing of the plugin: reads until the task queue is closed.
 * argument: a mr_worker_start. Returns the exit status. [reader] */
int mr_reader_main(void *argument);

/* A reader that is no process, in a job that runs alone; NULL when there is no memory. [coordinator] */
mr_reader *mr_reader_new(const mr_worker_start *start);
bool mr_reader_open(mr_reader *self, mr_error *error);
bool mr_reader_turn(mr_reader *self, mr_error *error);
void mr_reader_free(mr_reader *self);

/* How many partitions to have for so many bytes of input, at most. [coordinator] */
uint32_t mr_plan_partitions(const mr_plan *plan, uint64_t bytes);

#endif
