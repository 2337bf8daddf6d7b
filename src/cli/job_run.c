#include "cli/job_run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "flow/output.h"
#include "job/coordinator.h"
#include "job/overview_page.h"

/* One stage after the other is run as a job of its own. What only other stages read goes into a file without a name, in
 * the folder for temporary files, and is handed on as an open descriptor: however this process ends, nothing is left.
 *
 * A repetition keeps two files for each of its stages: what it has made in this round and in the one before. When a
 * round is over the older ones are closed and the younger take their place. Outputs of these stages are written when
 * the last round is over, as copies, because nobody knows before that it is the last. */

enum { COPY = 1 << 20 /* bytes at once */ };

/* A job file at work. */
typedef struct job_run {
    const mr_job_request *request;
    const mr_job_file *file;
    int *made;         /* for each stage the descriptor of what it has made, 0: nothing; owned */
    int *before;       /* of the round before; owned */
    size_t *last_read; /* for each stage: the place in the order from which on nobody reads what it has made; owned */
    uint64_t round;    /* of the repetition, from 1; 0: outside of it */
    uint64_t counted;  /* the counter of its condition, in this round */
    mr_overview overview; /* of what has been run, if the request wants a report */
    sigset_t signals;     /* that were blocked before */
    int signal;           /* that has ended a stage; 0: none */
    mr_watching watching; /* who looks on at all stages */
    bool watched;         /* it is open */
    mr_error error;       /* why it cannot go on */
} job_run;

/* ---- what stages make -------------------------------------------------------------------------------------------- */

static void let_go(int *file) {
    if (*file) close(*file);
    *file = 0;
}

/* Notes up to where in the order what others make is read. The stages of the repetition are not done before all of it
 * is. */
static void note_readers(job_run *self) {
    const mr_job_file *file = self->file;
    size_t end_of_repetition = 0;
    for (size_t i = 0; i < file->count; i++)
        if (file->stages[file->order[i]].repeated) end_of_repetition = i + 1;
    for (size_t i = 0; i < file->count; i++) {
        const mr_stage *stage = &file->stages[file->order[i]];
        size_t end = stage->repeated ? end_of_repetition : i + 1;
        for (size_t j = 0; j < stage->input_count; j++)
            if (!stage->inputs[j].path) self->last_read[stage->inputs[j].stage] = end;
        for (size_t j = 0; j < stage->side_count; j++)
            if (!stage->sides[j].path) self->last_read[stage->sides[j].stage] = end;
    }
}

/* Lets go of what nobody reads any more when the stages before this place in the order are done. */
static void release(job_run *self, size_t place) {
    for (size_t i = 0; i < self->file->count; i++)
        if (self->last_read[i] <= place) let_go(&self->made[i]);
}

/* Opens a file for what a stage makes, unless it has one of its own. */
static bool open_made(job_run *self, size_t index, mr_job_settings *settings, mr_error *error) {
    const mr_stage *stage = &self->file->stages[index];
    if (stage->output && !stage->repeated) return true;
    const char *folder = mr_job_temporary(settings);
    int file = mr_open_unnamed(folder);
    if (file < 0)
        return mr_error_system(error, errno, "could not make a temporary file in %s (choose another folder with --tmp)",
                               folder);
    self->made[index] = settings->held_output = file;
    return true;
}

/* ---- a stage ----------------------------------------------------------------------------------------------------- */

static void put_title(const job_run *self, const mr_stage *stage, char *title, size_t size) {
    if (self->round)
        snprintf(title, size, "stage %s, round %llu", stage->name, (unsigned long long)self->round);
    else
        snprintf(title, size, "stage %s", stage->name);
}

/* A counter that the plugin has not counted with is 0. */
static uint64_t counter_of(const mr_result_summary *summary, const char *name) {
    for (size_t i = 0; i < summary->counter_count; i++)
        if (!strcmp(summary->counters[i].name, name)) return summary->counters[i].value;
    return 0;
}

/* Runs a stage whose arguments are complete. */
static bool run_job(job_run *self, size_t index, const mr_job_settings *settings, const char *title) {
    static mr_result_summary summary; /* large */
    mr_job_run(settings, &summary, &self->error);
    if (self->request->report)
        mr_overview_add(&self->overview, self->file->stages[index].name, self->round, settings->plugin, &summary);
    /* Between stages there are no processes to be ended in an orderly way: signals may have their usual effects. */
    sigprocmask(SIG_SETMASK, &self->signals, NULL);
    if (summary.outcome == MR_OUTCOME_SIGNAL) self->signal = summary.signal;
    if (summary.outcome == MR_OUTCOME_DONE && !settings->quiet) mr_summary_print(&summary, title);
    if (self->round && self->file->repetition.stage == index)
        self->counted = counter_of(&summary, self->file->repetition.counter);
    mr_summary_close(&summary);
    return summary.outcome == MR_OUTCOME_DONE;
}

/* What the command line says of watching holds for all stages, and has been read with the first of them. */
static bool open_watching(job_run *self, const mr_watch_wish *wish, mr_error *error) {
    self->watched = self->watched || mr_watching_open(&self->watching, wish, error);
    return self->watched;
}

static bool run_stage(job_run *self, size_t index) {
    const mr_stage *stage = &self->file->stages[index];
    char title[256];
    mr_stage_arguments arguments;
    put_title(self, stage, title, sizeof title);
    bool ok = mr_stage_arguments_make(&arguments, self->request, stage, self->made, self->before, self->round <= 1,
                                      &self->error);
    mr_job_settings *settings = &arguments.run.settings;
    ok =
        ok && open_made(self, index, settings, &self->error) && open_watching(self, &arguments.run.watch, &self->error);
    if (ok) mr_watching_join(&self->watching, settings, title);
    if (ok && settings->held_output) settings->output = title;
    ok = ok && run_job(self, index, settings, title);
    mr_stage_arguments_free(&arguments);
    if (!ok && self->error.set) mr_error_context(&self->error, "%s", title);
    return ok;
}

/* ---- the repetition ---------------------------------------------------------------------------------------------- */

/* What the stages have made becomes what they have made in the round before. */
static void end_round(job_run *self) {
    for (size_t i = 0; i < self->file->count; i++) {
        if (!self->file->stages[i].repeated) continue;
        let_go(&self->before[i]);
        self->before[i] = self->made[i];
        self->made[i] = 0;
    }
}

/* When all rounds are over the last one is what counts. */
static void end_repetition(job_run *self) {
    for (size_t i = 0; i < self->file->count; i++) {
        if (!self->file->stages[i].repeated) continue;
        self->made[i] = self->before[i];
        self->before[i] = 0;
    }
    self->round = 0;
}

static bool copy_all(int from, mr_output *output, char *buffer, mr_error *error) {
    uint64_t offset = 0;
    for (int64_t count; (count = mr_read_at(from, buffer, COPY, offset)) != 0; offset += (uint64_t)count) {
        if (count < 0) return mr_error_system(error, errno, "could not read a temporary file");
        if (!mr_output_write(output, buffer, (size_t)count, offset, error)) return false;
    }
    return mr_output_commit(output, offset, error);
}

/* Writes what a stage has made in the last round to where it is wanted. */
static bool copy_output(job_run *self, size_t index) {
    const mr_stage *stage = &self->file->stages[index];
    mr_output output = {.file = -1};
    char *buffer = malloc(COPY);
    bool ok = buffer || mr_error_memory(&self->error, COPY, "copying the output");
    ok = ok && mr_output_open(&output, stage->output, &self->error) &&
         copy_all(self->made[index], &output, buffer, &self->error);
    mr_output_close(&output);
    free(buffer);
    return ok || mr_error_context(&self->error, "stage %s", stage->name);
}

static bool copy_outputs(job_run *self) {
    for (size_t i = 0; i < self->file->count; i++) {
        size_t stage = self->file->order[i];
        if (!self->file->stages[stage].repeated || !self->file->stages[stage].output) continue;
        if (!copy_output(self, stage)) return false;
    }
    return true;
}

static bool condition_holds(const job_run *self) {
    const mr_repetition *repetition = &self->file->repetition;
    if (repetition->stage == MR_NO_STAGE) return false;
    return repetition->below ? self->counted < repetition->number : self->counted == repetition->number;
}

/* There may be no more rounds, and the condition does not hold. */
static bool out_of_rounds(job_run *self) {
    const mr_repetition *repetition = &self->file->repetition;
    if (repetition->stage == MR_NO_STAGE) return true;
    char text[512];
    snprintf(text, sizeof text, "after %llu rounds the counter %s of stage %s is %llu, not %s%llu",
             (unsigned long long)repetition->most, repetition->counter, self->file->stages[repetition->stage].name,
             (unsigned long long)self->counted, repetition->below ? "below " : "",
             (unsigned long long)repetition->number);
    if (!repetition->may_stop)
        return mr_error_set(&self->error,
                            "%s: %s; allow more rounds (\"most\"), or let them run out (\"or\": \"stop\")",
                            self->file->path, text);
    mr_message("%s: %s; the last round counts", self->file->path, text);
    return true;
}

/* Runs the stages from a place in the order on, round by round. */
static bool repeat(job_run *self, size_t place) {
    const mr_repetition *repetition = &self->file->repetition;
    bool holds = false;
    for (self->round = 1; self->round <= repetition->most && !holds; self->round++) {
        for (size_t i = 0; i < repetition->count; i++)
            if (!run_stage(self, self->file->order[place + i])) return false;
        end_round(self);
        holds = condition_holds(self);
    }
    if (!holds && !out_of_rounds(self)) return false;
    end_repetition(self);
    return copy_outputs(self);
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static bool run_all(job_run *self) {
    for (size_t place = 0; place < self->file->count;) {
        size_t stage = self->file->order[place];
        bool repeated = self->file->stages[stage].repeated;
        if (repeated ? !repeat(self, place) : !run_stage(self, stage)) return false;
        place += repeated ? self->file->repetition.count : 1;
        release(self, place);
    }
    return true;
}

static bool open_run(job_run *self) {
    mr_watching_hold_requests();
    size_t count = self->file->count;
    self->made = calloc(count, sizeof *self->made);
    self->before = calloc(count, sizeof *self->before);
    self->last_read = calloc(count, sizeof *self->last_read);
    if (!self->made || !self->before || !self->last_read)
        return mr_error_memory(&self->error, count * sizeof *self->last_read, "stages");
    const char *report = self->request->report;
    if (report &&
        (!mr_output_check(report, &self->error) || !mr_overview_open(&self->overview, self->file->path, &self->error)))
        return false;
    sigprocmask(SIG_BLOCK, NULL, &self->signals);
    note_readers(self);
    return true;
}

static void close_run(job_run *self) {
    for (size_t i = 0; self->made && self->before && i < self->file->count; i++) {
        let_go(&self->made[i]);
        let_go(&self->before[i]);
    }
    free(self->made);
    free(self->before);
    free(self->last_read);
    mr_overview_close(&self->overview);
    if (self->watched) mr_watching_close(&self->watching);
}

/* Writes the overview, if one is wanted; false when that failed, although all stages are done. */
static bool keep_overview(const job_run *self, bool done) {
    mr_error error = {0};
    if (!self->overview.records || mr_overview_write(self->request->report, &self->overview, &self->error, &error))
        return true;
    mr_message(done ? "all stages are done, but the report could not be written: %s"
                    : "the report could not be written: %s",
               error.text);
    return false;
}

mr_exit mr_job_run_all(const mr_job_request *request) {
    job_run self = {.request = request, .file = request->file};
    bool ok = open_run(&self) && run_all(&self);
    ok = keep_overview(&self, ok) && ok;
    close_run(&self);
    if (!ok && self.error.set) mr_message("%s", self.error.text);
    return (mr_exit){.status = ok ? 0 : self.error.usage ? 2 : 1, .signal = self.signal};
}
