#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "flow/combine.h"
#include "flow/exchange.h"
#include "flow/inject.h"
#include "flow/input.h"
#include "flow/map.h"
#include "flow/merge.h"
#include "flow/part.h"
#include "flow/reduce.h"
#include "flow/sample.h"
#include "job/bad.h"
#include "job/descriptors.h"
#include "job/job.h"
#include "job/protection.h"
#include "job/quarantine.h"
#include "job/trial.h"
#include "job/wording.h"

/* A worker takes tasks from its queue, does them one after the other, and reports. This is where the stages of the flow
 * are wired together: each is opened when the first task needs it, with a sink that leads to the next. Memory of the
 * map phase is given back when the reduce phase begins. */

enum {
    SAMPLE_RECORD_LIMIT = 1 << 20,
    PARENT_CHECK_MS = 1000,
    HEAP_KEPT = 1 << 20 /* bytes that malloc may keep of what has been freed */
};

typedef struct worker {
    const mr_job *job;
    uint32_t index;                  /* of the slot */
    mp_queue *tasks;                 /* from the coordinator */
    mr_report_sink *sink;            /* where reports go; NULL: into the job's queue */
    void *receiver;                  /* for sink */
    pid_t coordinator;               /* the process, which is the parent */
    mr_slot *slot;                   /* shared: what survives this process */
    mr_protection protection;        /* of shared memory */
    mr_context context;              /* the plugin */
    mr_fold fold;                    /* of a fold job */
    mr_key_order order;              /* of the keys */
    mr_splitter_index index_of_keys; /* key -> partition */
    mr_spill *runs;                  /* the worker's run file; its own copy of the position */
    mr_spill *parts;                 /* the worker's part file */
    mr_spill *run_files;             /* of all workers, for reading */
    mr_spill *part_files;            /* of all workers, for reading */
    mr_source_file file;             /* the source at hand */
    mr_descriptors descriptors;      /* what there was before the plugin came */
    mr_splitter splitter;
    mr_mapper mapper;
    mr_injector injector;
    mr_folder folder;     /* fold jobs */
    mr_combiner combiner; /* group jobs with combine */
    mr_exchange exchange;
    mr_sampler sampler;
    mr_reducer reducer;
    mr_orderer orderer;
    mr_part_writer writer;
    bool map_open;       /* splitter, mapper and what follows are open */
    bool sample_open;    /* splitter and sampler are open */
    bool reduce_open;    /* reducer (and orderer) are open */
    mr_place *bad;       /* records and groups to leave out, in the order of mr_place_compare; owned */
    uint64_t bad_count;  /* all of them; records come first */
    size_t bad_records;  /* how many are records */
    uint64_t sequence;   /* of the task at hand */
    bool again;          /* the partition at hand is to be reduced again, without groups that were rejected */
    bool rehearsing;     /* nothing comes of what is mapped: for a sample, or on trial */
    bool long_record;    /* this worker may read a record longer than plan.own_record */
    uint64_t arena_used; /* bytes of the arena with sealed runs of an earlier worker */
    uint64_t mapped;     /* bytes mapped since the last commit */
    uint64_t spilled;    /* bytes spilled up to the last commit */
    uint64_t damaged;    /* for mr_report */
} worker;

static bool is_fold(const worker *self) {
    return self->context.loaded.plugin.kind == MR_FOLD;
}

/* ---- reporting --------------------------------------------------------------------------------------------------- */

static bool lost_descriptors(const worker *self, mr_error *error) {
    const mr_context *context = &self->context;
    return mr_error_set(error,
                        "plugin %s closed files of mr, or put others in their places, in %s or before; it may close "
                        "only what it has opened",
                        context->loaded.plugin.name, context->where->callback);
}

static bool send(worker *self, const void *message, size_t length, mr_error *error) {
    if (!mr_descriptors_intact(&self->descriptors)) return lost_descriptors(self, error);
    if (self->sink) return self->sink(self->receiver, message, length, error);
    int code = mp_queue_put(self->job->reports, message, length, -1);
    return code == 0 || mr_error_system(error, -code, "a worker could not report");
}

static bool report(worker *self, mr_report report, mr_error *error) {
    report.worker = self->index;
    return send(self, &report, sizeof report, error);
}

/* Where descriptors are lost that is the reason for a failure, whatever it looked like; otherwise false. */
static bool blame_descriptors(const worker *self, mr_error *failure) {
    if (!self->context.where) return false; /* the plugin has not been loaded */
    if (mr_descriptors_all_intact(&self->descriptors)) return false;
    failure->set = false;
    lost_descriptors(self, failure);
    return true;
}

static void report_failure(worker *self, const mr_error *failure) {
    struct {
        mr_report report;
        mr_error error;
    } message = {.report = {.kind = MR_REPORT_FAILED, .worker = self->index}, .error = *failure};
    if (blame_descriptors(self, &message.error))
        mr_descriptors_silence(&self->descriptors);
    else if (failure->damage)
        message.report = (mr_report){.kind = MR_REPORT_DAMAGED,
                                     .worker = self->index,
                                     .sequence = atomic_load_explicit(&self->slot->task, memory_order_relaxed),
                                     .damaged = self->damaged};
    /* When even this fails, the exit status tells. */
    (void)!mp_queue_put(self->job->reports, &message, sizeof message, -1);
}

/* Sends a report that commits all that has been done so far (it is in sealed runs or in parts), with the records and
 * counters that belong to it: they count exactly when the work does. */
static bool commit(worker *self, mr_report report, mr_error *error) {
    struct {
        mr_report report;
        mr_counter_value counters[MR_COUNTERS_MAX];
    } message = {.report = report};
    mr_report *header = &message.report;
    uint64_t spilled = self->runs->written + self->parts->written;
    header->worker = self->index;
    header->commits = 1;
    header->records = self->mapper.records;
    header->arena_used = self->map_open ? self->exchange.sealed : self->arena_used;
    header->spilled = spilled - self->spilled;
    for (size_t i = 0; i < self->context.counter_count; i++) {
        if (!self->context.counters[i].value) continue;
        message.counters[header->counter_count++] = self->context.counters[i];
        self->context.counters[i].value = 0;
    }
    self->mapper.records = 0;
    self->spilled = spilled;
    self->mapped = 0;
    return send(self, &message, sizeof *header + header->counter_count * sizeof(mr_counter_value), error);
}

static bool commit_runs(worker *self, uint64_t sequence, mr_error *error) {
    return commit(self, (mr_report){.kind = MR_REPORT_COMMIT, .sequence = sequence}, error);
}

static bool announce_run(void *receiver, const mr_run *run, mr_error *error) {
    worker *self = receiver;
    return mr_protection_seal(&self->protection, self->exchange.sealed, error) &&
           report(self, (mr_report){.kind = MR_REPORT_RUN, .run = *run}, error);
}

/* ---- what is left out -------------------------------------------------------------------------------------------- */

static int compare_places(const void *a, const void *b) {
    return mr_place_compare(a, b);
}

/* Takes notice of records that are to be left out. */
static bool learn_bad(worker *self, mr_error *error) {
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

/* ---- the map phase ----------------------------------------------------------------------------------------------- */

static mr_source_reader reader_of_sources(worker *self) {
    return (mr_source_reader){.read = mr_source_read, .check = mr_source_check, .file = &self->file};
}

/* The memory that the map phase leaves over is enough for one worker with a record of any length, not for all: asked by
 * the splitter before it makes room for such a record. When the worker that had the permission died, all that it read
 * has gone with it. */
static bool claim_long_record(void *claimant, size_t bytes, mr_error *error) {
    worker *self = claimant;
    if (self->long_record || bytes <= self->job->plan.own_record) return true;
    int code = mp_lock_acquire(self->job->long_record, -1);
    if (code < 0) return mr_error_system(error, -code, "could not wait for memory for a long record");
    self->long_record = true;
    return true;
}

/* Gives back what the records of a chunk made buffers grow to. */
static void trim_buffers(worker *self) {
    mr_splitter_trim(&self->splitter);
    mr_context_trim(&self->context);
    if (self->long_record) mp_lock_release(self->job->long_record);
    self->long_record = false;
}

static bool open_splitter(worker *self, uint64_t record_limit, mr_error *error) {
    if (!mr_splitter_open(&self->splitter, &self->job->input, reader_of_sources(self), self->job->plan.piece,
                          record_limit, error))
        return false;
    self->splitter.claim = claim_long_record;
    self->splitter.claimant = self;
    return true;
}

static bool open_sample(worker *self, mr_error *error) {
    if (self->sample_open) return true;
    self->sample_open = true;
    mr_arena *arena = &self->job->arenas[self->index];
    return open_splitter(self, mr_smaller(SAMPLE_RECORD_LIMIT, arena->size), error) &&
           mr_sampler_open(&self->sampler, &self->context, arena, is_fold(self), error);
}

static void close_sample(worker *self) {
    if (!self->sample_open) return;
    mr_splitter_close(&self->splitter);
    mr_sampler_close(&self->sampler);
    self->sample_open = false;
}

/* Wires map to combine and combine to the exchange. */
static bool open_exchange(worker *self, mr_error *error) {
    const mr_plan *plan = &self->job->plan;
    mr_splitter_index_build(&self->index_of_keys, &self->job->shared->splitters, &self->order);
    self->exchange = (mr_exchange){.context = &self->context,
                                   .fold = is_fold(self) ? &self->fold : NULL,
                                   .index = &self->index_of_keys,
                                   .arena = self->job->arenas[self->index],
                                   .block_size = plan->block,
                                   .spill = self->runs,
                                   .worker = self->index,
                                   .announce = announce_run,
                                   .receiver = self};
    if (!mr_exchange_open(&self->exchange, self->arena_used, error)) return false;
    if (is_fold(self))
        return mr_folder_open(&self->folder, &self->context, &self->fold, plan->table, mr_exchange_table,
                              &self->exchange, error);
    if (!self->context.loaded.plugin.combine) return true;
    return mr_combiner_open(&self->combiner, &self->context, plan->table, mr_exchange_pairs, &self->exchange, error);
}

static void close_reduce(worker *self) {
    if (!self->reduce_open) return;
    mr_reducer_close(&self->reducer);
    if (mr_job_is_ordered(self->job)) mr_orderer_close(&self->orderer);
    self->reduce_open = false;
}

static bool open_map(worker *self, mr_error *error) {
    if (self->map_open) return true;
    close_sample(self);
    close_reduce(self);
    self->map_open = true;
    if (!mr_protection_seal(&self->protection, self->arena_used, error)) return false;
    if (!open_splitter(self, self->job->plan.record_limit, error)) return false;
    return mr_job_is_map(self->job) || open_exchange(self, error);
}

/* Gives back what the arena holds behind the sealed runs. */
static void empty_arena(const worker *self) {
    uint64_t kept = mr_round_up(self->exchange.sealed, 4096), end = mr_round_up(self->exchange.populated, 4096);
    if (end <= kept) return;
    /* Where it is refused, it is given back at the end. */
    (void)!madvise(self->exchange.arena.base + kept, mr_smaller(end, self->exchange.arena.size) - kept, MADV_REMOVE);
    atomic_store_explicit(&self->slot->shared_bytes, kept + self->writer.touched, memory_order_relaxed);
}

static void close_map(worker *self) {
    if (!self->map_open) return;
    self->arena_used = self->exchange.sealed;
    if (!mr_job_is_map(self->job)) empty_arena(self);
    mr_splitter_close(&self->splitter);
    mr_folder_close(&self->folder);
    mr_combiner_close(&self->combiner);
    mr_exchange_close(&self->exchange);
    self->map_open = false;
}

/* Says where the pairs of the map phase go. */
static void wire_map(worker *self) {
    if (mr_job_is_map(self->job))
        mr_context_emit_to(&self->context, mr_part_pairs, &self->writer);
    else if (is_fold(self))
        mr_folder_listen(&self->folder);
    else if (self->context.loaded.plugin.combine)
        mr_context_emit_to(&self->context, mr_combine_pairs, &self->combiner);
    else
        mr_context_emit_to(&self->context, mr_exchange_pairs, &self->exchange);
}

static bool map_chunk(worker *self, const mr_chunk *chunk, mr_error *error) {
    self->mapper.singly = atomic_load_explicit(&self->job->shared->singly, memory_order_relaxed);
    wire_map(self);
    mr_map_begin(&self->mapper, chunk);
    if (!mr_split_chunk(&self->splitter, chunk, mr_map_piece, &self->mapper, error)) return false;
    if (!mr_inject_chunk(&self->injector, chunk, error) || !mr_context_flush(&self->context, error)) return false;
    trim_buffers(self);
    return true;
}

/* Maps a chunk of a map job: what it writes is a part of the output, complete at once. */
static bool map_to_part(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_part_begin(&self->writer);
    done->commits = 1;
    return map_chunk(self, &task->chunk, error) && mr_part_end(&self->writer, &done->part, error);
}

static bool seal(worker *self, uint64_t sequence, mr_error *error) {
    if (is_fold(self) && !mr_folder_flush(&self->folder, error)) return false;
    return mr_exchange_seal(&self->exchange, error) && commit_runs(self, sequence, error);
}

static bool do_map(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!open_map(self, error)) return false;
    if (mr_job_is_map(self->job)) return map_to_part(self, task, done, error);
    self->exchange.position = task->chunk.begin;
    if (!map_chunk(self, &task->chunk, error)) return false;
    if (self->combiner.context && !mr_combiner_flush(&self->combiner, error)) return false;
    self->mapped += task->chunk.end - task->chunk.begin;
    return self->mapped < self->job->plan.seal || seal(self, task->sequence, error);
}

static bool do_seal(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)done;
    return open_map(self, error) && seal(self, task->sequence, error);
}

/* Failures while sampling are left alone: they come again when the same records are mapped in earnest. */
static bool do_sample(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_error ignored = {0};
    mr_counter_value before[MR_COUNTERS_MAX];
    memcpy(before, self->context.counters, sizeof before);
    if (!open_sample(self, error)) return false;
    self->rehearsing = true;
    mr_sampler_begin(&self->sampler);
    mr_context_emit_to(&self->context, mr_sample_pairs, &self->sampler);
    mr_map_begin(&self->mapper, &task->chunk);
    if (mr_split_chunk(&self->splitter, &task->chunk, mr_map_piece, &self->mapper, &ignored))
        mr_context_flush(&self->context, &ignored);
    self->rehearsing = false;
    self->context.error.set = false;
    self->mapper.records = 0;
    for (size_t i = 0; i < self->context.counter_count; i++)
        self->context.counters[i].value = before[i].value;
    done->arena_used = self->sampler.used;
    trim_buffers(self);
    return true;
}

static bool do_split(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)task;
    (void)done;
    const mr_job *job = self->job;
    mr_sample *samples = calloc(job->plan.workers, sizeof *samples);
    if (!samples) return mr_error_memory(error, job->plan.workers * sizeof *samples, "samples");
    for (uint32_t i = 0; i < job->plan.workers; i++)
        samples[i] = (mr_sample){.keys = job->arenas[i].base, .used = job->shared->sampled[i]};
    bool ok = mr_protection_splitters(&self->protection, true, error) &&
              mr_sample_split(&job->shared->splitters, samples, job->plan.workers, job->plan.partitions, &self->order,
                              error) &&
              mr_protection_splitters(&self->protection, false, error);
    free(samples);
    return ok;
}

static bool do_count(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_record_count count = {0};
    if (!open_map(self, error)) return false;
    if (!mr_split_chunk(&self->splitter, &task->chunk, mr_count_piece, &count, error)) return false;
    done->records = count.records;
    done->source = count.source ? (uint64_t)(count.source - self->job->input.sources) + 1 : 0;
    trim_buffers(self);
    return true;
}

/* ---- trials ------------------------------------------------------------------------------------------------------ */

static bool discard_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    worker *self = receiver;
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
    worker *self = receiver;
    return mr_combiner_flush(&self->combiner, error);
}

/* Maps a chunk like do_map does, in a process on trial: its memory is its own copy, but for the arena, which it does
 * not touch. */
static bool rehearse(void *receiver, const mr_chunk *chunk, mr_error *error) {
    worker *self = receiver;
    self->rehearsing = true;
    if (!learn_bad(self, error)) return false;
    self->mapper.singly = true;
    self->context.write = self->context.write ? discard_output : NULL;
    self->folder.sink = discard_table;
    self->combiner.sink = discard_pairs;
    self->combiner.receiver = self;
    if (self->combiner.context) self->mapper.after = combine_at_once;
    self->mapper.after_receiver = self;
    wire_map(self);
    if (!is_fold(self) && !self->combiner.context) mr_context_emit_to(&self->context, discard_pairs, self);
    mr_map_begin(&self->mapper, chunk);
    return mr_split_chunk(&self->splitter, chunk, mr_map_piece, &self->mapper, error);
}

static bool report_bad(worker *self, const mr_death *death, mr_error *error) {
    struct {
        mr_report report;
        mr_death death;
    } message = {.report = {.kind = MR_REPORT_BAD, .worker = self->index, .sequence = self->sequence}, .death = *death};
    return send(self, &message, offsetof(__typeof__(message), death) + mr_death_size(death), error);
}

/* Takes a record that the trial has found. */
static bool found_bad(void *receiver, const mr_death *death, mr_error *error) {
    return report_bad(receiver, death, error);
}

static bool do_try(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)done;
    if (!open_map(self, error)) return false;
    mr_trial trial = {.chunk = task->chunk,
                      .input = &self->job->input,
                      .suspect = task->suspect,
                      .where = &self->slot->where,
                      .fault = &self->slot->fault,
                      .timeout = self->job->settings->timeout,
                      .rehearse = rehearse,
                      .found = found_bad,
                      .receiver = self};
    return mr_trial_run(&trial, error);
}

/* ---- rejected records -------------------------------------------------------------------------------------------- */

/* Ends the process without what it has not committed. */
static _Noreturn void abandon(worker *self) {
    mr_error ignored = {0}; /* without the report it counts as a crash */
    report(self, (mr_report){.kind = MR_REPORT_ABANDONED}, &ignored);
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
static bool reject_record(void *receiver, const mr_place *place, const char *reason, bool undone, mr_error *error) {
    worker *self = receiver;
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

/* ---- the reduce phase -------------------------------------------------------------------------------------------- */

static bool open_reduce(worker *self, mr_error *error) {
    if (self->reduce_open) return true;
    close_sample(self);
    close_map(self);
    self->reduce_open = true;
    const mr_job *job = self->job;
    if (!mr_protection_seal(&self->protection, job->plan.arena, error)) return false;
    bool ordered = mr_job_is_ordered(job);
    size_t budget = ordered ? job->plan.reduce / 2 : job->plan.reduce;
    self->reducer = (mr_reducer){.context = &self->context,
                                 .fold = is_fold(self) ? &self->fold : NULL,
                                 .order = self->order,
                                 .budget = budget,
                                 .spill = self->runs,
                                 .sink = ordered ? mr_order_result : mr_part_result,
                                 .receiver = ordered ? (void *)&self->orderer : (void *)&self->writer};
    if (ordered && !mr_orderer_open(&self->orderer, job->settings->sort, job->settings->top, budget, self->runs, error))
        return false;
    return mr_reducer_open(&self->reducer, error);
}

/* Says whose records are damaged: those of the run at hand, or what the sorter has made of all of them. */
static void name_damage(worker *self, const mr_partition_reader *reader, mr_error *error) {
    self->damaged = reader->ended ? MR_OWN_RUNS : reader->next_run - 1;
    if (reader->ended)
        mr_error_context(error, "partition %u, sorted runs in the spill file of worker %u", reader->partition + 1,
                         self->index);
    else
        mr_error_context(error, "partition %u of run %zu, in %s of worker %u", reader->partition + 1, reader->next_run,
                         reader->in_file ? "the spill file" : "the memory", reader->worker);
}

/* Sends a partition through the reducer. */
static bool reduce_partition(worker *self, uint64_t partition, mr_error *error) {
    const mr_job *job = self->job;
    mr_partition_reader reader;
    mr_partition_reader_open(&reader, job->shared->runs, job->shared->run_count, job->arenas, self->run_files,
                             (uint32_t)partition);
    mr_block_stream stream = mr_partition_reader_stream(&reader);
    self->reducer.partition = (uint32_t)partition;
    self->reducer.bad = self->bad + self->bad_records;
    self->reducer.bad_count = self->bad_count - self->bad_records;
    bool ok = mr_reduce_partition(&self->reducer, &stream, error);
    if (error->damage) name_damage(self, &reader, error);
    mr_partition_reader_close(&reader);
    if (ok) mr_context_trim(&self->context);
    return ok;
}

static bool do_reduce(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!open_reduce(self, error)) return false;
    mr_counter_value before[MR_COUNTERS_MAX];
    memcpy(before, self->context.counters, sizeof before);
    self->again = false;
    mr_part_begin(&self->writer);
    bool ok = reduce_partition(self, task->unit, error);
    uint64_t results = 0;
    if (ok && mr_job_is_ordered(self->job)) {
        mr_byte_sink sink = mr_part_bytes(&self->writer);
        ok = mr_orderer_finish(&self->orderer, &sink, &results, error);
        self->writer.part.results = results;
    }
    done->commits = !self->again;
    done->again = self->again;
    if (!self->again) return ok && mr_part_end(&self->writer, &done->part, error);
    for (size_t i = 0; i < self->context.counter_count; i++)
        self->context.counters[i].value = before[i].value;
    return ok;
}

/* ---- keeping bad groups ------------------------------------------------------------------------------------------ */

/* Writes the groups of a partition that are left out to the file of bad records. */
typedef struct group_file {
    worker *self;
    mr_quarantine_writer writer;
    bool wanted; /* the group at hand is not there yet */
} group_file;

static const mr_left_out *find_left_out(const mr_shared *shared, const mr_place *place) {
    uint64_t count = atomic_load_explicit(&shared->bad_count, memory_order_acquire);
    for (uint64_t i = 0; i < count; i++)
        if (mr_place_compare(&shared->bad[i].place, place) == 0) return &shared->bad[i];
    return NULL;
}

static bool begin_kept(void *receiver, const mr_place *place, mr_slice key, mr_error *error) {
    group_file *file = receiver;
    const mr_left_out *left_out = find_left_out(file->self->job->shared, place);
    file->wanted = left_out && !left_out->kept;
    if (!file->wanted) return true;
    mr_bad_record about = {.place = *place,
                           .cause = left_out->cause,
                           .signal = left_out->signal,
                           .callback = left_out->callback,
                           .reason = (char *)left_out->reason};
    return mr_quarantine_begin_group(&file->writer, &about, key, error);
}

static bool keep_value(void *receiver, mr_slice value, mr_error *error) {
    group_file *file = receiver;
    if (!file->wanted) return true;
    return is_fold(file->self) ? mr_quarantine_accumulator(&file->writer, value, error)
                               : mr_quarantine_value(&file->writer, value, error);
}

static bool end_kept(void *receiver, mr_error *error) {
    group_file *file = receiver;
    return !file->wanted || mr_quarantine_end_group(&file->writer, error);
}

static bool do_keep(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!open_reduce(self, error)) return false;
    group_file file = {
        .self = self,
        .writer = {.file = self->job->bad_file, .end = task->offset, .plugin = self->context.loaded.plugin.name}};
    mr_group_keeper keeper = {.begin = begin_kept, .value = keep_value, .end = end_kept, .receiver = &file};
    self->reducer.keeper = &keeper;
    bool ok = reduce_partition(self, task->unit, error);
    self->reducer.keeper = NULL;
    done->kept = file.writer.end;
    mr_quarantine_close(&file.writer);
    return ok;
}

static bool do_merge(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)task;
    const mr_job *job = self->job;
    uint64_t results = 0;
    close_reduce(self);
    mr_part_begin(&self->writer);
    mr_byte_sink sink = mr_part_bytes(&self->writer);
    bool ok = mr_merge_parts(job->shared->ordered, job->shared->ordered_count, job->regions, self->part_files,
                             job->settings->top, &sink, &results, &self->damaged, error);
    if (error->damage) mr_name_damaged_part(&job->shared->ordered[self->damaged], self->damaged, error);
    self->writer.part.results = results;
    done->commits = 1;
    return ok && mr_part_end(&self->writer, &done->part, error);
}

static bool do_deliver(worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    const mr_job *job = self->job;
    (void)done;
    bool ok = mr_part_deliver(&task->part, job->regions, self->part_files, job->output.file, task->offset,
                              job->output.path, error);
    if (error->damage) mr_name_damaged_part(&task->part, task->unit, error);
    return ok;
}

/* ---- the process ------------------------------------------------------------------------------------------------- */

/* Tells the coordinator how much shared memory is in use. */
static void tell_memory(const worker *self) {
    uint64_t before = atomic_load_explicit(&self->slot->shared_bytes, memory_order_relaxed);
    uint64_t now = (self->map_open ? self->exchange.populated : self->arena_used) + self->writer.touched;
    atomic_store_explicit(&self->slot->shared_bytes, mr_larger(before, now), memory_order_relaxed);
}

static bool do_task(worker *self, const mr_task *task, mr_error *error) {
    static bool (*const doers[])(worker *, const mr_task *, mr_report *, mr_error *) = {
        [MR_TASK_SAMPLE] = do_sample, [MR_TASK_SPLIT] = do_split,     [MR_TASK_COUNT] = do_count,
        [MR_TASK_MAP] = do_map,       [MR_TASK_SEAL] = do_seal,       [MR_TASK_REDUCE] = do_reduce,
        [MR_TASK_MERGE] = do_merge,   [MR_TASK_DELIVER] = do_deliver, [MR_TASK_TRY] = do_try,
        [MR_TASK_KEEP] = do_keep,
    };
    mr_report done = {.kind = MR_REPORT_DONE, .sequence = task->sequence};
    atomic_store_explicit(&self->slot->task, task->sequence, memory_order_relaxed);
    self->sequence = task->sequence;
    if (!learn_bad(self, error) || !doers[task->kind](self, task, &done, error)) return false;
    if (self->long_record) trim_buffers(self); /* whatever way the chunk ended */
    tell_memory(self);
    if (!(done.commits ? commit(self, done, error) : report(self, done, error))) return false;
    atomic_store_explicit(&self->slot->task, 0, memory_order_relaxed);
    return true;
}

/* The worker's own copies of the spill files: it appends to its own behind what a worker before it has written. */
static bool take_spills(worker *self, mr_error *error) {
    const mr_job *job = self->job;
    self->run_files = job->run_files;
    self->part_files = job->part_files;
    self->runs = &self->run_files[self->index];
    self->parts = &self->part_files[self->index];
    mr_spill *own[] = {self->runs, self->parts};
    for (uint32_t i = 0; i < job->plan.workers; i++)
        self->run_files[i].waiting = self->part_files[i].waiting = &self->slot->where.waiting;
    for (int i = 0; i < 2; i++) {
        if (own[i]->file < 0) continue;
        off_t end = lseek(own[i]->file, 0, SEEK_END);
        if (end < 0) return mr_error_system(error, errno, "could not look at a temporary file in %s", job->temporary);
        own[i]->end = (uint64_t)end;
    }
    return true;
}

static worker *new_worker(const mr_job *job) {
    worker *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->job = job;
    self->file = (mr_source_file){.file = -1, .folder = job->input.folder};
    return self;
}

static bool load_plugin(worker *self, mr_error *error) {
    const mr_job *job = self->job;
    return mr_context_open(&self->context, job->plugin_path, job->settings->settings, job->settings->setting_count,
                           job->input.names, job->input.count, self->slot ? &self->slot->where : NULL, error);
}

static bool catch_faults(worker *self, mr_error *error) {
    return mr_fault_catch(&self->slot->fault, &self->slot->where, &self->context.loaded, self->job->plugin_path, error);
}

/* Takes over what the worker starts with. */
static void take_start(worker *self, const mr_worker_start *start) {
    self->index = start->index;
    self->tasks = start->tasks;
    self->sink = start->sink;
    self->receiver = start->receiver;
    self->slot = &start->job->shared->slots[start->index];
    self->arena_used = start->arena_used;
    self->writer.head = start->part_head;
    mr_descriptors_remember(&self->descriptors, self->job, self->index, &self->file);
}

/* What concerns a process with nothing but a worker in it. */
static bool open_process(worker *self, mr_error *error) {
    const mr_job *job = self->job;
    /* What the plugin prints must not get into the output. */
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return mr_error_system(error, errno, "could not redirect output");
    /* Before any memory is touched. */
    if (job->cpus.count && !mr_cpus_pin(&job->cpus, self->index, error)) return false;
    return mr_protection_open(&self->protection, job, self->index, self->arena_used, error);
}

/* With the plugin loaded: makes everything ready for the first task. */
static bool open_worker(worker *self, mr_error *error) {
    const mr_job *job = self->job;
    if (!take_spills(self, error)) return false;
    self->context.where = &self->slot->where;
    self->context.reject = reject_record;
    self->context.reject_receiver = self;
    const mr_plugin *plugin = &self->context.loaded.plugin;
    self->fold = mr_fold_of(plugin->fold_type, plugin->value_size, plugin->fold, &self->context.ctx);
    self->order = (mr_key_order){
        .compare = plugin->compare, .ctx = &self->context.ctx, .skip = mr_context_key_skip(&self->context)};
    self->mapper = (mr_mapper){.context = &self->context, .input = &job->input};
    self->injector = (mr_injector){.context = &self->context,
                                   .input = &job->input,
                                   .reader = reader_of_sources(self),
                                   .fold = is_fold(self) ? &self->fold : NULL,
                                   .sink = mr_folder_take,
                                   .receiver = &self->folder};
    self->writer = (mr_part_writer){.region = job->regions[self->index],
                                    .released = &self->slot->released,
                                    .spill = self->parts,
                                    .block = job->plan.block,
                                    .worker = self->index,
                                    .head = self->writer.head};
    if (mr_job_is_map(job)) {
        self->context.write = mr_part_write;
        self->context.write_receiver = &self->writer;
    }
    return mr_context_start(&self->context, error) && report(self, (mr_report){.kind = MR_REPORT_READY}, error);
}

static void close_worker(worker *self) {
    close_sample(self);
    close_map(self);
    close_reduce(self);
    mr_source_close(&self->file);
    mr_part_writer_close(&self->writer);
    mr_context_close(&self->context);
    free(self->bad);
}

/* Gives the worker's share of the shared memory back to the system, which takes a while: all workers at once, while the
 * coordinator finishes the output, are sooner done than the coordinator alone when it unmaps everything. */
static void release_arena(worker *self) {
    const mr_job *job = self->job;
    mr_error ignored = {0};
    mr_protection_seal(&self->protection, 0, &ignored);
    /* Only a matter of speed: what stays is released with the last mapping. */
    (void)!madvise(job->arenas[self->index].base, job->plan.arena + job->plan.region, MADV_REMOVE);
}

/* Does the next task when there is one in timeout_ms. *more is false when the queue is closed: there are no tasks any
 * more. */
static bool work_once(worker *self, int timeout_ms, bool *more, mr_error *error) {
    mr_task task;
    ssize_t length = mp_queue_get(self->tasks, &task, sizeof task, timeout_ms);
    *more = length != -EPIPE;
    if (!*more || length == -EAGAIN || length == -ETIMEDOUT) return true;
    if (length != (ssize_t)sizeof task)
        return mr_error_system(error, length < 0 ? (int)-length : EPROTO, "a worker could not get its next task");
    return do_task(self, &task, error);
}

/* The kernel ends a worker whose coordinator has gone, unless the plugin has called it off or has become another user;
 * then the worker finds out itself. */
static bool work(worker *self, mr_error *error) {
    for (bool more = true; more;) {
        if (!work_once(self, PARENT_CHECK_MS, &more, error)) return false;
        if (getppid() != self->coordinator) return mr_error_set(error, "the coordinator has gone");
    }
    return true;
}

static bool stop(worker *self, mr_error *error) {
    return mr_context_stop(&self->context, error) && commit(self, (mr_report){.kind = MR_REPORT_STOPPED}, error);
}

int mr_worker_main(void *argument) {
    const mr_worker_start *start = argument;
    worker *self = new_worker(start->job);
    mr_error error = {0};
    if (!self) return 1; /* the coordinator sees the exit status */
    /* By itself malloc would keep up to twice 32 MiB, having seen that large pieces are freed. */
    mallopt(M_MMAP_THRESHOLD, HEAP_KEPT);
    mallopt(M_TRIM_THRESHOLD, HEAP_KEPT);
    take_start(self, start);
    self->coordinator = getppid();
    bool ok = open_process(self, &error) && load_plugin(self, &error) && catch_faults(self, &error) &&
              open_worker(self, &error) && work(self, &error) && stop(self, &error);
    mr_fault_release();
    if (ok)
        release_arena(self);
    else
        report_failure(self, &error);
    close_worker(self);
    free(self);
    return ok ? 0 : 1;
}

/* ---- without a process ------------------------------------------------------------------------------------------- */

mr_worker *mr_worker_load(const mr_job *job, mr_error *error) {
    worker *self = new_worker(job);
    if (!self) {
        mr_error_memory(error, sizeof *self, "a worker");
        return NULL;
    }
    if (load_plugin(self, error)) return self;
    mr_worker_free(self);
    return NULL;
}

void mr_worker_describe(const mr_worker *self, mr_description *description) {
    mr_describe_loaded(&self->context.loaded.plugin, description);
}

bool mr_worker_open(mr_worker *self, const mr_worker_start *start, mr_error *error) {
    take_start(self, start);
    return open_worker(self, error);
}

bool mr_worker_turn(mr_worker *self, mr_error *error) {
    bool more;
    if (work_once(self, 0, &more, error) && (more || stop(self, error))) return true;
    blame_descriptors(self, error);
    return false;
}

void mr_worker_free(mr_worker *self) {
    if (!self) return;
    close_worker(self);
    free(self);
}
