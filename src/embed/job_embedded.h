/* job_embedded.h - what stands behind the mr_job of libmr.h. Private to this folder. */
#ifndef MR_EMBED_JOB_EMBEDDED_H
#define MR_EMBED_JOB_EMBEDDED_H

#include "embed/embedding.h"
#include "libmr.h"

struct mr_embedded_job {
    char *plugin;            /* name, or path; NULL: not said yet; owned */
    const mr_plugin *linked; /* part of the program; borrowed */
    char **options;          /* words such as "--memory=64M"; owned, and so is each */
    size_t option_count;
    size_t option_room; /* allocated */
    mr_embedded_inputs inputs;
    mr_embedded_inputs sides;
    enum mr_embedded_output to; /* where results go */
    int output;                 /* DESCRIPTOR: it; borrowed */
    mr_bytes_function *take_bytes;
    mr_pair_function *take_pair;
    void *take_context;        /* for both */
    mr_message_function *tell; /* NULL: nobody listens */
    void *tell_context;
    mr_progress_function *watch; /* NULL: nobody looks on */
    void *watch_context;
    int cancel;                 /* an eventfd: above zero when the job is to end */
    mr_error mistake;           /* what has gone wrong while it was described */
    mr_job_result result;       /* of the last performance */
    mr_error failure;           /* its error */
    mr_embedded_report *report; /* of its process, in shared memory; NULL: none as yet */
    mr_embedded_text kept;      /* its output in memory */
    mr_embedded_text figures;   /* its statistics */
    bool wants_statistics;      /* of the next performances */
};

/* Frees what the last performance has given out. */
void mr_embedded_forget(mr_job *job);

#endif
