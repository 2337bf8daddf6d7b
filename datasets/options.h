/* The command lines of the generators.
 *
 * A generator lists its options in a table, which says where the value of each goes, and calls read_options. Whatever
 * is wrong is reported on standard error, with the name of the option and what it may be. Paths have to differ from
 * each other: two results never go to the same place. */

#ifndef DATASETS_OPTIONS_H
#define DATASETS_OPTIONS_H

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generator.h"

enum OptionKind {
    OPTION_WHOLE,   /* a whole number from minimum to maximum: uint64_t */
    OPTION_DECIMAL, /* a number from 0 to maximum with up to 6 decimals, in millionths: uint64_t */
    OPTION_SIGNED,  /* the same, from -maximum to maximum: int64_t */
    OPTION_SIZE,    /* bytes up to maximum, with K, M or G: uint64_t */
    OPTION_PATH,    /* a file: const char * */
    OPTION_FLAG,    /* no argument; makes it true: bool */
    OPTION_CHOICE,  /* one of the words in choices, as its index: unsigned */
};

struct Option {
    const char *name;           /* without dashes; NULL ends a table */
    char letter;                /* of the short form; 0: none */
    enum OptionKind kind;       /* what it takes, and the type that value points to */
    void *value;                /* where it goes; what is there before is the default */
    uint64_t minimum, maximum;  /* of numbers */
    const char *const *choices; /* of OPTION_CHOICE: words, then NULL */
};

enum { OPTIONS_MAX = 24 }; /* of a generator */

/* One entry each of a table, for values of the right types. name: without dashes; letter: of the short form, 0 for
 * none; value: where it goes; what is there before is the default. */

static inline struct Option option_whole(const char *name, char letter, uint64_t *value, uint64_t minimum,
                                         uint64_t maximum) {
    return (struct Option){name, letter, OPTION_WHOLE, value, minimum, maximum, NULL};
}

static inline struct Option option_seed(uint64_t *value) {
    return option_whole("seed", 0, value, 0, UINT64_MAX);
}

static inline struct Option option_decimal(const char *name, char letter, uint64_t *millionths, uint64_t maximum) {
    return (struct Option){name, letter, OPTION_DECIMAL, millionths, 0, maximum, NULL};
}

static inline struct Option option_signed(const char *name, int64_t *millionths, uint64_t maximum) {
    return (struct Option){name, 0, OPTION_SIGNED, millionths, 0, maximum, NULL};
}

static inline struct Option option_size(const char *name, char letter, uint64_t *value, uint64_t maximum) {
    return (struct Option){name, letter, OPTION_SIZE, value, 0, maximum, NULL};
}

static inline struct Option option_path(const char *name, char letter, const char **value) {
    return (struct Option){name, letter, OPTION_PATH, value, 0, 0, NULL};
}

static inline struct Option option_flag(const char *name, bool *value) {
    return (struct Option){name, 0, OPTION_FLAG, value, 0, 0, NULL};
}

/* choices: words, then NULL */
static inline struct Option option_choice(const char *name, unsigned *value, const char *const *choices) {
    return (struct Option){name, 0, OPTION_CHOICE, value, 0, 0, choices};
}

static inline struct Option option_end(void) {
    return (struct Option){NULL, 0, OPTION_FLAG, NULL, 0, 0, NULL};
}

static inline bool report_usage(const char *option, const char *value, const char *expected) {
    fprintf(stderr, "%s: %s '%s' is not %s; see %s --help\n", program_invocation_short_name, option, value, expected,
            program_invocation_short_name);
    return false;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Values. */

/* Reads digits only, up to the maximum, and sets *end behind them. */
static inline bool parse_digits(const char *text, uint64_t maximum, uint64_t *number, const char **end) {
    const char *at = text;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (digit > maximum || *number > (maximum - digit) / 10) return false;
        *number = *number * 10 + digit;
    }
    *end = at;
    return at > text;
}

static inline bool parse_whole(const char *name, const char *value, const struct Option *option) {
    uint64_t *number = option->value;
    const char *end;
    if (parse_digits(value, option->maximum, number, &end) && *end == '\0' && *number >= option->minimum) return true;
    char expected[80];
    snprintf(expected, sizeof expected, "a whole number from %" PRIu64 " to %" PRIu64, option->minimum,
             option->maximum);
    return report_usage(name, value, expected);
}

/* Reads a decimal fraction exactly, as millionths. */
static inline bool parse_millionths(const char *value, uint64_t maximum, uint64_t *millionths) {
    uint64_t whole;
    const char *end;
    if (!parse_digits(value, maximum, &whole, &end)) return false;
    *millionths = whole * 1000000;
    if (*end == '.' && end[1] != '\0') {
        end++;
        for (unsigned unit = 100000; unit > 0 && *end >= '0' && *end <= '9'; unit /= 10)
            *millionths += (uint64_t)(*end++ - '0') * unit;
    }
    return *end == '\0' && *millionths <= maximum * 1000000;
}

static inline bool parse_decimal(const char *name, const char *value, const struct Option *option) {
    if (parse_millionths(value, option->maximum, option->value)) return true;
    char expected[80];
    snprintf(expected, sizeof expected, "a number from 0 to %" PRIu64 " with at most 6 decimals", option->maximum);
    return report_usage(name, value, expected);
}

static inline bool parse_signed(const char *name, const char *value, const struct Option *option) {
    int64_t *millionths = option->value;
    uint64_t size;
    bool is_negative = *value == '-';
    if (parse_millionths(value + is_negative, option->maximum, &size)) {
        *millionths = is_negative ? -(int64_t)size : (int64_t)size;
        return true;
    }
    char expected[80];
    snprintf(expected, sizeof expected, "a number from -%" PRIu64 " to %" PRIu64 " with at most 6 decimals",
             option->maximum, option->maximum);
    return report_usage(name, value, expected);
}

static inline bool parse_size(const char *name, const char *value, const struct Option *option) {
    uint64_t *size = option->value;
    const char *end;
    if (parse_digits(value, option->maximum, size, &end)) {
        unsigned shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
        end += shift != 0;
        if (*end == '\0' && *size <= option->maximum >> shift) {
            *size <<= shift;
            return true;
        }
    }
    char expected[100];
    snprintf(expected, sizeof expected, "a number of bytes like 4096, 64K, 256M or 2G, up to %" PRIu64,
             option->maximum);
    return report_usage(name, value, expected);
}

static inline bool parse_choice(const char *name, const char *value, const struct Option *option) {
    unsigned *index = option->value;
    char expected[200] = "one of";
    for (unsigned i = 0; option->choices[i] != NULL; i++) {
        *index = i;
        if (strcmp(value, option->choices[i]) == 0) return true;
        size_t used = strlen(expected);
        snprintf(expected + used, sizeof expected - used, " %s", option->choices[i]);
    }
    return report_usage(name, value, expected);
}

static inline bool apply_option(const struct Option *option, const char *value) {
    char name[40];
    snprintf(name, sizeof name, "--%s", option->name);
    switch (option->kind) {
    case OPTION_WHOLE:
        return parse_whole(name, value, option);
    case OPTION_DECIMAL:
        return parse_decimal(name, value, option);
    case OPTION_SIGNED:
        return parse_signed(name, value, option);
    case OPTION_SIZE:
        return parse_size(name, value, option);
    case OPTION_CHOICE:
        return parse_choice(name, value, option);
    case OPTION_PATH:
        *(const char **)option->value = value;
        return true;
    case OPTION_FLAG:
        *(bool *)option->value = true;
        return true;
    }
    return false;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

/* What getopt_long wants to know of the options: each is its index + 256, and --help is 'h'. */
struct Getopt {
    struct option options[OPTIONS_MAX + 2];
    char letters[2 * OPTIONS_MAX + 2];
};

static inline void describe_options(const struct Option *options, struct Getopt *getopt) {
    char *letter = getopt->letters;
    unsigned count = 0;
    for (; options[count].name != NULL; count++) {
        int has_argument = options[count].kind == OPTION_FLAG ? no_argument : required_argument;
        getopt->options[count] = (struct option){options[count].name, has_argument, NULL, 256 + (int)count};
        if (options[count].letter == 0) continue;
        *letter++ = options[count].letter;
        if (has_argument == required_argument) *letter++ = ':';
    }
    getopt->options[count] = (struct option){"help", no_argument, NULL, 'h'};
    getopt->options[count + 1] = (struct option){NULL, 0, NULL, 0};
    *letter++ = 'h';
    *letter = '\0';
}

static inline const struct Option *find_option(const struct Option *options, int found) {
    if (found >= 256) return &options[found - 256];
    for (; options->name != NULL; options++)
        if (options->letter == found) return options;
    return NULL;
}

static inline const char *path_of(const struct Option *option) {
    return option->kind == OPTION_PATH ? *(const char **)option->value : NULL;
}

static inline bool check_paths(const struct Option *options) {
    for (const struct Option *one = options; one->name != NULL; one++)
        for (const struct Option *other = options; other != one; other++) {
            if (path_of(one) == NULL || path_of(other) == NULL || strcmp(path_of(one), path_of(other)) != 0) continue;
            char name[40], expected[60];
            snprintf(name, sizeof name, "--%s", one->name);
            snprintf(expected, sizeof expected, "different from --%s", other->name);
            return report_usage(name, path_of(one), expected);
        }
    return true;
}

static inline int show_help(const char *help) {
    if (fputs(help, stdout) >= 0 && fflush(stdout) == 0) return EXIT_SUCCESS;
    report_failure("write", "the standard output");
    return EXIT_FAILURE;
}

/* Reads the command line into what the options point to. Returns true to go on; otherwise help was shown or something
 * is wrong and has been reported, and main returns *status. */
static inline bool read_options(int argument_count, char *arguments[], const struct Option *options, const char *help,
                                int *status) {
    struct Getopt getopt = {.letters = ""};
    describe_options(options, &getopt);
    *status = EXIT_USAGE;
    int found;
    while ((found = getopt_long(argument_count, arguments, getopt.letters, getopt.options, NULL)) != -1) {
        if (found == 'h') {
            *status = show_help(help);
            return false;
        }
        const struct Option *option = find_option(options, found);
        if (option == NULL) { /* getopt_long has named the option */
            fprintf(stderr, "%s: see %s --help\n", program_invocation_short_name, program_invocation_short_name);
            return false;
        }
        if (!apply_option(option, optarg)) return false;
    }
    if (optind < argument_count) return report_usage("argument", arguments[optind], "expected");
    return check_paths(options);
}

#endif
