#include <string.h>

#include "job/worker.h"

static bool lost_descriptors(const mr_worker *self, mr_error *error) {
    const mr_context *context = &self->context;
    return mr_error_set(error,
                        "plugin %s closed files of mr, or put others in their places, in %s or before; it may close "
                        "only what it has opened",
                        context->loaded.plugin.name, context->where->callback);
}

bool mr_worker_send(mr_worker *self, const void *message, size_t length, mr_error *error) {
    if (!mr_descriptors_intact(&self->descriptors)) return lost_descriptors(self, error);
    if (self->sink) return self->sink(self->receiver, message, length, error);
    int code = mp_queue_put(self->job->reports, message, length, -1);
    return code == 0 || mr_error_system(error, -code, "a worker could not report");
}

bool mr_worker_report(mr_worker *self, mr_report report, mr_error *error) {
    report.worker = self->index;
    return mr_worker_send(self, &report, sizeof report, error);
}

bool mr_worker_blame_descriptors(const mr_worker *self, mr_error *failure) {
    if (!self->context.where) return false; /* the plugin has not been loaded */
    if (mr_descriptors_all_intact(&self->descriptors)) return false;
    failure->set = false;
    lost_descriptors(self, failure);
    return true;
}

void mr_worker_report_failure(mr_worker *self, const mr_error *failure) {
    struct {
        mr_report report;
        mr_error error;
    } message = {.report = {.kind = MR_REPORT_FAILED, .worker = self->index}, .error = *failure};
    if (mr_worker_blame_descriptors(self, &message.error))
        mr_descriptors_silence(&self->descriptors);
    else if (failure->damage)
        message.report = (mr_report){.kind = MR_REPORT_DAMAGED,
                                     .worker = self->index,
                                     .sequence = atomic_load_explicit(&self->slot->task, memory_order_relaxed),
                                     .damaged = self->damaged};
    int code = mp_queue_put(self->job->reports, &message, sizeof message, -1);
    if (code < 0) self->slot->untold = message.error;
}

bool mr_worker_commit(mr_worker *self, mr_report report, mr_error *error) {
    struct {
        mr_report report;
        mr_counter_value counters[MR_COUNTERS_MAX];
    } message = {.report = report};
    mr_report *header = &message.report;
    uint64_t spilled = self->runs->written + self->parts->written;
    header->worker = self->index;
    header->commits = 1;
    header->records = self->mapper.mapped;
    header->arena_used = self->map_open ? self->exchange.sealed : self->arena_used;
    header->spilled = spilled - self->spilled;
    for (size_t i = 0; i < self->context.counter_count; i++) {
        if (!self->context.counters[i].value) continue;
        message.counters[header->counter_count++] = self->context.counters[i];
        self->context.counters[i].value = 0;
    }
    self->mapper.mapped = 0;
    self->spilled = spilled;
    self->mapped = 0;
    return mr_worker_send(self, &message, sizeof *header + header->counter_count * sizeof(mr_counter_value), error);
}
