/* job_run.h - doing what a job file says. [coordinator] */
#ifndef MR_CLI_JOB_RUN_H
#define MR_CLI_JOB_RUN_H

#include "cli/commands.h"
#include "cli/job_file.h"

/* What 'mr job' was told on the command line. */
typedef struct mr_job_request {
    const char *program;      /* how mr was called */
    const mr_job_file *file;  /* what to do */
    const char *const *words; /* options of 'mr run' for all stages, behind those of each */
    size_t word_count;        /* of them */
    const char *report;       /* path of a file for an overview as a page; NULL: none */
} mr_job_request;

/* The arguments of 'mr run' that do a stage, ready for mr_job_run but for what other stages make. */
typedef struct mr_stage_arguments {
    char **words;         /* owned array */
    mr_run_arguments run; /* borrows words */
    const char **inputs;  /* owned array */
    char **names;         /* of what stages make, for messages; owned, and so is each */
    size_t name_count;    /* of them */
    mr_held *held;        /* for each input; owned */
    mr_side_wish *sides;  /* owned */
} mr_stage_arguments;

/* Makes the arguments of a stage. made and before: for each stage the descriptor of what it has made in this round and
 * in the one before; both NULL: nothing is there yet, and it is only about names. first: it is the first round. */
bool mr_stage_arguments_make(mr_stage_arguments *arguments, const mr_job_request *request, const mr_stage *stage,
                             const int *made, const int *before, bool first, mr_error *error);
void mr_stage_arguments_free(mr_stage_arguments *arguments);

/* Looks at everything that can be looked at before the first stage is run: plugins, their options, files. */
bool mr_job_check(const mr_job_request *request, mr_error *error);

/* Prints in which order what would be run. */
void mr_job_show(const mr_job_request *request);

/* Runs all stages; prints why not, if not. */
mr_exit mr_job_run_all(const mr_job_request *request);

#endif
