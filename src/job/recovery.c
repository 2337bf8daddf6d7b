#include <signal.h>
#include <stdio.h>

#include "job/coordination.h"

/* What a dead worker had not committed is handed out again, and a new process takes its slot. The death is charged to
 * the unit that it was working on. */

enum {
    CRASHES_MAX = 2,       /* a unit on which workers crash this often ends the job */
    KILLS_MAX = 50,        /* also one whose workers are killed from outside this often */
    FAILED_STARTS_MAX = 3, /* a worker that dies this often before it is ready ends the job */
    FAILED_ERRANDS_MAX = 3 /* also one that dies this often while it seals or delivers */
};

static bool is_kill(int code) {
    return code == -SIGKILL || code == -SIGTERM || code == -SIGINT || code == -SIGHUP;
}

/* A worker died in a callback once too often. */
static bool give_up(const mr_coordinator *self, uint32_t index, int code, unsigned times, mr_error *error) {
    const mr_where *where = &self->job.shared->slots[index].where;
    const char *callback = where->callback ? where->callback : "the constructor";
    char end[96], again[48] = "", place[MR_ERROR_TEXT / 2] = "";
    bool mapping = !strncmp(callback, "map", 3) || !strcmp(callback, "combine");
    if (mapping && where->place.source < self->job.input.count)
        snprintf(place, sizeof place, "%s, byte %llu: ", self->job.input.sources[where->place.source].path,
                 (unsigned long long)where->place.offset);
    if (times > 1) snprintf(again, sizeof again, ", %u times in a row", times);
    return mr_error_set(error, "%splugin %s, in %s: the worker %s%s", place, self->job.description.name, callback,
                        mr_describe_end(code, end, sizeof end), again);
}

/* The task that a worker was at when it died; NULL: none. */
static const mr_assignment *task_at_death(const mr_coordinator *self, uint32_t index) {
    uint64_t sequence = atomic_load_explicit(&self->job.shared->slots[index].task, memory_order_relaxed);
    return sequence ? mr_member_find(&self->crew.members[index], sequence) : NULL;
}

/* What a worker was doing when it died. */
static const char *occupation(const mr_coordinator *self, uint32_t index) {
    static const char *const tasks[] = {
        [MR_TASK_SAMPLE] = "sample", [MR_TASK_SPLIT] = "split",     [MR_TASK_COUNT] = "count",
        [MR_TASK_MAP] = "map",       [MR_TASK_SEAL] = "seal",       [MR_TASK_REDUCE] = "reduce",
        [MR_TASK_MERGE] = "merge",   [MR_TASK_DELIVER] = "deliver",
    };
    const mr_assignment *assignment = task_at_death(self, index);
    if (!self->crew.members[index].ready) return "start";
    return assignment ? tasks[assignment->kind] : "wait";
}

/* Says that a worker died, and at what. */
static void tell_death(const mr_coordinator *self, uint32_t index, int code, const char *occupation,
                       const char *consequence) {
    char end[96];
    if (!self->job.settings->verbose) return;
    mr_message("worker %u %s during %s; %s", index, mr_describe_end(code, end, sizeof end), occupation, consequence);
}

/* Sealing and delivering belong to no unit of the phase: such deaths are charged to the slot. */
static bool charge_errand(mr_coordinator *self, uint32_t index, int code, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    if (++member->failed_errands < (is_kill(code) ? KILLS_MAX : FAILED_ERRANDS_MAX)) return true;
    return give_up(self, index, code, member->failed_errands, error);
}

/* Charges the death of a worker to the unit that it was working on; false when that is once too often. */
static bool charge_death(mr_coordinator *self, uint32_t index, int code, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    const mr_assignment *assignment = task_at_death(self, index);
    if (!member->ready && ++member->failed_starts >= (is_kill(code) ? KILLS_MAX : FAILED_STARTS_MAX))
        return give_up(self, index, code, member->failed_starts, error);
    if (!assignment || assignment->done) return true;
    if (assignment->kind == MR_TASK_SEAL || assignment->kind == MR_TASK_DELIVER)
        return charge_errand(self, index, code, error);
    uint8_t *times = is_kill(code) ? &self->units.kills[assignment->unit] : &self->units.crashes[assignment->unit];
    if (++*times < (is_kill(code) ? KILLS_MAX : CRASHES_MAX)) return true;
    return give_up(self, index, code, *times, error);
}

/* What the dead worker had not committed is to be done again. */
static bool lose_assignments(mr_coordinator *self, mr_member *member, mr_error *error) {
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

bool mr_replace_worker(mr_coordinator *self, uint32_t index, mr_error *error) {
    mr_member *member = &self->crew.members[index];
    int code;
    /* It can say no more; what it said before it died counts. */
    if (!mr_hear(self, error)) return false;
    if (member->stopped) return true;
    mr_crew_collect(&self->crew, index, &code);
    tell_death(self, index, code, occupation(self, index), "its unfinished work is done again");
    if (!charge_death(self, index, code, error) || !lose_assignments(self, member, error)) return false;
    self->summary->retries++;
    /* A sample that its successor may have begun to overwrite is no sample any more. */
    if (self->kind == MR_TASK_SAMPLE) self->job.shared->sampled[index] = 0;
    return mr_crew_start(&self->crew, index, error);
}
/* Deals with workers that have ended while there was nothing left to do. */
bool mr_bury_workers(mr_coordinator *self, mr_error *error) {
    uint32_t ended;
    while (mr_crew_next_ended(&self->crew, &ended)) {
        if (!mr_hear(self, error)) return false;
        if (self->crew.members[ended].stopped) continue;
        int code;
        mr_crew_collect(&self->crew, ended, &code);
        if (!is_kill(code)) return give_up(self, ended, code, 1, error);
        tell_death(self, ended, code, "stop", "there was nothing left to do");
        mr_crew_stopped(&self->crew, ended); /* killed from outside */
    }
    return true;
}
