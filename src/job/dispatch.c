#include "base/units.h"
#include "job/coordination.h"

/* Units are handed out in the order of the input. Every worker has one before any has two, and none has more: what it
 * has done when it dies is lost, and what it has not begun could be done by another. */

enum { TASKS_AHEAD = 2 /* units that a worker has at a time, so that it never waits for the next */ };

/* The last of so many chunks that begins at or before a position. */
static const mr_chunk *chunk_at(const mr_chunk *chunks, size_t count, uint64_t position) {
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (chunks[middle].begin <= position)
            low = middle;
        else
            high = middle;
    }
    return &chunks[low];
}

/* Some of the text that has been read from streams: the beginning of one of the blocks. */
static mr_chunk sample_block(const mr_coordinator *self, uint64_t unit, uint64_t units) {
    mr_chunk chunk = *mr_streams_sample(&self->streams, unit, units);
    chunk.end = mr_smaller(chunk.end, chunk.begin + MR_SAMPLE_PIECE);
    return chunk;
}

/* The piece of the input that a sample unit looks at. Streams have as many as is their part of the input. Of CSV it is
 * only known at the begin of a chunk how to read it. */
static mr_chunk sample_chunk(const mr_coordinator *self, uint64_t unit) {
    const mr_input *input = &self->job.input;
    uint64_t bytes = input->plain, plain = self->units.count;
    if (self->streams.block_count)
        plain = (uint64_t)((double)plain * (double)bytes / (double)mr_streams_guess(&self->streams));
    if (unit >= plain) return sample_block(self, unit - plain, self->units.count - plain);
    uint64_t begin = mr_input_position(input, (uint64_t)((double)bytes * (double)unit / (double)plain));
    mr_chunk sample = {.begin = begin};
    if (self->job.description.records.kind == MR_RECORDS_CSV)
        sample = *chunk_at(self->job.chunks.list, self->streams.planned, begin);
    sample.end = mr_smaller(input->bytes, sample.begin + MR_SAMPLE_PIECE);
    sample.last = false;
    return sample;
}

static mr_task task_of(mr_coordinator *self, uint64_t unit) {
    mr_task task = {.kind = self->kind, .unit = unit};
    if (self->kind == MR_TASK_SAMPLE) task.chunk = sample_chunk(self, unit);
    if (self->kind == MR_TASK_SPLIT) task.offset = self->job.plan.partitions;
    const mr_suspicion *suspicion = self->suspicion_count ? mr_suspicion_of(self, unit) : NULL;
    if (suspicion && suspicion->wants_trial) {
        task.kind = MR_TASK_TRY;
        task.suspect = suspicion->place;
    }
    if (self->kind == MR_TASK_REDUCE && mr_has_unkept(self, unit)) {
        task.kind = MR_TASK_KEEP;
        task.offset = self->job.bad_bytes;
    }
    bool chunks = self->kind == MR_TASK_MAP || self->kind == MR_TASK_COUNT || self->kind == MR_TASK_QUOTES ||
                  self->kind == MR_TASK_SURVEY;
    if (chunks) task.chunk = self->job.chunks.list[unit];
    return task;
}

/* Whether units of the phase at hand make parts of the output. */
static bool makes_output(const mr_coordinator *self) {
    return self->delivering && self->kind == mr_task_making(mr_parts_come_of(self));
}

/* Finds the unit to be handed out next. When the output cannot keep up that is the one that it needs next, or none. */
static bool choose_unit(const mr_coordinator *self, uint64_t *unit) {
    if (!mr_units_peek(&self->units, unit)) return false;
    if (makes_output(self) && mr_delivery_holds(&self->delivery, *unit)) *unit = self->delivery.wanted;
    return true;
}

/* Gives every worker up to so many tasks. */
static bool hand_out(mr_coordinator *self, unsigned most, mr_error *error) {
    uint64_t unit;
    for (uint32_t i = 0; i < self->job.plan.workers; i++) {
        mr_member *member = &self->crew.members[i];
        if (!mr_member_present(member) || member->busy >= most) continue;
        if (!choose_unit(self, &unit) || !mr_units_can_take(&self->units, unit)) return true;
        mr_task task = task_of(self, unit);
        if (task.kind == MR_TASK_KEEP && self->keeping) return true; /* one after the other, into one file */
        bool taken;
        if (!mr_crew_assign(&self->crew, i, &task, &taken, error)) return false;
        if (!taken) continue;
        mr_units_take(&self->units, unit);
        self->keeping = self->keeping || task.kind == MR_TASK_KEEP;
    }
    return true;
}

static bool commits_by_sealing(const mr_coordinator *self) {
    return self->kind == MR_TASK_MAP && !mr_job_is_map(&self->job);
}

static bool workers_idle(const mr_coordinator *self) {
    for (uint32_t i = 0; i < self->job.plan.workers; i++)
        if (self->crew.members[i].busy) return false;
    return true;
}

/* Whether a worker holds something that is mapped and not sealed, and has not been told to seal it. */
static bool should_seal(const mr_member *member) {
    bool holds = false;
    for (size_t i = 0; i < member->assignment_count; i++) {
        const mr_assignment *assignment = &member->assignments[i];
        if (assignment->kind == MR_TASK_SEAL && !assignment->done) return false;
        holds |= assignment->kind == MR_TASK_MAP && assignment->done && !assignment->committed;
    }
    return holds;
}

/* Workers are told to seal when all chunks have been mapped, and in between when a reader needs the room that text of
 * mapped chunks takes. */
static bool hand_out_seals(mr_coordinator *self, mr_error *error) {
    uint64_t unit;
    if (!commits_by_sealing(self) || mr_units_finished(&self->units)) return true;
    bool all_given = !mr_units_peek(&self->units, &unit), idle = workers_idle(self);
    bool last = all_given && idle && self->streams.ended == self->streams.count;
    if (!last && !mr_streams_pressing(&self->streams, all_given)) return true;
    for (uint32_t i = 0; i < self->job.plan.workers; i++) {
        mr_task task = {.kind = MR_TASK_SEAL};
        bool taken = true;
        if (should_seal(&self->crew.members[i]) && !mr_crew_assign(&self->crew, i, &task, &taken, error)) return false;
    }
    return true;
}

bool mr_dispatch(mr_coordinator *self, mr_error *error) {
    if (mr_repair_holds(self)) return true;
    for (unsigned most = 1; most <= TASKS_AHEAD; most++)
        if (!hand_out(self, most, error)) return false;
    if (!hand_out_seals(self, error)) return false;
    return self->kind != MR_TASK_MAP || mr_streams_read(&self->streams, workers_idle(self), error);
}
