#include "job/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/units.h"

enum {
    TASK_QUEUE = 32 << 10, /* bytes */
    GOODBYE_MS = 10000,    /* for a worker that has reported a good end */
    ORPHANS_MS = 5000      /* for processes that a plugin has left, when they have been killed */
};

static bool start_process(mr_crew *crew, mr_member *member, mr_error *error) {
    bool reads = member->start.index >= crew->job->plan.workers;
    mp_process_options options = {.name = reads ? "mr-reader" : "mr-worker", .flags = MP_PROCESS_DAEMON};
    int code = mp_process_start(&member->process, &options, reads ? mr_reader_main : mr_worker_main, &member->start);
    if (code < 0) return mr_error_system(error, -code, "could not start a worker process (give fewer --jobs)");
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = member->start.index};
    if (epoll_ctl(crew->watch, EPOLL_CTL_ADD, mp_process_fd(member->process), &event) < 0)
        return mr_error_system(error, errno, "could not watch a worker process");
    return true;
}

static bool start_here(mr_crew *crew, mr_member *member, mr_error *error) {
    member->start.sink = crew->sink;
    member->start.receiver = crew->receiver;
    if (member->start.index < crew->job->plan.workers) {
        member->worker = crew->job->alone;
        return mr_worker_open(member->worker, &member->start, error);
    }
    member->reader = mr_reader_new(&member->start);
    if (!member->reader) return mr_error_memory(error, sizeof(mr_member), "a reader");
    return mr_reader_open(member->reader, error);
}

bool mr_crew_start(mr_crew *crew, uint32_t index, mr_error *error) {
    mr_member *member = &crew->members[index];
    /* A queue of its own for each process: tasks that its predecessor had not taken are not for it. */
    int code = mp_queue_create(&member->tasks, TASK_QUEUE, 0);
    if (code < 0) return mr_error_system(error, -code, "could not make a queue");
    atomic_store_explicit(&crew->job->shared->slots[index].task, 0, memory_order_relaxed);
    crew->job->shared->slots[index].where = (mr_where){0};
    crew->job->shared->slots[index].fault.told = 0;
    crew->job->shared->slots[index].untold.set = false;
    member->start = (mr_worker_start){.job = crew->job,
                                      .index = index,
                                      .tasks = member->tasks,
                                      .arena_used = member->arena_used,
                                      .part_head = member->part_head};
    member->ready = member->abandoned = false;
    member->condemned = 0;
    member->started = mr_seconds();
    member->watchdog = (mr_watchdog){0};
    return crew->job->alone ? start_here(crew, member, error) : start_process(crew, member, error);
}

/* Takes a process off the watch. Closing its descriptor would not do: workers that were forked later have it too. */
static void unwatch(const mr_crew *crew, const mr_member *member) {
    struct epoll_event unused = {0};
    (void)!epoll_ctl(crew->watch, EPOLL_CTL_DEL, mp_process_fd(member->process),
                     &unused); /* cannot fail: it is there */
}

bool mr_crew_next_ended(const mr_crew *crew, uint32_t *index) {
    struct epoll_event event;
    if (epoll_wait(crew->watch, &event, 1, 0) <= 0) return false;
    *index = event.data.u32;
    return true;
}

void mr_crew_stopped(mr_crew *crew, uint32_t index) {
    mr_member *member = &crew->members[index];
    if (!member->stopped && member->process) unwatch(crew, member);
    member->stopped = true;
}

bool mr_crew_open(mr_crew *crew, const mr_job *job, mr_report_sink *sink, void *receiver, mr_error *error) {
    *crew = (mr_crew){.job = job,
                      .sink = sink,
                      .receiver = receiver,
                      .count = job->plan.workers + job->plan.readers,
                      .watch = epoll_create1(EPOLL_CLOEXEC)};
    if (crew->watch < 0) return mr_error_system(error, errno, "could not watch processes");
    crew->members = calloc(crew->count, sizeof *crew->members);
    if (!crew->members) return mr_error_memory(error, crew->count * sizeof *crew->members, "workers");
    for (uint32_t i = 0; i < crew->count; i++)
        if (!mr_crew_start(crew, i, error)) return false;
    return true;
}

/* Whether a child of the coordinator is a worker, and not what a plugin has left behind: an mp_is_known. */
static int is_member(const void *context, pid_t child) {
    const mr_crew *crew = context;
    for (uint32_t i = 0; crew->members && i < crew->count; i++)
        if (crew->members[i].process && mp_process_id(crew->members[i].process) == child) return 1;
    return 0;
}

void mr_crew_collect_orphans(const mr_crew *crew) {
    mp_orphans_collect(is_member, crew);
}

void mr_crew_close(mr_crew *crew) {
    for (uint32_t i = 0; crew->members && i < crew->count; i++)
        if (crew->members[i].process && !crew->members[i].stopped) mp_process_kill(crew->members[i].process);
    for (uint32_t i = 0; crew->members && i < crew->count; i++) {
        mr_member *member = &crew->members[i];
        /* Who has reported a good end has only its memory to free. */
        if (member->process && member->stopped) mp_process_join(member->process, GOODBYE_MS);
        mp_process_free(member->process);
        member->process = NULL;
        mr_reader_free(member->reader);
        mp_queue_free(member->tasks);
        free(member->assignments);
        free(member->runs);
    }
    mp_orphans_kill(is_member, crew, ORPHANS_MS);
    free(crew->members);
    if (crew->watch > 0) close(crew->watch);
    *crew = (mr_crew){0};
}

void mr_crew_collect(mr_crew *crew, uint32_t index, int *code) {
    mr_member *member = &crew->members[index];
    *code = 0;
    mp_process_join(member->process, -1);
    mp_process_exit_code(member->process, code);
    unwatch(crew, member);
    mp_process_free(member->process);
    member->process = NULL;
    mp_orphans_kill(is_member, crew, ORPHANS_MS);
    mp_queue_free(member->tasks);
    member->tasks = NULL;
}

static bool remember(mr_member *member, const mr_task *task, mr_error *error) {
    if (member->assignment_count == member->assignment_room) {
        size_t room = member->assignment_room ? 2 * member->assignment_room : 16;
        mr_assignment *larger = realloc(member->assignments, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of assignments");
        member->assignments = larger;
        member->assignment_room = room;
    }
    member->assignments[member->assignment_count++] =
        (mr_assignment){.sequence = task->sequence, .unit = task->unit, .kind = task->kind, .given = mr_seconds()};
    return true;
}

bool mr_crew_assign(mr_crew *crew, uint32_t index, mr_task *task, bool *taken, mr_error *error) {
    mr_member *member = &crew->members[index];
    task->sequence = member->sequence + 1;
    int code = mp_queue_put(member->tasks, task, sizeof *task, 0);
    *taken = code == 0;
    if (code == -EAGAIN) return true;
    if (code < 0) return mr_error_system(error, -code, "could not give a worker its next task");
    member->sequence++;
    crew->tasks++;
    if (task->kind == MR_TASK_DELIVER)
        member->delivering++;
    else
        member->busy++;
    return remember(member, task, error);
}

bool mr_crew_work(mr_crew *crew, mr_error *error) {
    bool ok = true;
    for (uint32_t i = 0; ok && crew->job->alone && i < crew->count; i++) {
        const mr_member *member = &crew->members[i];
        if (member->stopped) continue;
        ok = member->worker ? mr_worker_turn(member->worker, error) : mr_reader_turn(member->reader, error);
    }
    return ok;
}

mr_assignment *mr_member_find(mr_member *member, uint64_t sequence) {
    size_t low = 0, high = member->assignment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (member->assignments[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == member->assignment_count || member->assignments[low].sequence != sequence) return NULL;
    return &member->assignments[low];
}

void mr_member_tidy(mr_member *member) {
    size_t kept = 0;
    for (size_t i = 0; i < member->assignment_count; i++)
        if (!member->assignments[i].done || !member->assignments[i].committed)
            member->assignments[kept++] = member->assignments[i];
    member->assignment_count = kept;
}

bool mr_member_hold_run(mr_member *member, const mr_run *run, mr_error *error) {
    if (member->run_count == member->run_room) {
        size_t room = member->run_room ? 2 * member->run_room : 8;
        mr_run *larger = realloc(member->runs, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of runs");
        member->runs = larger;
        member->run_room = room;
    }
    member->runs[member->run_count++] = *run;
    return true;
}
