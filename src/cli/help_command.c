#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/proposals.h"
#include "host/plugin.h"

/* Whether a name that is none is nearer to that of a command than to any of a plugin; if so the error says that. */
static bool propose_command(const char *name, mr_error *error) {
    mr_nearest nearest;
    mr_nearest_begin(&nearest, name);
    for (const mr_command *const *command = mr_commands; *command; command++)
        if (!(*command)->hidden) mr_nearest_try(&nearest, (*command)->name);
    mr_nearest_try_plugins(&nearest);
    if (!nearest.count || !mr_command_find(nearest.best[0])) return false;
    const char *question = mr_nearest_question(&nearest, "mr help ");
    return *question && !mr_error_usage(error, "there is no command or plugin '%s'%s", name, question);
}

static mr_exit help(const char *program, int argc, char **argv) {
    (void)program;
    if (argc > 2) return mr_exit_too_many("help", argv[2]);
    if (argc < 2) {
        mr_commands_print(stdout);
        return mr_exit_printed();
    }
    mr_error error = {0}, ignored = {0};
    const mr_command *command = mr_command_find(argv[1]);
    if (command) return mr_command_help_print(command);
    char *path = mr_plugin_find(argv[1], &ignored);
    bool proposed = !path && propose_command(argv[1], &error);
    free(path);
    return proposed ? mr_exit_failed(&error) : mr_plugin_help_print(argv[1]);
}

const mr_command mr_command_help = {
    .name = "help",
    .run = help,
    .operands = "[COMMAND|PLUGIN]",
    .summary = "this text, or what there is to say of one thing",
};
