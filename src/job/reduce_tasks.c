#include <stdlib.h>

#include "base/units.h"
#include "job/quarantine.h"
#include "job/wording.h"
#include "job/worker.h"

/* The tasks of the reduce phase and of those that follow: partitions, bad groups, merging, delivering. Memory of the
 * map phase is given back before. */

/* The longest record of all runs, in bytes; 0 when none is longer than a block. */
static uint64_t longest_record(const mr_job *job) {
    uint64_t longest = 0;
    for (uint32_t i = 0; i < job->plan.workers; i++)
        longest = mr_larger(longest, atomic_load_explicit(&job->shared->slots[i].longest, memory_order_relaxed));
    return longest;
}

/* Of a long record there are copies in both runs that are merged, in the run that they become, as the key of the group,
 * among the emitted pairs, and as the result with its place in the order; and the plugin may build a text of it. */
enum { COPIES = 8 };

static bool open_reduce(mr_worker *self, mr_error *error) {
    if (self->reduce_open) return true;
    mr_worker_close_sample(self);
    mr_worker_close_map(self);
    mr_worker_announce_memory(self, self->job->plan.reduce + COPIES * longest_record(self->job));
    self->reduce_open = true;
    const mr_job *job = self->job;
    if (!mr_protection_seal(&self->protection, job->plan.arena, error)) return false;
    bool ordered = mr_job_is_ordered(job);
    size_t budget = ordered ? job->plan.reduce / 2 : job->plan.reduce;
    self->reducer = (mr_reducer){.context = &self->context,
                                 .fold = mr_worker_is_fold(self) ? &self->fold : NULL,
                                 .order = self->order,
                                 .budget = budget,
                                 .spill = self->runs,
                                 .sink = ordered ? mr_order_result : mr_part_result,
                                 .write = mr_write_refusal(job) ? NULL : mr_part_write,
                                 .write_refusal = mr_write_refusal(job),
                                 .receiver = ordered ? (void *)&self->orderer : (void *)&self->writer};
    if (ordered && !mr_orderer_open(&self->orderer, job->sort, job->top, &job->format, budget, self->runs, error))
        return false;
    return mr_reducer_open(&self->reducer, error);
}

void mr_worker_close_reduce(mr_worker *self) {
    if (!self->reduce_open) return;
    mr_reducer_close(&self->reducer);
    if (mr_job_is_ordered(self->job)) mr_orderer_close(&self->orderer);
    self->reduce_open = false;
}

/* Says whose records are damaged: those of the run at hand, or what the sorter has made of all of them. */
static void name_damage(mr_worker *self, const mr_partition_reader *reader, mr_error *error) {
    self->damaged = reader->ended ? MR_OWN_RUNS : reader->next_run - 1;
    if (reader->ended)
        mr_error_context(error, "partition %u, sorted runs in the spill file of worker %u", reader->partition + 1,
                         self->index);
    else
        mr_error_context(error, "partition %u of run %zu, in %s of worker %u", reader->partition + 1, reader->next_run,
                         reader->in_file ? "the spill file" : "the memory", reader->worker);
}

/* Sends a partition through the reducer, and puts into the report how large it is. */
static bool reduce_partition(mr_worker *self, uint64_t partition, mr_report *done, mr_error *error) {
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
    done->exchanged = reader.bytes;
    done->exchanged_records = reader.records;
    if (ok) mr_context_trim(&self->context);
    return ok;
}

bool mr_do_reduce(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!open_reduce(self, error)) return false;
    mr_counter_value before[MR_COUNTERS_MAX];
    memcpy(before, self->context.counters, sizeof before);
    self->again = false;
    mr_part_begin(&self->writer);
    bool ok = reduce_partition(self, task->unit, done, error);
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
    mr_worker *self;
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
    return mr_worker_is_fold(file->self) ? mr_quarantine_accumulator(&file->writer, value, error)
                                         : mr_quarantine_value(&file->writer, value, error);
}

static bool end_kept(void *receiver, mr_error *error) {
    group_file *file = receiver;
    return !file->wanted || mr_quarantine_end_group(&file->writer, error);
}

bool mr_do_keep(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    if (!open_reduce(self, error)) return false;
    group_file file = {
        .self = self,
        .writer = {.file = self->job->bad_file, .end = task->offset, .plugin = self->context.loaded.plugin.name}};
    mr_group_keeper keeper = {.begin = begin_kept, .value = keep_value, .end = end_kept, .receiver = &file};
    self->reducer.keeper = &keeper;
    bool ok = reduce_partition(self, task->unit, done, error);
    self->reducer.keeper = NULL;
    done->kept = file.writer.end;
    mr_quarantine_close(&file.writer);
    return ok;
}

bool mr_do_merge(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)task;
    const mr_job *job = self->job;
    uint64_t results = 0;
    mr_worker_close_reduce(self);
    /* Of each part there may be a block in memory, and the results that it begins with. */
    mr_worker_announce_memory(self, job->plan.reduce + 2 * job->shared->ordered_count * longest_record(job));
    mr_part_begin(&self->writer);
    mr_byte_sink sink = mr_part_text(&self->writer);
    bool ok = mr_merge_parts(job->shared->ordered, job->shared->ordered_count, job->regions, self->part_files, job->top,
                             &sink, &results, &self->damaged, error);
    if (error->damage) mr_name_damaged_part(&job->shared->ordered[self->damaged], self->damaged, error);
    self->writer.part.results = results;
    done->commits = 1;
    return ok && mr_part_end(&self->writer, &done->part, error);
}

bool mr_do_deliver(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    const mr_job *job = self->job;
    const mr_output *output = &job->outputs[task->file];
    (void)done;
    if (task->file && !mr_file_is(output->file, output->identity)) /* which reports do not look at */
        return mr_error_set(error, "the file that is to become %s is not there any more", output->path);
    bool ok =
        mr_part_deliver(&task->part, job->regions, self->part_files, output->file, task->offset, output->path, error);
    if (error->damage) mr_name_damaged_part(&task->part, task->unit, error);
    return ok;
}
