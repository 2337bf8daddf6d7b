#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "host/describe.h"

/* What has been shown so far: a name that comes again is hidden by the first. */
typedef struct shown_names {
    char **names;
    size_t count;
} shown_names;

/* Adds a name that has not been shown. */
static bool remember_name(shown_names *shown, const char *name, mr_error *error) {
    char **larger = realloc(shown->names, (shown->count + 1) * sizeof *larger);
    if (larger) shown->names = larger;
    char *copy = larger ? strdup(name) : NULL;
    if (!copy) return mr_error_memory(error, sizeof *larger + strlen(name), "the list of plugins");
    shown->names[shown->count++] = copy;
    return true;
}

static bool show_plugin(void *context, const char *name, const char *path, mr_error *error) {
    shown_names *shown = context;
    mr_description description;
    mr_error failure = {0};
    for (size_t i = 0; i < shown->count; i++)
        if (!strcmp(shown->names[i], name)) return true;
    if (!remember_name(shown, name, error)) return false;
    if (mr_describe(&(mr_setup){.path = path}, &description, &failure))
        printf("%-16s %s\n", name, description.summary);
    else
        printf("%-16s (%s)\n", name, failure.text);
    return true;
}

static mr_exit list(const char *program, int argc, char **argv) {
    (void)program;
    if (argc > 1) return mr_exit_too_many("list", argv[1]);
    shown_names shown = {0};
    mr_error error = {0};
    bool ok = mr_plugin_each(show_plugin, &shown, &error);
    for (size_t i = 0; i < shown.count; i++)
        free(shown.names[i]);
    free(shown.names);
    return ok ? mr_exit_printed() : mr_exit_failed(&error);
}

const mr_command mr_command_list = {
    .name = "list",
    .run = list,
    .operands = "",
    .summary = "show the plugins",
    .text = "They are those in the folders of MR_PLUGIN_PATH, then those that come with mr.\n"
            "'mr help PLUGIN' says more of one.\n",
};
