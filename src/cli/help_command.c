#include <stdio.h>

#include "cli/commands.h"

static mr_exit help(const char *program, int argc, char **argv) {
    (void)program;
    if (argc > 2) return mr_exit_too_many("help", argv[2]);
    if (argc == 2) {
        const mr_command *command = mr_command_find(argv[1]);
        return command ? mr_command_help_print(command) : mr_plugin_help_print(argv[1]);
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
