#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "host/describe.h"

static mr_exit help_plugin(const char *name) {
    static const char *const kinds[] = {"", "a fold", "a group", "a map"};
    mr_description description;
    mr_error error = {0};
    char *path = mr_plugin_find(name, &error);
    bool ok = path && mr_describe(&(mr_setup){.path = path}, &description, &error);
    free(path);
    if (!ok) return mr_exit_failed(&error);
    printf("%s - %s\n\nmr run %s INPUT... [--set NAME=VALUE]...   (%s job)\n", description.name, description.summary,
           name, description.has_configure ? "the options decide what kind of" : kinds[description.kind]);
    if (*description.help) printf("\nOptions:\n%s", description.help);
    return mr_exit_printed();
}

static mr_exit help(const char *program, int argc, char **argv) {
    (void)program;
    if (argc > 2) return mr_exit_too_many(argv);
    if (argc == 2) {
        const mr_command *command = mr_command_find(argv[1]);
        return command ? mr_command_help_print(command) : help_plugin(argv[1]);
    }
    mr_commands_print(stdout);
    return mr_exit_printed();
}

const mr_command mr_command_help = {
    .name = "help",
    .run = help,
    .operands = "[COMMAND|PLUGIN]",
    .summary = "this text, or what there is to say of one thing",
};
