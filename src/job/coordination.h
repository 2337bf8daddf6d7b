/* coordination.h - what the files of the coordinator share: coordinator.c runs the phases, dispatch.c hands out their
 * units, hearing.c takes in what workers report, recovery.c replaces those that die, blame.c finds out why they do,
 * repair.c has damaged things made again. Private to them. [coordinator]
 */
#ifndef MR_JOB_COORDINATION_H
#define MR_JOB_COORDINATION_H

#include <poll.h>

#include "job/coordinator.h"
#include "job/crew.h"
#include "job/delivery.h"
#include "job/onlooker.h"
#include "job/streams.h"
#include "job/units.h"

/* What is polled: the reports, the signals, the output stream, the ends of workers, and what those who look on wait
 * for.
 */
enum { MR_POLL_REPORTS, MR_POLL_SIGNALS, MR_POLL_STREAM, MR_POLL_ENDS, MR_POLL_ONLOOKERS };
enum { MR_POLL_COUNT = MR_POLL_ONLOOKERS + MR_ONLOOKERS_MAX };

enum { MR_SAMPLE_PIECE = 16 << 10 /* bytes of input that a sample looks at */ };

/* What is known of a unit on which workers have died. */
typedef struct mr_suspicion {
    uint64_t unit;     /* of the phase at hand */
    unsigned crashes;  /* deaths on it that are not explained by a bad record */
    mr_place place;    /* where the last of them was */
    unsigned at_place; /* how many there were in a row at that place */
    unsigned kills;    /* how many kills from outside in a row at that place */
    uint32_t cause;    /* of the last one: enum mr_death_cause */
    bool wants_trial;  /* a worker is to find out which record it is (MR_TASK_TRY) */
    bool explained;    /* the last trial has found a bad record */
} mr_suspicion;

/* Kinds of things that can be damaged and made again, in the order in which they are made of each other. */
enum mr_product {
    MR_PRODUCT_CHUNK,     /* what came of a chunk: records in sealed runs; in a map job a part of the output */
    MR_PRODUCT_PARTITION, /* what came of a partition: a part of the output, or an ordered part */
    MR_PRODUCT_MERGED,    /* what came of merging the ordered parts: the output */
    MR_PRODUCTS
};

/* One thing that can be damaged. */
typedef struct mr_making {
    uint64_t commit; /* a chunk: number of the commit that its records came with; 0: none yet */
    uint8_t damages; /* how often it was damaged */
    bool wanted;     /* it is to be made again */
    bool counted;    /* its records and counters count already */
    bool noted;      /* it has been made before, for who looks on */
} mr_making;

/* What has been made, and what has to be made again. */
typedef struct mr_repair {
    mr_making *makings[MR_PRODUCTS]; /* for each chunk, each partition, and the merge; owned */
    uint64_t counts[MR_PRODUCTS];    /* how many */
    uint64_t chunk_room;             /* of makings of chunks, allocated */
    uint64_t wanted[MR_PRODUCTS];    /* how many of them are to be made again */
    uint64_t commits;                /* so far, of sealed runs */
    bool mapping;                    /* chunks are being mapped again, whose records count already */
} mr_repair;

typedef struct mr_coordinator {
    mr_job job;
    mr_crew crew;
    mr_streams streams;       /* of the input, if there are any */
    mr_units units;           /* of the phase at hand */
    uint32_t kind;            /* the kind of task that does such a unit */
    mr_delivery delivery;     /* of parts of the output, once there are any */
    bool delivering;          /* delivery is open */
    mr_part *ordered;         /* parts to be merged, by partition; owned */
    mr_record_counts *counts; /* records of each chunk; owned */
    mr_quote_map *quotes;     /* of CSV: how each chunk ends; owned */
    mr_repair repair;
    mr_suspicion *suspicions; /* of units of the phase at hand; owned */
    size_t suspicion_count;
    size_t suspicion_room;      /* allocated */
    bool keeping;               /* a worker writes bad groups to job.bad_file */
    uint64_t memory_kills;      /* mr_memory_kills when it was last looked at */
    unsigned vain_deaths;       /* crashes since something was last committed */
    unsigned samples_that_hang; /* longer than --timeout */
    int signals;                /* signalfd */
    mr_result_summary *summary;
    mr_observation *observation; /* of summary */
    bool looked_at;              /* onlookers have been told that the job begins */
    uint64_t mapped_bytes;       /* of text, in chunks that have been mapped at least once */
    uint64_t reports;            /* heard so far */
    double start;                /* when the job began, in mr_seconds */
    double last_sample;          /* when progress and memory were looked at, in mr_seconds */
    uint64_t last_memory;        /* bytes that were in use then */
    struct pollfd polled[MR_POLL_COUNT];
} mr_coordinator;

/* Gives work to workers that have little of it. */
bool mr_dispatch(mr_coordinator *self, mr_error *error);

/* Takes in one report, as a mr_report_sink whose receiver is the coordinator: notes it, and gives no tasks. */
bool mr_take_report(void *coordinator, const void *message, size_t length, mr_error *error);

/* Takes in all reports that have come. False when the job cannot go on. */
bool mr_hear(mr_coordinator *self, mr_error *error);

/* A unit of the phase at hand is finished for good. */
void mr_commit_unit(mr_coordinator *self, uint64_t unit);

/* Begins a phase with so many units of a kind, and does all its units. */
bool mr_begin_phase(mr_coordinator *self, uint32_t kind, uint64_t count, mr_error *error);
bool mr_do_units(mr_coordinator *self, mr_error *error);

/* Prepares for damages, when the job is planned. */
bool mr_repair_open(mr_coordinator *self, mr_error *error);
void mr_repair_close(mr_coordinator *self);

/* There is one more chunk, which has been read from a stream. */
bool mr_repair_add_chunk(mr_coordinator *self, mr_error *error);

/* Whether what a report commits has counted before, because it was made before; from now on it has. */
bool mr_repair_counted(mr_coordinator *self, const mr_report *report);

/* Whether what an assignment makes has been made before, and been noted (observing.h); from now on it has. */
bool mr_repair_noted(mr_coordinator *self, const mr_assignment *assignment);

/* The chunk of an assignment is in the runs of the commit at hand. */
void mr_repair_note_chunk(mr_coordinator *self, uint64_t chunk);

/* A worker has met something damaged, or the coordinator itself a part of the output: it is to be made again. False
 * with failure in error when that is no use. */
bool mr_repair_hear(mr_coordinator *self, const mr_report *report, const mr_error *failure, mr_error *error);
bool mr_repair_part(mr_coordinator *self, uint64_t unit, const mr_error *failure, mr_error *error);

/* Whether something is to be made again before the phase at hand is over, or even before it can go on. */
bool mr_repair_wanted(const mr_coordinator *self);
bool mr_repair_holds(const mr_coordinator *self);

/* Makes it again, as soon as the workers have finished what they are at. */
bool mr_repair_go_on(mr_coordinator *self, mr_error *error);

/* What the parts of the output come of. */
enum mr_product mr_parts_come_of(const mr_coordinator *self);

/* The kind of task that makes a product. */
uint32_t mr_task_making(enum mr_product product);

/* Deals with the end of a worker: what it had not committed is handed out again, and its slot gets a new process.
 * False when the job cannot go on. */
bool mr_replace_worker(mr_coordinator *self, uint32_t index, mr_error *error);

/* Charges a death to the unit that the worker was at, if any: false when the job cannot go on. assignment: what it was
 * doing; NULL: nothing. */
bool mr_charge_death(mr_coordinator *self, mr_death *death, mr_assignment *assignment, mr_error *error);

/* Ends the job because of a death. Always returns false. */
bool mr_end_for_death(mr_coordinator *self, const mr_death *death, mr_error *error);

/* The suspicion against a unit of the phase at hand; NULL: there is none. */
mr_suspicion *mr_suspicion_of(mr_coordinator *self, uint64_t unit);

/* Whether partition unit has bad groups that have not been kept yet. */
bool mr_has_unkept(const mr_coordinator *self, uint64_t unit);

/* The bad groups of partition unit have been kept: bytes of bad_file are in use now. */
void mr_take_kept(mr_coordinator *self, uint64_t unit, uint64_t bytes);

/* A trial of the unit has ended: it is handed out again. */
bool mr_end_trial(mr_coordinator *self, uint64_t unit, mr_error *error);

/* Takes a bad record: it is left out from now on, or the job ends. assignment: of the worker that found it. */
bool mr_take_bad(mr_coordinator *self, const mr_death *death, const mr_assignment *assignment, mr_error *error);

/* Looks for workers that are stuck, if there is a timeout, and ends them. */
void mr_watch_workers(mr_coordinator *self);

/* The same when there is nothing left to do: ends workers that somebody has stopped, which cannot end by themselves.
 * limit: milliseconds that a worker may be stopped. */
void mr_watch_ends(mr_coordinator *self, uint64_t limit);

/* Looks for workers whose plugin takes too much memory: tells the user, and ends those beyond --worker-memory. */
void mr_watch_memory(mr_coordinator *self);

/* Ends a worker: it counts as crashed, for this cause and reason (at most MR_REASON bytes). */
void mr_condemn(mr_coordinator *self, uint32_t index, enum mr_death_cause cause, const char *reason);

/* Deals with workers that have ended while there was nothing left to do. */
bool mr_bury_workers(mr_coordinator *self, mr_error *error);

/* One turn: waits for something to happen and deals with it. False when the job cannot go on. */
bool mr_turn(mr_coordinator *self, mr_error *error);

/* A job that is a survey: counts what comes of the pieces, of which some are left out when that takes long. */
bool mr_survey_count(mr_coordinator *self, mr_error *error);

/* Begins a phase of a kind whose units are the pieces that are looked at. */
bool mr_survey_open_units(mr_coordinator *self, uint32_t kind, mr_error *error);

#endif
