#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "host/describe.h"

enum { HELP_COLUMN = 6 };

static void print_kind(const mr_description *description) {
    static const char *const kinds[] = {
        [MR_FOLD] = "A fold job: one result for each key, in the order of the keys.",
        [MR_GROUP] = "A group job: what it makes of each key, in the order of the keys.",
        [MR_MAP] = "A map job: what it makes of each record, in the order of the input.",
    };
    if (description->has_configure)
        puts("Its options decide what kind of job it is.");
    else if (description->kind < sizeof kinds / sizeof *kinds && kinds[description->kind])
        puts(kinds[description->kind]);
}

/* The names of the columns, without what says that they are numbers. */
static void print_columns(const mr_description *description) {
    static const char number[] = ":number";
    if (*description->columns) printf("Columns of the result:");
    for (const char *name = description->columns; *name;) {
        size_t length = strcspn(name, "\t"), shown = length, ending = sizeof number - 1;
        bool last = !name[length];
        if (length > ending && !strncmp(name + length - ending, number, ending)) shown -= ending;
        printf(" %.*s%s", (int)shown, name, last ? "\n" : ",");
        name += length + !last;
    }
}

static void print_options(const mr_description *description) {
    mr_described_option option;
    for (size_t at = 0, first = true; mr_description_option(description, &at, &option); first = false) {
        if (first) puts("\nOptions of the plugin:");
        printf("  --set %s=%s\n", option.name, mr_described_value(&option));
        char *text = NULL;
        if (asprintf(&text, "%s%s(%s%s%s)", option.help, *option.help ? " " : "",
                     option.fallback ? "default: '" : "required", option.fallback ? option.fallback : "",
                     option.fallback ? "'" : "") < 0)
            continue;
        mr_paragraph_print(text, 0, HELP_COLUMN);
        free(text);
    }
}

/* A value that is another than the default of an option with a choice; its length in *length. NULL: there is none. */
static const char *other_value(const mr_described_option *option, size_t *length) {
    const char *words = mr_described_value(option);
    if (option->type != MR_OPTION_CHOICE && option->type != MR_OPTION_FLAG) return NULL;
    for (; *words; words += *length + (words[*length] == '|')) {
        *length = strcspn(words, "|");
        if (option->fallback && (strlen(option->fallback) != *length || memcmp(words, option->fallback, *length) != 0))
            return words;
    }
    return NULL;
}

/* A command line with all that has to be set, and the first choice that there is. */
static void print_example(const mr_description *description, const char *name) {
    mr_described_option option;
    bool chosen = false;
    printf("\nFor example:\n  mr run %s", name);
    for (size_t at = 0, length; mr_description_option(description, &at, &option);) {
        const char *other = chosen ? NULL : other_value(&option, &length);
        if (!option.fallback) printf(" --set %s=%s", option.name, mr_described_value(&option));
        if (other) printf(" --set %s=%.*s", option.name, (int)length, other);
        chosen = chosen || other;
    }
    puts(" INPUT\n\n'mr help run' has the options of every job.");
}

/* Says so when a job comes with mr that has the name of the plugin. */
static void print_job(const char *name) {
    mr_error ignored = {0};
    char *path = strchr(name, '/') ? NULL : mr_job_file_find(name, &ignored);
    if (path) printf("There is a job of this name, which runs it: mr job %s --help\n", name);
    free(path);
}

mr_exit mr_plugin_help_print(const char *name) {
    mr_description description;
    mr_error error = {0};
    char *path = mr_plugin_find(name, &error);
    bool ok = path && mr_describe(&(mr_setup){.path = path}, &description, &error);
    free(path);
    if (!ok) return mr_exit_failed(&error);
    printf("%s - %s\n\nmr run %s INPUT... [--set NAME=VALUE]... [OPTION]...\n\n", description.name, description.summary,
           name);
    print_kind(&description);
    print_columns(&description);
    print_options(&description);
    print_example(&description, name);
    print_job(name);
    return mr_exit_printed();
}
