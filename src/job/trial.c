#include "job/trial.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/forked.h"
#include "job/footprint.h"
#include "job/watchdog.h"

/* A worker has died on a chunk. Another one forks a process that maps the chunk again, in isolation: every record is
 * handed over alone, also to map_chunk, what it emits goes on at once, and nothing comes of it. If that process dies
 * too, the place that it left in shared memory is that of one record. The next process starts there; a record that
 * kills two of them in a row (from outside: five) is found, and the search goes on behind it. All records of a chunk
 * that kill are found in this way at the price of two forks each, and the worker loses nothing that it has done. A
 * chunk that survives has died of something else: of a signal from outside, of the records together, or by chance. */

enum {
    MEMORY_LOOK_MS = 20, /* between two looks at the memory of a process on trial */
    DEATHS_CONVICT = 2,  /* deaths on one record, in a row */
    KILLS_CONVICT = 5,   /* the same, when somebody seems to have killed it from outside */
    KILLS_MAX = 50       /* from outside, in one trial that is given up then */
};

static int rehearse(void *argument) {
    mr_trial *trial = argument;
    mr_watch_forks();       /* from here on: this process is meant to run on */
    mr_error ignored = {0}; /* an error is no death: it comes again when the chunk is mapped in earnest */
    mr_fault_catch_again();
    trial->rehearse(trial->receiver, &trial->chunk, &ignored);
    trial->where->callback = NULL; /* through: a plugin that calls exit does not get here */
    return 0;
}

/* Milliseconds between two looks at a process on trial; -1: there is nothing to look at. */
static int pause_between_looks(const mr_trial *trial) {
    int pause = trial->timeout ? mr_watchdog_pause(trial->timeout) : -1;
    if (!trial->memory) return pause;
    return pause < 0 || pause > MEMORY_LOOK_MS ? MEMORY_LOOK_MS : pause;
}

/* Waits for the end of a process on trial. Not 0 when it was ended, for this cause (enum mr_death_cause). */
static uint32_t await_end(const mr_trial *trial, mp_process *process) {
    mr_watchdog watchdog = {0};
    uint32_t cause = 0;
    pid_t number = mp_process_id(process);
    while (!cause && mp_process_join(process, pause_between_looks(trial)) < 0) {
        if (trial->memory && mr_plugin_memory(number, trial->slot) > trial->memory)
            cause = MR_DEATH_TOO_LARGE;
        else if (trial->timeout && mr_watchdog_look(&watchdog, number, trial->where, 0, trial->timeout))
            cause = MR_DEATH_TIMEOUT;
    }
    if (!cause) return 0;
    mr_watchdog_ask(number);
    if (mp_process_join(process, MR_LAST_WORDS_MS) < 0) mp_process_kill(process);
    mp_process_join(process, -1);
    return cause;
}

/* Lets a process map the rest of the chunk. *alive: it came through; otherwise death says why it did not. */
static bool try_once(mr_trial *trial, mr_death *death, bool *alive, mr_error *error) {
    mp_process *process;
    mp_process_options options = {.name = "mr-trial", .flags = MP_PROCESS_DAEMON};
    uint64_t memory_kills = mr_memory_kills();
    *trial->where = (mr_where){0};
    trial->fault->told = 0;
    int code = mp_process_start(&process, &options, rehearse, trial);
    if (code < 0) return mr_error_start(error, -code);
    uint32_t cause = await_end(trial, process);
    code = 0;
    int unknown = mp_process_exit_code(process, &code);
    mp_process_free(process);
    *alive = unknown == 0 && code == 0 && !trial->where->callback;
    if (*alive) return true;
    memset(death, 0, sizeof *death);
    mr_death_explain(death, code, trial->where, trial->fault, memory_kills);
    if (cause == MR_DEATH_TIMEOUT) mr_death_was_stuck(death, trial->timeout);
    if (cause == MR_DEATH_TOO_LARGE) mr_death_was_too_large(death, trial->memory);
    return true;
}

static bool same_record(const mr_place *a, const mr_place *b) {
    return a->kind == MR_PLACE_RECORD && b->kind == MR_PLACE_RECORD && a->source == b->source && a->offset == b->offset;
}

/* The position of a record in the whole input. */
static uint64_t position_of(const mr_trial *trial, const mr_place *place) {
    return trial->input->sources[place->source].start + place->offset;
}

static bool report_found(mr_trial *trial, mr_death *death, unsigned attempts, mr_error *error) {
    death->attempts = attempts;
    death->leave_out = 1;
    if (!trial->found(trial->receiver, death, error)) return false;
    mr_chunk_begin_at(&trial->chunk, position_of(trial, &death->place) + death->place.length);
    return true;
}

static unsigned deaths_that_convict(const mr_trial *trial, uint32_t cause) {
    if (trial->hasty && cause == MR_DEATH_TIMEOUT) return 1;
    return cause == MR_DEATH_KILLED ? KILLS_CONVICT : DEATHS_CONVICT;
}

bool mr_trial_run(mr_trial *trial, mr_error *error) {
    static mr_death death; /* large */
    mr_place last = {0};
    unsigned kills = 0, deaths = 0; /* from outside; at the last record */
    while (trial->chunk.begin < trial->chunk.end) {
        bool alive = false;
        if (!try_once(trial, &death, &alive, error)) return false;
        if (alive) return true;
        if (!trial->died(trial->receiver, error)) return false;
        if (death.cause == MR_DEATH_KILLED && ++kills == KILLS_MAX) return true;
        if (death.place.kind != MR_PLACE_RECORD || !death.place.length) return true; /* or an empty source */
        deaths = same_record(&last, &death.place) ? deaths + 1 : 1;
        if (deaths == deaths_that_convict(trial, death.cause)) {
            unsigned before = same_record(&trial->suspect, &death.place); /* the worker that died in earnest */
            if (!report_found(trial, &death, deaths + before, error)) return false;
            deaths = 0;
        } else {
            last = death.place;
            mr_chunk_begin_at(&trial->chunk, position_of(trial, &last));
        }
    }
    return true;
}
