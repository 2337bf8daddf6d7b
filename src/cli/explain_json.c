#include <math.h>
#include <stdio.h>

#include "base/json.h"
#include "cli/explain_text.h"

enum { LAYOUT = 1 /* version: members are added, never changed */ };

/* A whole number, or three of them. */
static bool add_estimate(cJSON *root, const char *name, const mr_estimate *estimate) {
    cJSON *object = cJSON_AddObjectToObject(root, name);
    return object && mr_json_add_number(object, "expected", (uint64_t)fmax(0, estimate->expected)) &&
           mr_json_add_number(object, "low", (uint64_t)fmax(0, estimate->low)) &&
           mr_json_add_number(object, "high", (uint64_t)fmax(0, estimate->high));
}

static bool add_input(cJSON *root, const mr_forecast *forecast) {
    cJSON *input = cJSON_AddObjectToObject(root, "input");
    return input && mr_json_add_number(input, "files", forecast->files) &&
           mr_json_add_number(input, "bytes", forecast->file_bytes) &&
           mr_json_add_number(input, "bgzf_files", forecast->compressed) &&
           mr_json_add_number(input, "stream_files", forecast->streams) &&
           mr_json_add_number(input, "pipes", forecast->pipes) &&
           mr_json_add_text(input, "records", forecast->record_kind) &&
           add_estimate(input, "text_bytes", &forecast->text_bytes);
}

static bool add_sample(cJSON *root, const mr_forecast *forecast) {
    cJSON *sample = cJSON_AddObjectToObject(root, "sample");
    return sample && mr_json_add_number(sample, "bytes", forecast->sampled) &&
           mr_json_add_number(sample, "pieces", forecast->pieces) &&
           cJSON_AddBoolToObject(sample, "whole", forecast->whole) &&
           cJSON_AddBoolToObject(sample, "cut", forecast->cut) &&
           cJSON_AddNumberToObject(sample, "seconds", forecast->sample_seconds) &&
           mr_json_add_number(sample, "bad_records", forecast->bad_records);
}

static bool add_plan(cJSON *root, const mr_forecast *forecast) {
    cJSON *plan = cJSON_AddObjectToObject(root, "plan");
    return plan && mr_json_add_number(plan, "workers", forecast->workers) &&
           mr_json_add_number(plan, "chunks", forecast->chunks) &&
           mr_json_add_number(plan, "partitions", forecast->partitions) &&
           mr_json_add_number(plan, "memory_limit_bytes", forecast->memory_limit) &&
           mr_json_add_text(plan, "temporary", forecast->temporary) &&
           (forecast->temporary_free == UINT64_MAX
                ? cJSON_AddNullToObject(plan, "temporary_free_bytes") != NULL
                : mr_json_add_number(plan, "temporary_free_bytes", forecast->temporary_free));
}

/* A number, or null where there is none. */
static bool add_number(cJSON *root, const char *name, double number) {
    return number > 0 ? mr_json_add_number(root, name, (uint64_t)number) : cJSON_AddNullToObject(root, name) != NULL;
}

static bool add_disk(cJSON *root, const mr_forecast *forecast) {
    const mr_forecast_disk *disk = &forecast->disk;
    cJSON *object = cJSON_AddObjectToObject(root, "disk");
    return object && add_number(object, "spill_begins_bytes", forecast->spill_begin) &&
           mr_json_add_number(object, "written_bytes", (uint64_t)disk->written) &&
           mr_json_add_number(object, "beyond_page_cache_bytes", (uint64_t)disk->beyond) &&
           add_number(object, "bytes_per_second", disk->speed);
}

static bool add_seconds(cJSON *root, const mr_forecast_times *times) {
    cJSON *seconds = cJSON_AddObjectToObject(root, "seconds");
    return seconds && cJSON_AddNumberToObject(seconds, "total", times->total) &&
           cJSON_AddNumberToObject(seconds, "map", times->map) &&
           cJSON_AddNumberToObject(seconds, "unpack", times->unpack) &&
           cJSON_AddNumberToObject(seconds, "exchange", times->exchange) &&
           cJSON_AddNumberToObject(seconds, "reduce", times->reduce) &&
           cJSON_AddNumberToObject(seconds, "disk", times->disk);
}

static bool add_hot(cJSON *root, const mr_forecast *forecast) {
    cJSON *list = cJSON_AddArrayToObject(root, "hot_keys");
    bool ok = list;
    for (size_t i = 0; ok && i < forecast->hot_count; i++) {
        const mr_forecast_key *key = &forecast->hot[i];
        size_t length = key->length < MR_SURVEY_KEY ? key->length : MR_SURVEY_KEY;
        cJSON *object = mr_json_add_object(list);
        ok = object && mr_json_add_bytes(object, "key", key->bytes, length) &&
             mr_json_add_number(object, "length", key->length) &&
             cJSON_AddNumberToObject(object, "share", key->share.expected) &&
             cJSON_AddNumberToObject(object, "share_low", key->share.low) &&
             cJSON_AddNumberToObject(object, "share_high", key->share.high);
    }
    return ok;
}

static bool add_notes(cJSON *root, const mr_forecast *forecast) {
    cJSON *list = cJSON_AddArrayToObject(root, "notes");
    bool ok = list;
    for (size_t i = 0; ok && i < forecast->advice_count; i++)
        ok = mr_json_add_text(list, NULL, forecast->advice[i]);
    return ok;
}

static bool add_all(cJSON *root, const mr_forecast *forecast) {
    static const char *const kinds[] = {"", "fold", "group", "map"};
    return mr_json_add_number(root, "version", LAYOUT) && mr_json_add_text(root, "mr", MR_VERSION) &&
           mr_json_add_text(root, "plugin", forecast->plugin) &&
           mr_json_add_text(root, "kind", kinds[forecast->kind & 3]) && add_input(root, forecast) &&
           add_sample(root, forecast) && add_estimate(root, "records", &forecast->records) &&
           add_estimate(root, "pairs", &forecast->pairs) && add_estimate(root, "keys", &forecast->keys) &&
           add_estimate(root, "output_bytes", &forecast->output_bytes) &&
           add_estimate(root, "memory_bytes", &forecast->memory) &&
           add_estimate(root, "between_bytes", &forecast->run_bytes) &&
           add_estimate(root, "spilled_bytes", &forecast->spilled) && add_plan(root, forecast) &&
           add_disk(root, forecast) && add_seconds(root, &forecast->seconds) && add_hot(root, forecast) &&
           add_notes(root, forecast);
}

bool mr_explain_print_json(const mr_forecast *forecast, mr_error *error) {
    cJSON *root = mr_json_new(error);
    char *text = root && add_all(root, forecast) ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    if (!text) return mr_error_memory(error, 4096, "the forecast");
    puts(text);
    free(text);
    return true;
}
