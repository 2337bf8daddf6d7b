/* arguments.h - what is on the command line of 'mr run', and of commands that take the same. [coordinator] */
#ifndef MR_CLI_ARGUMENTS_H
#define MR_CLI_ARGUMENTS_H

#include "cli/options.h"
#include "cli/watching.h"

/* The arguments of 'mr run', with the memory behind the settings. */
typedef struct mr_run_arguments {
    mr_job_settings settings; /* borrows from below and from argv */
    mr_setting *options;      /* from --set; owned, and so are the names */
    mr_side_wish *sides;      /* from --side; the same */
    const char **includes;    /* from --include; owned */
    const char **excludes;    /* from --exclude; owned */
    mr_watch_wish watch;      /* what is to be seen of the job while it runs */
    bool help;                /* --help was given: nothing else matters but settings.plugin, NULL when there is none */
} mr_run_arguments;

/* The options of 'mr run'; their receiver is an mr_run_arguments. */
extern const mr_command_option mr_run_options[];

/* Whether 'mr run' takes a value for one of its options, whatever else there may be; NULL for an option without one. */
bool mr_run_option_check(const mr_command_option *option, const char *value, mr_error *error);

/* Reads the arguments of 'mr run', or of another command with a plugin and inputs: options that it shares with 'mr run'
 * into arguments, its own into own (NULL: it has none), which the caller has filled with what holds without them.
 * argv[0] is the name of the command. program: how mr was called; borrowed, like argv, which may be permuted. A mistake
 * is a usage error. Free it in any case. */
bool mr_run_arguments_read(mr_run_arguments *arguments, const struct mr_command *command, void *own,
                           const char *program, int argc, char **argv, mr_error *error);
void mr_run_arguments_free(mr_run_arguments *arguments);

#endif
