/* commands.h - the commands of mr. [coordinator]
 *
 * Each command has a file of its own, NAME_command.c, which holds its function and one constant, mr_command_NAME, that
 * says all that help and completion have to know of it. To add a command: write that file, declare the constant below,
 * and put its address into the table of commands.c; mr.1 (COMMANDS) has to say what it does.
 */
#ifndef MR_CLI_COMMANDS_H
#define MR_CLI_COMMANDS_H

#include <stdio.h>

#include "cli/options.h"

/* How a command ended. */
typedef struct mr_exit {
    int status; /* 0 done, 1 it failed, 2 wrong usage */
    int signal; /* not 0: the process is to end by this signal */
} mr_exit;

/* One command. Texts are for help. */
typedef struct mr_command {
    const char *name;
    /* Runs it, argv[0] being its name; argv may be permuted. program: how mr was called. Prints what is wrong. */
    mr_exit (*run)(const char *program, int argc, char **argv);
    const char *operands;             /* what stands behind the name but for options, such as "PLUGIN INPUT..." */
    const char *summary;              /* what it does, in at most 48 characters: first letter small, no full stop */
    const char *text;                 /* what else there is to say, in paragraphs; NULL: nothing */
    const mr_command_option *options; /* its own; NULL: none */
    const char *shared;               /* names of options of 'mr run' that it takes as well, "*" for all; NULL: none */
    const char *notes;                /* what help says behind the options, in paragraphs; NULL: nothing */
    bool reads_help;                  /* --help is an option that its function reads; otherwise it never sees it */
    bool hidden;                      /* not on the first screen: it is for programs */
} mr_command;

/* The commands, in the order in which help shows them. NULL ends them. */
extern const mr_command *const mr_commands[];

extern const mr_command mr_command_run;
extern const mr_command mr_command_explain;
extern const mr_command mr_command_check;
extern const mr_command mr_command_new;
extern const mr_command mr_command_build;
extern const mr_command mr_command_job;
extern const mr_command mr_command_list;
extern const mr_command mr_command_complete;
extern const mr_command mr_command_help;
extern const mr_command mr_command_version;

/* A command by its name; NULL: there is none. */
const mr_command *mr_command_find(const char *name);

/* Runs a command line, as main gets it. */
mr_exit mr_command_line(int argc, char **argv);

/* Reads the options of a command that takes none of 'mr run' into the receiver of its table. argv[0] is its name;
 * *operands: the index in argv of the first operand, argc when there is none. */
bool mr_command_options_read(const mr_command *command, void *receiver, int argc, char **argv, int *operands,
                             mr_error *error);

/* Prints what there is to say of a command: 'mr NAME --help'. */
mr_exit mr_command_help_print(const mr_command *command);

/* Prints what there is to say of a plugin: 'mr help PLUGIN'. name: as typed. */
mr_exit mr_plugin_help_print(const char *name);

/* Prints the first screen, 'mr help', to stdout or stderr. */
void mr_commands_print(FILE *to);

/* Prints an error, and says how the command is to end. */
mr_exit mr_exit_failed(const mr_error *error);

/* Complains of a word on the command line of a command that takes no more. */
mr_exit mr_exit_too_many(const char *command, const char *word);

/* How a command ends that has printed to standard output: data that did not get there is a failure, too. */
mr_exit mr_exit_printed(void);

#endif
