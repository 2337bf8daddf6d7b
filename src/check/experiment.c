#include "check/experiment.h"

#include <alloca.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "job/watchdog.h"

/* What the plugin prints has been seen in the job before, once. */
static bool be_quiet(mr_error *error) {
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 && dup2(nowhere, STDERR_FILENO) >= 0) return true;
    return mr_error_system(error, errno, "could not open /dev/null");
}

typedef struct assignment {
    const mr_bench *bench;
    const mr_experiment *experiment;
} assignment;

enum { STACK_MOVED = 37 << 10 /* bytes by which the stack of a moved lab lies deeper */ };

/* In the process of the experiment. */
static int work(void *argument) {
    const assignment *given = argument;
    const mr_bench *bench = given->bench;
    static mr_lab lab; /* large */
    lab = (mr_lab){.job = bench->job,
                   .board = bench->board,
                   .sample = bench->sample,
                   .variant = given->experiment->variant,
                   .deadline = mr_seconds() + given->experiment->seconds,
                   .random = bench->seed};
    mr_error *error = &bench->board->error;
    if (lab.variant.moved) __asm__ volatile("" : : "r"(alloca(STACK_MOVED)) : "memory");
    bool ok =
        be_quiet(error) && mr_lab_open(&lab, error) && given->experiment->run(&lab, given->experiment->argument, error);
    mr_fault_release();
    if (lab.context.where) lab.context.where->inside = 0;
    bench->board->finished = 1 + ok;
    return 0;
}

/* Waits for the end. true: it was ended because a callback took too long. */
static bool await_end(const mr_bench *bench, mp_process *process) {
    mr_watchdog watchdog = {0};
    const mr_where *where = &bench->job->shared->slots[0].where;
    pid_t number = mp_process_id(process);
    while (mp_process_join(process, mr_watchdog_pause(bench->timeout)) < 0) {
        if (!mr_watchdog_look(&watchdog, number, where, 0, bench->timeout)) continue;
        mr_watchdog_ask(number);
        if (mp_process_join(process, MR_LAST_WORDS_MS) < 0) mp_process_kill(process);
        mp_process_join(process, -1);
        return true;
    }
    return false;
}

enum mr_experiment_end mr_experiment_do(const mr_bench *bench, const mr_experiment *experiment, mr_death *death,
                                        mr_error *error) {
    mr_slot *slot = &bench->job->shared->slots[0];
    mr_board *board = bench->board;
    mp_process *process;
    mp_process_options options = {.name = "mr-check", .flags = MP_PROCESS_DAEMON};
    uint64_t memory_kills = mr_memory_kills();
    slot->where = (mr_where){0};
    slot->fault.told = 0;
    board->finished = board->touched = 0;
    board->error = (mr_error){0};
    int code = mp_process_start(&process, &options, work, &(assignment){bench, experiment});
    if (code < 0) {
        mr_error_start(error, -code);
        return MR_EXPERIMENT_FAILED;
    }
    bool stuck = await_end(bench, process);
    code = 0;
    (void)mp_process_exit_code(process, &code);
    mp_process_free(process);
    if (board->finished == 2 && !code) return MR_EXPERIMENT_DONE;
    if (board->finished == 1 && !code) {
        *error = board->error;
        error->text[sizeof error->text - 1] = 0;
        return MR_EXPERIMENT_FAILED;
    }
    memset(death, 0, sizeof *death);
    mr_death_explain(death, code, &slot->where, &slot->fault, memory_kills);
    if (stuck) mr_death_was_stuck(death, bench->timeout);
    return MR_EXPERIMENT_DIED;
}
