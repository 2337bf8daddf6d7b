/* options.h - the options of commands. [coordinator]
 *
 * Each option is one row of a table: how it is read, what help says of it, what is proposed when it is mistyped and
 * what completion knows all come from there.
 *
 * To add an option to 'mr run': a field in mr_job_settings (job/job.h) and a row in mr_run_options (run_options.c).
 * That is all of the code; README.md ("Options of `mr run`") and mr.1 have to say what it does. When it does not go
 * together with others, check_together in arguments.c says so.
 *
 * To give a command options of its own: a table in its file, and mr_command.options. To let it take an option of 'mr
 * run' as well: its name in mr_command.shared.
 */
#ifndef MR_CLI_OPTIONS_H
#define MR_CLI_OPTIONS_H

#include <getopt.h>
#include <stdint.h>

#include "base/error.h"

struct mr_command;

/* What the value of an option is, and so what it is stored as. */
enum mr_value_kind {
    MR_VALUE_NONE = 0, /* there is none: the option sets a bool */
    MR_VALUE_PATH,     /* of a file: const char *, not empty; borrowed from the command line */
    MR_VALUE_FOLDER,   /* of a folder: the same */
    MR_VALUE_TEXT,     /* any text: the same, but it may be empty */
    MR_VALUE_COUNT,    /* a whole number from least to most: uint64_t */
    MR_VALUE_SIZE,     /* a number of bytes above zero, such as 64M: uint64_t */
    MR_VALUE_TIME,     /* a time above zero, such as 30s: uint64_t, in milliseconds */
    MR_VALUE_OTHER     /* what read makes of it */
};

/* The headings of help, in their order. An option of the command itself comes first, under "Options". */
enum mr_option_group {
    MR_GROUP_OWN = 0,
    MR_GROUP_PLUGIN,
    MR_GROUP_INPUT,
    MR_GROUP_OUTPUT,
    MR_GROUP_RESOURCES,
    MR_GROUP_FAULTS,
    MR_GROUP_MESSAGES,
    MR_GROUPS
};

/* One option. */
typedef struct mr_command_option {
    const char *name;     /* without dashes; NULL ends a table */
    char letter;          /* -o; 0: there is none */
    const char *argument; /* what help calls its value, such as FILE; NULL: it has none */
    const char *help;     /* what it does, as one paragraph of plain text; help breaks it into lines */
    const char *words;    /* values to propose, with '|' between them; one that ends with : or = goes on; NULL: none */
    bool command_only;    /* of 'mr run': not for a stage of a job file */
    uint32_t group;       /* enum mr_option_group */
    uint32_t kind;        /* enum mr_value_kind */
    size_t at;            /* where the value is stored: offset into the receiver of the table */
    uint64_t least, most; /* COUNT: the limits; most 0: there is none */
    /* OTHER: reads a value into the receiver of the table; text: borrowed from the command line. A mistake is a usage
     * error. */
    bool (*read)(void *receiver, const char *text, mr_error *error);
} mr_command_option;

/* The row with a long name; NULL: there is none. options: a table, or NULL. */
const mr_command_option *mr_option_find(const mr_command_option *options, const char *name);

/* Reads the value of an option (NULL for one without) into the receiver of its table. A mistake is a usage error. */
bool mr_option_read(const mr_command_option *option, void *receiver, const char *value, mr_error *error);

/* An option as a word of a command line: "--name=value", or "--name" when value is NULL. Allocated; NULL when there is
 * no memory. */
char *mr_option_word(const char *name, const char *value);

/* Whether the command takes an option of 'mr run'. */
bool mr_option_is_shared(const struct mr_command *command, const mr_command_option *option);

/* The options on a command line, one after the other. Only one such walk can be under way in a process. */
typedef struct mr_option_walk {
    const struct mr_command *command;
    int argc;
    char **argv;                    /* permuted while walking: operands come to stand behind options */
    struct option *table;           /* for getopt_long; owned. Its values are indexes into rows, plus 256 */
    const mr_command_option **rows; /* the option that each row of table is; owned */
    size_t own;                     /* so many rows are the command's own; those behind them are of 'mr run' */
    char *letters;                  /* for getopt_long; owned */
    const char *value;              /* of the option that was found last; NULL: it has none */
    bool shared;                    /* that option is one of 'mr run', not one of the command itself */
    const char *unknown; /* the word --NAME or --NAME=VALUE of an option that there is not; NULL: there was none */
    bool proposed;       /* and the message says what may have been meant */
} mr_option_walk;

/* Begins with the arguments of a command, argv[0] being its name. False: memory ran out. */
bool mr_option_walk_open(mr_option_walk *walk, const struct mr_command *command, int argc, char **argv,
                         mr_error *error);

/* The next option; NULL at the end, and with error set for one that there is not, or whose value is missing. A name has
 * to be written out: what is the beginning of one name today may be that of two when there are more options. */
const mr_command_option *mr_option_walk_next(mr_option_walk *walk, mr_error *error);

/* At the end: the index in argv of the first operand; argc when there is none. */
int mr_option_walk_operands(const mr_option_walk *walk);
void mr_option_walk_close(mr_option_walk *walk);

/* Prints a paragraph to stdout in lines of up to 80 columns that begin at a column; what stands in parentheses is
 * not broken, if it fits into a line. used: so many columns of the first line are filled. */
void mr_paragraph_print(const char *text, size_t used, size_t column);

/* Prints the options of a command, with what they do, under headings. */
void mr_options_print(const struct mr_command *command);

#endif
