/* protection.h - what a plugin cannot write to by mistake: shared memory that others rely on is read-only. [worker]
 *
 * Writable for a worker are, of all the memory that processes share, its slot, what is not sealed of its own arena, its
 * region (finished parts there have a checksum), and the queues; for a reader, its slot and its ring. Anything else
 * that a stray pointer hits kills the worker on the spot, and a worker that has died is replaced.
 */
#ifndef MR_JOB_PROTECTION_H
#define MR_JOB_PROTECTION_H

#include "job/job.h"

typedef struct mr_protection {
    const mr_job *job; /* borrowed; NULL: nothing is protected, because there is only one process */
    mr_arena arena;    /* of the worker */
    uint64_t sealed;   /* bytes at its front that are read-only; whole pages */
} mr_protection;

/* Protects what belongs to others, and the first sealed bytes of the worker's own arena. */
bool mr_protection_open(mr_protection *protection, const mr_job *job, uint32_t index, uint64_t sealed, mr_error *error);

/* The same for a reader, which has a ring and no arena. [reader] */
bool mr_protection_of_reader(const mr_job *job, uint32_t index, mr_error *error);

/* From now on the first sealed bytes of the arena are read-only, and those behind them are writable. */
bool mr_protection_seal(mr_protection *protection, uint64_t sealed, mr_error *error);

/* Makes the splitters and the hot keys writable, or read-only again. */
bool mr_protection_splitters(const mr_protection *protection, bool writable, mr_error *error);

#endif
