/* pinning.h - on which CPU a worker runs, when the user wants each of them to stay on one (--pin). */
#ifndef MR_JOB_PINNING_H
#define MR_JOB_PINNING_H

#include <sched.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The CPUs that workers are pinned to: worker i to the CPU at i modulo count. */
typedef struct mr_cpus {
    uint32_t *list; /* numbers of CPUs as the kernel counts them; owned */
    uint32_t count; /* 0: workers are not pinned */
} mr_cpus;

/* How many CPUs this process may use (affinity mask and cpuset); 1 when the kernel does not tell. Any process. */
uint32_t mr_cpus_usable(void);

/* Lists the CPUs that this process may use, so that neighbours in the list are on different NUMA nodes. False with
 * error set when the kernel does not tell. Release with mr_cpus_close, also then. [coordinator] */
bool mr_cpus_open(mr_cpus *cpus, mr_error *error);
void mr_cpus_close(mr_cpus *cpus);

/* The same for a given set of set_size bytes and the nodes that are described in folder, which has the form of
 * /sys/devices/system/node. Without such a folder the CPUs are listed in the order of their numbers. Any process. */
bool mr_cpus_spread(mr_cpus *cpus, const cpu_set_t *set, size_t set_size, const char *folder, mr_error *error);

/* Pins the calling process to the CPU of a worker. False with error set when the kernel refuses it. [worker] */
bool mr_cpus_pin(const mr_cpus *cpus, uint32_t worker, mr_error *error);

#endif
