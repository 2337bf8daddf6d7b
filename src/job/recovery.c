#include <signal.h>
#include <stdio.h>

#include "base/units.h"
#include "job/footprint.h"
#include "job/observing.h"
#include "job/wording.h"

/* What a dead worker had not committed is handed out again, and a new process takes its slot. The death is charged to
 * the unit that it was working on (blame.c). */

#define SEAL_AFTER_CRASH (32ull << 20)

/* The task that a worker was at when it died; NULL: none. */
static mr_assignment *task_at_death(const mr_coordinator *self, uint32_t index) {
    uint64_t sequence = atomic_load_explicit(&self->job.shared->slots[index].task, memory_order_relaxed);
    return sequence ? mr_member_find(&self->crew.members[index], sequence) : NULL;
}

/* What a worker was doing when it died. */
static const char *occupation(const mr_coordinator *self, uint32_t index) {
    static const char *const tasks[] = {
        [MR_TASK_SAMPLE] = "sample", [MR_TASK_SURVEY] = "survey", [MR_TASK_SPLIT] = "split",
        [MR_TASK_QUOTES] = "quotes", [MR_TASK_COUNT] = "count",   [MR_TASK_MAP] = "map",
        [MR_TASK_TRY] = "trial",     [MR_TASK_SEAL] = "seal",     [MR_TASK_REDUCE] = "reduce",
        [MR_TASK_KEEP] = "keep",     [MR_TASK_MERGE] = "merge",   [MR_TASK_DELIVER] = "deliver",
        [MR_TASK_READ] = "read",
    };
    const mr_assignment *assignment = task_at_death(self, index);
    if (!self->crew.members[index].ready) return "start";
    return assignment ? tasks[assignment->kind] : "wait";
}

/* Says that a worker died, and at what. */
static void tell_death(mr_coordinator *self, const mr_death *death, const char *occupation, const char *consequence) {
    uint32_t index = death->worker;
    char end[96], words[MR_DEATH_TEXT], text[MR_INCIDENT_TEXT];
    bool ended = *death->reason; /* by the coordinator */
    snprintf(text, sizeof text, "worker %u %s during %s%s%s; %s", index, mr_describe_end(death->code, end, sizeof end),
             occupation, ended ? ", because " : "", ended ? mr_death_words(death, words) : "", consequence);
    mr_note_crash(self, index, task_at_death(self, index), text);
    if (!self->job.settings->verbose) return;
    mr_message("%s", text);
}

/* Why the worker in a slot, which has been collected, died, and where. */
static void explain_death(mr_coordinator *self, uint32_t index, int code, mr_death *death) {
    const mr_member *member = &self->crew.members[index];
    const mr_slot *slot = &self->job.shared->slots[index];
    memset(death, 0, sizeof *death);
    mr_death_explain(death, code, &slot->where, &slot->fault, self->memory_kills);
    self->memory_kills = mr_memory_kills();
    death->worker = index;
    if (!member->condemned || (code != -SIGKILL && code != -mr_fault_timeout_signal())) return;
    death->cause = member->condemned;
    memcpy(death->reason, member->reason, sizeof death->reason);
}

/* Whether a worker that has been collected ended because of an error of its own that it could not report: the job
 * cannot go on, as if it had. */
static bool ended_untold(const mr_coordinator *self, uint32_t index, int code, mr_error *error) {
    const mr_error *untold = &self->job.shared->slots[index].untold;
    if (code != 1 || !untold->set) return false;
    *error = *untold;
    error->text[sizeof error->text - 1] = 0; /* it comes from a process with a plugin */
    return true;
}

/* What the dead worker had not committed is to be done again. */
static bool lose_assignments(mr_coordinator *self, mr_member *member, mr_error *error) {
    for (size_t i = 0; i < member->assignment_count; i++) {
        const mr_assignment *assignment = &member->assignments[i];
        if (assignment->committed || assignment->kind == MR_TASK_SEAL) continue;
        if (assignment->kind == MR_TASK_KEEP) self->keeping = false;
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

/* After a crash there may be more: workers that start from now on seal more often, so that less is lost with them. */
static void expect_more(mr_plan *plan) {
    plan->seal = mr_smaller(plan->seal, SEAL_AFTER_CRASH);
}

/* A reader has ended, and has been collected: another one goes on. */
static bool replace_reader(mr_coordinator *self, uint32_t index, int code, mr_error *error) {
    if (!mr_streams_lose_reader(&self->streams, index, code, error)) return false;
    self->summary->retries++;
    return mr_crew_start(&self->crew, index, error);
}

bool mr_replace_worker(mr_coordinator *self, uint32_t index, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    static mr_death death; /* large */
    int code;
    /* It can say no more; what it said before it died counts. */
    if (!mr_hear(self, error)) return false;
    if (member->stopped) return true;
    mr_crew_collect(&self->crew, index, &code);
    if (ended_untold(self, index, code, error)) return false;
    explain_death(self, index, code, &death);
    tell_death(self, &death, occupation(self, index), "its unfinished work is done again");
    if (index >= self->job.plan.workers) return replace_reader(self, index, code, error);
    if (death.cause != MR_DEATH_KILLED) expect_more(&self->job.plan);
    if (!member->abandoned && !mr_charge_death(self, &death, task_at_death(self, index), error)) return false;
    if (!lose_assignments(self, member, error)) return false;
    self->summary->retries++;
    /* A sample that its successor may have begun to overwrite is no sample any more. */
    if (self->kind == MR_TASK_SAMPLE) self->job.shared->sampled[index] = 0;
    return mr_crew_start(&self->crew, index, error);
}

bool mr_bury_workers(mr_coordinator *self, mr_error *error) {
    static mr_death death; /* large */
    uint32_t ended;
    while (mr_crew_next_ended(&self->crew, &ended)) {
        if (!mr_hear(self, error)) return false;
        if (self->crew.members[ended].stopped) continue;
        int code;
        mr_crew_collect(&self->crew, ended, &code);
        if (ended_untold(self, ended, code, error)) return false;
        explain_death(self, ended, code, &death);
        death.attempts = 1;
        if (death.cause != MR_DEATH_KILLED) return mr_end_for_death(self, &death, error);
        tell_death(self, &death, "stop", "there was nothing left to do");
        mr_crew_stopped(&self->crew, ended); /* killed from outside */
    }
    return true;
}

/* ---- workers that are stuck -------------------------------------------------------------------------------------- */

void mr_condemn(mr_coordinator *self, uint32_t index, enum mr_death_cause cause, const char *reason) {
    mr_member *member = &self->crew.members[index];
    if (!member->process || member->condemned) return;
    member->condemned = cause;
    member->condemned_at = mr_seconds();
    snprintf(member->reason, sizeof member->reason, "%s", reason);
    mr_watchdog_ask(mp_process_id(member->process));
}

/* Looks at one worker. While it holds a trial, that is where its place in shared memory comes from, and it watches for
 * itself. */
static void watch_worker(mr_coordinator *self, uint32_t index) {
    mr_member *member = &self->crew.members[index];
    const mr_slot *slot = &self->job.shared->slots[index];
    uint64_t task = atomic_load_explicit(&slot->task, memory_order_relaxed);
    const mr_assignment *assignment = mr_member_find(member, task);
    enum mr_alarm alarm = mr_watchdog_look(&member->watchdog, mp_process_id(member->process), &slot->where, task,
                                           self->job.settings->timeout);
    bool on_trial = assignment && assignment->kind == MR_TASK_TRY;
    if (alarm == MR_ALARM_STOPPED) mp_process_kill(member->process);
    if (alarm != MR_ALARM_STUCK || on_trial) return;
    mr_death stuck;
    mr_death_was_stuck(&stuck, self->job.settings->timeout);
    mr_condemn(self, index, stuck.cause, stuck.reason);
}

void mr_watch_workers(mr_coordinator *self) {
    for (uint32_t i = 0; i < self->crew.count; i++) {
        mr_member *member = &self->crew.members[i];
        if (!member->process || member->stopped) continue;
        if (member->condemned && mr_seconds() - member->condemned_at > MR_LAST_WORDS_MS * 1e-3)
            mp_process_kill(member->process); /* it has not listened */
        else if (!member->condemned && self->job.settings->timeout)
            watch_worker(self, i);
    }
}

/* Says once that a worker is beyond its share of --memory, or beyond what mr itself needs for records that are longer
 * than that allows for. */
static void tell_memory(mr_coordinator *self, uint32_t index) {
    mr_member *member = &self->crew.members[index];
    const mr_plan *plan = &self->job.plan;
    uint64_t bytes = mr_private_memory(mp_process_id(member->process));
    uint64_t host = atomic_load_explicit(&self->job.shared->slots[index].host_bytes, memory_order_relaxed);
    uint64_t share = mr_larger(plan->memory / plan->workers, host) + MR_PROCESS_OVERHEAD;
    if (member->memory_told || bytes <= share) return;
    char beyond[MR_SIZE_TEXT];
    member->memory_told = true;
    mr_tell_incident(self,
                     "worker %u: plugin %s uses %s beyond its share of --memory; --worker-memory SIZE would end it",
                     index, self->job.description.name, mr_format_size(bytes - share, beyond));
}

void mr_watch_memory(mr_coordinator *self) {
    uint64_t limit = self->job.settings->worker_memory;
    for (uint32_t i = 0; i < self->job.plan.workers; i++) {
        mr_member *member = &self->crew.members[i];
        if (!member->process || member->stopped || member->condemned) continue;
        if (!limit) {
            tell_memory(self, i);
        } else if (mr_plugin_memory(mp_process_id(member->process), &self->job.shared->slots[i]) > limit) {
            mr_death death;
            mr_death_was_too_large(&death, limit);
            mr_condemn(self, i, death.cause, death.reason);
        }
    }
}

void mr_watch_ends(mr_coordinator *self, uint64_t limit) {
    for (uint32_t i = 0; i < self->crew.count; i++) {
        mr_member *member = &self->crew.members[i];
        if (!member->process || member->stopped) continue;
        const mr_where *where = &self->job.shared->slots[i].where;
        if (mr_watchdog_look(&member->watchdog, mp_process_id(member->process), where, 0, limit) == MR_ALARM_STOPPED)
            mp_process_kill(member->process);
    }
}
