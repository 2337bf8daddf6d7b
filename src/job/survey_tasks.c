#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/units.h"
#include "job/survey.h"
#include "job/worker.h"

/* The tasks of a survey (survey.h), which looks at some pieces of the input before a job. */

#define TOUCH_SECONDS 0.7e-6 /* of the system, for a page */

static bool open_survey(mr_worker *self, mr_error *error) {
    const mr_survey *survey = self->job->settings->survey;
    if (self->surveyor) return true;
    mr_worker_announce_memory(self, survey->table + self->job->plan.piece);
    self->surveyor = calloc(1, sizeof *self->surveyor);
    if (!self->surveyor) return mr_error_memory(error, sizeof *self->surveyor, "a survey");
    return mr_surveyor_open(self->surveyor, &self->context, survey->piece_keys, survey->table, error);
}

void mr_worker_close_survey(mr_worker *self) {
    if (self->surveyor) mr_surveyor_close(self->surveyor);
    free(self->surveyor);
    self->surveyor = NULL;
}

/* Takes a piece from the splitter, which is about half of a piece of the survey. Pairs of the half before are counted
 * first. */
static bool survey_half(void *receiver, const mr_piece *piece, mr_error *error) {
    mr_worker *self = receiver;
    if (!mr_context_flush(&self->context, error)) return false;
    self->surveyor->half = piece->source->start + piece->offset >= self->surveyor->middle;
    return mr_map_piece(&self->mapper, piece, error);
}

static bool discard(void *receiver, const void *bytes, size_t length, mr_error *error) {
    (void)receiver;
    (void)bytes;
    (void)length;
    (void)error; /* nothing can fail */
    return true;
}

/* Maps a chunk, so that all that map emits is counted. */
static bool survey_chunk(mr_worker *self, const mr_chunk *chunk, mr_error *error) {
    mr_write_sink *write = self->context.write;
    if (write) self->context.write = discard;
    mr_context_emit_to(&self->context, mr_survey_pairs, self->surveyor);
    mr_map_begin(&self->mapper, chunk);
    self->surveyor->middle = chunk->begin + (chunk->end - chunk->begin) / 2;
    bool ok =
        mr_split_chunk(&self->splitter, chunk, survey_half, self, error) && mr_context_flush(&self->context, error);
    self->context.write = write;
    return ok;
}

/* Failures are left alone, as those of a sample are: they come again when the piece is mapped in earnest. */
bool mr_do_survey(mr_worker *self, const mr_task *task, mr_report *done, mr_error *error) {
    (void)done;
    mr_survey_piece *piece = mr_survey_piece_of(self->job, task->unit);
    mr_error ignored = {0};
    mr_counter_value before[MR_COUNTERS_MAX];
    memcpy(before, self->context.counters, sizeof before);
    if (!mr_worker_open_sample(self, error) || !open_survey(self, error)) return false;
    if (!piece) return true;
    mr_surveyor_begin(self->surveyor, piece);
    self->rehearsing = true;
    survey_chunk(self, &task->chunk, &ignored);
    self->rehearsing = false;
    self->context.error.set = false;
    mr_surveyor_end(self->surveyor);
    piece->bytes = task->chunk.end - task->chunk.begin;
    piece->records = self->mapper.mapped;
    self->mapper.mapped = 0;
    for (size_t i = 0; i < self->context.counter_count; i++)
        self->context.counters[i].value = before[i].value;
    mr_worker_trim(self);
    return true;
}

/* Seconds that this process has had to wait for a processor, because other programs had them all. */
static double starved_seconds(void) {
    unsigned long long run, starved = 0;
    FILE *file = fopen("/proc/self/schedstat", "re");
    if (!file) return 0;
    if (fscanf(file, "%llu %llu", &run, &starved) != 2) starved = 0;
    fclose(file);
    return (double)starved * 1e-9;
}

/* How often a page of memory has been touched for the first time: which tables and buffers are once in a job, however
 * much is reduced with them, but a large part of what reducing a sample takes. */
static long first_touches(void) {
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_minflt : 0;
}

/* A clock that stands still while others have the processor: so a forecast is about a quiet machine. */
static double survey_clock(void) {
    return mr_seconds() - starved_seconds();
}

void mr_worker_survey_begin(mr_worker *self) {
    self->survey_touches = first_touches();
    self->survey_begun = survey_clock();
}

void mr_worker_survey_done(const mr_worker *self, const mr_task *task) {
    double seconds = fmax(0, survey_clock() - self->survey_begun);
    mr_survey_totals *totals = self->job->settings->survey->totals;
    mr_survey_piece *piece = task->kind == MR_TASK_MAP ? mr_survey_piece_of(self->job, task->unit) : NULL;
    uint64_t nanoseconds = (uint64_t)(seconds * 1e9);
    if (task->kind == MR_TASK_SURVEY) atomic_fetch_add(&totals->count_nanoseconds, nanoseconds);
    if (task->kind == MR_TASK_SEAL) atomic_fetch_add(&totals->seal_nanoseconds, nanoseconds);
    double touches = (double)(first_touches() - self->survey_touches) * TOUCH_SECONDS;
    if (task->kind == MR_TASK_REDUCE)
        atomic_fetch_add(&totals->reduce_nanoseconds, (uint64_t)(fmax(0.1 * seconds, seconds - touches) * 1e9));
    if (!piece) return;
    piece->map_bytes = task->chunk.end - task->chunk.begin;
    piece->map_seconds = seconds;
}

void mr_worker_survey_run(const mr_worker *self, const mr_run *run) {
    mr_survey_totals *totals = self->job->settings->survey->totals;
    uint32_t count = self->exchange.index->count + 1;
    for (uint32_t i = 0; i < count; i++) {
        mr_run_entry entry;
        mr_error ignored = {0};
        uint64_t at = run->index_offset + i * sizeof entry;
        if (run->in_file && !mr_spill_read(self->runs, &entry, sizeof entry, at, &ignored)) continue;
        if (!run->in_file) memcpy(&entry, self->exchange.arena.base + at, sizeof entry);
        atomic_fetch_add(&totals->run_bytes, entry.blocks.length);
        atomic_fetch_add(&totals->run_records, entry.records);
    }
}
