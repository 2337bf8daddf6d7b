#include "job/observation_json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "job/skew.h"

/* Spans may be many thousands, so they are not made of cJSON's nodes, each of which has 64 bytes, but put in as text.
 */

/* Seconds are written to the microsecond. */
static double rounded(double seconds) {
    return round(seconds * 1e6) / 1e6;
}

static bool add_seconds(cJSON *object, const char *name, double seconds) {
    return cJSON_AddNumberToObject(object, name, rounded(seconds));
}

static bool add_activities(cJSON *parent, const char *name, const double *seconds) {
    cJSON *object = cJSON_AddObjectToObject(parent, name);
    bool ok = object;
    for (int i = 0; ok && i < MR_ACTIVITIES; i++)
        ok = add_seconds(object, mr_activity_name(i), seconds[i]);
    return ok;
}

static bool add_phase(cJSON *phases, const mr_phase *phase) {
    cJSON *object = mr_json_add_object(phases);
    return object && mr_json_add_text(object, "name", phase->name) && add_seconds(object, "begin", phase->begin) &&
           add_seconds(object, "end", phase->end) && mr_json_add_number(object, "units", phase->units) &&
           mr_json_add_number(object, "done", phase->done) && mr_json_add_number(object, "bytes", phase->bytes) &&
           mr_json_add_number(object, "bytes_done", phase->bytes_done) &&
           add_activities(object, "workers", phase->workers) && add_activities(object, "readers", phase->readers) &&
           add_seconds(object, "longest", phase->longest) &&
           mr_json_add_number(object, "longest_unit", phase->longest_unit) &&
           add_seconds(object, "blocked", phase->blocked);
}

/* All spans of a lane as a JSON array, allocated; NULL when there is no memory. */
static char *spans_as_text(const mr_lane *lane) {
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (!file) return NULL;
    fputc('[', file);
    for (size_t i = 0; i < lane->count; i++) {
        const mr_span *span = &lane->spans[i];
        fprintf(file, "%s\n\t\t\t\t{\"kind\": \"%s\", \"begin\": %.6f, \"end\": %.6f, \"tasks\": %u}", i ? "," : "",
                mr_span_name(span->kind), span->begin, span->end, span->tasks);
    }
    fputc(']', file);
    bool ok = !ferror(file);
    if (fclose(file) == 0 && ok) return text;
    free(text);
    return NULL;
}

static bool add_lane(cJSON *lanes, const mr_lane *lane) {
    cJSON *object = mr_json_add_object(lanes);
    char *text = object ? spans_as_text(lane) : NULL;
    cJSON *spans = text ? cJSON_CreateRaw(text) : NULL;
    free(text);
    if (!spans || !cJSON_AddItemToObject(object, "spans", spans)) {
        cJSON_Delete(spans);
        return false;
    }
    return cJSON_AddBoolToObject(object, "reader", lane->reader) && add_seconds(object, "busy", lane->busy) &&
           mr_json_add_number(object, "tasks", lane->tasks) && mr_json_add_number(object, "crashes", lane->crashes) &&
           mr_json_add_number(object, "trial_crashes", lane->trial_crashes) &&
           add_seconds(object, "resolution", lane->resolution) &&
           add_activities(object, "activities", lane->activities);
}

static bool add_sample(cJSON *samples, const mr_observed_sample *sample) {
    cJSON *object = mr_json_add_object(samples);
    return object && add_seconds(object, "at", sample->at) &&
           mr_json_add_number(object, "input_bytes", sample->input_bytes) &&
           mr_json_add_number(object, "output_bytes", sample->output_bytes) &&
           mr_json_add_number(object, "memory_bytes", sample->memory) &&
           mr_json_add_number(object, "spilled_bytes", sample->spilled) &&
           mr_json_add_number(object, "phase", sample->phase);
}

static bool add_incident(cJSON *incidents, const mr_incident *incident) {
    cJSON *object = mr_json_add_object(incidents);
    return object && add_seconds(object, "at", incident->at) && mr_json_add_text(object, "text", incident->text) &&
           (!incident->left_out || mr_json_add_number(object, "left_out_by", incident->lane));
}

static bool add_hot_key(cJSON *keys, const mr_hot_key *key) {
    cJSON *object = mr_json_add_object(keys);
    size_t length = key->length < MR_HOT_KEY_BYTES ? key->length : MR_HOT_KEY_BYTES;
    return object && mr_json_add_bytes(object, "key", key->key, length) &&
           mr_json_add_number(object, "length", key->length) && mr_json_add_number(object, "pairs", key->pairs) &&
           cJSON_AddNumberToObject(object, "share", rounded(key->share));
}

/* Of the key with which it begins the first bytes, as of hot keys. */
static bool add_partition(cJSON *partitions, const mr_observation *observation, const mr_splitters *splitters,
                          uint32_t index) {
    cJSON *object = mr_json_add_object(partitions);
    const mr_observed_partition *partition = &observation->partitions[index];
    size_t length = 0;
    const char *from = mr_partition_begin(splitters, index, &length);
    return object &&
           (!from || mr_json_add_bytes(object, "from", from, length < MR_HOT_KEY_BYTES ? length : MR_HOT_KEY_BYTES)) &&
           mr_json_add_number(object, "bytes", partition->bytes) &&
           mr_json_add_number(object, "records", partition->records) &&
           mr_json_add_number(object, "results", partition->results) &&
           add_seconds(object, "seconds", partition->seconds);
}

static bool add_bound(cJSON *root, const mr_bound *bound) {
    if (!bound->by) return cJSON_AddNullToObject(root, "bound");
    cJSON *object = cJSON_AddObjectToObject(root, "bound");
    return object && mr_json_add_text(object, "by", bound->by) &&
           cJSON_AddNumberToObject(object, "share", rounded(bound->share)) &&
           mr_json_add_text(object, "text", bound->text) &&
           mr_json_add_text(object, "advice", *bound->advice ? bound->advice : NULL);
}

bool mr_observation_add_json(cJSON *root, const mr_observation *observation, const mr_splitters *splitters) {
    cJSON *array = cJSON_AddArrayToObject(root, "phases");
    bool ok = array;
    for (uint32_t i = 0; ok && i < observation->phase_count; i++)
        ok = add_phase(array, &observation->phases[i]);
    ok = ok && (array = cJSON_AddArrayToObject(root, "lanes"));
    for (uint32_t i = 0; ok && i < observation->lane_count; i++)
        ok = add_lane(array, &observation->lanes[i]);
    ok = ok && add_activities(root, "activities", observation->activities) &&
         (array = cJSON_AddArrayToObject(root, "samples"));
    for (size_t i = 0; ok && i < observation->sample_count; i++)
        ok = add_sample(array, &observation->samples[i]);
    ok = ok && (array = cJSON_AddArrayToObject(root, "incidents"));
    for (size_t i = 0; ok && i < mr_incidents_kept(observation); i++)
        ok = add_incident(array, &observation->incidents[i]);
    ok = ok && mr_json_add_number(root, "incident_count", observation->incident_count) &&
         (array = cJSON_AddArrayToObject(root, "hot_keys"));
    for (size_t i = 0; ok && i < observation->hot_key_count; i++)
        ok = add_hot_key(array, &observation->hot_keys[i]);
    ok = ok && (array = cJSON_AddArrayToObject(root, "partitions"));
    for (uint32_t i = 0; ok && i < observation->partition_count; i++)
        ok = add_partition(array, observation, splitters, i);
    return ok && add_bound(root, &observation->bound);
}
