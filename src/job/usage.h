/* usage.h - what a job uses of the machine, time and memory, and telling the user of it. [coordinator] */
#ifndef MR_JOB_USAGE_H
#define MR_JOB_USAGE_H

#include "job/crew.h"

/* Memory in use by this process and all of the crew together, in bytes; what is shared is counted once. */
uint64_t mr_memory_in_use(const mr_crew *crew);

/* The most memory that this process has had in use up to now, in bytes, mapped files not counted. */
uint64_t mr_memory_peak(void);

/* A moment, in seconds. */
typedef struct mr_moment {
    double wall; /* mr_seconds */
    double own;  /* CPU time of this process up to then */
} mr_moment;

mr_moment mr_moment_now(void);

/* Seconds of CPU time of this process and of all its children that it has waited for. */
double mr_cpu_seconds(void);

/* Says how long a phase took up to now, and how much of that the coordinator worked itself: no other process can help
 * it there. */
void mr_tell_phase(const char *name, uint64_t units, const mr_moment *start);

/* Says what the whole job took in all processes; those of the crew have ended. tasks, reports: messages to them and
 * from them. */
void mr_tell_totals(uint64_t tasks, uint64_t reports);

#endif
