#include "job/statistics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/units.h"
#include "host/building.h"
#include "job/observation_json.h"
#include "job/pinning.h"

enum { LAYOUT = 2, INPUTS_MAX = 100 /* that are listed */ };

/* ---- the crash --------------------------------------------------------------------------------------------------- */

static bool add_frame(cJSON *stack, const mr_card *card, const mr_symbol *symbol) {
    const mr_fault *fault = &card->death->fault;
    const mr_frame *frame = &fault->frames[symbol->frame];
    bool known = frame->module < MR_FAULT_MODULES && frame->module < fault->module_count;
    cJSON *object = mr_json_add_object(stack);
    return object && mr_json_add_text(object, "function", *symbol->function ? symbol->function : NULL) &&
           mr_json_add_text(object, "file", *symbol->file ? symbol->file : NULL) &&
           (!symbol->line || mr_json_add_number(object, "line", symbol->line)) &&
           mr_json_add_text(object, "module", known ? fault->modules[frame->module] : NULL) &&
           mr_json_add_number(object, "address", frame->address) &&
           cJSON_AddBoolToObject(object, "inlined", symbol->inlined);
}

static bool add_stack(cJSON *crash, const mr_card *card) {
    cJSON *stack = cJSON_AddArrayToObject(crash, "stack");
    bool ok = stack;
    for (uint32_t i = 0; ok && i < card->frames; i++)
        ok = add_frame(stack, card, &card->backtrace.symbols[i]);
    return ok;
}

static bool add_group(cJSON *crash, const mr_card *card) {
    const mr_place *place = &card->death->place;
    cJSON *object = cJSON_AddObjectToObject(crash, "place");
    return object && mr_json_add_number(object, "partition", place->partition) &&
           mr_json_add_number(object, "group", place->offset) &&
           (!card->record_known || mr_json_add_bytes(object, "key", card->record, card->record_length)) &&
           cJSON_AddBoolToObject(object, "cut", card->record_cut);
}

static bool add_place(cJSON *crash, const mr_card *card) {
    if (card->death->place.kind == MR_PLACE_GROUP) return add_group(crash, card);
    if (!card->source) return cJSON_AddNullToObject(crash, "place");
    cJSON *object = cJSON_AddObjectToObject(crash, "place");
    return object && mr_json_add_text(object, "file", card->source->path) &&
           (!card->line || mr_json_add_number(object, "line", card->line)) &&
           mr_json_add_number(object, "offset", card->offset) &&
           mr_json_add_number(object, "length", card->death->place.length) &&
           (!card->record_known || mr_json_add_bytes(object, "record", card->record, card->record_length)) &&
           cJSON_AddBoolToObject(object, "cut", card->record_cut);
}

static bool add_signal(cJSON *object, int number) {
    char name[MR_SIGNAL_NAME];
    return mr_json_add_text(object, "signal", number ? mr_signal_name(number, name) : NULL);
}

static bool add_crash(cJSON *root, const mr_card *card) {
    if (!card) return cJSON_AddNullToObject(root, "crash");
    const mr_death *death = card->death;
    const mr_fault *fault = &death->fault;
    bool exited = death->cause == MR_DEATH_EXIT;
    int status = fault->told && !fault->signal ? fault->code : death->code;
    cJSON *crash = cJSON_AddObjectToObject(root, "crash");
    return crash && mr_json_add_text(crash, "cause", mr_death_cause_name(death->cause)) &&
           mr_json_add_text(crash, "callback", death->callback) &&
           mr_json_add_text(crash, "happened", card->happened) && add_signal(crash, mr_death_signal(death)) &&
           (!fault->told || !fault->signal || mr_json_add_number(crash, "address", fault->address)) &&
           (!exited || mr_json_add_number(crash, "exit_status", (uint64_t)status)) &&
           mr_json_add_number(crash, "worker", death->worker) &&
           mr_json_add_number(crash, "attempts", death->attempts) &&
           mr_json_add_text(crash, "plugin_path", mr_building_source(card->job->plugin_path)) &&
           add_place(crash, card) && add_stack(crash, card) && mr_json_add_text(crash, "prepare", card->prepare) &&
           mr_json_add_text(crash, "debug", card->debug);
}

/* ---- the job ----------------------------------------------------------------------------------------------------- */

static bool add_outcome(cJSON *root, const mr_result_summary *summary, const mr_error *failure) {
    static const char *const names[] = {
        [MR_OUTCOME_DONE] = "done", [MR_OUTCOME_FAILED] = "failed", [MR_OUTCOME_SIGNAL] = "signal"};
    bool failed = summary->outcome == MR_OUTCOME_FAILED;
    return mr_json_add_text(root, "outcome", names[summary->outcome]) &&
           add_signal(root, summary->outcome == MR_OUTCOME_SIGNAL ? summary->signal : 0) &&
           mr_json_add_text(root, "error", failed && failure->set ? failure->text : NULL);
}

static bool add_counters(cJSON *root, const mr_result_summary *summary) {
    cJSON *counters = cJSON_AddObjectToObject(root, "counters");
    bool ok = counters;
    for (size_t i = 0; ok && i < summary->counter_count; i++)
        ok = mr_json_add_number(counters, summary->counters[i].name, summary->counters[i].value);
    return ok;
}

static bool add_figures(cJSON *root, const mr_result_summary *summary) {
    return cJSON_AddNumberToObject(root, "seconds", summary->seconds) &&
           cJSON_AddNumberToObject(root, "cpu_seconds", summary->cpu_seconds) &&
           mr_json_add_number(root, "workers", summary->workers) &&
           mr_json_add_number(root, "input_bytes", summary->input_bytes) &&
           mr_json_add_number(root, "records", summary->records) &&
           mr_json_add_number(root, "results", summary->results) &&
           mr_json_add_number(root, "output_bytes", summary->output_bytes) &&
           mr_json_add_number(root, "spilled_bytes", summary->spilled) &&
           mr_json_add_number(root, "peak_memory_bytes", summary->peak_memory) &&
           mr_json_add_number(root, "retries", summary->retries) &&
           mr_json_add_number(root, "bad_records", summary->bad.count) &&
           mr_json_add_text(root, "bad_path", *summary->bad_path ? summary->bad_path : NULL);
}

/* The order of the results, as --sort takes it. */
static bool add_order(cJSON *object, const mr_job *job) {
    char text[32];
    snprintf(text, sizeof text, "%s%s%s", job->sort & MR_SORT_VALUE ? "value" : "key",
             job->sort & MR_SORT_NUMERIC ? ":num" : "", job->sort & MR_SORT_DESCENDING ? ":desc" : "");
    return mr_json_add_text(object, "sort", text) &&
           (job->top == UINT64_MAX || mr_json_add_number(object, "top", job->top));
}

static bool add_options(cJSON *object, const mr_job_settings *settings) {
    cJSON *options = cJSON_AddObjectToObject(object, "options");
    bool ok = options;
    for (size_t i = 0; ok && i < settings->setting_count; i++)
        ok = mr_json_add_text(options, settings->settings[i].name, settings->settings[i].value);
    return ok;
}

/* The inputs as the user named them. */
static bool add_inputs(cJSON *object, const mr_job *job) {
    const mr_job_settings *settings = job->settings;
    cJSON *inputs = cJSON_AddArrayToObject(object, "inputs");
    bool ok = inputs;
    for (size_t i = 0; ok && i < mr_smaller(settings->input_count, INPUTS_MAX); i++)
        ok = mr_json_add_text(inputs, NULL, settings->inputs[i]);
    return ok && mr_json_add_number(object, "files", job->input.count);
}

/* What the user asked for, and what was made of it. */
static bool add_settings(cJSON *root, const mr_job *job) {
    static const char *const kinds[] = {NULL, "fold", "group", "map"};
    const mr_job_settings *settings = job->settings;
    char records[MR_RECORDS_NAME];
    const char *path = job->plugin_path ? mr_building_source(job->plugin_path) : NULL;
    cJSON *object = cJSON_AddObjectToObject(root, "job");
    return object && mr_json_add_text(object, "kind", kinds[job->description.kind]) &&
           mr_json_add_text(object, "plugin_path", path) && add_options(object, settings) && add_inputs(object, job) &&
           mr_json_add_text(object, "output", settings->output) &&
           mr_json_add_text(object, "records", mr_records_name(&job->description.records, records)) &&
           mr_json_add_text(object, "format", mr_format_name(settings->format)) && add_order(object, job) &&
           mr_json_add_number(object, "compress", settings->compress) &&
           mr_json_add_number(object, "readers", job->plan.readers) &&
           mr_json_add_number(object, "cpus", mr_cpus_usable()) &&
           mr_json_add_number(object, "memory_bytes", job->plan.memory) &&
           mr_json_add_number(object, "chunk_bytes", settings->chunk) &&
           mr_json_add_number(object, "partitions", job->plan.partitions) &&
           cJSON_AddBoolToObject(object, "inline", settings->alone);
}

static bool write_text(const char *path, const char *text, mr_error *error) {
    mr_output output;
    size_t length = strlen(text);
    bool ok = mr_output_open(&output, path, error) && mr_output_write(&output, text, length, 0, error) &&
              mr_output_write(&output, "\n", 1, length, error) && mr_output_commit(&output, length + 1, error);
    mr_output_close(&output);
    return ok;
}

bool mr_statistics_write(const mr_job *job, const mr_result_summary *summary, const mr_card *card,
                         const mr_error *failure, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    const mr_splitters *splitters = job->shared ? &job->shared->splitters : NULL;
    cJSON *root = mr_json_new(error);
    bool ok = root && mr_json_add_number(root, "version", LAYOUT) && mr_json_add_text(root, "mr", MR_VERSION) &&
              mr_json_add_text(root, "plugin", settings->plugin) && add_outcome(root, summary, failure) &&
              add_figures(root, summary) && add_counters(root, summary) && add_settings(root, job) &&
              (!summary->observation || mr_observation_add_json(root, summary->observation, splitters)) &&
              add_crash(root, card);
    char *text = ok ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    ok = text || mr_error_memory(error, 4096, "statistics");
    ok = ok && (!settings->stats || write_text(settings->stats, text, error));
    ok = ok && (!settings->held_stats || mr_write_at(settings->held_stats, text, strlen(text), 0) ||
                mr_error_system(error, errno, "could not keep the statistics"));
    free(text);
    return ok;
}
