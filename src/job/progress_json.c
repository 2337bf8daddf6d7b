#include "job/progress_json.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"
#include "job/occupation.h"
#include "job/wording.h"

enum { LAYOUT = 1 };

/* A number, with as many digits behind the point as mean something. */
static bool add_real(cJSON *object, const char *name, double value) {
    return cJSON_AddNumberToObject(object, name, round(value * 1e4) * 1e-4);
}

/* The same, or null where it is negative: not known. */
static bool add_if_known(cJSON *object, const char *name, double value) {
    if (value < 0) return cJSON_AddNullToObject(object, name);
    return add_real(object, name, value);
}

/* ---- the line ---------------------------------------------------------------------------------------------------- */

static bool add_phase(cJSON *object, const mr_phase *phase) {
    return mr_json_add_text(object, "phase", phase ? phase->name : NULL) &&
           mr_json_add_number(object, "phase_units", phase ? phase->units : 0) &&
           mr_json_add_number(object, "phase_units_done", phase ? phase->done : 0);
}

static uint64_t output_bytes(const mr_observation *observation) {
    return observation->sample_count ? observation->samples[observation->sample_count - 1].output_bytes : 0;
}

static uint64_t memory_in_use(const mr_observation *observation) {
    return observation->sample_count ? observation->samples[observation->sample_count - 1].memory : 0;
}

static bool add_figures(cJSON *object, const mr_view *view) {
    const mr_observation *observation = view->observation;
    const mr_result_summary *summary = view->summary;
    const mr_phase *map = mr_phase_map(observation);
    bool known = map && map->bytes;
    if (known ? !mr_json_add_number(object, "input_bytes_in_all", map->bytes)
              : !cJSON_AddNullToObject(object, "input_bytes_in_all"))
        return false;
    return mr_json_add_number(object, "input_bytes", map ? map->bytes_done : 0) &&
           mr_json_add_number(object, "output_bytes", output_bytes(observation)) &&
           mr_json_add_number(object, "memory_bytes", memory_in_use(observation)) &&
           mr_json_add_number(object, "spilled_bytes", summary->spilled) &&
           mr_json_add_number(object, "records", summary->records) &&
           mr_json_add_number(object, "retries", summary->retries) &&
           mr_json_add_number(object, "bad_records", summary->bad.count);
}

static bool add_counters(cJSON *object, const mr_result_summary *summary) {
    cJSON *counters = cJSON_AddObjectToObject(object, "counters");
    bool ok = counters;
    for (size_t i = 0; ok && i < summary->counter_count; i++)
        ok = mr_json_add_number(counters, summary->counters[i].name, summary->counters[i].value);
    return ok;
}

static bool add_outcome(cJSON *object, const mr_result_summary *summary, bool ended) {
    static const char *const names[] = {
        [MR_OUTCOME_DONE] = "done", [MR_OUTCOME_FAILED] = "failed", [MR_OUTCOME_SIGNAL] = "signal"};
    return mr_json_add_text(object, "outcome", ended ? names[summary->outcome] : NULL);
}

/* Why the job has failed. */
static bool add_failure(cJSON *object, const mr_error *failure) {
    return !failure || !failure->set || mr_json_add_text(object, "error", failure->text);
}

static bool add_line(cJSON *object, const mr_view *view, const mr_outlook *outlook, const char *title, bool ended) {
    return mr_json_add_number(object, "version", LAYOUT) &&
           mr_json_add_text(object, "plugin", view->job->settings->plugin) &&
           mr_json_add_text(object, "title", title) && add_real(object, "seconds", view->observation->at) &&
           add_phase(object, mr_phase_now(view->observation)) && add_if_known(object, "fraction", outlook->fraction) &&
           add_if_known(object, "seconds_left", ended ? 0 : outlook->left) &&
           mr_json_add_number(object, "bytes_per_second", (uint64_t)outlook->rate) && add_figures(object, view) &&
           add_counters(object, view->summary) && add_outcome(object, view->summary, ended) &&
           add_failure(object, view->failure);
}

/* ---- the details ------------------------------------------------------------------------------------------------- */

static bool add_phases(cJSON *object, const mr_observation *observation) {
    cJSON *array = cJSON_AddArrayToObject(object, "phases");
    bool ok = array;
    for (uint32_t i = 0; ok && i < observation->phase_count; i++) {
        const mr_phase *phase = &observation->phases[i];
        cJSON *element = mr_json_add_object(array);
        ok = element && mr_json_add_text(element, "name", phase->name) && add_real(element, "begin", phase->begin) &&
             add_if_known(element, "end", phase->end) && mr_json_add_number(element, "units", phase->units) &&
             mr_json_add_number(element, "units_done", phase->done);
    }
    return ok;
}

static bool add_process(cJSON *element, pid_t process) {
    if (!process) return cJSON_AddNullToObject(element, "process");
    return mr_json_add_number(element, "process", (uint64_t)process);
}

static bool add_worker(cJSON *element, const mr_occupation *occupation) {
    return element && mr_json_add_text(element, "kind", occupation->reader ? "reader" : "worker") &&
           mr_json_add_number(element, "number", occupation->index) && add_process(element, occupation->process) &&
           mr_json_add_text(element, "doing", occupation->doing) && add_real(element, "seconds", occupation->since) &&
           mr_json_add_text(element, "file", occupation->file) &&
           (!occupation->file || mr_json_add_number(element, "offset", occupation->offset)) &&
           (occupation->partition == UINT64_MAX || mr_json_add_number(element, "partition", occupation->partition)) &&
           mr_json_add_text(element, "callback", occupation->callback) &&
           mr_json_add_number(element, "tasks", occupation->tasks) &&
           mr_json_add_number(element, "crashes", occupation->crashes);
}

static bool add_workers(cJSON *object, const mr_view *view) {
    cJSON *array = cJSON_AddArrayToObject(object, "workers");
    bool ok = array;
    for (uint32_t i = 0; ok && i < view->observation->lane_count; i++) {
        mr_occupation occupation = mr_occupation_of(view, i);
        ok = add_worker(mr_json_add_object(array), &occupation);
    }
    return ok;
}

static bool add_samples(cJSON *object, const mr_observation *observation) {
    cJSON *array = cJSON_AddArrayToObject(object, "samples");
    bool ok = array;
    for (size_t i = 0; ok && i < observation->sample_count; i++) {
        const mr_observed_sample *sample = &observation->samples[i];
        cJSON *element = mr_json_add_object(array);
        ok = element && add_real(element, "seconds", sample->at) &&
             mr_json_add_number(element, "input_bytes", sample->input_bytes) &&
             mr_json_add_number(element, "output_bytes", sample->output_bytes) &&
             mr_json_add_number(element, "memory_bytes", sample->memory) &&
             mr_json_add_number(element, "spilled_bytes", sample->spilled);
    }
    return ok;
}

static bool add_incidents(cJSON *object, const mr_observation *observation) {
    cJSON *array = cJSON_AddArrayToObject(object, "incidents");
    bool ok = array && mr_json_add_number(object, "incident_count", observation->incident_count);
    for (size_t i = 0; ok && i < mr_incidents_kept(observation); i++) {
        cJSON *element = mr_json_add_object(array);
        ok = element && add_real(element, "seconds", observation->incidents[i].at) &&
             mr_json_add_text(element, "text", observation->incidents[i].text);
    }
    return ok;
}

static bool add_hot_keys(cJSON *object, const mr_observation *observation) {
    cJSON *array = cJSON_AddArrayToObject(object, "hot_keys");
    bool ok = array;
    for (size_t i = 0; ok && i < observation->hot_key_count; i++) {
        const mr_hot_key *key = &observation->hot_keys[i];
        cJSON *element = mr_json_add_object(array);
        size_t shown = key->length < MR_HOT_KEY_BYTES ? key->length : MR_HOT_KEY_BYTES;
        ok = element && mr_json_add_bytes(element, "key", key->key, shown) &&
             mr_json_add_number(element, "length", key->length) && add_real(element, "share", key->share);
    }
    return ok;
}

char *mr_progress_json(const mr_view *view, const mr_outlook *outlook, const char *title, bool ended, bool detailed,
                       mr_error *error) {
    const mr_observation *observation = view->observation;
    cJSON *root = mr_json_new(error);
    bool ok = root && add_line(root, view, outlook, title, ended);
    if (detailed)
        ok = ok && add_phases(root, observation) && add_workers(root, view) && add_samples(root, observation) &&
             add_incidents(root, observation) && add_hot_keys(root, observation);
    char *text = ok ? cJSON_PrintUnformatted(root) : NULL;
    cJSON_Delete(root);
    if (!text && !error->set) mr_error_memory(error, 4096, "a line of progress");
    return text;
}
