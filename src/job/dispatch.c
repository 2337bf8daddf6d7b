#include "base/units.h"
#include "job/coordination.h"

/* Units are handed out in the order of the input. Every worker has one before any has two, and none has more: what it
 * has done when it dies is lost, and what it has not begun could be done by another. */

enum { TASKS_AHEAD = 2 /* units that a worker has at a time, so that it never waits for the next */ };

/* The last chunk that begins at or before a position. */
static const mr_chunk *chunk_at(const mr_chunks *chunks, uint64_t position) {
    size_t low = 0, high = chunks->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (chunks->list[middle].begin <= position)
            low = middle;
        else
            high = middle;
    }
    return &chunks->list[low];
}

/* The piece of the input that a sample unit looks at. Of CSV it is only known at the begin of a chunk how to read it.
 */
static mr_chunk sample_chunk(const mr_coordinator *self, uint64_t unit) {
    uint64_t bytes = self->job.input.bytes;
    uint64_t begin = (uint64_t)((double)bytes * (double)unit / (double)self->units.count);
    mr_chunk sample = {.begin = begin};
    if (self->job.description.records.kind == MR_RECORDS_CSV) sample = *chunk_at(&self->job.chunks, begin);
    sample.end = mr_smaller(bytes, sample.begin + MR_SAMPLE_PIECE);
    sample.last = false;
    return sample;
}

static mr_task task_of(mr_coordinator *self, uint64_t unit) {
    mr_task task = {.kind = self->kind, .unit = unit};
    if (self->kind == MR_TASK_SAMPLE) task.chunk = sample_chunk(self, unit);
    const mr_suspicion *suspicion = self->suspicion_count ? mr_suspicion_of(self, unit) : NULL;
    if (suspicion && suspicion->wants_trial) {
        task.kind = MR_TASK_TRY;
        task.suspect = suspicion->place;
    }
    if (self->kind == MR_TASK_REDUCE && mr_has_unkept(self, unit)) {
        task.kind = MR_TASK_KEEP;
        task.offset = self->job.bad_bytes;
    }
    bool chunks = self->kind == MR_TASK_MAP || self->kind == MR_TASK_COUNT || self->kind == MR_TASK_QUOTES;
    if (chunks) task.chunk = self->job.chunks.list[unit];
    return task;
}

/* Whether units of the phase at hand make parts of the output. */
static bool makes_output(const mr_coordinator *self) {
    return self->delivering && self->kind == mr_task_making(mr_parts_come_of(self));
}

/* Gives every worker up to so many tasks. */
static bool hand_out(mr_coordinator *self, unsigned most, mr_error *error) {
    uint64_t unit;
    for (uint32_t i = 0; i < self->crew.count; i++) {
        mr_member *member = &self->crew.members[i];
        if (!mr_member_present(member) || member->busy >= most) continue;
        if (!mr_units_peek(&self->units, &unit)) return true;
        if (makes_output(self) && mr_delivery_holds(&self->delivery, unit)) return true;
        mr_task task = task_of(self, unit);
        if (task.kind == MR_TASK_KEEP && self->keeping) return true; /* one after the other, into one file */
        bool taken;
        if (!mr_crew_assign(&self->crew, i, &task, &taken, error)) return false;
        if (!taken) continue;
        mr_units_take(&self->units);
        self->keeping = self->keeping || task.kind == MR_TASK_KEEP;
    }
    return true;
}

static bool commits_by_sealing(const mr_coordinator *self) {
    return self->kind == MR_TASK_MAP && !mr_job_is_map(&self->job);
}

/* When all chunks have been mapped, workers that hold something not sealed are told to seal it. */
static bool hand_out_seals(mr_coordinator *self, mr_error *error) {
    uint64_t unit;
    if (!commits_by_sealing(self) || mr_units_finished(&self->units) || mr_units_peek(&self->units, &unit)) return true;
    for (uint32_t i = 0; i < self->crew.count; i++)
        if (self->crew.members[i].busy) return true;
    for (uint32_t i = 0; i < self->crew.count; i++) {
        mr_task task = {.kind = MR_TASK_SEAL};
        bool taken = true;
        if (self->crew.members[i].assignment_count && !mr_crew_assign(&self->crew, i, &task, &taken, error))
            return false;
    }
    return true;
}

bool mr_dispatch(mr_coordinator *self, mr_error *error) {
    if (mr_repair_holds(self)) return true;
    for (unsigned most = 1; most <= TASKS_AHEAD; most++)
        if (!hand_out(self, most, error)) return false;
    return hand_out_seals(self, error);
}
