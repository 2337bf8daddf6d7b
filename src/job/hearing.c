#include <errno.h>

#include "base/units.h"
#include "job/observing.h"

/* A unit is committed when what came of it outlives its worker: a chunk, when the run that holds its records is sealed;
 * a partition, when its part of the output is complete. Runs are reported before that, and count only then. */

/* Adds what belongs to committed work. */
static void take_commit(mr_coordinator *self, const mr_report *report, const mr_counter_value *counters) {
    mr_member *member = &self->crew.members[report->worker];
    self->summary->spilled += report->spilled;
    member->arena_used = report->arena_used;
    self->vain_deaths = 0;
    if (mr_repair_counted(self, report)) return;
    self->summary->records += report->records;
    for (uint64_t i = 0; i < report->counter_count; i++)
        mr_summary_add(self->summary, &counters[i]);
}

void mr_commit_unit(mr_coordinator *self, uint64_t unit) {
    if (self->kind == MR_TASK_MAP) mr_streams_commit(&self->streams, unit);
    mr_units_commit(&self->units);
}

/* The runs of a worker count from now on, and so do the chunks that are in them. */
static bool take_sealed(mr_coordinator *self, const mr_report *report, mr_error *error) {
    mr_member *member = &self->crew.members[report->worker];
    mr_shared *shared = self->job.shared;
    self->repair.commits++;
    for (size_t i = 0; i < member->run_count; i++) {
        if (shared->run_count == MR_RUNS_MAX)
            return mr_error_set(error, "there are more than %d runs; give more --memory", MR_RUNS_MAX);
        member->runs[i].commit = self->repair.commits;
        shared->runs[shared->run_count++] = member->runs[i];
    }
    member->run_count = 0;
    member->failed_errands = 0;
    for (size_t i = 0; i < member->assignment_count; i++) {
        mr_assignment *assignment = &member->assignments[i];
        if (assignment->sequence > report->sequence || assignment->kind != MR_TASK_MAP || assignment->committed)
            continue;
        assignment->committed = true;
        mr_repair_note_chunk(self, assignment->unit);
        mr_commit_unit(self, assignment->unit);
    }
    mr_member_tidy(member);
    return true;
}

static bool take_part(mr_coordinator *self, uint64_t unit, const mr_report *report, mr_error *error) {
    self->crew.members[report->worker].part_head = report->part.released;
    if (self->kind == MR_TASK_REDUCE && mr_job_is_ordered(&self->job)) {
        self->ordered[unit] = report->part;
        return true;
    }
    return mr_delivery_take(&self->delivery, unit, &report->part, error);
}

/* A reader has read a block. What is read before the map phase becomes units when that begins. */
static bool hear_of_block(mr_coordinator *self, const mr_report *report, mr_error *error) {
    mr_stream *stream;
    uint64_t unit = self->job.chunks.count;
    if (!mr_streams_take_block(&self->streams, report, &stream, error) || !mr_repair_add_chunk(self, error))
        return false;
    if (self->kind != MR_TASK_MAP) return true;
    if (self->delivering && !mr_delivery_insert(&self->delivery, stream->last, stream->unit, error)) return false;
    stream->last = unit;
    return mr_units_add(&self->units, error);
}

/* A reader has no more room, or has come to the end of a stream. */
static bool hear_of_reading(mr_coordinator *self, const mr_report *report, mr_error *error) {
    mr_stream *ended;
    mr_streams_take_done(&self->streams, report, &ended);
    if (!ended || self->kind != MR_TASK_MAP) return true;
    mr_units_commit(&self->units);
    return !self->delivering || mr_delivery_skip(&self->delivery, ended->unit, error);
}

static bool finish_assignment(mr_coordinator *self, const mr_assignment *assignment, const mr_report *report,
                              mr_error *error) {
    switch (assignment->kind) {
    case MR_TASK_SAMPLE:
        self->job.shared->sampled[report->worker] = report->arena_used;
        break;
    case MR_TASK_QUOTES:
        self->quotes[assignment->unit] = report->quotes;
        break;
    case MR_TASK_COUNT:
        self->counts[assignment->unit] = (mr_record_counts){report->source, report->records};
        break;
    case MR_TASK_MAP:
    case MR_TASK_REDUCE:
    case MR_TASK_MERGE:
        if (report->again) return mr_units_lose(&self->units, assignment->unit, error);
        if (!take_part(self, assignment->unit, report, error)) return false;
        break;
    case MR_TASK_DELIVER:
        self->crew.members[report->worker].failed_errands = 0;
        mr_delivery_done(&self->delivery, assignment->unit);
        return true;
    case MR_TASK_SEAL:
        return true;
    case MR_TASK_KEEP:
        mr_take_kept(self, assignment->unit, report->kept);
        return mr_units_lose(&self->units, assignment->unit, error);
    case MR_TASK_TRY:
        return mr_end_trial(self, assignment->unit, error);
    case MR_TASK_READ:
        return hear_of_reading(self, report, error);
    }
    mr_commit_unit(self, assignment->unit);
    return true;
}

static bool take_done(mr_coordinator *self, const mr_report *report, mr_error *error) {
    mr_member *member = &self->crew.members[report->worker];
    mr_assignment *assignment = mr_member_find(member, report->sequence);
    if (!assignment || assignment->done)
        return mr_error_set(error, "worker %u has lost count of its tasks", report->worker);
    assignment->done = true;
    mr_note_done(self, assignment, report);
    if (assignment->kind == MR_TASK_DELIVER)
        member->delivering--;
    else
        member->busy--;
    if (assignment->kind != MR_TASK_MAP || mr_job_is_map(&self->job)) {
        assignment->committed = true;
        if (!finish_assignment(self, assignment, report, error)) return false;
        mr_member_tidy(member);
    }
    return true;
}

/* A worker has found a bad record. */
static bool hear_of_bad(mr_coordinator *self, const mr_report *report, const char *rest, size_t length,
                        mr_error *error) {
    static mr_death death; /* large */
    memset(&death, 0, sizeof death);
    memcpy(&death, rest, mr_smaller(length, sizeof death));
    death.worker = report->worker;
    death.callback = mr_told_callback(death.callback);
    death.reason[sizeof death.reason - 1] = 0;
    const mr_assignment *assignment = mr_member_find(&self->crew.members[report->worker], report->sequence);
    return mr_take_bad(self, &death, assignment, error);
}

bool mr_take_report(void *coordinator, const void *message, size_t length, mr_error *error) {
    mr_coordinator *self = coordinator;
    mr_report report;
    if (length < sizeof report) return mr_error_set(error, "a worker sent a report that is too short");
    memcpy(&report, message, sizeof report);
    self->reports++;
    const char *rest = (const char *)message + sizeof report;
    mr_member *member = &self->crew.members[report.worker];
    if (report.kind == MR_REPORT_FAILED) {
        memcpy(error, rest, sizeof *error);
        return false;
    }
    if (report.kind == MR_REPORT_DAMAGED) {
        mr_error failure;
        memcpy(&failure, rest, sizeof failure);
        return mr_repair_hear(self, &report, &failure, error);
    }
    if (report.commits) take_commit(self, &report, (const mr_counter_value *)(const void *)rest);
    switch (report.kind) {
    case MR_REPORT_READY:
        member->ready = true;
        member->failed_starts = 0;
        mr_note_ready(self, report.worker);
        return true;
    case MR_REPORT_RUN:
        return mr_member_hold_run(member, &report.run, error);
    case MR_REPORT_COMMIT:
        return take_sealed(self, &report, error);
    case MR_REPORT_BLOCK:
        return hear_of_block(self, &report, error);
    case MR_REPORT_BAD:
        return hear_of_bad(self, &report, rest, length - sizeof report, error);
    case MR_REPORT_TRIAL_DEATH:
        mr_note_trial_death(self, &report);
        return true;
    case MR_REPORT_ABANDONED:
        member->abandoned = true;
        return true;
    case MR_REPORT_STOPPED:
        mr_crew_stopped(&self->crew, report.worker);
        return true;
    default:
        return take_done(self, &report, error);
    }
}

bool mr_hear(mr_coordinator *self, mr_error *error) {
    _Alignas(16) static char
        message[sizeof(mr_report) + sizeof(mr_error) + sizeof(mr_death) + MR_COUNTERS_MAX * sizeof(mr_counter_value)];
    for (;;) {
        ssize_t length = mp_queue_get(self->job.reports, message, sizeof message, 0);
        if (length == -EAGAIN) return true;
        if (length < 0) return mr_error_system(error, (int)-length, "could not hear from the workers");
        if (!mr_take_report(self, message, (size_t)length, error)) return false;
    }
}
