#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "cli/arguments.h"
#include "cli/commands.h"

enum { ROW_VALUE = 256 /* what getopt_long gives for row 0: beyond all letters */ };

const mr_command_option *mr_option_find(const mr_command_option *options, const char *name) {
    for (const mr_command_option *option = options; option && option->name; option++)
        if (!strcmp(option->name, name)) return option;
    return NULL;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static bool read_count(const mr_command_option *option, const char *text, uint64_t *count, mr_error *error) {
    uint64_t most = option->most ? option->most : UINT64_MAX - 1;
    if (mr_parse_count(text, option->least, most, count)) return true;
    return mr_error_usage(error, "--%s wants a whole number from %llu to %llu, not '%s'", option->name,
                          (unsigned long long)option->least, (unsigned long long)most, text);
}

static bool read_size(const mr_command_option *option, const char *text, uint64_t *bytes, mr_error *error) {
    if (mr_parse_size(text, bytes) && *bytes > 0) return true;
    return mr_error_usage(error, "--%s wants a size above zero such as 64M or 1.5G, not '%s'", option->name, text);
}

static bool read_time(const mr_command_option *option, const char *text, uint64_t *milliseconds, mr_error *error) {
    if (mr_parse_duration(text, milliseconds) && *milliseconds > 0) return true;
    return mr_error_usage(error, "--%s wants a time above zero such as 30s, 500ms or 2m, not '%s'", option->name, text);
}

bool mr_option_read(const mr_command_option *option, void *receiver, const char *value, mr_error *error) {
    void *at = (char *)receiver + option->at;
    switch (option->kind) {
    case MR_VALUE_NONE:
        *(bool *)at = true;
        return true;
    case MR_VALUE_PATH:
    case MR_VALUE_FOLDER:
        *(const char **)at = value;
        return *value || mr_error_usage(error, "--%s wants a path", option->name);
    case MR_VALUE_TEXT:
        *(const char **)at = value;
        return true;
    case MR_VALUE_COUNT:
        return read_count(option, value, at, error);
    case MR_VALUE_SIZE:
        return read_size(option, value, at, error);
    case MR_VALUE_TIME:
        return read_time(option, value, at, error);
    default:
        return option->read(receiver, value, error);
    }
}

/* ---- the command line -------------------------------------------------------------------------------------------- */

bool mr_option_is_shared(const mr_command *command, const mr_command_option *option) {
    size_t length = strlen(option->name);
    for (const char *name = command->shared; name && *name; name += strspn(name, " ")) {
        size_t word = strcspn(name, " ");
        if ((word == length && !memcmp(name, option->name, length)) || (word == 1 && *name == '*')) return true;
        name += word;
    }
    return false;
}

static size_t count_rows(const mr_command_option *options) {
    size_t count = 0;
    while (options && options[count].name)
        count++;
    return count;
}

/* Adds a row to what getopt_long is given. */
static void add_row(mr_option_walk *walk, size_t *count, const mr_command_option *option) {
    int argument = option->argument ? required_argument : no_argument;
    walk->rows[*count] = option;
    walk->table[*count] = (struct option){option->name, argument, NULL, ROW_VALUE + (int)*count};
    char *letters = walk->letters + strlen(walk->letters);
    if (option->letter) *letters++ = option->letter;
    if (option->letter && option->argument) *letters = ':';
    ++*count;
}

bool mr_option_walk_open(mr_option_walk *walk, const mr_command *command, int argc, char **argv, mr_error *error) {
    size_t most = count_rows(command->options) + count_rows(mr_run_options), count = 0;
    *walk = (mr_option_walk){.command = command,
                             .argc = argc,
                             .argv = argv,
                             .table = calloc(most + 1, sizeof *walk->table),
                             .rows = calloc(most + 1, sizeof *walk->rows),
                             .letters = calloc(2 * most + 2, 1)};
    if (!walk->table || !walk->rows || !walk->letters)
        return mr_error_memory(error, most * sizeof *walk->table, "options");
    *walk->letters = ':'; /* a value that is missing is told apart from an option that there is not */
    for (const mr_command_option *option = command->options; option && option->name; option++)
        add_row(walk, &count, option);
    walk->own = count;
    for (const mr_command_option *option = mr_run_options; option->name; option++)
        if (mr_option_is_shared(command, option)) add_row(walk, &count, option);
    opterr = 0;
    optind = 0; /* this also forgets where an earlier walk stopped */
    return true;
}

/* The index of the row for what getopt_long gave. */
static size_t find_row(const mr_option_walk *walk, int found) {
    size_t row = 0;
    if (found >= ROW_VALUE) return (size_t)(found - ROW_VALUE);
    while (walk->rows[row]->letter != found)
        row++;
    return row;
}

/* What getopt_long did not like: found is ':' or '?'. */
static void complain(const mr_option_walk *walk, int found, mr_error *error) {
    const char *word = walk->argv[optind - 1], *command = walk->command->name;
    if (found == ':')
        mr_error_usage(error, "the option %s wants a value (see 'mr %s --help')", word, command);
    else if (optopt >= ROW_VALUE)
        mr_error_usage(error, "the option --%s takes no value, as in %s (see 'mr %s --help')",
                       walk->rows[optopt - ROW_VALUE]->name, word, command);
    else if (optopt)
        mr_error_usage(error, "'mr %s' has no option -%c (see 'mr %s --help')", command, optopt, command);
    else
        mr_error_usage(error, "'mr %s' has no option %s (see 'mr %s --help'%s)", command, word, command,
                       walk->command == &mr_command_run ? "; those of plugins are given by --set NAME=VALUE" : "");
}

const mr_command_option *mr_option_walk_next(mr_option_walk *walk, mr_error *error) {
    int found = getopt_long(walk->argc, walk->argv, walk->letters, walk->table, NULL);
    if (found == -1) return NULL;
    if (found == '?' || found == ':') {
        complain(walk, found, error);
        return NULL;
    }
    size_t row = find_row(walk, found);
    walk->value = optarg;
    walk->shared = row >= walk->own;
    return walk->rows[row];
}

int mr_option_walk_operands(const mr_option_walk *walk) {
    return optind < walk->argc ? optind : walk->argc;
}

void mr_option_walk_close(mr_option_walk *walk) {
    free(walk->table);
    free(walk->rows);
    free(walk->letters);
    *walk = (mr_option_walk){0};
}
