#include "check/check.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/units.h"
#include "check/finding.h"
#include "check/report.h"
#include "job/card.h"

/* The order of things: the job as the user has asked for it is opened, which finds mistakes in options, plugin and
 * inputs; a sample is taken; a job on the sample is opened, for the experiments, and one is run. Only when that has
 * gone well are the laws tried, those that explain others first. */

/* ---- deaths ------------------------------------------------------------------------------------------------------ */

/* Whether the address that was accessed lies where texts are laid that were borrowed before. */
static bool was_old_text(const mr_board *board, const mr_death *death) {
    return death->fault.told && death->fault.signal == SIGSEGV && death->fault.address >= board->text_begin &&
           death->fault.address < board->text_end;
}

/* Whether something was written that is only to be read. */
static bool was_given(const mr_board *board, const mr_death *death) {
    return was_old_text(board, death) && death->fault.address >= board->given_begin &&
           death->fault.address < board->given_end;
}

/* The lines of the crash card but for those about places in the sample, which is no file. */
static void put_card(FILE *to, const mr_card *card) {
    char place[MR_SYMBOL_PLACE + 64];
    fprintf(to, "%s\n", card->happened);
    for (uint32_t i = 0; i < card->frames && i < 8; i++) {
        const mr_symbol *symbol = &card->backtrace.symbols[i];
        fprintf(to, "%s  %s\n", *symbol->function ? symbol->function : "?",
                mr_symbol_place(symbol, &card->death->fault, place, sizeof place));
    }
}

/* What a death comes of most likely. */
typedef struct death_kind {
    const char *title; /* behind the name of the callback */
    const char *advice;
} death_kind;

static const char unset_advice[] =
    "The check fills memory that is not set with a pattern, and calls callbacks in another order. Most likely a "
    "variable "
    "or pointer is used before it is set, or something is used that was left by an earlier call.";

static death_kind kind_of(const mr_board *board, enum mr_law law, const mr_death *death) {
    if (law == MR_LAW_RECORD && was_given(board, death))
        return (death_kind){"writes to the bytes that it is given",
                            "They are not to be changed: what is asked for again would be something else. Copy them."};
    if (was_old_text(board, death))
        return (death_kind){"reads text that it has no right to any more, or beyond its end",
                            "The text of a record is borrowed until the callback returns, and is length bytes. Most "
                            "likely a pointer into it is kept (in a static variable, or ctx->state) and used in a "
                            "later call; copy the text instead. Or something searches on behind its end."};
    if (death->cause == MR_DEATH_TIMEOUT) return (death_kind){"hangs, though it does not in a job", unset_advice};
    return (death_kind){"crashes, though it does not in a job", unset_advice};
}

void mr_tell_death(mr_checker *self, enum mr_law law, const mr_death *death) {
    mr_card *card = malloc(sizeof *card);
    mr_error ignored = {0};
    death_kind kind = kind_of(self->board, law, death);
    mr_finding *finding =
        mr_finding_begin(self->board, law, "%s %s", death->callback ? death->callback : "open", kind.title);
    FILE *to = mr_finding_text(finding);
    uint64_t record =
        death->place.kind == MR_PLACE_GROUP ? self->board->record_count : mr_sample_find(self->board, &death->place);
    if (record < self->board->record_count) mr_finding_add_record(finding, (uint32_t)record);
    mr_finding_advise(finding, "%s", kind.advice);
    if (card && to && mr_card_open(card, &self->job, death, &ignored)) put_card(to, card);
    if (card) mr_card_close(card);
    free(card);
    if (to) fclose(to);
}

void mr_try_law(mr_checker *self, enum mr_law law, const mr_experiment *experiment) {
    mr_error error = {0};
    mr_death *death = calloc(1, sizeof *death);
    if (!death) {
        mr_verdict_none(self->board, law, "no memory");
        return;
    }
    enum mr_experiment_end end = mr_experiment_do(&self->bench, experiment, death, &error);
    if (end == MR_EXPERIMENT_DIED) mr_tell_death(self, law, death);
    if (end == MR_EXPERIMENT_FAILED) mr_verdict_none(self->board, law, "%.100s", error.text);
    free(death);
}

/* ---- the laws ---------------------------------------------------------------------------------------------------- */

static bool is_wrong(const mr_checker *self, enum mr_law law) {
    return self->board->verdicts[law].kind == MR_VERDICT_WRONG;
}

static void try_callback(mr_checker *self, enum mr_law law, bool (*run)(mr_lab *lab, void *argument, mr_error *error)) {
    mr_experiment experiment = {.variant = mr_variant_plain, .seconds = self->seconds / 8, .run = run};
    mr_try_law(self, law, &experiment);
}

/* What depends on the cut of texts only because something else is wrong would be named wrongly. */
static void try_borders(mr_checker *self) {
    bool others = is_wrong(self, MR_LAW_SAME) || is_wrong(self, MR_LAW_STATE) || is_wrong(self, MR_LAW_FOLD) ||
                  is_wrong(self, MR_LAW_RESULT);
    mr_experiment experiment = {
        .variant = mr_variant_plain, .seconds = self->seconds / 8, .run = mr_law_borders, .argument = &others};
    mr_try_law(self, MR_LAW_BORDERS, &experiment);
}

static bool try_laws(mr_checker *self, mr_error *error) {
    if (!mr_sweep_first(self, error)) return false;
    try_callback(self, MR_LAW_RECORD, mr_law_record);
    try_callback(self, MR_LAW_FOLD, mr_law_fold);
    try_callback(self, MR_LAW_COMPARE, mr_law_keys);
    try_callback(self, MR_LAW_COMBINE, mr_law_combine);
    try_callback(self, MR_LAW_RESULT, mr_law_result);
    if (!mr_sweep_again(self, error)) return false;
    try_borders(self);
    mr_law_source(self);
    mr_law_jobs(self);
    return true;
}

/* ---- from start to end ------------------------------------------------------------------------------------------- */

/* The job on the sample: the same plugin, options and names of inputs, with what the sample has of them. */
static bool open_sampled(mr_checker *self, mr_error *error) {
    mr_job_settings *settings = &self->sampled;
    *settings = *self->settings->job;
    settings->inputs = self->original.input.names;
    settings->input_count = self->original.input.count;
    settings->held_inputs = self->sample.held;
    settings->choice = (mr_path_choice){0};
    settings->only_length = 0;
    settings->quiet = true;
    settings->verbose = false;
    settings->output = "output";
    settings->held_output = STDERR_FILENO; /* nothing is ever written there: this job is not run */
    settings->workers = 1;
    return mr_job_open(&self->job, settings, error);
}

static bool open_board(mr_checker *self, mr_error *error) {
    void *memory =
        mmap(NULL, sizeof *self->board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return mr_error_memory(error, sizeof *self->board, "a check");
    self->board = memory;
    return true;
}

static bool prepare(mr_checker *self, mr_error *error) {
    const mr_check_settings *settings = self->settings;
    if (!open_board(self, error) || !mr_job_open(&self->original, settings->job, error)) return false;
    self->sample.board = self->board;
    if (!mr_sample_take(&self->sample, &self->original, settings->sample, error)) return false;
    if (!self->board->record_count)
        return mr_error_set(error, "there is no record in the input to check %s with: give one that has some",
                            settings->job->plugin);
    if (!open_sampled(self, error)) return false;
    self->bench = (mr_bench){.job = &self->job,
                             .board = self->board,
                             .sample = self->sample.bytes,
                             .seed = settings->seed,
                             .timeout = settings->job->timeout};
    self->seconds = (double)settings->milliseconds * 1e-3;
    self->end = mr_seconds() + self->seconds;
    return true;
}

static void release(mr_checker *self) {
    if (self->first_output >= 0) close(self->first_output);
    mr_job_close(&self->job);
    mr_sample_close(&self->sample);
    mr_job_close(&self->original);
    if (self->board) munmap(self->board, sizeof *self->board);
}

static bool report(mr_checker *self, bool *wrong, mr_error *error) {
    for (int law = 0; law < MR_LAWS; law++)
        *wrong |= is_wrong(self, law);
    mr_check_report(self);
    const char *keep = self->settings->keep;
    return !*wrong || !keep || mr_check_keep(self, keep, error);
}

bool mr_check(const mr_check_settings *settings, bool *wrong, mr_error *error) {
    mr_checker *self = calloc(1, sizeof *self);
    if (!self) return mr_error_memory(error, sizeof *self, "a check");
    *self = (mr_checker){.settings = settings,
                         .first_output = -1,
                         .original.bad_file = -1,
                         .job.bad_file = -1,
                         .original.input.folder = -1,
                         .job.input.folder = -1};
    *wrong = false;
    bool ok = prepare(self, error) && mr_first_job(self, error) && try_laws(self, error) && report(self, wrong, error);
    release(self);
    free(self);
    return ok;
}
