#include "job/observing.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/units.h"

/* What workers do is noted when they report that it is done: a report says when the task was begun and when it was
 * ended, by the worker's own clock, which is the same for all. Ten times a second the rest is brought up to date: how
 * far everybody is, in bytes of text. Units that are done count with all their bytes, once; of a chunk that is being
 * mapped the slot says at which byte its worker is. */

static mr_view view_of(const mr_coordinator *self) {
    return (mr_view){&self->job, self->observation, self->summary, NULL};
}

void mr_let_look(mr_coordinator *self, enum mr_moment_kind moment) {
    mr_view view = view_of(self);
    if (self->looked_at) mr_onlookers_look(&view, moment);
}

void mr_let_look_back(mr_coordinator *self, const mr_error *failure) {
    mr_view view = view_of(self);
    view.failure = failure;
    if (self->looked_at)
        mr_onlookers_look(&view, MR_MOMENT_END);
    else if (failure->set && self->observation)
        mr_onlookers_look(&view, MR_MOMENT_FAILED);
}

void mr_let_answer(mr_coordinator *self) {
    mr_view view = view_of(self);
    if (self->looked_at) mr_onlookers_answer(&view, self->polled + MR_POLL_ONLOOKERS);
}

static mr_phase *phase_now(mr_coordinator *self) {
    mr_observation *observation = self->observation;
    return &observation->phases[observation->phase_count - 1];
}

static bool is_mapping(const mr_coordinator *self) {
    const mr_observation *observation = self->observation;
    return mr_phase_map(observation) && mr_phase_map(observation) == mr_phase_now(observation);
}

/* How far the map phase is. at_hand: bytes of text that have been mapped of chunks that are not done. */
static void look_at_map(mr_coordinator *self, uint64_t at_hand) {
    bool known;
    mr_phase *phase = phase_now(self);
    uint64_t bytes = mr_streams_text(&self->streams, &known);
    if (self->repair.mapping) return;
    phase->bytes_done = mr_larger(phase->bytes_done, self->mapped_bytes + at_hand);
    phase->bytes = known ? mr_larger(bytes, phase->bytes_done) : 0;
    phase->units = self->job.chunks.count - self->streams.count;
}

/* What of the time that processes have had is not spent otherwise, they have waited. They say so only when they are
 * woken up, which may be in a later phase. */
static void add_waiting(double *seconds, double all) {
    double spent = 0;
    for (uint32_t i = 0; i < MR_ACTIVITIES; i++)
        if (i != MR_ACTIVITY_WAIT) spent += seconds[i];
    seconds[MR_ACTIVITY_WAIT] = all > spent ? all - spent : 0;
}

/* What has been spent in the phase at hand: what there was when it began has been taken away before. */
static void look_at_activities(mr_coordinator *self) {
    mr_observation *observation = self->observation;
    mr_phase *phase = phase_now(self);
    for (uint32_t i = 0; i < observation->lane_count; i++) {
        double *seconds = observation->lanes[i].reader ? phase->readers : phase->workers;
        for (uint32_t j = 0; j < MR_ACTIVITIES; j++) {
            double now =
                (double)atomic_load_explicit(&self->job.shared->slots[i].activities[j], memory_order_relaxed) * 1e-9;
            double *before = &observation->lanes[i].activities[j], more = now - *before;
            *before = now;
            observation->activities[j] += more;
            if (j != MR_ACTIVITY_WAIT) seconds[j] += more;
        }
    }
    if (!observation->lanes) return;
    double length = mr_seconds() - self->start - phase->begin;
    add_waiting(phase->workers, length * self->job.plan.workers);
    add_waiting(phase->readers, length * self->job.plan.readers);
}

void mr_note_phase(mr_coordinator *self, const char *name, uint64_t units) {
    if (is_mapping(self)) look_at_map(self, 0);
    if (self->observation->phase_count) look_at_activities(self);
    mr_observe_phase(self->observation, name, units, mr_seconds());
    mr_let_look(self, MR_MOMENT_PHASE);
}

void mr_note_ready(mr_coordinator *self, uint32_t index) {
    mr_observe_span(self->observation, index, MR_SPAN_START, self->crew.members[index].started, mr_seconds());
}

/* What doing a task looks like. */
static uint32_t span_of(uint32_t task) {
    static const uint32_t kinds[] = {
        [MR_TASK_SAMPLE] = MR_SPAN_SAMPLE, [MR_TASK_SPLIT] = MR_SPAN_SAMPLE,  [MR_TASK_QUOTES] = MR_SPAN_SAMPLE,
        [MR_TASK_COUNT] = MR_SPAN_SAMPLE,  [MR_TASK_MAP] = MR_SPAN_MAP,       [MR_TASK_TRY] = MR_SPAN_TRY,
        [MR_TASK_SEAL] = MR_SPAN_SEAL,     [MR_TASK_REDUCE] = MR_SPAN_REDUCE, [MR_TASK_KEEP] = MR_SPAN_REDUCE,
        [MR_TASK_MERGE] = MR_SPAN_MERGE,   [MR_TASK_DELIVER] = MR_SPAN_WRITE, [MR_TASK_READ] = MR_SPAN_READ,
    };
    return kinds[task];
}

/* ---- units ------------------------------------------------------------------------------------------------------- */

static uint64_t chunk_bytes(const mr_job *job, uint64_t unit) {
    const mr_chunk *chunk = &job->chunks.list[unit];
    return chunk->text ? chunk->text_length : chunk->end - chunk->begin;
}

/* A unit of the phase at hand is done; what is made again has been counted. */
static void count_unit(mr_coordinator *self, const mr_assignment *assignment, double seconds) {
    mr_phase *phase = phase_now(self);
    bool counts = phase->units || assignment->kind == MR_TASK_MAP; /* streams begin with no chunks */
    if (assignment->kind != self->kind || !counts || mr_repair_noted(self, assignment)) return;
    phase->done++;
    if (seconds > phase->longest) {
        phase->longest = seconds;
        phase->longest_unit = assignment->unit;
    }
    if (assignment->kind == MR_TASK_MAP) self->mapped_bytes += chunk_bytes(&self->job, assignment->unit);
}

/* The worker that has sorted the sample has found them. */
static void take_hot_keys(mr_coordinator *self) {
    const mr_hot_keys *hot_keys = &self->job.shared->hot_keys;
    mr_observation *observation = self->observation;
    observation->hot_key_count = mr_smaller(hot_keys->count, MR_HOT_KEYS);
    memcpy(observation->hot_keys, hot_keys->list, observation->hot_key_count * sizeof *hot_keys->list);
}

static void note_partition(mr_coordinator *self, uint64_t partition, const mr_report *report) {
    mr_observed_partition observed = {.bytes = report->exchanged,
                                      .records = report->exchanged_records,
                                      .results = report->part.results,
                                      .seconds = report->ended - report->begun};
    mr_observe_partition(self->observation, partition, &observed);
}

void mr_note_done(mr_coordinator *self, const mr_assignment *assignment, const mr_report *report) {
    mr_observe_span(self->observation, report->worker, span_of(assignment->kind), report->begun, report->ended);
    if (assignment->kind == MR_TASK_SPLIT) take_hot_keys(self);
    if (assignment->kind == MR_TASK_REDUCE && !report->again) note_partition(self, assignment->unit, report);
    if (!report->again) count_unit(self, assignment, report->ended - report->begun);
}

void mr_note_blocked(mr_coordinator *self, double seconds) {
    phase_now(self)->blocked += seconds;
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

void mr_note_crash(mr_coordinator *self, uint32_t index, const mr_assignment *assignment, const char *what) {
    const mr_member *member = &self->crew.members[index];
    double now = mr_seconds();
    if (!member->ready)
        mr_observe_span(self->observation, index, MR_SPAN_START, member->started, now);
    else if (assignment && !assignment->done)
        mr_observe_span(self->observation, index, span_of(assignment->kind), assignment->given, now);
    mr_observe_span(self->observation, index, MR_SPAN_CRASH, now, now);
    mr_observe_incident(self->observation, now, what);
}

void mr_note_trial_death(mr_coordinator *self, const mr_report *report) {
    mr_observe_part(self->observation, report->worker, MR_SPAN_TRY, report->begun, report->ended);
    mr_observe_span(self->observation, report->worker, MR_SPAN_TRIAL_CRASH, report->ended, report->ended);
}

void mr_note_left_out(mr_coordinator *self, uint32_t worker, const char *format, ...) {
    char text[MR_INCIDENT_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mr_observe_left_out(self->observation, mr_seconds(), worker, text);
}

void mr_note_incident(mr_coordinator *self, const char *format, ...) {
    char text[MR_INCIDENT_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mr_observe_incident(self->observation, mr_seconds(), text);
}

void mr_tell_incident(mr_coordinator *self, const char *format, ...) {
    char text[MR_ERROR_TEXT + MR_INCIDENT_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mr_message("%s", text);
    mr_observe_incident(self->observation, mr_seconds(), text);
}

/* ---- progress ---------------------------------------------------------------------------------------------------- */

/* What a lane is at. The task that a worker says it is at began when the one before was done, or was given later. */
static mr_assignment *look_at_lane(mr_coordinator *self, uint32_t index) {
    mr_lane *lane = &self->observation->lanes[index];
    mr_member *member = &self->crew.members[index];
    uint64_t task = atomic_load_explicit(&self->job.shared->slots[index].task, memory_order_relaxed);
    mr_assignment *assignment = task ? mr_member_find(member, task) : NULL;
    lane->process = member->process ? mp_process_id(member->process) : 0;
    double idle = lane->count ? lane->spans[lane->count - 1].end : 0, begun = member->started;
    lane->now = !member->ready && mr_member_present(member) ? MR_SPAN_START : MR_SPAN_KINDS;
    if (assignment && assignment->done) assignment = NULL;
    if (assignment) {
        lane->now = span_of(assignment->kind);
        begun = assignment->given;
    }
    lane->since = lane->now == MR_SPAN_KINDS || begun - self->start < idle ? idle : begun - self->start;
    return assignment;
}

/* How much of a chunk a worker has mapped, as far as it says; of one that has been mapped before nothing. */
static uint64_t bytes_at_hand(const mr_coordinator *self, uint32_t index, const mr_assignment *assignment) {
    const mr_input *input = &self->job.input;
    const mr_place *place = &self->job.shared->slots[index].where.place;
    uint64_t source = place->source, offset = place->offset; /* a plugin may have written there */
    if (!assignment || assignment->kind != MR_TASK_MAP || place->kind == MR_PLACE_NONE || source >= input->count)
        return 0;
    if (self->repair.makings[MR_PRODUCT_CHUNK][assignment->unit].noted) return 0;
    const mr_chunk *chunk = &self->job.chunks.list[assignment->unit];
    uint64_t position = mr_add_capped(input->sources[source].start, offset);
    return position > chunk->begin && position < chunk->end ? position - chunk->begin : 0;
}

void mr_note_progress(mr_coordinator *self, uint64_t memory, bool last) {
    mr_observation *observation = self->observation;
    uint64_t at_hand = 0;
    for (uint32_t i = 0; i < observation->lane_count && self->crew.members; i++)
        at_hand += bytes_at_hand(self, i, look_at_lane(self, i));
    if (is_mapping(self)) look_at_map(self, at_hand);
    look_at_activities(self);
    const mr_phase *map = mr_phase_map(observation);
    mr_observed_sample sample = {.at = mr_seconds(),
                                 .input_bytes = map ? map->bytes_done : 0,
                                 .output_bytes = mr_delivery_bytes(&self->delivery),
                                 .memory = memory,
                                 .spilled = self->summary->spilled,
                                 .phase = observation->phase_count - 1};
    mr_observe_sample(observation, &sample, last);
}
