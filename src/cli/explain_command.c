#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/explain_text.h"

/* What its own options say. */
typedef struct wishes {
    uint64_t sample;
    bool json;
} wishes;

/* Nothing is to be left behind, and everything else is to be as in the job itself. */
static mr_job_settings settings_for(const mr_job_settings *job, mr_survey *survey) {
    mr_job_settings settings = *job;
    settings.survey = survey;
    settings.output = "/dev/null";
    settings.parts = 0;
    settings.stats = NULL;
    settings.forgets_bad = true;
    settings.report = NULL;
    settings.alone = false;
    return settings;
}

/* Looks at a smaller sample, too, where that tells more; whatever is wrong with it does not matter. */
static void refine(const mr_job_settings *settings, mr_forecast *forecast) {
    enum { SMALLER = 4 };
    mr_result_summary summary;
    mr_error ignored = {0};
    mr_forecast *smaller = mr_forecast_wants_more(forecast) ? calloc(1, sizeof *smaller) : NULL;
    mr_survey survey = {.size = settings->survey->size, .divisor = SMALLER, .forecast = smaller};
    mr_job_settings again = *settings;
    again.survey = &survey;
    if (!smaller) return;
    mr_job_run(&again, &summary, &ignored);
    if (summary.outcome == MR_OUTCOME_DONE) mr_forecast_refine(forecast, smaller);
    mr_summary_close(&summary);
    free(smaller);
}

static mr_exit explain_job(const mr_job_settings *job, const wishes *wishes) {
    mr_result_summary summary;
    mr_error error = {0};
    mr_exit end = {0};
    if (job->from_bad) {
        mr_error_usage(&error, "'mr explain' is for inputs of jobs; leave --from-bad out");
        return mr_exit_failed(&error);
    }
    mr_forecast *forecast = calloc(1, sizeof *forecast);
    if (!forecast) {
        mr_error_memory(&error, sizeof *forecast, "a forecast");
        return mr_exit_failed(&error);
    }
    mr_survey survey = {.size = wishes->sample, .forecast = forecast};
    mr_job_settings settings = settings_for(job, &survey);
    mr_job_run(&settings, &summary, &error);
    if (summary.outcome == MR_OUTCOME_DONE) refine(&settings, forecast);
    if (summary.outcome == MR_OUTCOME_SIGNAL) end.signal = summary.signal;
    if (summary.outcome == MR_OUTCOME_DONE && wishes->json)
        mr_explain_print_json(forecast, &error);
    else if (summary.outcome == MR_OUTCOME_DONE)
        mr_explain_print(forecast);
    if (error.set)
        end = mr_exit_failed(&error);
    else if (!end.signal)
        end = mr_exit_printed();
    mr_summary_close(&summary);
    free(forecast);
    return end;
}

static mr_exit explain(const char *program, int argc, char **argv) {
    mr_run_arguments arguments;
    wishes wishes = {0};
    mr_error error = {0};
    mr_exit end;
    if (!mr_run_arguments_read(&arguments, &mr_command_explain, &wishes, program, argc, argv, &error))
        end = mr_exit_failed(&error);
    else if (arguments.help)
        end = mr_command_help_print(&mr_command_explain);
    else
        end = explain_job(&arguments.settings, &wishes);
    mr_run_arguments_free(&arguments);
    return end;
}

static const mr_command_option options[] = {
    {.name = "sample",
     .argument = "SIZE",
     .help = "how much of the input to look at (default: 1 %, at least 1M and at most 64M; all of it up to 4M)",
     .kind = MR_VALUE_SIZE,
     .at = offsetof(wishes, sample)},
    {.name = "json", .help = "print the numbers as JSON", .kind = MR_VALUE_NONE, .at = offsetof(wishes, json)},
    {0}};

const mr_command mr_command_explain = {
    .name = "explain",
    .run = explain,
    .operands = "PLUGIN INPUT...",
    .summary = "say what a job would come to, by a sample",
    .text = "Runs the job on a sample that is spread over the input, and says how many\n"
            "records, pairs and different keys there will be, how much memory and disk the\n"
            "job will need, how long it will take, and which keys come most often. Nothing is\n"
            "written.\n"
            "Of compressed files other than BGZF the beginning is looked at; pipes are not.\n",
    .options = options,
    .shared = "*",
    .notes = "Where output, statistics and bad records of the job would go does not matter.\n"
             "Exit status: 0 done, 1 the plugin fails on the sample, 2 wrong usage.\n",
    .reads_help = true,
};
