#include "job/observing.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/units.h"
#include "job/bound.h"
#include "job/conclusion.h"
#include "job/forecast.h"
#include "job/outputs.h"
#include "job/results.h"
#include "job/survey.h"
#include "job/usage.h"

/* One process, one thread, one event loop. The coordinator hands out units of work, phase by phase, hears what has
 * become of them, replaces workers that die, and sees the parts of the output to their places. It never runs code of
 * the plugin and never touches a record.
 *
 * A job may also run alone, in one process, for debuggers and the like. Then the crew has one member without a process.
 * It is given tasks as any other; instead of waiting for somebody to do them, each turn of the loop does one of them
 * here (mr_crew_work). What is reported meanwhile is taken in at once, so that no queue can fill up. */

enum {
    MEMORY_SAMPLE_MS = 100, /* how often memory is looked at */
    STOP_TIMEOUT_MS = 30000,
    HELD_UP_MS = 1000, /* a turn never takes so long by itself */
    SAMPLE_PIECES = 64,
};

/* ---- the event loop ---------------------------------------------------------------------------------------------- */

static bool wait_for_events(mr_coordinator *self, mr_error *error) {
    (void)mr_messages_pass(); /* what is left is tried again in the next turn */
    const mr_delivery *delivery = &self->delivery;
    bool blocked = self->delivering && delivery->blocked;
    /* Alone there is something to do, unless everything waits for the stream. */
    bool idle = !self->job.alone || (blocked && !self->crew.members[0].busy);
    struct pollfd *polled = self->polled;
    polled[MR_POLL_REPORTS] = (struct pollfd){mp_queue_fd(self->job.reports), POLLIN, 0};
    polled[MR_POLL_SIGNALS] = (struct pollfd){self->signals, POLLIN, 0};
    polled[MR_POLL_STREAM] = (struct pollfd){blocked ? self->job.outputs[0].file : -1, POLLOUT, 0};
    polled[MR_POLL_ENDS] = (struct pollfd){self->crew.watch, POLLIN, 0};
    nfds_t count = MR_POLL_ONLOOKERS + mr_onlookers_poll(self->job.settings, polled + MR_POLL_ONLOOKERS);
    uint64_t timeout = self->job.settings->timeout;
    int pause = !idle ? 0 : timeout ? mr_watchdog_pause(timeout) : MEMORY_SAMPLE_MS;
    double before = blocked ? mr_seconds() : 0;
    if (poll(polled, count, pause) < 0 && errno != EINTR)
        return mr_error_system(error, errno, "could not wait for the workers");
    if (blocked) mr_note_blocked(self, mr_seconds() - before);
    return true;
}

/* Whether a signal has come that ends the job. SIGUSR1 is for those who look on. */
static bool interrupted(mr_coordinator *self) {
    struct signalfd_siginfo info;
    if (!(self->polled[MR_POLL_SIGNALS].revents & POLLIN)) return false;
    if (read(self->signals, &info, sizeof info) != (ssize_t)sizeof info) return false;
    if (info.ssi_signo == SIGUSR1) {
        mr_note_progress(self, self->last_memory, false);
        mr_let_look(self, MR_MOMENT_ASKED);
        return false;
    }
    self->summary->outcome = MR_OUTCOME_SIGNAL;
    self->summary->signal = (int)info.ssi_signo;
    return true;
}

/* Whether the reader of the output has gone. */
static bool reader_gone(mr_coordinator *self) {
    if (!self->delivering || !self->delivery.closed) return false;
    self->summary->outcome = MR_OUTCOME_SIGNAL;
    self->summary->signal = SIGPIPE;
    return true;
}

/* Sees how far everything is, and lets others see it. */
static void sample_progress(mr_coordinator *self) {
    /* Alone this is only called between tasks, when the most is not in use. */
    uint64_t bytes = self->job.alone ? mr_memory_peak() : mr_memory_in_use(&self->crew);
    self->summary->peak_memory = mr_larger(self->summary->peak_memory, bytes);
    self->last_memory = bytes;
    self->last_sample = mr_seconds();
    mr_note_progress(self, bytes, false);
    mr_let_look(self, MR_MOMENT_TURN);
}

/* Waits for something to happen, or does something itself, and hears of it. False when the job cannot go on. */
static bool attend(mr_coordinator *self, mr_error *error) {
    if (!wait_for_events(self, error) || interrupted(self)) return false;
    mr_let_answer(self);
    return mr_crew_work(&self->crew, error) && mr_hear(self, error);
}

/* Sends finished parts on their way. */
static bool deliver(mr_coordinator *self, mr_error *error) {
    if (mr_delivery_will_stream(&self->delivery)) mr_let_look(self, MR_MOMENT_RESULTS);
    if (mr_delivery_go_on(&self->delivery, error)) return true;
    if (!error->damage) return false;
    mr_error failure = *error;
    error->set = false;
    return mr_repair_part(self, self->delivery.sequence[self->delivery.next], &failure, error);
}

bool mr_turn(mr_coordinator *self, mr_error *error) {
    if (!attend(self, error)) return false;
    uint32_t ended;
    while ((self->polled[MR_POLL_ENDS].revents & POLLIN) && mr_crew_next_ended(&self->crew, &ended))
        if (!mr_replace_worker(self, ended, error)) return false;
    mr_watch_workers(self);
    if (self->delivering && !deliver(self, error)) return false;
    if (reader_gone(self)) return false;
    if (mr_seconds() - self->last_sample > MEMORY_SAMPLE_MS * 1e-3) {
        sample_progress(self);
        mr_watch_memory(self);
        mr_crew_collect_orphans(&self->crew);
    }
    return true;
}

bool mr_begin_phase(mr_coordinator *self, uint32_t kind, uint64_t count, mr_error *error) {
    mr_units_close(&self->units);
    self->kind = kind;
    self->suspicion_count = 0;
    return mr_units_open(&self->units, count, count, error);
}

static void tell_phase(const mr_coordinator *self, const char *name, uint64_t units, const mr_moment *start) {
    if (self->job.settings->verbose) mr_tell_phase(name, units, start);
}

bool mr_do_units(mr_coordinator *self, mr_error *error) {
    while (!mr_units_finished(&self->units) || mr_repair_wanted(self))
        if (!mr_repair_go_on(self, error) || !mr_dispatch(self, error) || !mr_turn(self, error)) return false;
    return true;
}

/* Does all units of a phase. */
static bool run_phase(mr_coordinator *self, uint32_t kind, uint64_t count, const char *name, mr_error *error) {
    mr_moment start = mr_moment_now();
    mr_note_phase(self, name, count);
    if (!mr_begin_phase(self, kind, count, error)) return false;
    if (!mr_do_units(self, error)) return false;
    tell_phase(self, name, count, &start);
    return true;
}

/* Begins the map phase with what has been planned, and what has been read of streams. */
static bool open_map_units(mr_coordinator *self, mr_error *error) {
    mr_streams *streams = &self->streams;
    if (self->job.settings->survey) return mr_survey_open_units(self, MR_TASK_MAP, error);
    mr_units_close(&self->units);
    self->kind = MR_TASK_MAP;
    self->suspicion_count = 0;
    if (!mr_units_open(&self->units, streams->first_block, streams->planned, error)) return false;
    for (size_t i = 0; i < streams->count; i++)
        if (streams->list[i].ended) mr_units_commit(&self->units);
    while (self->units.count < self->job.chunks.count)
        if (!mr_units_add(&self->units, error)) return false;
    return true;
}

/* Maps everything, and also what is read from streams meanwhile. */
static bool run_map(mr_coordinator *self, mr_error *error) {
    mr_moment start = mr_moment_now();
    mr_note_phase(self, "map", self->job.chunks.count - self->streams.count);
    if (!open_map_units(self, error)) return false;
    if (!mr_do_units(self, error)) return false;
    tell_phase(self, "map", self->units.count, &start);
    return true;
}

/* ---- the phases -------------------------------------------------------------------------------------------------- */

/* Whether a source goes on from one chunk to the next. */
static bool divides_sources(const mr_job *job, size_t chunks) {
    for (size_t i = 1; i < chunks; i++) {
        uint64_t begin = job->chunks.list[i].begin;
        size_t source = mr_input_find(&job->input, begin);
        if (source < job->input.count && job->input.sources[source].start < begin) return true;
    }
    return false;
}

/* Tells each chunk of CSV how it has to be read from its begin on. */
static bool follow_quotes(mr_coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    size_t chunks = self->streams.planned; /* blocks of streams begin outside of quotes */
    if (job->description.records.kind != MR_RECORDS_CSV || !divides_sources(job, chunks)) return true;
    self->quotes = calloc(chunks, sizeof *self->quotes);
    if (!self->quotes) return mr_error_memory(error, chunks * sizeof *self->quotes, "quotes of chunks");
    if (!run_phase(self, MR_TASK_QUOTES, chunks, "quotes", error)) return false;
    for (size_t i = 1; i < chunks; i++) {
        uint32_t before = job->chunks.list[i - 1].quotes;
        job->chunks.list[i].quotes = self->quotes[i - 1].behind[before % MR_QUOTES_STATES];
    }
    return true;
}

/* Streams are sampled as far as they have been read: enough of them has to be. */
static bool read_ahead(mr_coordinator *self, mr_error *error) {
    mr_moment start = mr_moment_now();
    if (!self->streams.count) return true;
    mr_note_phase(self, "read ahead", 0);
    if (!mr_begin_phase(self, MR_TASK_READ, 0, error)) return false;
    while (!mr_streams_are_ahead(&self->streams))
        if (!mr_streams_read(&self->streams, true, error) || !mr_turn(self, error)) return false;
    tell_phase(self, "read ahead", self->streams.block_count, &start);
    return true;
}

static bool divide_keys(mr_coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    if (mr_job_is_map(job) || job->plan.partitions == 1) return true;
    if (!read_ahead(self, error)) return false;
    uint64_t bytes = job->settings->survey ? mr_survey_bytes(job) : mr_streams_guess(&self->streams);
    job->plan.partitions = mr_plan_partitions(&job->plan, bytes);
    if (job->plan.partitions == 1) return true;
    uint64_t pieces = mr_between(1, bytes / MR_SAMPLE_PIECE, SAMPLE_PIECES);
    return run_phase(self, MR_TASK_SAMPLE, pieces, "sample", error) &&
           run_phase(self, MR_TASK_SPLIT, 1, "split", error);
}

/* Tells each chunk the number of its first record within its source. */
static bool number_records(mr_coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    if (!(job->description.needs & MR_NEEDS_RECORD_NUMBERS)) return true;
    uint64_t chunks = self->streams.planned; /* those of streams know it */
    self->counts = calloc(chunks + 1, sizeof *self->counts);
    if (!self->counts) return mr_error_memory(error, chunks * sizeof *self->counts, "record numbers");
    if (!run_phase(self, MR_TASK_COUNT, chunks, "count", error)) return false;
    uint64_t source = 0, next = 1; /* the source that the last record was in, plus 1, and the number after it */
    for (size_t i = 0; i < chunks; i++) {
        const mr_record_counts *counts = &self->counts[i];
        job->chunks.list[i].first_record = next;
        if (!counts->source) continue;
        next = counts->source == source ? next : job->input.sources[counts->source - 1].records_before + 1;
        next += counts->records;
        source = counts->source;
    }
    return true;
}

/* order: as for mr_delivery_open. */
static bool open_delivery(mr_coordinator *self, uint64_t parts, const uint64_t *order, mr_error *error) {
    self->delivering = true;
    return mr_delivery_open(&self->delivery, &self->crew, parts, order, error) &&
           mr_results_begin(&self->job, self->delivery.ends, &self->delivery.closed, error);
}

/* The same for a map job, whose chunks make the parts. */
static bool open_delivery_of_chunks(mr_coordinator *self, mr_error *error) {
    uint64_t *order = mr_streams_order(&self->streams, error);
    bool ok = order && open_delivery(self, self->job.chunks.count, order, error);
    free(order);
    return ok;
}

/* Waits until every part is where it belongs. */
static bool finish_delivery(mr_coordinator *self, mr_error *error) {
    mr_note_phase(self, "deliver", 0);
    if (!mr_begin_phase(self, MR_TASK_DELIVER, 0, error)) return false;
    if (!deliver(self, error) || reader_gone(self)) return false;
    while (!mr_delivery_finished(&self->delivery))
        if (!mr_repair_go_on(self, error) || !mr_turn(self, error)) return false;
    return true;
}

/* Reduces to parts that wait, and merges these into one. */
static bool reduce_in_order(mr_coordinator *self, uint64_t partitions, mr_error *error) {
    mr_shared *shared = self->job.shared;
    self->ordered = calloc(partitions, sizeof *self->ordered);
    if (!self->ordered) return mr_error_memory(error, partitions * sizeof *self->ordered, "ordered parts");
    if (!run_phase(self, MR_TASK_REDUCE, partitions, "reduce", error)) return false;
    memcpy(shared->ordered, self->ordered, partitions * sizeof *self->ordered);
    shared->ordered_count = partitions;
    return open_delivery(self, 1, NULL, error) && run_phase(self, MR_TASK_MERGE, 1, "merge", error);
}

static bool run_phases(mr_coordinator *self, mr_error *error) {
    const mr_job *job = &self->job;
    bool survey = job->settings->survey;
    if (!mr_repair_open(self, error) || !(survey ? mr_survey_count(self, error) : follow_quotes(self, error)) ||
        !divide_keys(self, error) || !(survey || number_records(self, error)))
        return false;
    if (mr_job_is_map(job) && !open_delivery_of_chunks(self, error)) return false;
    if (!run_map(self, error)) return false;
    uint64_t partitions = job->shared->splitters.partitions;
    if (!mr_job_is_map(job)) {
        mr_observe_partitions(self->observation, partitions);
        bool ok = mr_job_is_ordered(job) ? reduce_in_order(self, partitions, error)
                                         : open_delivery(self, partitions, NULL, error) &&
                                               run_phase(self, MR_TASK_REDUCE, partitions, "reduce", error);
        if (!ok) return false;
    }
    return finish_delivery(self, error);
}

/* Lets the workers end: their close callbacks run and their last counters come in. */
static bool stop_workers(mr_coordinator *self, mr_error *error) {
    uint64_t timeout = self->job.settings->timeout;
    double deadline = mr_seconds() + STOP_TIMEOUT_MS * 1e-3;
    mr_note_phase(self, "stop", 0);
    sample_progress(self);
    if (!self->job.settings->worker_memory) mr_watch_memory(self); /* nobody is to be ended any more */
    for (uint32_t i = 0; i < self->crew.count; i++)
        if (self->crew.members[i].tasks) mp_queue_close(self->crew.members[i].tasks);
    for (uint32_t i = 0; i < self->crew.count;) {
        if (self->crew.members[i].stopped) {
            i++;
            continue;
        }
        double before = mr_seconds();
        if (!attend(self, error)) return false;
        if ((self->polled[MR_POLL_ENDS].revents & POLLIN) && !mr_bury_workers(self, error)) return false;
        if (mr_seconds() - self->last_sample > MEMORY_SAMPLE_MS * 1e-3) sample_progress(self);
        mr_watch_ends(self, timeout ? timeout : STOP_TIMEOUT_MS / 2);
        /* This process may have been stopped itself, as by Ctrl-Z. */
        if (mr_seconds() - before > HELD_UP_MS * 1e-3) deadline += mr_seconds() - before;
        if (mr_seconds() > deadline && !self->crew.members[i].stopped)
            return mr_error_set(error, "plugin %s hangs in close", self->job.description.name);
    }
    return true;
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

/* Adds a signal to a set, unless the user wants it to be ignored, as nohup does: blocked it would come all the same. */
static void add_if_heeded(sigset_t *set, int number) {
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0 || action.sa_handler != SIG_IGN) sigaddset(set, number);
}

/* Signals that end a job become events, and so does SIGUSR1; workers inherit that they do nothing there. Alone those
 * that end a job end the process, as in any program: a debugger sees only signals that are not blocked. */
static bool open_signals(mr_coordinator *self, bool alone, sigset_t *before, mr_error *error) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE); /* an error of write is enough */
    add_if_heeded(&set, SIGUSR1);
    if (!alone) {
        add_if_heeded(&set, SIGINT);
        add_if_heeded(&set, SIGTERM);
        add_if_heeded(&set, SIGHUP);
    }
    if (sigprocmask(SIG_BLOCK, &set, before) < 0) return mr_error_system(error, errno, "could not block signals");
    sigdelset(&set, SIGPIPE);
    self->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signals >= 0 || mr_error_system(error, errno, "could not wait for signals");
}

/* After a job that is done signals stay blocked: the output is there, and the process is about to say so and to end. */
static void close_signals(mr_coordinator *self, const sigset_t *before) {
    if (self->signals >= 0) close(self->signals);
    if (self->summary->outcome != MR_OUTCOME_DONE) sigprocmask(SIG_SETMASK, before, NULL);
}

/* Everything is delivered: completes the output. */
static bool commit_output(mr_coordinator *self, mr_error *error) {
    mr_delivery *delivery = &self->delivery;
    return mr_results_end(&self->job, delivery->ends, &delivery->closed, error) && !reader_gone(self) &&
           mr_outputs_commit(&self->job, delivery->ends, error);
}

static bool run(mr_coordinator *self, mr_error *error) {
    mr_job *job = &self->job;
    if (!mr_observation_open_lanes(self->observation, job->plan.workers, job->plan.readers, error)) return false;
    if (!mr_streams_open(&self->streams, job, &self->crew, error)) return false;
    self->looked_at = true;
    mr_let_look(self, MR_MOMENT_BEGIN);
    if (!mr_crew_open(&self->crew, job, mr_take_report, self, error)) return false;
    tell_phase(self, "start", job->plan.workers, &(mr_moment){.wall = self->start});
    if (!run_phases(self, error)) return false;
    mr_moment end = mr_moment_now();
    if (!stop_workers(self, error)) return false;
    tell_phase(self, "stop", job->plan.workers, &end);
    end = mr_moment_now();
    mr_note_phase(self, "commit", 0);
    if (!mr_keep_bad_records(job, self->summary, error)) return false;
    if (!commit_output(self, error)) return false;
    tell_phase(self, "commit", 1, &end);
    return true;
}

static void end_crew(mr_coordinator *self) {
    if (self->delivering) mr_delivery_close(&self->delivery); /* before the crew that it knows of */
    mr_crew_close(&self->crew);                               /* before the memory that workers write to */
}

static void close_coordinator(mr_coordinator *self) {
    mr_units_close(&self->units);
    mr_streams_close(&self->streams);
    if (self->job.settings->survey) mr_survey_close(self->job.settings->survey);
    mr_job_close(&self->job);
    free(self->suspicions);
    mr_repair_close(self);
    free(self->ordered);
    free(self->counts);
    free(self->quotes);
}

/* The job has ended, however it did. */
static void end_observation(mr_coordinator *self) {
    mr_note_progress(self, self->last_memory, true);
    mr_observe_phase(self->observation, NULL, 0, mr_seconds());
}

void mr_job_run(const mr_job_settings *settings, mr_result_summary *summary, mr_error *error) {
    double start = mr_seconds(), cpu = mr_cpu_seconds();
    sigset_t before;
    mr_messages_hold();
    mr_observation *observation = mr_observation_new(start, error);
    sigprocmask(SIG_BLOCK, NULL, &before);
    mr_coordinator self = {.signals = -1,
                           .summary = summary,
                           .job = {.settings = settings, .bad_file = -1},
                           .start = start,
                           .observation = observation,
                           .last_sample = start};
    *summary = (mr_result_summary){.outcome = MR_OUTCOME_FAILED, .observation = observation};
    if (observation) mr_note_phase(&self, "start", 0);
    self.memory_kills = mr_memory_kills();
    if (observation && open_signals(&self, settings->alone, &before, error) &&
        mr_job_open(&self.job, settings, error) && run(&self, error))
        summary->outcome = MR_OUTCOME_DONE;
    summary->input_bytes = self.job.input.plain + self.job.input.read;
    summary->kind = self.job.description.kind;
    summary->workers = self.job.plan.workers;
    summary->results = self.delivery.results;
    for (uint32_t i = 0; self.delivery.ends && i < self.job.output_count; i++)
        summary->output_bytes += self.delivery.ends[i];
    if (settings->survey && summary->outcome == MR_OUTCOME_DONE && !mr_forecast_make(&self.job, summary, error))
        summary->outcome = MR_OUTCOME_FAILED;
    uint64_t tasks = self.crew.tasks;
    if (observation) end_observation(&self);
    end_crew(&self);
    summary->cpu_seconds = mr_cpu_seconds() - cpu; /* its processes have been collected */
    if (observation) {
        mr_bound_facts facts = mr_bound_facts_of(&self.job, summary, summary->cpu_seconds);
        mr_bound_find(observation, &facts);
    }
    summary->seconds = mr_seconds() - start; /* once: the summary says the same as the report */
    mr_let_look_back(&self, error);
    mr_conclude(&self.job, summary, error);
    close_coordinator(&self);
    if (settings->verbose && summary->outcome == MR_OUTCOME_DONE) mr_tell_totals(tasks, self.reports);
    close_signals(&self, &before);
}
