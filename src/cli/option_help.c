#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"

enum {
    LINE_WIDTH = 80, /* columns of a terminal */
    TEXT_COLUMN = 26 /* where what an option does begins */
};

static const char *const headings[MR_GROUPS] = {
    [MR_GROUP_OWN] = "Options",
    [MR_GROUP_PLUGIN] = "The plugin",
    [MR_GROUP_INPUT] = "The input",
    [MR_GROUP_OUTPUT] = "The output",
    [MR_GROUP_RESOURCES] = "Processes and memory",
    [MR_GROUP_FAULTS] = "When the plugin fails",
    [MR_GROUP_MESSAGES] = "What is told",
};

void mr_paragraph_print(const char *text, size_t used, size_t column) {
    if (used && used + 2 > column) used += (size_t)printf("  ");
    if (used < column) used += (size_t)printf("%*s", (int)(column - used), "");
    for (const char *word = text; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " "), whole = *word == '(' ? strcspn(word, ")") : 0;
        whole += strcspn(word + whole, " ");
        if (whole > length && whole <= LINE_WIDTH - column) length = whole;
        if (word > text && used + 1 + length > LINE_WIDTH)
            used = (size_t)printf("\n%*s", (int)column, "") - 1;
        else if (word > text)
            used += (size_t)printf(" ");
        used += fwrite(word, 1, length, stdout);
        word += length;
    }
    putchar('\n');
}

static void print_option(const mr_command_option *option) {
    char letter[] = "    ";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    int used = printf("  %s--%s%s%s", letter, option->name, option->argument ? " " : "",
                      option->argument ? option->argument : "");
    mr_paragraph_print(option->help, (size_t)used, TEXT_COLUMN);
}

static void print_group(const mr_command *command, uint32_t group) {
    bool begun = false;
    const mr_command_option *tables[] = {command->options, mr_run_options};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        for (const mr_command_option *option = tables[i]; option && option->name; option++) {
            if (option->group != group || (i && !mr_option_is_shared(command, option))) continue;
            if (!begun) printf("\n%s:\n", headings[group]);
            begun = true;
            print_option(option);
        }
    }
}

void mr_options_print(const mr_command *command) {
    for (uint32_t group = 0; group < MR_GROUPS; group++)
        print_group(command, group);
}
