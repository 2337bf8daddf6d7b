/* overview_page.h - what is known of several jobs, run one after the other, as one page to look at: "mr job --report".
 * [coordinator] */
#ifndef MR_JOB_OVERVIEW_PAGE_H
#define MR_JOB_OVERVIEW_PAGE_H

#include "base/html.h"
#include "job/coordinator.h"

enum {
    MR_STAGE_NAME = 128,
    MR_OVERVIEW_STAGES_MAX = 400 /* the first and the last half of these are kept */
};

/* One of the jobs. */
typedef struct mr_stage_record {
    char name[MR_STAGE_NAME]; /* cut */
    uint64_t round;           /* of a repetition, from 1; 0: it is in none */
    char plugin[MR_DESCRIPTION_NAME];
    double begin; /* seconds since the first one began */
    double seconds;
    enum mr_outcome outcome;
    int signal; /* as in mr_result_summary, and so are those below */
    uint64_t input_bytes, records, output_bytes, spilled, retries, bad;
    const char *bound_by; /* static text; NULL: not known */
    mr_phase phases[MR_PHASES_MAX];
    uint32_t phase_count;
} mr_stage_record;

/* All of them. */
typedef struct mr_overview {
    const char *path;         /* of the job file; borrowed */
    double start;             /* of the first one, in mr_seconds */
    mr_stage_record *records; /* owned */
    uint64_t count; /* that have been run; those beyond MR_OVERVIEW_STAGES_MAX have displaced the middle ones */
} mr_overview;

/* path: of the job file, borrowed. False when there is no memory; to be closed in any case. */
bool mr_overview_open(mr_overview *overview, const char *path, mr_error *error);
void mr_overview_close(mr_overview *overview);

/* A job has ended, however it did. It took summary->seconds up to now. round: of a repetition, from 1; 0: it is in
 * none. */
void mr_overview_add(mr_overview *overview, const char *name, uint64_t round, const char *plugin,
                     const mr_result_summary *summary);

/* Puts the page together. failure: why the rest has not been run, if so; not set otherwise. */
void mr_overview_page(mr_html *html, const mr_overview *overview, const mr_error *failure);

/* Writes it to a file, which appears whole or not at all. */
bool mr_overview_write(const char *path, const mr_overview *overview, const mr_error *failure, mr_error *error);

#endif
