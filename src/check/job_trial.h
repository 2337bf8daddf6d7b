/* job_trial.h - running a whole job for a check, in a process of its own, which may run plugin code (--inline) and
 * whose messages can be kept away from the user. [coordinator] */
#ifndef MR_CHECK_JOB_TRIAL_H
#define MR_CHECK_JOB_TRIAL_H

#include "check/laws.h"

/* How a job is divided. */
typedef struct mr_division {
    uint64_t workers;
    uint64_t chunk;  /* bytes; 0: as mr chooses */
    uint64_t memory; /* bytes; 0: as mr chooses */
    bool alone;      /* --inline */
} mr_division;

/* Runs the job on some records (NULL: on the whole sample) and puts its output into *file, to be closed by the caller;
 * nobody hears what it says. False with error set when the job fails, or could not be run; *file is -1 then. */
bool mr_job_try(mr_checker *self, const mr_division *division, const uint32_t *records, size_t count, int *file,
                mr_error *error);

/* The same for the first job, on all of the sample: on the input itself, where that is what the sample is. When it
 * fails the user hears why, with a crash card if the plugin has crashed. */
bool mr_job_try_first(mr_checker *self, const mr_division *division, int *file, mr_error *error);

/* Whether two files hold the same bytes; *at: where they differ first. In doubt they do. */
bool mr_files_same(int a, int b, uint64_t *at);

/* Up to size bytes of a file from a place on. Returns how many. */
size_t mr_file_bytes(int file, uint64_t at, char *bytes, size_t size);

/* "-j 3 --chunk 17", in text (80 bytes). Returns text. */
const char *mr_division_name(const mr_division *division, char *text);

#endif
