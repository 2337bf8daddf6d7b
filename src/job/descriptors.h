/* descriptors.h - noticing that a plugin has closed descriptors of the host, or put other files in their places.
 * [worker]
 *
 * Descriptors are numbers that all code of a process shares. A plugin that closes those it has not opened, as some
 * libraries do, takes the host's files away; and what it opens next gets one of their numbers. So a worker compares
 * the files behind its descriptors with those that it started with whenever it has something to report: what it wrote
 * to a wrong place never counts.
 */
#ifndef MR_JOB_DESCRIPTORS_H
#define MR_JOB_DESCRIPTORS_H

#include "flow/input.h"
#include "job/job.h"

/* The descriptors that a worker works with. */
typedef struct mr_descriptors {
    const mr_job *job;
    const mr_source_file *source; /* the input at hand; borrowed */
    uint32_t worker;              /* index of the slot: whose spill files it writes to */
    mr_file_identity reports;     /* what announces a report */
    mr_file_identity output;      /* the output file, or not known: a stream is the coordinator's */
    mr_file_identity folder;      /* mr_input.folder */
} mr_descriptors;

/* Takes down what there is, before the plugin is loaded. */
void mr_descriptors_remember(mr_descriptors *descriptors, const mr_job *job, uint32_t worker,
                             const mr_source_file *source);

/* Whether all descriptors that the worker writes to, and the input at hand, are what they were. */
bool mr_descriptors_intact(const mr_descriptors *descriptors);

/* The same for all descriptors, also those of other workers' spill files: one for each of them, so it takes a while. */
bool mr_descriptors_all_intact(const mr_descriptors *descriptors);

/* Makes the descriptor that announces reports one to which anything can be written: a report finds its way all the
 * same, through shared memory, where the coordinator looks from time to time. */
void mr_descriptors_silence(const mr_descriptors *descriptors);

#endif
