/* progress.h - telling how far a job is while it runs: a line on the terminal, lines for logs or programs, and an
 * answer to SIGUSR1. [coordinator]
 *
 * On a terminal there is one line that is written over in place, after the first half second, and erased before
 * anything else is written there. What plugins print in the meantime comes through a pipe, so that it can be kept apart
 * from the line. Where results go to the same terminal the line is gone for good when the first of them comes.
 */
#ifndef MR_JOB_PROGRESS_H
#define MR_JOB_PROGRESS_H

#include "job/outlook.h"

enum mr_progress_mode {
    MR_PROGRESS_AUTO,   /* a line on stderr, if that is a terminal that mr has to itself, unless the job is quiet */
    MR_PROGRESS_ALWAYS, /* the same, and elsewhere a new line every second */
    MR_PROGRESS_NEVER,
    MR_PROGRESS_JSON /* an object every second, and one at the end (progress_json.h) */
};

/* Initialise with mr_progress_open. It serves one job after the other. */
typedef struct mr_progress {
    mr_onlooker onlooker;       /* for mr_job_settings.onlookers; waits for what plugins print */
    enum mr_progress_mode mode; /* what is wanted */
    int file;                   /* JSON: where to */
    const char *title;          /* what is run, for those who read: may be changed between jobs; NULL: the plugin */
    mr_outlook outlook;         /* of the job at hand */
    bool line;                  /* it has a line on the terminal */
    bool hidden;                /* results go where it stands: it does not come back */
    bool cut;                   /* what has been printed last has not ended its line: ours has to wait */
    bool asked;                 /* somebody has asked and not been answered */
    double told;                /* when something was last told, in seconds since the start of the job */
    double answered;            /* the same, of an answer */
    int words[2];               /* what plugins print: where it is read, where they write; -1: not open */
    int terminal;               /* where that goes; -1: not open */
    char piece[256];            /* of it: what has been read and is being passed on */
    size_t piece_length;        /* bytes */
    size_t passed;              /* of these, bytes that have been passed on */
} mr_progress;

/* file: as above. False with error set when it cannot be done. */
bool mr_progress_open(mr_progress *progress, enum mr_progress_mode mode, int file, mr_error *error);

#endif
