/* experiment.h - trying something out on the plugin, in a process that is made for it and ends with it: so every
 * experiment finds the plugin as it is when it has just been loaded, and a crash or hang is a result like others.
 * [coordinator] */
#ifndef MR_CHECK_EXPERIMENT_H
#define MR_CHECK_EXPERIMENT_H

#include "check/lab.h"
#include "job/death.h"

/* A check, as far as experiments need to know it. */
typedef struct mr_bench {
    const mr_job *job;  /* whose input is the sample */
    mr_board *board;    /* shared */
    const char *sample; /* bytes of the sample; shared */
    uint64_t seed;      /* of all that is random */
    uint64_t timeout;   /* milliseconds that a callback may take */
} mr_bench;

/* What to try. */
typedef struct mr_experiment {
    mr_variant variant;
    double seconds; /* that it may take, about */
    /* Does it, in the process of its own. False with error set when that was not possible. */
    bool (*run)(mr_lab *lab, void *argument, mr_error *error);
    void *argument; /* for run; the process has its own copy */
} mr_experiment;

/* How it went. */
enum mr_experiment_end { MR_EXPERIMENT_DONE, MR_EXPERIMENT_FAILED, MR_EXPERIMENT_DIED };

/* Does an experiment. FAILED: error says why. DIED: death says how, and where the plugin was. */
enum mr_experiment_end mr_experiment_do(const mr_bench *bench, const mr_experiment *experiment, mr_death *death,
                                        mr_error *error);

#endif
