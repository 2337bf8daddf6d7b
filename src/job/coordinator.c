#include "job/coordinator.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/units.h"
#include "job/delivery.h"
#include "job/units.h"
#include "job/usage.h"

/* One process, one thread, one event loop. The coordinator hands out units of work, phase by phase, hears what has
 * become of them, replaces workers that die, and sees the parts of the output to their places. It never runs code of
 * the plugin and never touches a record.
 *
 * A unit is committed when what came of it outlives its worker: a chunk, when the run that holds its records is sealed;
 * a partition, when its part of the output is complete. What a dead worker had not committed is handed out again. */

enum {
    TASKS_AHEAD = 2,        /* units that a worker has at a time, so that it never waits for the next */
    CRASHES_MAX = 2,        /* a unit on which workers crash this often ends the job */
    KILLS_MAX = 50,         /* also one whose workers are killed from outside this often */
    FAILED_STARTS_MAX = 3,  /* a worker that dies this often before it is ready ends the job */
    MEMORY_SAMPLE_MS = 100, /* how often memory is looked at */
    STOP_TIMEOUT_MS = 30000,
    SAMPLE_PIECES = 64,
    SAMPLE_PIECE = 16 << 10,
};

/* What is polled: the reports, the signals, the output stream, and the ends of workers. */
enum { POLL_REPORTS, POLL_SIGNALS, POLL_STREAM, POLL_ENDS, POLL_COUNT };

typedef struct coordinator {
    mr_job job;
    mr_crew crew;
    mr_units units;           /* of the phase at hand */
    uint32_t kind;            /* the kind of task that does such a unit */
    mr_delivery delivery;     /* of parts of the output, once there are any */
    bool delivering;          /* delivery is open */
    mr_part *ordered;         /* parts to be merged, by partition; owned */
    mr_record_counts *counts; /* records of each chunk; owned */
    int signals;              /* signalfd */
    mr_result_summary *summary;
    uint64_t reports;   /* heard so far */
    double start;       /* when the job began, in mr_seconds */
    double last_sample; /* when memory was looked at, in mr_seconds */
    struct pollfd polled[POLL_COUNT];
} coordinator;

/* ---- handing out work -------------------------------------------------------------------------------------------- */

/* The piece of the input that a sample unit looks at. */
static mr_chunk sample_chunk(const coordinator *self, uint64_t unit) {
    uint64_t bytes = self->job.input.bytes;
    uint64_t begin = (uint64_t)((double)bytes * (double)unit / (double)self->units.count);
    return (mr_chunk){.begin = begin, .end = mr_smaller(bytes, begin + SAMPLE_PIECE)};
}

static mr_task task_of(const coordinator *self, uint64_t unit) {
    mr_task task = {.kind = self->kind, .unit = unit};
    if (self->kind == MR_TASK_SAMPLE) task.chunk = sample_chunk(self, unit);
    if (self->kind == MR_TASK_MAP || self->kind == MR_TASK_COUNT) task.chunk = self->job.chunks.list[unit];
    return task;
}

/* Gives every worker up to so many tasks. */
static bool hand_out(coordinator *self, unsigned most, mr_error *error) {
    uint64_t unit;
    for (uint32_t i = 0; i < self->crew.count; i++) {
        mr_member *member = &self->crew.members[i];
        if (!member->process || member->busy >= most) continue;
        if (!mr_units_peek(&self->units, &unit)) return true;
        if (self->delivering && mr_delivery_holds(&self->delivery, unit)) return true;
        mr_task task = task_of(self, unit);
        bool taken;
        if (!mr_crew_assign(&self->crew, i, &task, &taken, error)) return false;
        if (taken) mr_units_take(&self->units);
    }
    return true;
}

static bool commits_by_sealing(const coordinator *self) {
    return self->kind == MR_TASK_MAP && !mr_job_is_map(&self->job);
}

/* When all chunks have been mapped, workers that hold something not sealed are told to seal it. */
static bool hand_out_seals(coordinator *self, mr_error *error) {
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

static bool dispatch(coordinator *self, mr_error *error) {
    for (unsigned most = 1; most <= TASKS_AHEAD; most++)
        if (!hand_out(self, most, error)) return false;
    return hand_out_seals(self, error);
}

/* ---- hearing what has become of it ------------------------------------------------------------------------------- */

/* Adds what belongs to committed work. */
static void take_commit(coordinator *self, const mr_report *report, const mr_counter_value *counters) {
    mr_member *member = &self->crew.members[report->worker];
    self->summary->records += report->records;
    self->summary->spilled += report->spilled;
    member->arena_used = report->arena_used;
    for (uint64_t i = 0; i < report->counter_count; i++)
        mr_summary_add(self->summary, &counters[i]);
}

/* The runs of a worker count from now on, and so do the chunks that are in them. */
static bool take_sealed(coordinator *self, const mr_report *report, mr_error *error) {
    mr_member *member = &self->crew.members[report->worker];
    mr_shared *shared = self->job.shared;
    for (size_t i = 0; i < member->run_count; i++) {
        if (shared->run_count == MR_RUNS_MAX)
            return mr_error_set(error, "there are more than %d runs; give more --memory", MR_RUNS_MAX);
        shared->runs[shared->run_count++] = member->runs[i];
    }
    member->run_count = 0;
    for (size_t i = 0; i < member->assignment_count; i++) {
        mr_assignment *assignment = &member->assignments[i];
        if (assignment->sequence > report->sequence || assignment->kind != MR_TASK_MAP || assignment->committed)
            continue;
        assignment->committed = true;
        mr_units_commit(&self->units);
    }
    mr_member_tidy(member);
    return true;
}

static bool take_part(coordinator *self, uint64_t unit, const mr_report *report, mr_error *error) {
    self->crew.members[report->worker].part_head = report->part.released;
    if (self->kind == MR_TASK_REDUCE && mr_job_is_ordered(&self->job)) {
        self->ordered[unit] = report->part;
        return true;
    }
    return mr_delivery_take(&self->delivery, unit, &report->part, error);
}

static bool finish_assignment(coordinator *self, const mr_assignment *assignment, const mr_report *report,
                              mr_error *error) {
    switch (assignment->kind) {
    case MR_TASK_SAMPLE:
        self->job.shared->sampled[report->worker] = report->arena_used;
        break;
    case MR_TASK_COUNT:
        self->counts[assignment->unit] = (mr_record_counts){report->source, report->records};
        break;
    case MR_TASK_MAP:
    case MR_TASK_REDUCE:
    case MR_TASK_MERGE:
        if (!take_part(self, assignment->unit, report, error)) return false;
        break;
    case MR_TASK_DELIVER:
        mr_delivery_done(&self->delivery, assignment->unit);
        return true;
    case MR_TASK_SEAL:
        return true;
    }
    mr_units_commit(&self->units);
    return true;
}

static bool take_done(coordinator *self, const mr_report *report, mr_error *error) {
    mr_member *member = &self->crew.members[report->worker];
    mr_assignment *assignment = mr_member_find(member, report->sequence);
    if (!assignment || assignment->done)
        return mr_error_set(error, "worker %u has lost count of its tasks", report->worker);
    assignment->done = true;
    if (assignment->kind == MR_TASK_DELIVER)
        member->delivering--;
    else
        member->busy--;
    if (assignment->kind != MR_TASK_MAP || mr_job_is_map(&self->job)) {
        assignment->committed = true;
        if (!finish_assignment(self, assignment, report, error)) return false;
        mr_member_tidy(member);
    }
    return true;
}

static bool take_report(coordinator *self, const char *message, size_t length, mr_error *error) {
    mr_report report;
    if (length < sizeof report) return mr_error_set(error, "a worker sent a report that is too short");
    memcpy(&report, message, sizeof report);
    self->reports++;
    const char *rest = message + sizeof report;
    mr_member *member = &self->crew.members[report.worker];
    if (report.kind == MR_REPORT_FAILED) {
        memcpy(error, rest, sizeof *error);
        return false;
    }
    if (report.commits) take_commit(self, &report, (const mr_counter_value *)(const void *)rest);
    switch (report.kind) {
    case MR_REPORT_READY:
        member->ready = true;
        member->failed_starts = 0;
        return true;
    case MR_REPORT_RUN:
        return mr_member_hold_run(member, &report.run, error);
    case MR_REPORT_COMMIT:
        return take_sealed(self, &report, error);
    case MR_REPORT_STOPPED:
        mr_crew_stopped(&self->crew, report.worker);
        return true;
    default:
        return take_done(self, &report, error);
    }
}

static bool take_reports(coordinator *self, mr_error *error) {
    _Alignas(16) static char message[sizeof(mr_report) + sizeof(mr_error) + MR_COUNTERS_MAX * sizeof(mr_counter_value)];
    for (;;) {
        ssize_t length = mp_queue_get(self->job.reports, message, sizeof message, 0);
        if (length == -EAGAIN) return true;
        if (length < 0) return mr_error_system(error, (int)-length, "could not hear from the workers");
        if (!take_report(self, message, (size_t)length, error)) return false;
    }
}

/* ---- replacing workers ------------------------------------------------------------------------------------------- */

static bool is_kill(int code) {
    return code == -SIGKILL || code == -SIGTERM || code == -SIGINT || code == -SIGHUP;
}

/* A worker died in a callback once too often. */
static bool give_up(const coordinator *self, uint32_t index, int code, unsigned times, mr_error *error) {
    const mr_where *where = &self->job.shared->slots[index].where;
    const char *callback = where->callback ? where->callback : "the constructor";
    char end[96], again[48] = "", place[MR_ERROR_TEXT / 2] = "";
    bool mapping = !strncmp(callback, "map", 3) || !strcmp(callback, "combine");
    if (mapping && where->source < self->job.input.count)
        snprintf(place, sizeof place, "%s, byte %llu: ", self->job.input.sources[where->source].path,
                 (unsigned long long)where->offset);
    if (times > 1) snprintf(again, sizeof again, ", %u times in a row", times);
    return mr_error_set(error, "%splugin %s, in %s: the worker %s%s", place, self->job.description.name, callback,
                        mr_describe_end(code, end, sizeof end), again);
}

/* Charges the death of a worker to the unit that it was working on; false when that is once too often. */
static bool charge_death(coordinator *self, uint32_t index, int code, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    uint64_t sequence = atomic_load_explicit(&self->job.shared->slots[index].task, memory_order_relaxed);
    const mr_assignment *assignment = sequence ? mr_member_find(member, sequence) : NULL;
    if (!member->ready && ++member->failed_starts >= (is_kill(code) ? KILLS_MAX : FAILED_STARTS_MAX))
        return give_up(self, index, code, member->failed_starts, error);
    if (!assignment || assignment->kind != self->kind || assignment->kind == MR_TASK_DELIVER || assignment->done)
        return true;
    uint8_t *times = is_kill(code) ? &self->units.kills[assignment->unit] : &self->units.crashes[assignment->unit];
    if (++*times < (is_kill(code) ? KILLS_MAX : CRASHES_MAX)) return true;
    return give_up(self, index, code, *times, error);
}

/* What the dead worker had not committed is to be done again. */
static bool lose_assignments(coordinator *self, mr_member *member, mr_error *error) {
    for (size_t i = 0; i < member->assignment_count; i++) {
        const mr_assignment *assignment = &member->assignments[i];
        if (assignment->committed || assignment->kind == MR_TASK_SEAL) continue;
        if (assignment->kind == MR_TASK_DELIVER)
            mr_delivery_lost(&self->delivery, assignment->unit);
        else if (!mr_units_lose(&self->units, assignment->unit, error))
            return false;
    }
    member->assignment_count = 0;
    member->busy = member->delivering = 0;
    member->run_count = 0;
    return true;
}

static bool replace_worker(coordinator *self, uint32_t index, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    int code;
    /* It can say no more; what it said before it died counts. */
    if (!take_reports(self, error)) return false;
    if (member->stopped) return true;
    mr_crew_collect(&self->crew, index, &code);
    if (self->job.settings->verbose) {
        char end[96];
        mr_message("worker %u %s; its unfinished work is done again", index, mr_describe_end(code, end, sizeof end));
    }
    if (!charge_death(self, index, code, error) || !lose_assignments(self, member, error)) return false;
    self->summary->retries++;
    /* A sample that its successor may have begun to overwrite is no sample any more. */
    if (self->kind == MR_TASK_SAMPLE) self->job.shared->sampled[index] = 0;
    return mr_crew_start(&self->crew, index, error);
}

/* ---- the event loop ---------------------------------------------------------------------------------------------- */

static bool wait_for_events(coordinator *self, mr_error *error) {
    const mr_delivery *delivery = &self->delivery;
    bool blocked = self->delivering && delivery->blocked;
    const struct pollfd polled[POLL_COUNT] = {
        [POLL_REPORTS] = {mp_queue_fd(self->job.reports), POLLIN, 0},
        [POLL_SIGNALS] = {self->signals, POLLIN, 0},
        [POLL_STREAM] = {blocked ? self->job.output.file : -1, POLLOUT, 0},
        [POLL_ENDS] = {self->crew.watch, POLLIN, 0},
    };
    memcpy(self->polled, polled, sizeof polled);
    if (poll(self->polled, POLL_COUNT, MEMORY_SAMPLE_MS) < 0 && errno != EINTR)
        return mr_error_system(error, errno, "could not wait for the workers");
    return true;
}

/* Whether a signal has come that ends the job. */
static bool interrupted(coordinator *self) {
    struct signalfd_siginfo info;
    if (!(self->polled[POLL_SIGNALS].revents & POLLIN)) return false;
    if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info) return false;
    self->summary->outcome = MR_OUTCOME_SIGNAL;
    self->summary->signal = (int)info.ssi_signo;
    return true;
}

/* Whether the reader of the output has gone. */
static bool reader_gone(coordinator *self) {
    if (!self->delivering || !self->delivery.closed) return false;
    self->summary->outcome = MR_OUTCOME_SIGNAL;
    self->summary->signal = SIGPIPE;
    return true;
}

static void sample_memory(coordinator *self) {
    self->summary->peak_memory = mr_larger(self->summary->peak_memory, mr_memory_in_use(&self->crew));
    self->last_sample = mr_seconds();
}

/* One turn: waits for something to happen and deals with it. False when the job cannot go on. */
static bool turn(coordinator *self, mr_error *error) {
    if (!wait_for_events(self, error) || interrupted(self) || !take_reports(self, error)) return false;
    uint32_t ended;
    while ((self->polled[POLL_ENDS].revents & POLLIN) && mr_crew_next_ended(&self->crew, &ended))
        if (!replace_worker(self, ended, error)) return false;
    if (self->delivering && !mr_delivery_go_on(&self->delivery, error)) return false;
    if (reader_gone(self)) return false;
    if (mr_seconds() - self->last_sample > MEMORY_SAMPLE_MS * 1e-3) sample_memory(self);
    return true;
}

static bool begin_phase(coordinator *self, uint32_t kind, uint64_t count, mr_error *error) {
    mr_units_close(&self->units);
    self->kind = kind;
    return mr_units_open(&self->units, count, error);
}

static void tell_phase(const coordinator *self, const char *name, uint64_t units, const mr_moment *start) {
    if (self->job.settings->verbose) mr_tell_phase(name, units, start);
}

/* Does all units of a phase. */
static bool run_phase(coordinator *self, uint32_t kind, uint64_t count, const char *name, mr_error *error) {
    mr_moment start = mr_moment_now();
    if (!begin_phase(self, kind, count, error)) return false;
    while (!mr_units_finished(&self->units))
        if (!dispatch(self, error) || !turn(self, error)) return false;
    tell_phase(self, name, count, &start);
    return true;
}

/* ---- the phases -------------------------------------------------------------------------------------------------- */

static bool divide_keys(coordinator *self, mr_error *error) {
    const mr_job *job = &self->job;
    if (mr_job_is_map(job) || job->plan.partitions == 1) return true;
    uint64_t pieces = mr_between(1, job->input.bytes / SAMPLE_PIECE, SAMPLE_PIECES);
    return run_phase(self, MR_TASK_SAMPLE, pieces, "sample", error) &&
           run_phase(self, MR_TASK_SPLIT, 1, "split", error);
}

/* Tells each chunk the number of its first record within its source. */
static bool number_records(coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    if (!(job->description.needs & MR_NEEDS_RECORD_NUMBERS)) return true;
    self->counts = calloc(job->chunks.count, sizeof *self->counts);
    if (!self->counts) return mr_error_memory(error, job->chunks.count * sizeof *self->counts, "record numbers");
    if (!run_phase(self, MR_TASK_COUNT, job->chunks.count, "count", error)) return false;
    uint64_t source = 0, next = 1; /* the source that the last record was in, plus 1, and the number after it */
    for (size_t i = 0; i < job->chunks.count; i++) {
        const mr_record_counts *counts = &self->counts[i];
        job->chunks.list[i].first_record = next;
        if (!counts->source) continue;
        next = counts->source == source ? next + counts->records : counts->records + 1;
        source = counts->source;
    }
    return true;
}

static bool open_delivery(coordinator *self, uint64_t parts, mr_error *error) {
    self->delivering = true;
    return mr_delivery_open(&self->delivery, &self->crew, &self->job.output, parts, error);
}

/* Waits until every part is where it belongs. */
static bool finish_delivery(coordinator *self, mr_error *error) {
    if (!begin_phase(self, MR_TASK_DELIVER, 0, error)) return false;
    if (!mr_delivery_go_on(&self->delivery, error) || reader_gone(self)) return false;
    while (!mr_delivery_finished(&self->delivery))
        if (!turn(self, error)) return false;
    return true;
}

/* Reduces to parts that wait, and merges these into one. */
static bool reduce_in_order(coordinator *self, uint64_t partitions, mr_error *error) {
    mr_shared *shared = self->job.shared;
    self->ordered = calloc(partitions, sizeof *self->ordered);
    if (!self->ordered) return mr_error_memory(error, partitions * sizeof *self->ordered, "ordered parts");
    if (!run_phase(self, MR_TASK_REDUCE, partitions, "reduce", error)) return false;
    memcpy(shared->ordered, self->ordered, partitions * sizeof *self->ordered);
    shared->ordered_count = partitions;
    return open_delivery(self, 1, error) && run_phase(self, MR_TASK_MERGE, 1, "merge", error);
}

static bool run_phases(coordinator *self, mr_error *error) {
    const mr_job *job = &self->job;
    if (!divide_keys(self, error) || !number_records(self, error)) return false;
    if (mr_job_is_map(job) && !open_delivery(self, job->chunks.count, error)) return false;
    if (!run_phase(self, MR_TASK_MAP, job->chunks.count, "map", error)) return false;
    uint64_t partitions = job->shared->splitters.partitions;
    if (!mr_job_is_map(job)) {
        bool ok = mr_job_is_ordered(job) ? reduce_in_order(self, partitions, error)
                                         : open_delivery(self, partitions, error) &&
                                               run_phase(self, MR_TASK_REDUCE, partitions, "reduce", error);
        if (!ok) return false;
    }
    return finish_delivery(self, error);
}

/* Deals with workers that have ended while there was nothing left to do. */
static bool bury_workers(coordinator *self, mr_error *error) {
    uint32_t ended;
    while (mr_crew_next_ended(&self->crew, &ended)) {
        if (!take_reports(self, error)) return false;
        if (self->crew.members[ended].stopped) continue;
        int code;
        mr_crew_collect(&self->crew, ended, &code);
        if (!is_kill(code)) return give_up(self, ended, code, 1, error);
        mr_crew_stopped(&self->crew, ended); /* killed from outside */
    }
    return true;
}

/* Lets the workers end: their close callbacks run and their last counters come in. */
static bool stop_workers(coordinator *self, mr_error *error) {
    double deadline = mr_seconds() + STOP_TIMEOUT_MS * 1e-3;
    sample_memory(self);
    for (uint32_t i = 0; i < self->crew.count; i++)
        if (self->crew.members[i].tasks) mp_queue_close(self->crew.members[i].tasks);
    for (uint32_t i = 0; i < self->crew.count;) {
        if (self->crew.members[i].stopped) {
            i++;
            continue;
        }
        if (!wait_for_events(self, error) || interrupted(self) || !take_reports(self, error)) return false;
        if ((self->polled[POLL_ENDS].revents & POLLIN) && !bury_workers(self, error)) return false;
        if (mr_seconds() > deadline) return mr_error_set(error, "plugin %s hangs in close", self->job.description.name);
    }
    return true;
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

/* Signals that end a job become events; workers inherit that they do nothing there. */
static bool open_signals(coordinator *self, sigset_t *before, mr_error *error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE); /* an error of write is enough */
    if (sigprocmask(SIG_BLOCK, &set, before) < 0) return mr_error_system(error, errno, "could not block signals");
    sigdelset(&set, SIGPIPE);
    self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signals >= 0 || mr_error_system(error, errno, "could not wait for signals");
}

/* After a job that is done signals stay blocked: the output is there, and the process is about to say so and to end. */
static void close_signals(coordinator *self, const sigset_t *before) {
    if (self->signals < 0) return;
    close(self->signals);
    if (self->summary->outcome != MR_OUTCOME_DONE) sigprocmask(SIG_SETMASK, before, NULL);
}

static bool run(coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    if (!mr_crew_open(&self->crew, job, error)) return false;
    tell_phase(self, "start", job->plan.workers, &(mr_moment){.wall = self->start});
    if (!run_phases(self, error)) return false;
    mr_moment end = mr_moment_now();
    if (!stop_workers(self, error)) return false;
    tell_phase(self, "stop", job->plan.workers, &end);
    end = mr_moment_now();
    if (!mr_output_commit(&job->output, self->delivery.end, error)) return false;
    tell_phase(self, "commit", 1, &end);
    return true;
}

static void close_coordinator(coordinator *self) {
    if (self->delivering) mr_delivery_close(&self->delivery); /* before the crew that it knows of */
    mr_crew_close(&self->crew);                               /* before the memory that workers write to */
    mr_units_close(&self->units);
    mr_job_close(&self->job);
    free(self->ordered);
    free(self->counts);
}

void mr_job_run(const mr_job_settings *settings, mr_result_summary *summary, mr_error *error) {
    double start = mr_seconds();
    sigset_t before;
    coordinator self = {.signals = -1, .summary = summary, .job.output.file = -1, .start = start, .last_sample = start};
    *summary = (mr_result_summary){.outcome = MR_OUTCOME_FAILED};
    if (open_signals(&self, &before, error) && mr_job_open(&self.job, settings, error) && run(&self, error))
        summary->outcome = MR_OUTCOME_DONE;
    summary->input_bytes = self.job.input.bytes;
    summary->workers = self.job.plan.workers;
    summary->results = self.delivery.results;
    summary->output_bytes = self.delivery.end;
    uint64_t tasks = self.crew.tasks;
    close_coordinator(&self);
    if (settings->verbose && summary->outcome == MR_OUTCOME_DONE) mr_tell_totals(tasks, self.reports);
    close_signals(&self, &before);
    summary->seconds = mr_seconds() - start;
}
