#include "cli/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/proposals.h"

static bool read_operands(mr_run_arguments *arguments, const mr_command *command, int first, int argc, char **argv,
                          mr_error *error) {
    mr_job_settings *settings = &arguments->settings;
    if (first == argc)
        return mr_error_usage(error, "which plugin? mr %s PLUGIN INPUT... ('mr list' shows the plugins)",
                              command->name);
    settings->plugin = argv[first];
    settings->inputs = (const char *const *)argv + first + 1;
    settings->input_count = (size_t)(argc - first - 1);
    if (settings->input_count || settings->from_bad) return true;
    return mr_error_usage(error, "no input: mr %s %s INPUT... (- is standard input)", command->name, settings->plugin);
}

/* Whether two files to be written are the same, by their names. */
static bool same_file(const char *a, const char *b) {
    return a && b && !strcmp(a, b);
}

/* What is written about the job must not replace its output, or each other. */
static bool check_files(const mr_job_settings *settings, mr_error *error) {
    const char *output = settings->output, *stats = settings->stats, *report = settings->report;
    if (same_file(output, stats) || same_file(output, report))
        return mr_error_usage(error, "%s would be written over the output: give %s another name", output,
                              same_file(output, stats) ? "--stats" : "--report");
    return !same_file(stats, report) ||
           mr_error_usage(error, "--stats and --report would both be written to %s: give one another name", stats);
}

/* Options that do not go together. */
static bool check_together(const mr_job_settings *settings, mr_error *error) {
    if (settings->from_bad && settings->input_count)
        return mr_error_usage(error, "--from-bad says what the input is; give no other (%s)", settings->inputs[0]);
    if (settings->from_bad && settings->only_length)
        return mr_error_usage(error, "--only is for an input; it does not go with --from-bad");
    if (settings->only_length && settings->input_count != 1)
        return mr_error_usage(error, "--only is for one input; there are %zu", settings->input_count);
    if (settings->header && settings->format != MR_FORMAT_TSV && settings->format != MR_FORMAT_CSV)
        return mr_error_usage(error, "--header is for --format tsv and csv, not %s", mr_format_name(settings->format));
    if (settings->alone && settings->timeout)
        return mr_error_usage(error, "--inline has no other process that could watch the time; leave --timeout out");
    if (settings->alone && settings->worker_memory)
        return mr_error_usage(error, "--inline has no worker that could be replaced; leave --worker-memory out");
    if (settings->alone && settings->pin)
        return mr_error_usage(error, "--inline has no worker that could be pinned; leave --pin out (see taskset)");
    return check_files(settings, error);
}

/* Room for as many options of each kind as there are arguments. */
static bool make_room(mr_run_arguments *arguments, size_t count) {
    arguments->options = calloc(count, sizeof *arguments->options);
    arguments->sides = calloc(count, sizeof *arguments->sides);
    arguments->includes = calloc(count, sizeof *arguments->includes);
    arguments->excludes = calloc(count, sizeof *arguments->excludes);
    arguments->settings.settings = arguments->options;
    arguments->settings.sides = arguments->sides;
    arguments->settings.choice.includes = arguments->includes;
    arguments->settings.choice.excludes = arguments->excludes;
    return arguments->options && arguments->sides && arguments->includes && arguments->excludes;
}

static bool open_arguments(mr_run_arguments *arguments, const char *program, int argc, mr_error *error) {
    *arguments =
        (mr_run_arguments){.settings = {.program = program, .top = UINT64_MAX, .records = {.kind = MR_RECORDS_UNSAID}}};
    return make_room(arguments, (size_t)argc) || mr_error_memory(error, (size_t)argc * sizeof(mr_setting), "options");
}

/* Goes on behind --help, where nothing matters but which word is the first operand. Always returns true. */
static bool skip_options(mr_option_walk *walk) {
    mr_error ignored;
    do
        ignored = (mr_error){0};
    while (mr_option_walk_next(walk, &ignored) || ignored.set);
    walk->unknown = NULL;
    return true;
}

/* Reads all options, up to --help. */
static bool read_options(mr_run_arguments *arguments, void *own, mr_option_walk *walk, mr_error *error) {
    for (const mr_command_option *option; (option = mr_option_walk_next(walk, error));) {
        if (!mr_option_read(option, walk->shared ? arguments : own, walk->value, error)) return false;
        if (arguments->help) return skip_options(walk);
    }
    /* The top of something is the largest of it, unless the user says otherwise. */
    if (arguments->settings.top != UINT64_MAX && !arguments->settings.ordered)
        arguments->settings.sort = MR_SORT_VALUE_DESCENDING;
    return !error->set;
}

bool mr_run_arguments_read(mr_run_arguments *arguments, const mr_command *command, void *own, const char *program,
                           int argc, char **argv, mr_error *error) {
    mr_option_walk walk;
    if (!open_arguments(arguments, program, argc, error)) return false;
    bool ok = mr_option_walk_open(&walk, command, argc, argv, error) && read_options(arguments, own, &walk, error);
    int first = mr_option_walk_operands(&walk);
    if (ok && arguments->help)
        arguments->settings.plugin = argv[first];
    else if (ok)
        ok = read_operands(arguments, command, first, argc, argv, error) && check_together(&arguments->settings, error);
    if (!ok) mr_propose_setting(&walk, error);
    mr_option_walk_close(&walk);
    return ok;
}

bool mr_run_option_check(const mr_command_option *option, const char *value, mr_error *error) {
    mr_run_arguments arguments;
    bool ok = open_arguments(&arguments, NULL, 1, error) && mr_option_read(option, &arguments, value, error);
    mr_run_arguments_free(&arguments);
    return ok;
}

void mr_run_arguments_free(mr_run_arguments *arguments) {
    for (size_t i = 0; i < arguments->settings.setting_count; i++)
        free((char *)arguments->options[i].name);
    for (size_t i = 0; i < arguments->settings.side_count; i++)
        free((char *)arguments->sides[i].name);
    free(arguments->options);
    free(arguments->sides);
    free(arguments->includes);
    free(arguments->excludes);
    *arguments = (mr_run_arguments){0};
}
