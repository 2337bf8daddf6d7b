#include "cli/commands.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/proposals.h"

/* clang-format off */
const mr_command *const mr_commands[] = {
    &mr_command_run,
    &mr_command_explain,
    &mr_command_check,
    &mr_command_new,
    &mr_command_build,
    &mr_command_job,
    &mr_command_list,
    &mr_command_complete,
    &mr_command_help,
    &mr_command_version,
    NULL,
};
/* clang-format on */

const mr_command *mr_command_find(const char *name) {
    for (const mr_command *const *command = mr_commands; *command; command++)
        if (!strcmp((*command)->name, name)) return *command;
    return NULL;
}

mr_exit mr_exit_failed(const mr_error *error) {
    mr_message("%s", error->text);
    return (mr_exit){.status = error->usage ? 2 : 1};
}

mr_exit mr_exit_printed(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) return (mr_exit){0};
    mr_message("could not write to standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
    return (mr_exit){.status = 1};
}

mr_exit mr_exit_too_many(const char *command, const char *word) {
    mr_message("too many arguments for 'mr %s': what is '%s'? (see 'mr %s --help')", command, word, command);
    return (mr_exit){.status = 2};
}

bool mr_command_options_read(const mr_command *command, void *receiver, int argc, char **argv, int *operands,
                             mr_error *error) {
    mr_option_walk walk;
    bool ok = mr_option_walk_open(&walk, command, argc, argv, error);
    for (const mr_command_option *option; ok && (option = mr_option_walk_next(&walk, error));)
        ok = mr_option_read(option, receiver, walk.value, error);
    *operands = ok ? mr_option_walk_operands(&walk) : argc;
    mr_option_walk_close(&walk);
    return ok && !error->set;
}

mr_exit mr_command_help_print(const mr_command *command) {
    printf("mr %s%s%s%s\n\n%c%s.\n", command->name, *command->operands ? " " : "", command->operands,
           command->options || command->shared ? " [OPTION]..." : "", toupper(*command->summary), command->summary + 1);
    if (command->text) printf("\n%s", command->text);
    mr_options_print(command);
    if (command->notes) printf("\n%s", command->notes);
    return mr_exit_printed();
}

void mr_commands_print(FILE *to) {
    fputs("mr - map-reduce for one big machine\n\n", to);
    for (const mr_command *const *command = mr_commands; *command; command++) {
        if ((*command)->hidden) continue;
        int used = fprintf(to, "  mr %s %s", (*command)->name, (*command)->operands);
        fprintf(to, "%*s  %s\n", used < 28 ? 28 - used : 0, "", (*command)->summary);
    }
    fputs("\n"
          "'mr help COMMAND' says more of a command, 'mr help run' has the options of jobs,\n"
          "'mr help PLUGIN' those of a plugin ('mr list' shows the plugins).\n"
          "\n"
          "  mr run wordcount big.txt --top 10\n"
          "  mr run grep --set pattern='error|fatal' logs/ -o errors.txt\n",
          to);
}

/* Whether --help or -h stands among the arguments of a command, before a -- that ends its options. */
static bool wants_help(char **arguments) {
    for (; *arguments && strcmp(*arguments, "--") != 0; arguments++)
        if (!strcmp(*arguments, "--help") || !strcmp(*arguments, "-h")) return true;
    return false;
}

/* The command that a word stands for, also as an option, as most programs have it. */
static const mr_command *understand(const char *word) {
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) return &mr_command_help;
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) return &mr_command_version;
    return mr_command_find(word);
}

mr_exit mr_command_line(int argc, char **argv) {
    mr_error error = {0};
    if (argc < 2) {
        mr_commands_print(stderr);
        return (mr_exit){.status = 2};
    }
    const mr_command *command = understand(argv[1]);
    if (!command) {
        mr_propose_command(argv[1], &error);
        return mr_exit_failed(&error);
    }
    if (!command->reads_help && wants_help(argv + 2)) return mr_command_help_print(command);
    return command->run(argv[0], argc - 1, argv + 1);
}
