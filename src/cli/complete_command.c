#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/job_file.h"
#include "host/compiler.h"
#include "host/describe.h"

/* What a shell asks when somebody presses TAB. The answer is lines of two kinds:
 *
 *     WORD [TAB WHAT IT IS]          a word that may stand there; one that ends with = or : goes on
 *     TAB files|folders TAB PATTERN TAB BEFORE   files that match, or folders, with BEFORE in front, may stand there
 *
 * All that is known of options and commands comes from their tables, of plugins and jobs from themselves, so that there
 * is nothing to keep up to date. The shells' side is in cli/completion/. */

/* What is asked. */
typedef struct question {
    const mr_command *command;
    char **words;   /* behind mr, from the name of the command on; borrowed */
    int count;      /* of them, without the one that is completed */
    const char *to; /* complete: the beginning of a word, may be empty */
} question;

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* How much is shown of what a word is: up to what only explains, or is no text. */
static int shown_of(const char *meaning) {
    int length = 0;
    while (meaning[length] && !strchr(";(", meaning[length])) {
        size_t size = mr_utf8_visible(meaning + length, strnlen(meaning + length, 4));
        if (!size) break;
        length += (int)size;
    }
    return length;
}

/* Offers a word, which is before, length bytes of word, and behind, if it goes on from what is typed. */
static void offer(const question *request, const char *before, const char *word, size_t length, const char *behind,
                  const char *meaning) {
    char *text;
    if (asprintf(&text, "%s%.*s%s", before, (int)length, word, behind) < 0) return;
    size_t typed = strlen(request->to);
    bool goes_on = !strncmp(text, request->to, typed) && (text[typed] || !strchr("=:", text[strlen(text) - 1]));
    int shown = meaning ? shown_of(meaning) : 0;
    if (goes_on && !strpbrk(text, "\t\n")) printf("%s%s%.*s\n", text, shown ? "\t" : "", shown, shown ? meaning : "");
    free(text);
}

static void offer_word(const question *request, const char *word, const char *meaning) {
    offer(request, "", word, strlen(word), "", meaning);
}

/* Words with '|' between them. */
static void offer_each(const question *request, const char *before, const char *words) {
    for (size_t length; words && *words; words += length + (words[length] == '|')) {
        length = strcspn(words, "|");
        offer(request, before, words, length, "", NULL);
    }
}

static void offer_files(const char *before, const char *pattern) {
    printf("\tfiles\t%s\t%s\n", pattern, before);
}

static bool offer_found(void *context, const char *name, const char *path, mr_error *error) {
    (void)path;
    (void)error;
    offer_word(context, name, NULL);
    return true;
}

/* ---- operands ---------------------------------------------------------------------------------------------------- */

static void offer_commands(question *request) {
    for (const mr_command *const *command = mr_commands; *command; command++)
        offer_word(request, (*command)->name, (*command)->summary);
}

static void offer_plugins(question *request) {
    mr_error ignored = {0};
    mr_plugin_each(offer_found, request, &ignored);
    offer_files("", "*.c");
    offer_files("", "*.cc");
    offer_files("", "*.cpp");
    if (strchr(request->to, '/')) offer_files("", "*.so"); /* without a slash it would be no path */
}

static void offer_jobs(question *request) {
    mr_error ignored = {0};
    mr_job_file_each(offer_found, request, &ignored);
    offer_files("", "*.json");
}

/* What an operand is, by the word that help has for it. */
static void offer_operand(question *request, const char *kind, size_t length) {
    static const struct {
        const char *kind;
        void (*offer)(question *request);
    } kinds[] = {{"COMMAND", offer_commands}, {"PLUGIN", offer_plugins}, {"FILE.json", offer_jobs}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (memmem(kind, length, kinds[i].kind, strlen(kinds[i].kind))) kinds[i].offer(request);
    if (memmem(kind, length, "SOURCE", 6)) offer_files("", "*.c");
    if (memmem(kind, length, "INPUT", 5)) offer_files(*request->to == '@' ? "@" : "", "*");
}

/* Offers what may stand at a place behind the command, from 0. The last of its operands may be there again and again.
 */
static void offer_operand_at(question *request, size_t place) {
    const char *kind = request->command->operands;
    size_t length = strcspn(kind, " ");
    for (; place && kind[length] == ' '; place--) {
        kind += length + 1;
        length = strcspn(kind, " ");
    }
    if (!place || (length > 3 && !strncmp(kind + length - 3, "...", 3))) offer_operand(request, kind, length);
}

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* The option of the command with a name of some length, or a letter; NULL: there is none. */
static const mr_command_option *find_option(const mr_command *command, const char *name, size_t length, char letter) {
    const mr_command_option *tables[] = {command->options, mr_run_options};
    for (int i = 0; i < 2; i++)
        for (const mr_command_option *option = tables[i]; option && option->name; option++) {
            bool named = letter ? option->letter == letter
                                : strlen(option->name) == length && !memcmp(option->name, name, length);
            if (named && (!i || mr_option_is_shared(command, option))) return option;
        }
    return NULL;
}

/* The option that waits for its value in the next word: --name or -x; NULL: there is none. */
static const mr_command_option *waiting_option(const mr_command *command, const char *word) {
    const mr_command_option *option = NULL;
    if (!strncmp(word, "--", 2))
        option = find_option(command, word + 2, strlen(word + 2), 0);
    else if (word[0] == '-' && word[1])
        option = find_option(command, "", 0, word[strlen(word) - 1]);
    return option && option->argument ? option : NULL;
}

static void offer_options(const question *request) {
    const mr_command_option *tables[] = {request->command->options, mr_run_options};
    for (int i = 0; i < 2; i++)
        for (const mr_command_option *option = tables[i]; option && option->name; option++)
            if (!i || mr_option_is_shared(request->command, option))
                offer(request, "--", option->name, strlen(option->name), option->argument ? "=" : "", option->help);
    if (!request->command->reads_help) offer_word(request, "--help", "what there is to say of the command");
}

/* The first operand that has been typed; *place: how many there are. NULL: none. */
static const char *first_operand(const question *request, size_t *place) {
    const char *first = NULL;
    bool ended = false;
    *place = 0;
    for (int i = 1; i < request->count; i++) {
        const char *word = request->words[i];
        if (!ended && !strcmp(word, "--")) {
            ended = true;
        } else if (!ended && word[0] == '-' && word[1]) {
            if (waiting_option(request->command, word) && !strchr(word, '=')) i++;
        } else {
            if (!first) first = word;
            ++*place;
        }
    }
    return first;
}

/* ---- --set and --side -------------------------------------------------------------------------------------------- */

/* The value of NAME=VALUE, of which the request has the name and '='. */
static void offer_setting_value(const question *request, const char *before, const mr_described_option *option) {
    char *name;
    if (asprintf(&name, "%s%s=", before, option->name) < 0) return;
    if (option->type == MR_OPTION_CHOICE || option->type == MR_OPTION_FLAG)
        offer_each(request, name, mr_described_value(option));
    if (option->type == MR_OPTION_FILE) offer_files(name, "*");
    free(name);
}

/* NAME=VALUE of a plugin's options. files: only those that are files, for --side. */
static void offer_settings(const question *request, const char *before, const char *plugin, bool files) {
    mr_description description;
    mr_described_option option;
    mr_error ignored = {0};
    char *path = plugin ? mr_plugin_find(plugin, &ignored) : NULL;
    bool ok = path && mr_describe(&(mr_setup){.path = path}, &description, &ignored);
    const char *typed = request->to + strlen(before), *equals = strchr(typed, '=');
    for (size_t at = 0; ok && mr_description_option(&description, &at, &option);) {
        size_t length = strlen(option.name);
        if (files && option.type != MR_OPTION_FILE) continue;
        if (!equals)
            offer(request, before, option.name, length, "=", option.help);
        else if ((size_t)(equals - typed) == length && !memcmp(typed, option.name, length))
            offer_setting_value(request, before, &option);
    }
    free(path);
}

/* A parameter of a job file, for mr_job_file_parameters. */
typedef struct parameter_offer {
    const question *request;
    const char *before;
} parameter_offer;

static void offer_parameter(void *context, const char *name, const char *help) {
    const parameter_offer *parameter = context;
    offer(parameter->request, parameter->before, name, strlen(name), "=", help);
}

static void offer_parameters(const question *request, const char *before, const char *job) {
    mr_error ignored = {0};
    char *path = job ? mr_job_path(job, &ignored) : NULL;
    if (path && !strchr(request->to + strlen(before), '='))
        mr_job_file_parameters(path, offer_parameter, &(parameter_offer){request, before}, &ignored);
    free(path);
}

/* ---- values of options ------------------------------------------------------------------------------------------- */

/* NAME=VALUE: before is what stands in front of it in the word. */
static void offer_pair(const question *request, const mr_command_option *option, const char *before) {
    size_t place;
    const char *first = first_operand(request, &place), *equals = strchr(request->to + strlen(before), '=');
    bool side = !strcmp(option->name, "side");
    char *name = NULL;
    if (!strcmp(request->command->name, "job"))
        offer_parameters(request, before, first);
    else if (!side || !equals)
        offer_settings(request, before, first, side);
    if (side && equals && asprintf(&name, "%.*s", (int)(equals + 1 - request->to), request->to) >= 0) {
        offer_files(name, "*");
        free(name);
    }
}

static void offer_value(const question *request, const mr_command_option *option, const char *before) {
    if (!strncmp(option->argument, "NAME=", 5)) {
        offer_pair(request, option, before);
        return;
    }
    offer_each(request, before, option->words);
    if (option->kind == MR_VALUE_FOLDER) printf("\tfolders\t*\t%s\n", before);
    if (option->kind == MR_VALUE_PATH) offer_files(before, "*");
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* Answers for a word of a command: the value of an option, an option, or an operand. */
static void answer(question *request) {
    const char *equals = strchr(request->to, '=');
    size_t place;
    bool ended = false;
    for (int i = 1; i < request->count; i++)
        ended = ended || !strcmp(request->words[i], "--");
    const mr_command_option *option =
        ended || request->count < 2 ? NULL : waiting_option(request->command, request->words[request->count - 1]);
    if (option) {
        offer_value(request, option, "");
    } else if (!ended && equals && !strncmp(request->to, "--", 2)) {
        option = find_option(request->command, request->to + 2, (size_t)(equals - request->to - 2), 0);
        char *before = strndup(request->to, (size_t)(equals + 1 - request->to));
        if (option && option->argument && before) offer_value(request, option, before);
        free(before);
    } else if (!ended && *request->to == '-') {
        offer_options(request);
    } else {
        first_operand(request, &place);
        offer_operand_at(request, place);
    }
}

static mr_exit complete(const char *program, int argc, char **argv) {
    (void)program;
    bool help = argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
    if (help) return mr_command_help_print(&mr_command_complete);
    int first = argc > 1 && !strcmp(argv[1], "--") ? 2 : 1;
    question request = {.words = argv + first + 1, .count = argc - first - 2, .to = argv[argc - 1]};
    if (argc - first < 2) {
        mr_message("'mr complete' wants the words of a command line: mr complete -- mr run --for");
        return (mr_exit){.status = 2};
    }
    if (request.count) {
        request.command = mr_command_find(request.words[0]);
        if (request.command) answer(&request);
    } else {
        offer_commands(&request);
        offer_word(&request, "--help", "what there is");
        offer_word(&request, "--version", "the version");
    }
    return mr_exit_printed();
}

const mr_command mr_command_complete = {
    .name = "complete",
    .run = complete,
    .operands = "-- WORD...",
    .summary = "what may stand on a command line, for shells",
    .text = "Prints what may stand where the last WORD is being typed, which may be empty;\n"
            "the first is mr itself. A line is a word, and what it is behind a tab. One that\n"
            "begins with a tab is: files or folders, a tab, a pattern that they match, a tab,\n"
            "and what stands before their names. mr comes with the shells' side of it, for\n"
            "bash and zsh.\n",
    .hidden = true,
    .reads_help = true,
};
