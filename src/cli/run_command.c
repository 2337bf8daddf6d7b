#include "cli/arguments.h"
#include "cli/commands.h"
#include "job/coordinator.h"

static mr_exit run_job(mr_run_arguments *arguments) {
    mr_job_settings *settings = &arguments->settings;
    mr_watching watching;
    mr_result_summary summary;
    mr_error error = {0};
    mr_exit end = {0};
    mr_watching_hold_requests();
    if (!mr_watching_open(&watching, &arguments->watch, &error)) return mr_exit_failed(&error);
    mr_watching_join(&watching, settings, NULL);
    mr_job_run(settings, &summary, &error);
    mr_watching_close(&watching);
    if (summary.outcome == MR_OUTCOME_FAILED) end = mr_exit_failed(&error);
    if (summary.outcome == MR_OUTCOME_SIGNAL) end.signal = summary.signal;
    if (summary.outcome == MR_OUTCOME_DONE && !settings->quiet) mr_summary_print(&summary, settings->plugin);
    mr_summary_close(&summary);
    return end;
}

static mr_exit run(const char *program, int argc, char **argv) {
    mr_run_arguments arguments;
    mr_error error = {0};
    mr_exit end;
    if (!mr_run_arguments_read(&arguments, &mr_command_run, NULL, program, argc, argv, &error))
        end = mr_exit_failed(&error);
    else if (arguments.help)
        end = arguments.settings.plugin ? mr_plugin_help_print(arguments.settings.plugin)
                                        : mr_command_help_print(&mr_command_run);
    else
        end = run_job(&arguments);
    mr_run_arguments_free(&arguments);
    return end;
}

const mr_command mr_command_run = {
    .name = "run",
    .run = run,
    .operands = "PLUGIN INPUT...",
    .summary = "run a job",
    .text = "INPUT is a file, - for standard input, a directory with all files below it, or\n"
            "@LIST: a file with paths, one a line (a file of the name @x is ./@x). Of\n"
            "directories, what begins with . or _ is left out.\n"
            "PLUGIN is a name ('mr list') or a path with a slash. The folders of\n"
            "MR_PLUGIN_PATH come first. Options may stand anywhere; -- ends them.\n",
    .shared = "*",
    .notes = "Sizes take K, M, G, T (powers of 1024), times ms, s, m, h.\n"
             "A result is a line \"key TAB value\"; backslash, tab, newline and carriage\n"
             "return in it are written as \\\\ \\t \\n \\r, without --format.\n"
             "MR_PROCESSOR names the instructions to use (default: the best that the\n"
             "processor has): see mr(1).\n"
             "Exit status: 0 done, 1 the job failed, 2 wrong usage, 128+n killed by signal n.\n",
    .reads_help = true,
};
