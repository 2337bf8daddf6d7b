#include <stdio.h>

#include "cli/commands.h"

static mr_exit version(const char *program, int argc, char **argv) {
    (void)program;
    if (argc > 1) return mr_exit_too_many("version", argv[1]);
    puts("mr " MR_VERSION);
    return mr_exit_printed();
}

const mr_command mr_command_version = {
    .name = "version", .run = version, .operands = "", .summary = "show the version"};
