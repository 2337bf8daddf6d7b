#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
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
    if (!option->most)
        return mr_error_usage(error, "--%s wants a whole number, %llu or more, not '%s'", option->name,
                              (unsigned long long)option->least, text);
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

/* Whether the beginning of a value, up to a colon, is that of one of the words. */
static bool begins_right(const char *words, const char *value) {
    size_t length = strcspn(value, ":");
    for (; words && *words; words += strcspn(words, "|"), words += *words != 0)
        if (strcspn(words, ":|") == length && !memcmp(words, value, length)) return true;
    return false;
}

/* Says which value may have been meant, unless it is only what stands behind a colon that is wrong. Always returns
 * false. */
static bool propose_value(const mr_command_option *option, const char *value, mr_error *error) {
    mr_nearest nearest;
    mr_nearest_begin(&nearest, value);
    if (!begins_right(option->words, value)) mr_nearest_try_each(&nearest, option->words);
    return mr_error_add(error, mr_nearest_question(&nearest, ""));
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
        return option->read(receiver, value, error) || (value && propose_value(option, value, error));
    }
}

char *mr_option_word(const char *name, const char *value) {
    char *word;
    return asprintf(&word, "--%s%s%s", name, value ? "=" : "", value ? value : "") < 0 ? NULL : word;
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

/* ---- what is wrong ----------------------------------------------------------------------------------------------- */

/* What may have been meant by the name of an option. */
static const char *question_of(const mr_option_walk *walk, const char *name, mr_nearest *nearest) {
    mr_nearest_begin(nearest, name);
    for (size_t row = 0; walk->rows[row]; row++)
        mr_nearest_try(nearest, walk->rows[row]->name);
    mr_nearest_try(nearest, "help"); /* every command has it */
    return mr_nearest_question(nearest, "--");
}

/* An option that there is not: word is --NAME or --NAME=VALUE. */
static void complain_of_name(mr_option_walk *walk, const char *word, mr_error *error) {
    mr_nearest nearest;
    char name[MR_NEAREST_WORD];
    const char *command = walk->command->name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    const char *question = question_of(walk, name, &nearest);
    walk->unknown = word;
    walk->proposed = *question;
    if (mr_option_find(mr_run_options, name))
        mr_error_usage(error, "'mr %s' has no option --%s, which is one of 'mr run' (see 'mr %s --help')", command,
                       name, command);
    else if (*question)
        mr_error_usage(error, "'mr %s' has no option --%s%s", command, name, question);
    else
        mr_error_usage(error, "'mr %s' has no option %s (see 'mr %s --help')", command, word, command);
}

/* A letter that is no option; it may be that of a long name behind a single dash. */
static void complain_of_letter(const mr_option_walk *walk, char letter, mr_error *error) {
    mr_nearest nearest;
    const char *command = walk->command->name, *question = "";
    for (int i = 1; i < walk->argc && strcmp(walk->argv[i], "--") != 0 && !*question; i++) {
        const char *word = walk->argv[i];
        if (word[0] == '-' && word[1] != '-' && strlen(word) > 3 && strchr(word, letter))
            question = question_of(walk, word + 1, &nearest);
    }
    if (*question)
        mr_error_usage(error, "'mr %s' has no option -%c%s", command, letter, question);
    else
        mr_error_usage(error, "'mr %s' has no option -%c (see 'mr %s --help')", command, letter, command);
}

/* Whether a word is the whole name of an option, with or without a value: getopt_long would take the beginning of a
 * name for the name. */
static bool is_whole(const char *word, const mr_command_option *option) {
    return strcspn(word + 2, "=") == strlen(option->name);
}

/* What getopt_long did not like: found is ':' or '?'. */
static void complain(mr_option_walk *walk, int found, mr_error *error) {
    const char *word = walk->argv[optind - 1], *command = walk->command->name;
    bool unknown = !optopt || (optopt >= ROW_VALUE && !is_whole(word, walk->rows[optopt - ROW_VALUE]));
    if (unknown)
        complain_of_name(walk, word, error);
    else if (found == ':' && optopt >= ROW_VALUE && walk->rows[optopt - ROW_VALUE]->argument)
        mr_error_usage(error, "the option --%s wants a value: --%s %s (see 'mr %s --help')",
                       walk->rows[optopt - ROW_VALUE]->name, walk->rows[optopt - ROW_VALUE]->name,
                       walk->rows[optopt - ROW_VALUE]->argument, command);
    else if (found == ':')
        mr_error_usage(error, "the option -%c wants a value (see 'mr %s --help')", optopt, command);
    else if (optopt >= ROW_VALUE)
        mr_error_usage(error, "the option --%s takes no value, as in %s (see 'mr %s --help')",
                       walk->rows[optopt - ROW_VALUE]->name, word, command);
    else
        complain_of_letter(walk, (char)optopt, error);
}

/* ---- the walk ---------------------------------------------------------------------------------------------------- */

/* The index of the row for what getopt_long gave. */
static size_t find_row(const mr_option_walk *walk, int found) {
    size_t row = 0;
    if (found >= ROW_VALUE) return (size_t)(found - ROW_VALUE);
    while (walk->rows[row]->letter != found)
        row++;
    return row;
}

/* The word on the command line that getopt_long took for a long option. */
static const char *word_found(const mr_option_walk *walk) {
    bool value_behind = optarg && optarg == walk->argv[optind - 1];
    return walk->argv[optind - (value_behind ? 2 : 1)];
}

const mr_command_option *mr_option_walk_next(mr_option_walk *walk, mr_error *error) {
    optarg = NULL;
    int found = getopt_long(walk->argc, walk->argv, walk->letters, walk->table, NULL);
    if (found == -1) return NULL;
    if (found == '?' || found == ':') {
        complain(walk, found, error);
        return NULL;
    }
    size_t row = find_row(walk, found);
    const char *word = word_found(walk);
    if (found >= ROW_VALUE && !is_whole(word, walk->rows[row])) {
        complain_of_name(walk, word, error);
        return NULL;
    }
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
