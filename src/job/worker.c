#include "job/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "job/onlooker.h"

/* A worker takes tasks from its queue, does them one after the other, and reports. This is where the stages of the flow
 * are wired together (map_tasks.c, reduce_tasks.c). */

enum { PARENT_CHECK_MS = 1000 };

/* What malloc may keep of what has been freed, in bytes, unless the share of a worker is small. */
enum { HEAP_KEPT_LEAST = 64 << 10, HEAP_KEPT_MOST = 1 << 20 };

/* Tells the coordinator how much shared memory is in use. */
static void tell_memory(const mr_worker *self) {
    uint64_t before = atomic_load_explicit(&self->slot->shared_bytes, memory_order_relaxed);
    uint64_t now = (self->map_open ? self->exchange.populated : self->arena_used) + self->writer.touched;
    atomic_store_explicit(&self->slot->shared_bytes, mr_larger(before, now), memory_order_relaxed);
}

/* What a task is, but for the steps that say so themselves. */
static enum mr_activity activity_of(uint32_t kind) {
    switch (kind) {
    case MR_TASK_SEAL:
        return MR_ACTIVITY_EXCHANGE;
    case MR_TASK_REDUCE:
    case MR_TASK_KEEP:
    case MR_TASK_MERGE:
        return MR_ACTIVITY_REDUCE;
    case MR_TASK_DELIVER:
        return MR_ACTIVITY_WRITE;
    default:
        return MR_ACTIVITY_MAP;
    }
}

static bool do_task(mr_worker *self, const mr_task *task, mr_error *error) {
    static bool (*const doers[])(mr_worker *, const mr_task *, mr_report *, mr_error *) = {
        [MR_TASK_SAMPLE] = mr_do_sample,   [MR_TASK_SURVEY] = mr_do_survey, [MR_TASK_SPLIT] = mr_do_split,
        [MR_TASK_QUOTES] = mr_do_quotes,   [MR_TASK_COUNT] = mr_do_count,   [MR_TASK_MAP] = mr_do_map,
        [MR_TASK_SEAL] = mr_do_seal,       [MR_TASK_REDUCE] = mr_do_reduce, [MR_TASK_MERGE] = mr_do_merge,
        [MR_TASK_DELIVER] = mr_do_deliver, [MR_TASK_TRY] = mr_do_try,       [MR_TASK_KEEP] = mr_do_keep,
    };
    mr_report done = {.kind = MR_REPORT_DONE, .sequence = task->sequence, .begun = mr_seconds()};
    atomic_store_explicit(&self->slot->task, task->sequence, memory_order_relaxed);
    self->sequence = task->sequence;
    mr_stopwatch_change(&self->watch, activity_of(task->kind));
    if (self->job->settings->survey) mr_worker_survey_begin(self);
    if (!mr_worker_learn_bad(self, error) || !doers[task->kind](self, task, &done, error)) return false;
    if (self->job->settings->survey) mr_worker_survey_done(self, task);
    if (self->long_record) mr_worker_trim(self); /* whatever way the chunk ended */
    tell_memory(self);
    done.ended = mr_seconds();
    if (!(done.commits ? mr_worker_commit(self, done, error) : mr_worker_report(self, done, error))) return false;
    atomic_store_explicit(&self->slot->task, 0, memory_order_relaxed);
    mr_stopwatch_change(&self->watch, MR_ACTIVITY_WAIT);
    return true;
}

/* The worker's own copies of the spill files: it appends to its own behind what a worker before it has written. */
static bool take_spills(mr_worker *self, mr_error *error) {
    const mr_job *job = self->job;
    self->run_files = job->run_files;
    self->part_files = job->part_files;
    self->runs = &self->run_files[self->index];
    self->parts = &self->part_files[self->index];
    mr_spill *own[] = {self->runs, self->parts};
    for (uint32_t i = 0; i < job->plan.workers; i++) {
        self->run_files[i].waiting = self->part_files[i].waiting = &self->slot->where.waiting;
        self->run_files[i].watch = self->part_files[i].watch = &self->watch;
        self->run_files[i].activity = MR_ACTIVITY_EXCHANGE;
        self->part_files[i].activity = MR_ACTIVITY_WRITE;
    }
    for (int i = 0; i < 2; i++) {
        if (own[i]->file < 0) continue;
        off_t end = lseek(own[i]->file, 0, SEEK_END);
        if (end < 0) return mr_error_system(error, errno, "could not look at a temporary file in %s", job->temporary);
        own[i]->end = (uint64_t)end;
    }
    return true;
}

static mr_worker *new_worker(const mr_job *job) {
    mr_worker *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    self->job = job;
    self->file = (mr_source_file){.file = -1, .folder = job->input.folder};
    return self;
}

static bool load_plugin(mr_worker *self, mr_error *error) {
    mr_setup setup = mr_job_setup(self->job);
    setup.where = &self->slot->where;
    return mr_context_open(&self->context, &setup, error);
}

static bool catch_faults(mr_worker *self, mr_error *error) {
    return mr_fault_catch(&self->slot->fault, &self->slot->where, &self->context.loaded, self->job->plugin_path, error);
}

/* Takes over what the worker starts with. */
static void take_start(mr_worker *self, const mr_worker_start *start) {
    self->index = start->index;
    self->tasks = start->tasks;
    self->sink = start->sink;
    self->receiver = start->receiver;
    self->slot = &start->job->shared->slots[start->index];
    self->arena_used = start->arena_used;
    mr_stopwatch_start(&self->watch, self->slot->activities, MR_ACTIVITY_START);
    self->file.watch = &self->watch;
    self->writer.head = start->part_head;
    mr_descriptors_remember(&self->descriptors, self->job, self->index, &self->file);
}

/* What concerns a process with nothing but a worker in it. */
static bool open_process(mr_worker *self, mr_error *error) {
    const mr_job *job = self->job;
    /* What the plugin prints must not get into the output. */
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return mr_error_system(error, errno, "could not redirect output");
    /* Before any memory is touched. */
    if (job->cpus.count && !mr_cpus_pin(&job->cpus, self->index, error)) return false;
    return mr_protection_open(&self->protection, job, self->index, self->arena_used, error);
}

/* With the plugin loaded: makes everything ready for the first task. */
static bool open_worker(mr_worker *self, mr_error *error) {
    const mr_job *job = self->job;
    if (!take_spills(self, error)) return false;
    if (job->settings->compress && !(self->deflater = mr_deflater_new((int)job->settings->compress, error)))
        return false;
    self->context.where = &self->slot->where;
    self->context.reject = mr_worker_reject;
    self->context.reject_receiver = self;
    const mr_plugin *plugin = &self->context.loaded.plugin;
    self->fold = mr_fold_of(plugin->fold_type, plugin->value_size, plugin->fold, &self->context.ctx);
    self->order = (mr_key_order){
        .compare = plugin->compare, .ctx = &self->context.ctx, .skip = mr_context_key_skip(&self->context)};
    self->records = mr_worker_records(self);
    self->mapper = (mr_mapper){.context = &self->context, .input = &job->input, .records = &self->records};
    self->injector = (mr_injector){.context = &self->context,
                                   .input = &job->input,
                                   .reader = mr_worker_reader(self),
                                   .fold = mr_worker_is_fold(self) ? &self->fold : NULL,
                                   .sink = mr_folder_take,
                                   .receiver = &self->folder};
    self->writer = (mr_part_writer){.region = job->regions[self->index],
                                    .released = &self->slot->released,
                                    .spill = self->parts,
                                    .block = job->plan.block,
                                    .worker = self->index,
                                    .format = &job->format,
                                    .deflater = self->deflater,
                                    .head = self->writer.head,
                                    .watch = &self->watch};
    const char *refusal = mr_write_refusal(job);
    if (mr_job_is_map(job)) mr_context_write_to(&self->context, refusal ? NULL : mr_part_write, &self->writer, refusal);
    return mr_context_start(&self->context, error) &&
           mr_worker_report(self, (mr_report){.kind = MR_REPORT_READY}, error);
}

static void close_worker(mr_worker *self) {
    mr_worker_close_sample(self);
    mr_worker_close_survey(self);
    mr_worker_close_map(self);
    mr_worker_close_reduce(self);
    mr_source_close(&self->file);
    mr_part_writer_close(&self->writer);
    mr_deflater_free(self->deflater);
    mr_context_close(&self->context);
    free(self->bad);
}

/* Gives the worker's share of the shared memory back to the system, which takes a while: all workers at once, while the
 * coordinator finishes the output, are sooner done than the coordinator alone when it unmaps everything. */
static void release_arena(mr_worker *self) {
    const mr_job *job = self->job;
    mr_error ignored = {0};
    mr_protection_seal(&self->protection, 0, &ignored);
    /* Only a matter of speed: what stays is released with the last mapping. */
    (void)!madvise(job->arenas[self->index].base, job->plan.arena + job->plan.region, MADV_REMOVE);
}

/* Does the next task when there is one in timeout_ms. *more is false when the queue is closed: there are no tasks any
 * more. */
static bool work_once(mr_worker *self, int timeout_ms, bool *more, mr_error *error) {
    mr_task task;
    mr_stopwatch_change(&self->watch, MR_ACTIVITY_WAIT);
    ssize_t length = mp_queue_get(self->tasks, &task, sizeof task, timeout_ms);
    *more = length != -EPIPE;
    if (!*more || length == -EAGAIN || length == -ETIMEDOUT) return true;
    if (length != (ssize_t)sizeof task)
        return mr_error_system(error, length < 0 ? (int)-length : EPROTO, "a worker could not get its next task");
    return do_task(self, &task, error);
}

/* The kernel ends a worker whose coordinator has gone, unless the plugin has called it off or has become another user;
 * then the worker finds out itself. */
static bool work(mr_worker *self, mr_error *error) {
    for (bool more = true; more;) {
        if (!work_once(self, PARENT_CHECK_MS, &more, error)) return false;
        if (getppid() != self->coordinator) return mr_error_set(error, "the coordinator has gone");
    }
    return true;
}

static bool stop(mr_worker *self, mr_error *error) {
    return mr_context_stop(&self->context, error) &&
           mr_worker_commit(self, (mr_report){.kind = MR_REPORT_STOPPED}, error);
}

/* By itself malloc would keep up to twice 32 MiB, having seen that large pieces are freed. */
static void bound_heap(const mr_plan *plan) {
    int kept = (int)mr_between(HEAP_KEPT_LEAST, plan->memory / plan->workers / 8, HEAP_KEPT_MOST);
    mallopt(M_MMAP_THRESHOLD, kept);
    mallopt(M_TRIM_THRESHOLD, kept);
}

int mr_worker_main(void *argument) {
    const mr_worker_start *start = argument;
    mr_onlookers_leave(start->job->settings);
    mr_worker *self = new_worker(start->job);
    mr_error error = {0};
    if (!self) return 1; /* the coordinator sees the exit status */
    bound_heap(&start->job->plan);
    take_start(self, start);
    self->coordinator = getppid();
    bool ok = open_process(self, &error) && load_plugin(self, &error) && catch_faults(self, &error) &&
              open_worker(self, &error) && work(self, &error) && stop(self, &error);
    mr_fault_release();
    if (ok)
        release_arena(self);
    else
        mr_worker_report_failure(self, &error);
    close_worker(self);
    free(self);
    return ok ? 0 : 1;
}

/* ---- without a process ------------------------------------------------------------------------------------------- */

mr_worker *mr_worker_load(const mr_job *job, const mr_setup *setup, mr_error *error) {
    mr_worker *self = new_worker(job);
    if (!self) {
        mr_error_memory(error, sizeof *self, "a worker");
        return NULL;
    }
    if (mr_context_open(&self->context, setup, error)) return self;
    mr_worker_free(self);
    return NULL;
}

void mr_worker_describe(const mr_worker *self, mr_description *description) {
    mr_describe_loaded(&self->context.loaded.plugin, description);
    description->records = self->context.records;
}

bool mr_worker_open(mr_worker *self, const mr_worker_start *start, mr_error *error) {
    take_start(self, start);
    return open_worker(self, error);
}

bool mr_worker_turn(mr_worker *self, mr_error *error) {
    bool more;
    if (work_once(self, 0, &more, error) && (more || stop(self, error))) return true;
    mr_worker_blame_descriptors(self, error);
    return false;
}

void mr_worker_free(mr_worker *self) {
    if (!self) return;
    close_worker(self);
    free(self);
}
