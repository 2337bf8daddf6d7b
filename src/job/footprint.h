/* footprint.h - how much memory a worker has for itself, and how much of that is its plugin's. Any process. */
#ifndef MR_JOB_FOOTPRINT_H
#define MR_JOB_FOOTPRINT_H

#include <stdint.h>
#include <sys/types.h>

#include "job/job.h"

enum { MR_PROCESS_OVERHEAD = 1 << 20 /* bytes that a process takes beyond --memory: code, stack, small buffers */ };

/* What this process has so far, from another that it was forked from, does not count, here and in what it forks. */
void mr_disregard_memory(void);

/* The bytes of that. */
uint64_t mr_disregarded_memory(void);

/* Memory of a process that is not shared, in bytes; 0 when it has gone. */
uint64_t mr_private_memory(pid_t process);

/* How much of the memory of a worker's process (or of one that it has forked) is its plugin's, in bytes: all but what
 * the worker itself says that it may have in use. */
uint64_t mr_plugin_memory(pid_t process, const mr_slot *slot);

#endif
