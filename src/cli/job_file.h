/* job_file.h - what a job file says: several jobs, each of which may read what others have made. [coordinator]
 *
 * A job file is a JSON object; job.schema.json and the README say what is in it. Reading it checks everything that can
 * be checked without looking at other files: the fields and their types, the options of every stage, the references
 * between stages, and their order. Messages name the line and the field.
 */
#ifndef MR_CLI_JOB_FILE_H
#define MR_CLI_JOB_FILE_H

#include "cli/arguments.h"

enum { MR_STAGES_MAX = 100 };

#define MR_NO_STAGE SIZE_MAX

/* Something that a stage reads: an input, or a side file. */
typedef struct mr_stage_source {
    char *name;      /* of a side file; NULL: an input; owned */
    char *path;      /* of a file; NULL: it is made by a stage; owned */
    size_t stage;    /* path NULL: which one */
    size_t previous; /* in all rounds of the repetition but the first: what this stage has made in the round before, and
                      * path or stage only in the first; MR_NO_STAGE: no such thing */
    size_t line;     /* of the job file, from 1 */
} mr_stage_source;

/* One job. */
typedef struct mr_stage {
    char *name;              /* owned */
    char *plugin;            /* owned */
    char *output;            /* path, "-" for standard output; NULL: only other stages read it; owned */
    char **words;            /* its options, as 'mr run' takes them on the command line; owned, and so is each */
    size_t word_count;       /* of them */
    mr_stage_source *inputs; /* owned */
    size_t input_count;      /* of them */
    mr_stage_source *sides;  /* owned */
    size_t side_count;       /* of them */
    bool from_bad;           /* an option says what its input is */
    bool repeated;           /* it is done in every round */
    size_t line;             /* where it begins in the job file, from 1 */
} mr_stage;

/* How often the stages of the repetition are done. */
typedef struct mr_repetition {
    size_t count;    /* stages in it; 0: there is no repetition */
    uint64_t most;   /* rounds */
    size_t stage;    /* whose counter ends it; MR_NO_STAGE: none does, and there are always as many rounds */
    char *counter;   /* its name; owned */
    uint64_t number; /* it ends when the counter is this number, */
    bool below;      /* or less than it */
    bool may_stop;   /* rounds may run out before the counter says so: no error, but a warning */
} mr_repetition;

/* All of it. */
typedef struct mr_job_file {
    char *path;       /* of the job file; owned */
    mr_stage *stages; /* as the file has them; owned */
    size_t count;     /* of them */
    size_t
        *order; /* their numbers, in the order in which they are done; those of the repetition stand together; owned */
    mr_repetition repetition;
} mr_job_file;

/* Reads a job file. settings: values of its parameters. A mistake in the file is a usage error. */
bool mr_job_file_read(mr_job_file *file, const char *path, const mr_setting *settings, size_t setting_count,
                      mr_error *error);
void mr_job_file_close(mr_job_file *file);

/* Prints what a job file is about, and its parameters, to standard output; name: what the user calls it. */
bool mr_job_file_show(const char *path, const char *name, mr_error *error);

/* Where a message is about: "FILE:LINE: stage NAME", in MR_STAGE_PLACE bytes. Returns text. */
enum { MR_STAGE_PLACE = 512 };
const char *mr_stage_place(const mr_job_file *file, const mr_stage *stage, size_t line, char *text);

/* Puts the stages into the order in which they are done: called by mr_job_file_read, with everything else filled in. */
bool mr_job_file_arrange(mr_job_file *file, mr_error *error);

/* The path of a job file, by a name or a path as on the command line of 'mr job': allocated; NULL with error set when
 * there is none of that name. */
char *mr_job_path(const char *name, mr_error *error);

/* Calls found for each parameter of a job file; help: a line, or NULL. */
bool mr_job_file_parameters(const char *path, void (*found)(void *context, const char *name, const char *help),
                            void *context, mr_error *error);

#endif
