#include <stdlib.h>
#include <sys/mman.h>

#include "base/units.h"
#include "job/worker.h"

/* The tasks of the phases that read the input: samples, splitters, record numbers, chunks. Each stage is opened when
 * the first task needs it, with a sink that leads to the next. */

enum { SAMPLE_RECORD_LIMIT = 1 << 20 };

static bool commit_runs(mr_worker *self, uint64_t sequence, mr_error *error) {
    return mr_worker_commit(self, (mr_report){.kind = MR_REPORT_COMMIT, .sequence = sequence}, error);
}

static bool announce_run(void *receiver, const mr_run *run, mr_error *error) {
    mr_worker *self = receiver;
    uint64_t longest = atomic_load_explicit(&self->slot->longest, memory_order_relaxed);
    atomic_store_explicit(&self->slot->longest, mr_larger(longest, self->exchange.longest), memory_order_relaxed);
    if (self->job->settings->survey) mr_worker_survey_run(self, run);
    return mr_protection_seal(&self->protection, self->exchange.sealed, error) &&
           mr_worker_report(self, (mr_report){.kind = MR_REPORT_RUN, .run = *run}, error);
}

mr_source_reader mr_worker_reader(mr_worker *self) {
    return (mr_source_reader){.read = mr_source_read, .check = mr_source_check, .file = &self->file};
}

/* Where bytes that the splitter holds come from, in case that the plugin dies of them. */
static void say_place(mr_worker *self, const char *bytes, size_t length) {
    const mr_splitter *splitter = &self->splitter;
    mr_place *place = &self->slot->where.place;
    place->kind = MR_PLACE_PIECE;
    place->source = (uint64_t)(splitter->source - self->job->input.sources);
    place->offset = splitter->start + (uint64_t)(bytes - splitter->buffer);
    place->length = length;
}

static size_t own_record(void *receiver, const char *bytes, size_t length, bool last) {
    mr_worker *self = receiver;
    say_place(self, bytes, length);
    return mr_context_record(&self->context, bytes, length, last);
}

static size_t find_own_record(void *receiver, const char *bytes, size_t length, bool last) {
    mr_worker *self = receiver;
    say_place(self, bytes, length);
    return mr_context_find_record(&self->context, bytes, length, last);
}

static bool own_failure(void *receiver, mr_error *error) {
    mr_worker *self = receiver;
    const mr_source *source = self->splitter.source;
    uint64_t place = source->origin + self->slot->where.place.offset;
    mr_context_ok(&self->context, error);
    return mr_error_context(error, "%s, byte %llu", source->path, (unsigned long long)place);
}

mr_records mr_worker_records(mr_worker *self) {
    mr_records records = self->context.records;
    if (records.kind != MR_RECORDS_OWN) return records;
    records.first = own_record;
    records.begin = self->context.loaded.plugin.find_record ? find_own_record : NULL;
    records.failure = own_failure;
    records.receiver = self;
    return records;
}

/* The memory that the map phase leaves over is enough for one worker with a record of any length, not for all: asked by
 * the splitter before it makes room for such a record. When the worker that had the permission died, all that it read
 * has gone with it. */
static bool claim_long_record(void *claimant, size_t bytes, mr_error *error) {
    mr_worker *self = claimant;
    /* The record, and a pair that is as large. */
    mr_worker_announce_memory(self, self->job->plan.table + 2 * bytes);
    if (self->long_record || bytes <= self->job->plan.own_record) return true;
    int code = mp_lock_acquire(self->job->long_record, -1);
    if (code < 0) return mr_error_system(error, -code, "could not wait for memory for a long record");
    self->long_record = true;
    return true;
}

void mr_worker_trim(mr_worker *self) {
    mr_splitter_trim(&self->splitter);
    mr_context_trim(&self->context);
    if (self->long_record) mp_lock_release(self->job->long_record);
    self->long_record = false;
}

static bool open_splitter(mr_worker *self, uint64_t record_limit, mr_error *error) {
    if (!mr_splitter_open(&self->splitter, &self->job->input, &self->records, mr_worker_reader(self),
                          self->job->plan.piece, record_limit, error))
        return false;
    self->splitter.claim = claim_long_record;
    self->splitter.claimant = self;
    return true;
}

bool mr_worker_open_sample(mr_worker *self, mr_error *error) {
    if (self->sample_open) return true;
    self->sample_open = true;
    mr_arena *arena = &self->job->arenas[self->index];
    uint64_t limit = mr_smaller(SAMPLE_RECORD_LIMIT, arena->size);
    return open_splitter(self, self->job->settings->survey ? self->job->plan.record_limit : limit, error) &&
           mr_sampler_open(&self->sampler, &self->context, arena, mr_worker_is_fold(self), error);
}

void mr_worker_close_sample(mr_worker *self) {
    if (!self->sample_open) return;
    mr_splitter_close(&self->splitter);
    mr_sampler_close(&self->sampler);
    self->sample_open = false;
}

/* Wires map to combine and combine to the exchange. */
static bool open_exchange(mr_worker *self, mr_error *error) {
    const mr_plan *plan = &self->job->plan;
    mr_splitter_index_build(&self->index_of_keys, &self->job->shared->splitters, &self->order);
    self->exchange = (mr_exchange){.context = &self->context,
                                   .fold = mr_worker_is_fold(self) ? &self->fold : NULL,
                                   .index = &self->index_of_keys,
                                   .arena = self->job->arenas[self->index],
                                   .block_size = plan->block,
                                   .spill = self->runs,
                                   .worker = self->index,
                                   .announce = announce_run,
                                   .receiver = self,
                                   .watch = &self->watch};
    if (!mr_exchange_open(&self->exchange, self->arena_used, error)) return false;
    if (mr_worker_is_fold(self))
        return mr_folder_open(&self->folder, &self->context, &self->fold, plan->table, mr_exchange_table,
                              &self->exchange, error);
    if (!self->context.loaded.plugin.combine) return true;
    return mr_combiner_open(&self->combiner, &self->context, plan->table, mr_exchange_pairs, &self->exchange, error);
}

bool mr_worker_open_map(mr_worker *self, mr_error *error) {
    if (self->map_open) return true;
    mr_worker_close_sample(self);
    mr_worker_close_reduce(self);
    mr_worker_announce_memory(self, self->job->plan.table + self->job->plan.piece);
    self->map_open = true;
    if (!mr_protection_seal(&self->protection, self->arena_used, error)) return false;
    if (!open_splitter(self, self->job->plan.record_limit, error)) return false;
    return mr_job_is_map(self->job) || open_exchange(self, error);
}

/* Gives back what the arena holds behind the sealed runs. */
static void empty_arena(const mr_worker *self) {
    uint64_t kept = mr_round_up(self->exchange.sealed, 4096), end = mr_round_up(self->exchange.populated, 4096);
    if (end <= kept) return;
    /* Where it is refused, it is given back at the end. */
    (void)!madvise(self->exchange.arena.base + kept, mr_smaller(end, self->exchange.arena.size) - kept, MADV_REMOVE);
    atomic_store_explicit(&self->slot->shared_bytes, kept + self->writer.touched, memory_order_relaxed);
}

void mr_worker_close_map(mr_worker *self) {
    if (!self->map_open) return;
    self->arena_used = self->exchange.sealed;
    if (!mr_job_is_map(self->job)) empty_arena(self);
    mr_splitter_close(&self->splitter);
    mr_folder_close(&self->folder);
    mr_combiner_close(&self->combiner);
    mr_exchange_close(&self->exchange);
    self->map_open = false;
}

void mr_worker_wire_map(mr_worker *self) {
    if (mr_job_is_map(self->job))
        mr_context_emit_to(&self->context, mr_part_pairs, &self->writer);
    else if (mr_worker_is_fold(self))
        mr_folder_listen(&self->folder);
    else if (self->context.loaded.plugin.combine)
        mr_context_emit_to(&self->context, mr_combine_pairs, &self->combiner);
    else
        mr_context_emit_to(&self->context, mr_exchange_pairs, &self->exchange);
}

static bool map_chunk(mr_worker *self, const mr_chunk *chunk, mr_error *error) {
    self->mapper.singly = atomic_load_explicit(&self->job->shared->singly, memory_order_relaxed);
    mr_worker_wire_map(self);
    mr_map_begin(&self->mapper, chunk);
    if (!mr_split_chunk(&self->splitter, chunk, mr_map_piece, &self->mapper, error)) return false;
    if (!mr_inject_chunk(&self->injector, chunk, error) || !mr_context_flush(&self->context, error)) return false;
    mr_worker_trim(self);
    return true;
}

/* Maps a chunk of a map job: what it writes is a part of the output, complete at once. */
static bool map_to_part(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_part_begin(&self->writer);
    done->commits = 1;
    return map_chunk(self, &task->chunk, error) && mr_part_end(&self->writer, &done->part, error);
}

static bool seal(mr_worker *self, uint64_t sequence, mr_error *error) {
    if (mr_worker_is_fold(self) && !mr_folder_flush(&self->folder, error)) return false;
    return mr_exchange_seal(&self->exchange, error) && commit_runs(self, sequence, error);
}

bool mr_do_map(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!mr_worker_open_map(self, error)) return false;
    if (mr_job_is_map(self->job)) return map_to_part(self, task, done, error);
    self->exchange.position = task->chunk.begin;
    if (!map_chunk(self, &task->chunk, error)) return false;
    if (self->combiner.context && !mr_combiner_flush(&self->combiner, error)) return false;
    self->mapped += task->chunk.end - task->chunk.begin;
    return self->mapped < self->job->plan.seal || seal(self, task->sequence, error);
}

bool mr_do_seal(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)done;
    return mr_worker_open_map(self, error) && seal(self, task->sequence, error);
}

/* Failures while sampling are left alone: they come again when the same records are mapped in earnest. */
bool mr_do_sample(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_error ignored = {0};
    mr_counter_value before[MR_COUNTERS_MAX];
    memcpy(before, self->context.counters, sizeof before);
    if (!mr_worker_open_sample(self, error)) return false;
    self->rehearsing = true;
    mr_sampler_begin(&self->sampler);
    mr_context_emit_to(&self->context, mr_sample_pairs, &self->sampler);
    mr_map_begin(&self->mapper, &task->chunk);
    if (mr_split_chunk(&self->splitter, &task->chunk, mr_map_piece, &self->mapper, &ignored))
        mr_context_flush(&self->context, &ignored);
    self->rehearsing = false;
    self->context.error.set = false;
    self->mapper.mapped = 0;
    for (size_t i = 0; i < self->context.counter_count; i++)
        self->context.counters[i].value = before[i].value;
    done->arena_used = self->sampler.used;
    mr_worker_trim(self);
    return true;
}

bool mr_do_split(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)done;
    const mr_job *job = self->job;
    mr_sample *samples = calloc(job->plan.workers, sizeof *samples);
    if (!samples) return mr_error_memory(error, job->plan.workers * sizeof *samples, "samples");
    for (uint32_t i = 0; i < job->plan.workers; i++)
        samples[i] = (mr_sample){.keys = job->arenas[i].base, .used = job->shared->sampled[i]};
    bool ok = mr_protection_splitters(&self->protection, true, error) &&
              mr_sample_split(&job->shared->splitters, &job->shared->hot_keys, samples, job->plan.workers,
                              (uint32_t)task->offset, &self->order, error) &&
              mr_protection_splitters(&self->protection, false, error);
    free(samples);
    return ok;
}

/* Comes before the splitters are known, on which what the map phase opens depends. */
bool mr_do_quotes(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!mr_worker_open_sample(self, error)) return false;
    if (self->job->settings->survey) return mr_split_guess_quotes(&self->splitter, &task->chunk, &done->quotes, error);
    return mr_split_quotes(&self->splitter, &task->chunk, &done->quotes, error);
}

bool mr_do_count(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_record_count count = {.kind = &self->records};
    if (!mr_worker_open_map(self, error)) return false;
    if (!mr_split_chunk(&self->splitter, &task->chunk, mr_count_piece, &count, error)) return false;
    done->records = count.records;
    done->source = count.source ? (uint64_t)(count.source - self->job->input.sources) + 1 : 0;
    mr_worker_trim(self);
    return true;
}
