#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/watching.h"
#include "data/decode.h"
#include "embed/embedding.h"
#include "embed/isolation.h"
#include "embed/looking.h"
#include "job/coordinator.h"
#include "job/footprint.h"

/* The process of a job is the coordinator of it, as the command mr is: the description is turned into the words of a
 * command line, so that everything means the same as there, and what no words can say is put into the settings. */

/* The job, with the memory behind its settings. */
typedef struct child {
    const mr_embedding *embedding;
    mr_run_arguments arguments;
    char **words;     /* of the command line */
    mr_held *held;    /* for each input */
    int *descriptors; /* for each input that is one: ours; -1 for others */
    int **kept;       /* all that are to stay */
    size_t kept_count;
    int output;           /* as in the embedding, under its number here */
    int statistics;       /* the same */
    int progress;         /* the same */
    mr_watching watching; /* who looks on, as the options say, */
    mr_looking looking;   /* and for the program */
    mr_side_wish *sides;  /* those of the options, and those in memory */
    size_t own_sides;     /* of them, of the options */
} child;

static bool make_room(child *self, mr_error *error) {
    const mr_embedding *embedding = self->embedding;
    size_t inputs = embedding->inputs.count, words = embedding->option_count + inputs + 8;
    self->words = calloc(words, sizeof *self->words);
    self->held = calloc(inputs + 1, sizeof *self->held);
    self->descriptors = calloc(inputs + 1, sizeof *self->descriptors);
    self->kept = calloc(inputs + 3, sizeof *self->kept);
    return (self->words && self->held && self->descriptors && self->kept) ||
           mr_error_memory(error, words * sizeof *self->words, "the description of a job");
}

/* Keeps the descriptors that the job was given. */
static bool isolate(child *self, mr_error *error) {
    const mr_embedding *embedding = self->embedding;
    for (size_t i = 0; i < embedding->inputs.count; i++) {
        self->descriptors[i] = embedding->inputs.list[i].descriptor;
        if (self->descriptors[i] >= 0) self->kept[self->kept_count++] = &self->descriptors[i];
    }
    self->output = embedding->output;
    bool in_place = embedding->to == MR_EMBEDDED_MEMORY;
    if (in_place) self->kept[self->kept_count++] = &self->output;
    self->statistics = embedding->statistics;
    if (self->statistics >= 0) self->kept[self->kept_count++] = &self->statistics;
    self->progress = embedding->progress;
    if (self->progress >= 0) self->kept[self->kept_count++] = &self->progress;
    return mr_isolate(self->kept, self->kept_count, in_place ? -1 : self->output, embedding->messages, error);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

static bool read_words(child *self, mr_error *error) {
    static char run[] = "run", pairs[] = "--format=binary", end[] = "--";
    const mr_embedding *embedding = self->embedding;
    int count = 0;
    if (!embedding->plugin) return mr_error_usage(error, "the job has no plugin");
    self->words[count++] = run;
    for (size_t i = 0; i < embedding->option_count; i++)
        self->words[count++] = embedding->options[i];
    if (embedding->to == MR_EMBEDDED_PAIRS) self->words[count++] = pairs;
    self->words[count++] = end;
    self->words[count++] = (char *)embedding->plugin;
    for (size_t i = 0; i < embedding->inputs.count; i++)
        self->words[count++] = embedding->inputs.list[i].name;
    if (!mr_run_arguments_read(&self->arguments, &mr_command_run, NULL, "mr", count, self->words, error)) return false;
    return !self->arguments.help || mr_error_usage(error, "the option help is for the command line");
}

/* ---- what no words can say --------------------------------------------------------------------------------------- */

/* Puts bytes into a file in memory. */
static bool put_into_file(const mr_embedded_input *input, int *file, mr_error *error) {
    *file = memfd_create("mr-input", MFD_CLOEXEC);
    return (*file >= 0 && mr_write_at(*file, input->bytes, input->length, 0)) ||
           mr_error_system(error, errno, "could not copy %s", input->name);
}

/* Text is read where it is; what unpacks compressed bytes wants a file. */
static bool hold_bytes(mr_held *held, const mr_embedded_input *input, mr_error *error) {
    enum mr_coding coding = mr_coding_of(input->bytes, mr_smaller(input->length, 4));
    if (coding == MR_CODING_GZIP || coding == MR_CODING_ZSTD) return put_into_file(input, &held->file, error);
    held->bytes = mr_bytes(input->bytes, input->length);
    return true;
}

static bool hold_inputs(child *self, mr_error *error) {
    const mr_embedded_inputs *inputs = &self->embedding->inputs;
    for (size_t i = 0; i < inputs->count; i++) {
        if (self->descriptors[i] >= 0) self->held[i] = (mr_held){.file = self->descriptors[i], .foreign = true};
        if (inputs->list[i].bytes && !hold_bytes(&self->held[i], &inputs->list[i], error)) return false;
    }
    self->arguments.settings.held_inputs = self->held;
    return true;
}

/* Adds the side files that are in memory to those of the options. */
static bool hold_sides(child *self, mr_error *error) {
    const mr_embedded_inputs *sides = &self->embedding->sides;
    mr_job_settings *settings = &self->arguments.settings;
    size_t count = settings->side_count + sides->count;
    self->sides = calloc(count + 1, sizeof *self->sides);
    if (!self->sides) return mr_error_memory(error, count * sizeof *self->sides, "side files");
    for (size_t i = 0; i < settings->side_count; i++)
        self->sides[i] = settings->sides[i];
    for (size_t i = 0; i < sides->count; i++) {
        mr_side_wish *side = &self->sides[settings->side_count + i];
        *side = (mr_side_wish){.name = sides->list[i].name, .path = "memory"};
        if (!put_into_file(&sides->list[i], &side->held, error)) return false;
    }
    self->own_sides = settings->side_count;
    settings->sides = self->sides;
    settings->side_count = count;
    return true;
}

static void choose_output(child *self) {
    mr_job_settings *settings = &self->arguments.settings;
    enum mr_embedded_output to = self->embedding->to;
    if (to == MR_EMBEDDED_OPTION) return;
    settings->output = to == MR_EMBEDDED_MEMORY ? "memory" : NULL;
    settings->held_output = to == MR_EMBEDDED_MEMORY ? self->output : 0;
}

static bool complete_settings(child *self, mr_error *error) {
    mr_job_settings *settings = &self->arguments.settings;
    settings->linked = self->embedding->linked;
    settings->embedded = true;
    if (self->statistics >= 0) settings->held_stats = self->statistics;
    choose_output(self);
    if (self->embedding->to == MR_EMBEDDED_PAIRS && settings->compress)
        return mr_error_usage(error, "the option compress does not go with results that are taken one by one");
    return hold_inputs(self, error) && hold_sides(self, error);
}

/* ---- the job ----------------------------------------------------------------------------------------------------- */

/* Lets those look on that the options name, and the program. */
static bool look_on(child *self, mr_error *error) {
    mr_watching *watching = &self->watching;
    mr_watching_hold_requests();
    if (!mr_watching_open(watching, &self->arguments.watch, error)) return false;
    if (self->progress >= 0) {
        mr_looking_open(&self->looking, self->progress);
        watching->onlookers[watching->count++] = &self->looking.onlooker;
    }
    mr_watching_join(watching, &self->arguments.settings, NULL);
    return true;
}

static void run(child *self, mr_result_summary *summary, mr_error *error) {
    if (!look_on(self, error)) return;
    mr_disregard_memory();
    mr_job_run(&self->arguments.settings, summary, error);
    mr_watching_close(&self->watching);
}

/* ---- the report -------------------------------------------------------------------------------------------------- */

static void report(mr_embedded_report *report, const mr_result_summary *summary, const mr_error *error) {
    report->done = summary->outcome == MR_OUTCOME_DONE;
    report->signal = summary->outcome == MR_OUTCOME_SIGNAL ? summary->signal : 0;
    report->error = *error;
    report->input_bytes = summary->input_bytes;
    report->records = summary->records;
    report->results = summary->results;
    report->output_bytes = summary->output_bytes;
    report->spilled = summary->spilled;
    report->retries = summary->retries;
    report->bad_records = summary->bad.count;
    report->peak_memory = summary->peak_memory;
    report->workers = summary->workers;
    report->seconds = summary->seconds;
    memcpy(report->counters, summary->counters, sizeof report->counters);
    report->counter_count = summary->counter_count;
    report->complete = true;
}

static void free_child(child *self) {
    if (self->sides) self->arguments.settings.side_count = self->own_sides; /* the others are not its own */
    mr_run_arguments_free(&self->arguments);
    free(self->words);
    free(self->held);
    free(self->descriptors);
    free(self->kept);
    free(self->sides);
}

int mr_embedded_main(void *argument) {
    static mr_result_summary summary = {.outcome = MR_OUTCOME_FAILED};
    const mr_embedding *embedding = argument;
    child self = {.embedding = embedding};
    mr_error error = {0};
    if (make_room(&self, &error) && isolate(&self, &error) && read_words(&self, &error) &&
        complete_settings(&self, &error))
        run(&self, &summary, &error);
    if (summary.outcome != MR_OUTCOME_SIGNAL) mr_messages_finish();
    report(embedding->report, &summary, &error);
    mr_summary_close(&summary);
    free_child(&self);
    return 0;
}
