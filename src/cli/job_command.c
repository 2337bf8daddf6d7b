#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_run.h"
#include "host/plugin.h"

/* The command line of 'mr job'. */
typedef struct job_arguments {
    const char *name;     /* of the job file, as typed */
    mr_setting *settings; /* owned, and so are the names */
    size_t setting_count;
    char **words; /* options for all stages; owned, and so is each */
    size_t word_count;
    const char *report; /* path of a file for an overview; NULL: none */
    bool check;         /* nothing is to be run */
    bool help;          /* --help was given: nothing else matters but the name, NULL if there is none */
} job_arguments;

static bool add_setting(job_arguments *arguments, const char *text, mr_error *error) {
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) return mr_error_usage(error, "--set wants name=value, not '%s'", text);
    char *name = strndup(text, (size_t)(equals - text));
    if (!name) return mr_error_memory(error, strlen(text), "an option");
    arguments->settings[arguments->setting_count++] = (mr_setting){name, equals + 1};
    return true;
}

/* Adds an option for all stages; value NULL: it has none. */
static bool add_common(job_arguments *arguments, const char *name, const char *value, mr_error *error) {
    char *word = mr_option_word(name, value);
    if (!word) return mr_error_memory(error, strlen(name), "an option");
    arguments->words[arguments->word_count++] = word;
    return true;
}

static bool read_set(void *receiver, const char *text, mr_error *error) {
    return add_setting(receiver, text, error);
}

static const mr_command_option job_options[] = {
    {.name = "set",
     .argument = "NAME=VALUE",
     .help = "set a parameter of the job file; repeatable",
     .kind = MR_VALUE_OTHER,
     .read = read_set},
    {.name = "check",
     .help = "only look whether everything is right, and show what would be run",
     .at = offsetof(job_arguments, check)},
    {.name = "dry-run", .help = "the same", .at = offsetof(job_arguments, check)},
    {.name = "report",
     .argument = "FILE",
     .help = "write a page to FILE, to be looked at in a browser: what each stage took, and what went wrong",
     .kind = MR_VALUE_PATH,
     .at = offsetof(job_arguments, report)},
    {.name = "help",
     .letter = 'h',
     .help = "with FILE: what it is about, and its parameters",
     .at = offsetof(job_arguments, help)},
    {0},
};

/* Reads all options: those of 'mr run' become words for the stages, when they are right. */
static bool read_options(job_arguments *arguments, mr_option_walk *walk, mr_error *error) {
    for (const mr_command_option *option; (option = mr_option_walk_next(walk, error));) {
        bool ok = walk->shared ? mr_run_option_check(option, walk->value, error) &&
                                     add_common(arguments, option->name, walk->value, error)
                               : mr_option_read(option, arguments, walk->value, error);
        if (!ok) return false;
    }
    return !error->set;
}

static bool read_arguments(job_arguments *arguments, int argc, char **argv, mr_error *error) {
    mr_option_walk walk;
    *arguments = (job_arguments){.settings = calloc((size_t)argc, sizeof(mr_setting)),
                                 .words = calloc((size_t)argc, sizeof(char *))};
    if (!arguments->settings || !arguments->words)
        return mr_error_memory(error, (size_t)argc * sizeof(mr_setting), "options");
    bool ok = mr_option_walk_open(&walk, &mr_command_job, argc, argv, error) && read_options(arguments, &walk, error);
    int first = ok ? mr_option_walk_operands(&walk) : argc;
    mr_option_walk_close(&walk);
    if (!ok) return false;
    arguments->name = argv[first]; /* NULL when there is none */
    if (arguments->help) return true;
    if (first == argc) return mr_error_usage(error, "which job file? mr job FILE.json");
    if (first + 1 == argc) return true;
    return mr_error_usage(error, "'mr job' takes one job file; its parameters are given by --set NAME=VALUE (%s)",
                          argv[first + 1]);
}

static void free_arguments(job_arguments *arguments) {
    for (size_t i = 0; i < arguments->setting_count; i++)
        free((char *)arguments->settings[i].name);
    for (size_t i = 0; i < arguments->word_count; i++)
        free(arguments->words[i]);
    free(arguments->settings);
    free(arguments->words);
}

char *mr_job_path(const char *name, mr_error *error) {
    size_t length = strlen(name);
    bool is_path = strchr(name, '/') || (length >= 5 && !strcmp(name + length - 5, ".json"));
    if (!is_path) return mr_job_file_find(name, error);
    char *path = strdup(name);
    if (!path) mr_error_memory(error, length, "a path");
    return path;
}

static mr_exit do_job(const job_arguments *arguments, const mr_job_file *file, const char *program, mr_error *error) {
    mr_job_request request = {.program = program,
                              .file = file,
                              .words = (const char *const *)arguments->words,
                              .word_count = arguments->word_count,
                              .report = arguments->report};
    if (!mr_job_check(&request, error)) return (mr_exit){0};
    if (!arguments->check) return mr_job_run_all(&request);
    mr_job_show(&request);
    return (mr_exit){0};
}

static mr_exit run(const char *program, int argc, char **argv) {
    job_arguments arguments;
    mr_job_file file = {0};
    mr_error error = {0};
    mr_exit end = {0};
    bool ok = read_arguments(&arguments, argc, argv, &error);
    char *path = ok && arguments.name ? mr_job_path(arguments.name, &error) : NULL;
    if (ok && !arguments.name)
        end = mr_command_help_print(&mr_command_job);
    else if (path && arguments.help)
        mr_job_file_show(path, arguments.name, &error);
    else if (path && mr_job_file_read(&file, path, arguments.settings, arguments.setting_count, &error))
        end = do_job(&arguments, &file, program, &error);
    if (error.set)
        end = mr_exit_failed(&error);
    else if (!end.status && !end.signal)
        end = mr_exit_printed();
    mr_job_file_close(&file);
    free_arguments(&arguments);
    free(path);
    return end;
}

const mr_command mr_command_job = {
    .name = "job",
    .run = run,
    .operands = "FILE.json",
    .summary = "run several jobs that read what others make",
    .text = "Runs the stages of a job file, one after the other. FILE is a path with a slash\n"
            "or ending in .json, or the name of a job that comes with mr.\n",
    .options = job_options,
    .shared = "jobs memory tmp chunk timeout worker-memory pin progress status quiet verbose",
    .notes = "Options of 'mr run' hold for every stage.\n",
    .reads_help = true,
};
