#include "job/observation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Three collections that never grow beyond a bound, whatever happens.
 *
 * Samples have a distance in time. When there is no room every second one goes and the distance doubles, so that those
 * that are left are spread evenly over the whole job.
 *
 * Spans of the same kind that follow each other within the resolution of their lane are one span. When a lane has no
 * room its resolution doubles, until half of the room is free: then spans are joined that have come that close, and a
 * span that is shorter than the resolution becomes part of its neighbour, whatever kind that is. A crash always stays
 * visible. This comes to an end, since what is not joined is longer than the resolution, or its gap is.
 *
 * Of incidents the first half is kept as it is, and the second half holds the last ones. */

enum {
    SPANS_AT_FIRST = 64,
    ROOM = 256 << 10, /* so much that malloc has it from the system, untouched: workers inherit what has been touched */
};
_Static_assert(sizeof(mr_observation) <= ROOM, "there is room for what is observed");

#define FIRST_INTERVAL   0.1  /* seconds between samples */
#define FIRST_RESOLUTION 1e-3 /* seconds */

const char *mr_span_name(uint32_t kind) {
    static const char *const names[] = {
        [MR_SPAN_START] = "start",   [MR_SPAN_SAMPLE] = "sample", [MR_SPAN_READ] = "read",
        [MR_SPAN_MAP] = "map",       [MR_SPAN_SEAL] = "seal",     [MR_SPAN_TRY] = "try",
        [MR_SPAN_REDUCE] = "reduce", [MR_SPAN_MERGE] = "merge",   [MR_SPAN_WRITE] = "write",
        [MR_SPAN_CRASH] = "crash",   [MR_SPAN_KINDS] = "wait",    [MR_SPAN_TRIAL_CRASH] = "trial crash",
    };
    return names[kind <= MR_SPAN_KINDS ? kind : MR_SPAN_KINDS];
}

const mr_phase *mr_phase_map(const mr_observation *observation) {
    for (uint32_t i = 0; i < observation->phase_count; i++)
        if (!strcmp(observation->phases[i].name, "map")) return &observation->phases[i];
    return NULL;
}

mr_observation *mr_observation_new(double start, mr_error *error) {
    mr_observation *observation = calloc(1, ROOM);
    if (!observation) {
        mr_error_memory(error, ROOM, "what is observed");
        return NULL;
    }
    observation->start = start;
    observation->sample_interval = FIRST_INTERVAL;
    return observation;
}

void mr_observation_free(mr_observation *observation) {
    if (!observation) return;
    for (uint32_t i = 0; i < observation->lane_count; i++)
        free(observation->lanes[i].spans);
    free(observation->lanes);
    free(observation);
}

bool mr_observation_open_lanes(mr_observation *observation, uint32_t workers, uint32_t readers, mr_error *error) {
    uint32_t count = workers + readers;
    observation->lanes = calloc(count, sizeof *observation->lanes);
    if (!observation->lanes) return mr_error_memory(error, count * sizeof *observation->lanes, "what workers do");
    observation->lane_count = count;
    for (uint32_t i = 0; i < count; i++)
        observation->lanes[i] = (mr_lane){.resolution = FIRST_RESOLUTION, .reader = i >= workers, .now = MR_SPAN_KINDS};
    return true;
}

/* Seconds since the start of the job. */
static double since_start(const mr_observation *observation, double at) {
    return at > observation->start ? at - observation->start : 0;
}

/* ---- phases ------------------------------------------------------------------------------------------------------ */

void mr_observe_phase(mr_observation *observation, const char *name, uint64_t units, double at) {
    double now = since_start(observation, at);
    mr_phase *last = observation->phase_count ? &observation->phases[observation->phase_count - 1] : NULL;
    if (name && observation->phase_count == MR_PHASES_MAX) return;
    if (last && last->end < 0) last->end = now;
    if (!name) return;
    observation->phases[observation->phase_count++] =
        (mr_phase){.name = name, .begin = last ? last->end : 0, .end = -1, .units = units};
}

/* ---- partitions -------------------------------------------------------------------------------------------------- */

void mr_observe_partitions(mr_observation *observation, uint64_t count) {
    observation->partition_count = (uint32_t)(count < MR_PARTITIONS_MAX ? count : MR_PARTITIONS_MAX);
}

void mr_observe_partition(mr_observation *observation, uint64_t partition, const mr_observed_partition *observed) {
    if (partition < observation->partition_count) observation->partitions[partition] = *observed;
}

/* ---- spans ------------------------------------------------------------------------------------------------------- */

static bool is_crash(uint32_t kind) {
    return kind == MR_SPAN_CRASH || kind == MR_SPAN_TRIAL_CRASH;
}

/* What two spans are as one: a crash, if one of them is; otherwise the longer one. */
static uint32_t joined_kind(const mr_span *a, const mr_span *b) {
    if (is_crash(a->kind) && is_crash(b->kind)) return a->kind < b->kind ? a->kind : b->kind;
    if (is_crash(a->kind) || is_crash(b->kind)) return is_crash(a->kind) ? a->kind : b->kind;
    return a->end - a->begin >= b->end - b->begin ? a->kind : b->kind;
}

/* Makes one span of two that follow each other. */
static mr_span join(const mr_span *a, const mr_span *b) {
    return (mr_span){joined_kind(a, b), a->tasks + b->tasks, a->begin, b->end};
}

/* Whether two spans that follow each other are to be one, when there is no room for both. */
static bool are_close(const mr_span *a, const mr_span *b, double resolution) {
    bool is_short = a->end - a->begin < resolution || b->end - b->begin < resolution;
    return b->begin - a->end < resolution && (a->kind == b->kind || is_short);
}

/* Frees at least half of what a lane has room for. */
static void coarsen(mr_lane *lane) {
    while (lane->count > 1 && lane->count > lane->room / 2) {
        size_t kept = 0;
        lane->resolution *= 2;
        for (size_t i = 1; i < lane->count; i++) {
            if (are_close(&lane->spans[kept], &lane->spans[i], lane->resolution))
                lane->spans[kept] = join(&lane->spans[kept], &lane->spans[i]);
            else
                lane->spans[++kept] = lane->spans[i];
        }
        lane->count = kept + 1;
    }
}

/* Makes room for one more span; false: there is no memory at all. */
static bool make_room(mr_lane *lane) {
    if (lane->count < lane->room) return true;
    size_t room = lane->room ? 2 * lane->room : SPANS_AT_FIRST;
    mr_span *larger = room <= MR_SPANS_MAX ? realloc(lane->spans, room * sizeof *larger) : NULL;
    if (larger) {
        lane->spans = larger;
        lane->room = room;
    } else {
        coarsen(lane);
    }
    return lane->count < lane->room;
}

/* Puts a span behind the others. tasks: that have ended with it. */
static void add_span(mr_observation *observation, uint32_t lane_index, uint32_t kind, uint32_t tasks, double begin,
                     double end) {
    mr_lane *lane = &observation->lanes[lane_index];
    mr_span *last = lane->count ? &lane->spans[lane->count - 1] : NULL;
    mr_span span = {kind, tasks, since_start(observation, begin), since_start(observation, end)};
    if (last && span.begin < last->end) span.begin = last->end;
    if (span.end < span.begin) span.end = span.begin;
    lane->busy += span.end - span.begin;
    bool same = last && last->kind == kind && !is_crash(kind);
    if (same && span.begin - last->end < lane->resolution)
        *last = join(last, &span);
    else if (make_room(lane))
        lane->spans[lane->count++] = span;
}

void mr_observe_span(mr_observation *observation, uint32_t lane_index, uint32_t kind, double begin, double end) {
    mr_lane *lane = &observation->lanes[lane_index];
    if (kind == MR_SPAN_CRASH)
        lane->crashes++;
    else if (kind == MR_SPAN_TRIAL_CRASH)
        lane->trial_crashes++;
    else if (kind != MR_SPAN_START)
        lane->tasks++;
    add_span(observation, lane_index, kind, 1, begin, end);
}

void mr_observe_part(mr_observation *observation, uint32_t lane, uint32_t kind, double begin, double end) {
    add_span(observation, lane, kind, 0, begin, end);
}

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static void thin_out(mr_observation *observation) {
    size_t kept = 0;
    for (size_t i = 0; i < observation->sample_count; i += 2)
        observation->samples[kept++] = observation->samples[i];
    observation->sample_count = kept;
    observation->sample_interval *= 2;
}

void mr_observe_sample(mr_observation *observation, const mr_observed_sample *sample, bool last) {
    mr_observed_sample added = *sample;
    added.at = since_start(observation, sample->at);
    observation->at = added.at;
    const mr_observed_sample *before =
        observation->sample_count ? &observation->samples[observation->sample_count - 1] : NULL;
    if (before && !last && added.at - before->at < observation->sample_interval) return;
    if (observation->sample_count == MR_SAMPLES_MAX) thin_out(observation);
    observation->samples[observation->sample_count++] = added;
}

/* ---- incidents --------------------------------------------------------------------------------------------------- */

static mr_incident *add_incident(mr_observation *observation, double at, const char *text) {
    enum { HALF = MR_INCIDENTS_MAX / 2 };
    size_t place = mr_incidents_kept(observation);
    observation->incident_count++;
    if (place == MR_INCIDENTS_MAX) {
        mr_incident *second = observation->incidents + HALF;
        memmove(second, second + 1, (MR_INCIDENTS_MAX - HALF - 1) * sizeof *second);
        place--;
    }
    mr_incident *incident = &observation->incidents[place];
    *incident = (mr_incident){.at = since_start(observation, at)};
    snprintf(incident->text, sizeof incident->text, "%s", text);
    return incident;
}

void mr_observe_incident(mr_observation *observation, double at, const char *text) {
    add_incident(observation, at, text);
}

void mr_observe_left_out(mr_observation *observation, double at, uint32_t lane, const char *text) {
    mr_incident *incident = add_incident(observation, at, text);
    incident->left_out = true;
    incident->lane = lane;
}
