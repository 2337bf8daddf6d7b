#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"
#include "job/trial.h"
#include "job/worker.h"

/* Records that a plugin cannot digest: what is known of them, finding them on trial, and those that the plugin rejects
 * by itself. */

/* ---- what is left out -------------------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b) {
    return mr_place_compare(a, b);
}

bool mr_worker_learn_bad(mr_worker *self, mr_error *error) {
    const mr_shared *shared = self->job->shared;
    uint64_t count = atomic_load_explicit(&shared->bad_count, memory_order_acquire);
    if (count == self->bad_count) return true;
    mr_place *bad = realloc(self->bad, count * sizeof *bad);
    if (!bad) return mr_error_memory(error, count * sizeof *bad, "the list of bad records");
    for (uint64_t i = 0; i < count; i++)
        bad[i] = shared->bad[i].place;
    qsort(bad, count, sizeof *bad, compare_places);
    self->bad = bad;
    self->bad_count = count;
    for (self->bad_records = 0; self->bad_records < count; self->bad_records++)
        if (bad[self->bad_records].kind == MR_PLACE_GROUP) break;
    self->mapper.bad = bad;
    self->mapper.bad_count = self->bad_records;
    return true;
}

/* ---- trials ------------------------------------------------------------------------------------------------------ */

static bool discard_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_worker *self = receiver;
    while (pairs < end) {
        mr_slice key, value;
        pairs = mr_pair_read(pairs, &key, &value);
        if (!mr_job_is_map(self->job)) mr_partition_of(&self->index_of_keys, mr_context_full_key(&self->context, key));
    }
    return mr_context_ok(&self->context, error);
}

static bool discard_table(void *receiver, const mr_fold_table *table, mr_error *error) {
    (void)receiver;
    (void)table;
    (void)error; /* nothing can fail */
    return true;
}

static bool discard_output(void *receiver, const void *bytes, size_t length, mr_error *error) {
    (void)receiver;
    (void)bytes;
    (void)length;
    (void)error; /* nothing can fail */
    return true;
}

static bool combine_at_once(void *receiver, mr_error *error) {
    mr_worker *self = receiver;
    return mr_combiner_flush(&self->combiner, error);
}

/* Maps a chunk like mr_do_map does, in a process on trial: its memory is its own copy, but for the arena, which it does
 * not touch. */
static bool rehearse(void *receiver, const mr_chunk *chunk, mr_error *error) {
    mr_worker *self = receiver;
    self->rehearsing = true;
    self->watch.times = NULL; /* the worker, which waits, counts the time */
    if (!mr_worker_learn_bad(self, error)) return false;
    self->mapper.singly = true;
    self->context.write = self->context.write ? discard_output : NULL;
    self->folder.sink = discard_table;
    self->combiner.sink = discard_pairs;
    self->combiner.receiver = self;
    if (self->combiner.context) self->mapper.after = combine_at_once;
    self->mapper.after_receiver = self;
    mr_worker_wire_map(self);
    if (!mr_worker_is_fold(self) && !self->combiner.context) mr_context_emit_to(&self->context, discard_pairs, self);
    mr_map_begin(&self->mapper, chunk);
    return mr_split_chunk(&self->splitter, chunk, mr_map_piece, &self->mapper, error);
}

static bool report_bad(mr_worker *self, const mr_death *death, mr_error *error) {
    struct {
        mr_report report;
        mr_death death;
    } message = {.report = {.kind = MR_REPORT_BAD, .worker = self->index, .sequence = self->sequence}, .death = *death};
    return mr_worker_send(self, &message, offsetof(__typeof__(message), death) + mr_death_size(death), error);
}

/* Takes a record that the trial has found. */
static bool found_bad(void *receiver, const mr_death *death, mr_error *error) {
    return report_bad(receiver, death, error);
}

/* Tells when a process on trial has died, and since when there have been such. */
static bool tell_trial_death(void *receiver, mr_error *error) {
    mr_worker *self = receiver;
    mr_report death = {.kind = MR_REPORT_TRIAL_DEATH, .sequence = self->sequence, .ended = mr_seconds()};
    death.begun = self->trial_begun;
    return mr_worker_report(self, death, error);
}

bool mr_do_try(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    self->trial_begun = done->begun;
    if (!mr_worker_open_map(self, error)) return false;
    mr_trial trial = {.chunk = task->chunk,
                      .input = &self->job->input,
                      .suspect = task->suspect,
                      .where = &self->slot->where,
                      .fault = &self->slot->fault,
                      .slot = self->slot,
                      .memory = self->job->settings->worker_memory,
                      .timeout = self->job->settings->timeout,
                      .hasty = self->job->settings->hasty,
                      .rehearse = rehearse,
                      .found = found_bad,
                      .died = tell_trial_death,
                      .receiver = self};
    return mr_trial_run(&trial, error);
}

/* ---- rejected records -------------------------------------------------------------------------------------------- */

/* Ends the process without what it has not committed. */
static _Noreturn void abandon(mr_worker *self) {
    mr_error ignored = {0}; /* without the report it counts as a crash */
    mr_worker_report(self, (mr_report){.kind = MR_REPORT_ABANDONED}, &ignored);
    _exit(1);
}

/* Nothing is known of the fault of a key that is rejected but the key. */
static void tell_key(mr_fault *fault, const mr_where *where) {
    fault->told = 1;
    fault->key_length = where->key_length;
    memcpy(fault->key, where->key, mr_smaller(where->key_length, sizeof fault->key));
}

/* A mr_reject_sink. A record of which something has got away already, into a table or a part, cannot be taken out
 * again: everything that has not been committed is given up, and done again without that record. A group is left out
 * when its partition is reduced again, after all that is rejected of it is known and has been kept. */
bool mr_worker_reject(void *receiver, const mr_place *place, const char *reason, bool undone, mr_error *error) {
    mr_worker *self = receiver;
    if (self->rehearsing) return true;
    mr_death death = {.cause = MR_DEATH_REJECTED,
                      .worker = self->index,
                      .attempts = 1,
                      .callback = self->context.where->callback,
                      .place = *place,
                      .leave_out = !undone || place->kind == MR_PLACE_GROUP};
    snprintf(death.reason, sizeof death.reason, "%s", reason);
    if (place->kind == MR_PLACE_GROUP) tell_key(&death.fault, self->context.where);
    if (!report_bad(self, &death, error)) return false;
    if (place->kind == MR_PLACE_GROUP) {
        self->again = true;
        return true;
    }
    if (!undone && self->job->alone)
        return mr_error_set(error, "what was emitted for a record that is rejected cannot be taken back with --inline, "
                                   "since it is too much; run without --inline");
    if (!undone) abandon(self);
    return true;
}
