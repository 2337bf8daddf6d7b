/* looking.h - how far a job is, for the program that has embedded it: told by the process of the job, through a pipe.
 * [coordinator] */
#ifndef MR_EMBED_LOOKING_H
#define MR_EMBED_LOOKING_H

#include "embed/embedding.h"
#include "job/outlook.h"

/* Looks on, and writes a mr_embedded_progress to the pipe from time to time. */
typedef struct mr_looking {
    mr_onlooker onlooker; /* for mr_job_settings.onlookers */
    mr_outlook outlook;   /* of the job */
    int pipe;             /* written to; borrowed */
} mr_looking;

/* looking stays where it is. */
void mr_looking_open(mr_looking *looking, int pipe);

#endif
