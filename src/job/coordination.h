/* coordination.h - what the files of the coordinator share: coordinator.c runs the phases, dispatch.c hands out their
 * units, hearing.c takes in what workers report, recovery.c replaces those that die. Private to them. [coordinator]
 */
#ifndef MR_JOB_COORDINATION_H
#define MR_JOB_COORDINATION_H

#include <poll.h>

#include "job/coordinator.h"
#include "job/crew.h"
#include "job/delivery.h"
#include "job/units.h"

/* What is polled: the reports, the signals, the output stream, and the ends of workers. */
enum { MR_POLL_REPORTS, MR_POLL_SIGNALS, MR_POLL_STREAM, MR_POLL_ENDS, MR_POLL_COUNT };

enum { MR_SAMPLE_PIECE = 16 << 10 /* bytes of input that a sample looks at */ };

typedef struct mr_coordinator {
    mr_job job;
    mr_crew crew;
    mr_units units;           /* of the phase at hand */
    uint32_t kind;            /* the kind of task that does such a unit */
    mr_delivery delivery;     /* of parts of the output, once there are any */
    bool delivering;          /* delivery is open */
    mr_part *ordered;         /* parts to be merged, by partition; owned */
    mr_record_counts *counts; /* records of each chunk; owned */
    int signals;              /* signalfd */
    mr_result_summary *summary;
    uint64_t reports;   /* heard so far */
    double start;       /* when the job began, in mr_seconds */
    double last_sample; /* when memory was looked at, in mr_seconds */
    struct pollfd polled[MR_POLL_COUNT];
} mr_coordinator;

/* Gives work to workers that have little of it. */
bool mr_dispatch(mr_coordinator *self, mr_error *error);

/* Takes in one report, as a mr_report_sink whose receiver is the coordinator: notes it, and gives no tasks. */
bool mr_take_report(void *coordinator, const void *message, size_t length, mr_error *error);

/* Takes in all reports that have come. False when the job cannot go on. */
bool mr_hear(mr_coordinator *self, mr_error *error);

/* Deals with the end of a worker: what it had not committed is handed out again, and its slot gets a new process.
 * False when the job cannot go on. */
bool mr_replace_worker(mr_coordinator *self, uint32_t index, mr_error *error);

/* Deals with workers that have ended while there was nothing left to do. */
bool mr_bury_workers(mr_coordinator *self, mr_error *error);

#endif
