#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/units.h"
#include "flow/input.h"
#include "flow/read.h"
#include "host/scan.h"
#include "job/job.h"
#include "job/onlooker.h"
#include "job/protection.h"

/* A reader takes tasks from its queue as workers do, but only those of one kind: to read a stream into its ring. It
 * reports each block, and that the task is done when the stream has ended or there is no room. Blocks are given back by
 * the coordinator, which writes to mr_slot.released how far. */

enum { PARENT_CHECK_MS = 1000 };

struct mr_reader {
    const mr_job *job;
    uint32_t index;         /* of the slot */
    mp_queue *tasks;        /* from the coordinator */
    mr_report_sink *sink;   /* where reports go; NULL: into the job's queue */
    void *receiver;         /* for sink */
    mr_slot *slot;          /* shared: what survives this process */
    pid_t coordinator;      /* the process, which is the parent; 0: it is this one */
    mr_source_file file;    /* the source at hand */
    mr_stream_reader stage; /* what does the work */
    mr_stopwatch watch;     /* of this process; its times are in the slot */
};

static bool send(mr_reader *self, const void *message, size_t length, mr_error *error) {
    if (self->sink) return self->sink(self->receiver, message, length, error);
    int code = mp_queue_put(self->job->reports, message, length, -1);
    return code == 0 || mr_error_system(error, -code, "a reader could not report");
}

static bool report(mr_reader *self, mr_report report, mr_error *error) {
    report.worker = self->index;
    return send(self, &report, sizeof report, error);
}

static void report_failure(mr_reader *self, const mr_error *failure) {
    struct {
        mr_report report;
        mr_error error;
    } message = {.report = {.kind = MR_REPORT_FAILED, .worker = self->index}, .error = *failure};
    mr_error ignored = {0}; /* when even this fails, the exit status tells */
    send(self, &message, sizeof message, &ignored);
}

static bool parent_is_there(const mr_reader *self, mr_error *error) {
    return !self->coordinator || getppid() == self->coordinator || mr_error_set(error, "the coordinator has gone");
}

/* Says how far the text of the source has been read, for who looks on. */
static void say_place(mr_reader *self, uint64_t source, const mr_text_block *block) {
    mr_place *place = &self->slot->where.place;
    place->source = source;
    place->offset = block->offset + block->length;
    place->kind = MR_PLACE_PIECE;
}

static bool read_stream(mr_reader *self, const mr_task *task, mr_report *done, mr_error *error) {
    mr_stream_reader *stage = &self->stage;
    const mr_source *source = &self->job->input.sources[task->unit];
    if (stage->source != source && (!mr_source_open(&self->file, source, error) ||
                                    !mr_read_begin(stage, source, self->file.file, &task->block, task->offset, error)))
        return false;
    for (;;) {
        mr_report found = {.kind = MR_REPORT_BLOCK, .sequence = task->sequence};
        enum mr_read_state state;
        uint64_t released = atomic_load_explicit(&self->slot->released, memory_order_acquire);
        if (!mr_read_block(stage, released, &found.block, &state, error)) return false;
        uint64_t used = mr_smaller(stage->head, stage->ring.size);
        atomic_store_explicit(&self->slot->shared_bytes, used, memory_order_relaxed);
        found.coded = stage->coded - (stage->decoder.end - stage->decoder.begin);
        if (state == MR_READ_BLOCK && !report(self, found, error)) return false;
        if (state == MR_READ_BLOCK) say_place(self, task->unit, &found.block);
        if (state == MR_READ_IDLE && !parent_is_there(self, error)) return false;
        done->more = state != MR_READ_ENDED;
        done->partial = stage->head - stage->start;
        if (state == MR_READ_ENDED) mr_read_close(stage);
        if (state == MR_READ_ENDED || state == MR_READ_FULL || (state == MR_READ_IDLE && !stage->patient)) return true;
    }
}

/* Does the next task when there is one in timeout_ms. *more is false when there are no tasks any more. */
static bool work_once(mr_reader *self, int timeout_ms, bool *more, mr_error *error) {
    mr_task task;
    ssize_t length = mp_queue_get(self->tasks, &task, sizeof task, timeout_ms);
    *more = length != -EPIPE;
    if (!*more || length == -EAGAIN || length == -ETIMEDOUT) return true;
    if (length != (ssize_t)sizeof task)
        return mr_error_system(error, length < 0 ? (int)-length : EPROTO, "a reader could not get its next task");
    mr_report done = {.kind = MR_REPORT_DONE, .sequence = task.sequence, .begun = mr_seconds()};
    atomic_store_explicit(&self->slot->task, task.sequence, memory_order_relaxed);
    mr_stopwatch_change(&self->watch, MR_ACTIVITY_READ);
    if (!read_stream(self, &task, &done, error)) return false;
    mr_stopwatch_change(&self->watch, MR_ACTIVITY_WAIT);
    done.ended = mr_seconds();
    if (!report(self, done, error)) return false;
    atomic_store_explicit(&self->slot->task, 0, memory_order_relaxed);
    return true;
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

mr_reader *mr_reader_new(const mr_worker_start *start) {
    const mr_job *job = start->job;
    mr_reader *self = calloc(1, sizeof *self);
    if (!self) return NULL;
    *self = (mr_reader){.job = job,
                        .index = start->index,
                        .tasks = start->tasks,
                        .sink = start->sink,
                        .receiver = start->receiver,
                        .slot = &job->shared->slots[start->index]};
    self->stage = (mr_stream_reader){.ring = job->rings[start->index - job->plan.workers],
                                     .usual = job->plan.text_block,
                                     .steady = job->plan.steady,
                                     .records = job->description.records,
                                     .window = mr_larger(job->plan.memory / 8, 8 << 20),
                                     .patient = !job->alone,
                                     .watch = &self->watch,
                                     .reader = {.check = mr_source_check, .file = &self->file}};
    self->file = (mr_source_file){.file = -1, .folder = job->input.folder};
    mr_stopwatch_start(&self->watch, self->slot->activities, MR_ACTIVITY_WAIT);
    return self;
}

bool mr_reader_open(mr_reader *self, mr_error *error) {
    mr_processor processor;
    if (!mr_processor_choose(&processor, error)) return false;
    mr_scan_use(processor);
    return report(self, (mr_report){.kind = MR_REPORT_READY}, error);
}

bool mr_reader_turn(mr_reader *self, mr_error *error) {
    bool more;
    return work_once(self, 0, &more, error) && (more || report(self, (mr_report){.kind = MR_REPORT_STOPPED}, error));
}

void mr_reader_free(mr_reader *self) {
    if (!self) return;
    mr_read_close(&self->stage);
    mr_source_close(&self->file);
    free(self);
}

int mr_reader_main(void *argument) {
    const mr_worker_start *start = argument;
    mr_onlookers_leave(start->job->settings);
    mr_reader *self = mr_reader_new(start);
    mr_error error = {0};
    if (!self) return 1; /* the coordinator sees the exit status */
    self->coordinator = getppid();
    bool ok = mr_protection_of_reader(start->job, start->index, &error) && mr_reader_open(self, &error);
    for (bool more = true; ok && more;)
        ok = work_once(self, PARENT_CHECK_MS, &more, &error) && parent_is_there(self, &error);
    ok = ok && report(self, (mr_report){.kind = MR_REPORT_STOPPED}, &error);
    if (!ok) report_failure(self, &error);
    mr_reader_free(self);
    return ok ? 0 : 1;
}
