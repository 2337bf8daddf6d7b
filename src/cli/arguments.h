/* arguments.h - what is on the command line. [coordinator] */
#ifndef MR_CLI_ARGUMENTS_H
#define MR_CLI_ARGUMENTS_H

#include "job/job.h"

/* The arguments of 'mr run', with the memory behind the settings. */
typedef struct mr_run_arguments {
    mr_job_settings settings; /* borrows from below and from argv */
    mr_setting *options;      /* from --set; owned, and so are the names */
    mr_side_wish *sides;      /* from --side; the same */
    const char **includes;    /* from --include; owned */
    const char **excludes;    /* from --exclude; owned */
    bool help;                /* --help was given: nothing else matters */
} mr_run_arguments;

/* What an option of 'mr run' is, by its long name. */
enum mr_run_option { MR_RUN_OPTION_NONE, MR_RUN_OPTION_FLAG, MR_RUN_OPTION_VALUE };
enum mr_run_option mr_run_option_kind(const char *name);

/* Whether 'mr run' takes an option such as "--top=5", whatever else there may be. */
bool mr_run_option_check(char *word, mr_error *error);

/* Reads the arguments of 'mr run', argv[0] being "run". program: how mr was called; borrowed, like argv, which may be
 * permuted. A mistake is a usage error. */
bool mr_run_arguments_read(mr_run_arguments *arguments, const char *program, int argc, char **argv, mr_error *error);
void mr_run_arguments_free(mr_run_arguments *arguments);

#endif
