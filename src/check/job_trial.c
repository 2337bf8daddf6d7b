#include "check/job_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "job/coordinator.h"

/* What the process of a job is to do; it answers on the board. */
typedef struct order {
    mr_checker *self;
    mr_job_settings settings;
    bool loud;
} order;

static int run_job(void *argument) {
    const order *given = argument;
    mr_board *board = given->self->board;
    mr_result_summary *summary = calloc(1, sizeof *summary);
    int nowhere = given->loud ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (!summary) return 1;
    if (nowhere >= 0) (void)dup2(nowhere, STDERR_FILENO);
    mr_job_run(&given->settings, summary, &board->error);
    mr_messages_finish();
    board->place = summary->death.cause ? summary->death.place : (mr_place){0};
    board->left_out = summary->bad.count;
    board->finished = 1 + (summary->outcome == MR_OUTCOME_DONE);
    mr_summary_close(summary);
    free(summary);
    return 0;
}

static bool start_and_wait(order *given, mr_error *error) {
    mr_board *board = given->self->board;
    mp_process *process;
    mp_process_options options = {.name = "mr", .flags = MP_PROCESS_DAEMON};
    board->finished = 0;
    board->error = (mr_error){0};
    board->place = (mr_place){0};
    int code = mp_process_start(&process, &options, run_job, given);
    if (code < 0) return mr_error_start(error, -code);
    mp_process_join(process, -1);
    code = 0;
    mp_process_exit_code(process, &code);
    mp_process_free(process);
    char end[96];
    if (board->finished == 2) return true;
    if (board->finished != 1) return mr_error_set(error, "the job %s", mr_describe_end(code, end, sizeof end));
    board->error.text[sizeof board->error.text - 1] = 0;
    return mr_error_set(error, "%s", board->error.set ? board->error.text : "the job has failed");
}

/* Whether a source can be read once more by its path. What was standard input cannot: it has been taken over. */
static bool can_be_reopened(const mr_source *source) {
    return source->form != MR_FORM_PIPE && !source->standard;
}

/* Whether the input itself can be read once more, and is what the sample is. */
static bool is_input(const mr_checker *self) {
    const mr_input *input = &self->original.input;
    for (size_t i = 0; i < input->count; i++)
        if (!can_be_reopened(&input->sources[i])) return false;
    return self->board->whole && !self->board->dropped;
}

/* Runs a job whose settings say all but where its output goes. */
static bool run_into_file(order *given, int *file, mr_error *error) {
    *file = memfd_create("mr-check-output", MFD_CLOEXEC);
    if (*file < 0) return mr_error_system(error, errno, "could not make a file in memory");
    given->settings.output = "output";
    given->settings.held_output = *file;
    given->settings.quiet = true;
    if (start_and_wait(given, error)) return true;
    close(*file);
    *file = -1;
    return false;
}

static void divide(const mr_checker *self, mr_job_settings *settings, const mr_division *division) {
    settings->workers = division->workers;
    settings->chunk = division->chunk;
    if (division->memory) settings->memory = division->memory;
    settings->alone = division->alone;
    settings->timeout = division->alone ? 0 : self->bench.timeout;
    settings->hasty = true;
}

bool mr_job_try(mr_checker *self, const mr_division *division, const uint32_t *records, size_t count, int *file,
                mr_error *error) {
    order given = {.self = self, .settings = self->sampled};
    mr_sample_part part = {0};
    divide(self, &given.settings, division);
    *file = -1;
    bool ok = !records || mr_sample_part_of(&part, &self->sample, records, count, error);
    if (records) given.settings.held_inputs = part.held;
    ok = ok && run_into_file(&given, file, error);
    mr_sample_part_free(&part);
    return ok;
}

/* What has failed on the sample is done again on the record in the file that it comes from, so that the crash card
 * tells of that place. One that hangs is known to hang, and need not be waited for as long once more. */
static void repeat_on_record(mr_checker *self, const mr_sample_record *record, mr_error *error) {
    enum { TIMES_HASTIER = 5 };
    const mr_source *source = &self->original.input.sources[record->source];
    order given = {.self = self, .settings = *self->settings->job, .loud = true};
    mr_error failure = {0};
    int file;
    given.settings.inputs = &source->path;
    given.settings.input_count = 1;
    given.settings.choice = (mr_path_choice){0};
    given.settings.only_offset = record->offset;
    given.settings.only_length = record->bytes;
    given.settings.timeout = mr_larger(1, self->bench.timeout / TIMES_HASTIER);
    given.settings.hasty = true;
    if (run_into_file(&given, &file, &failure))
        close(file);
    else
        *error = failure;
}

/* The failure of a job on the sample, told with places in the input as far as possible. */
static void tell_places(mr_checker *self, mr_error *error) {
    mr_board *board = self->board;
    const mr_place place = board->place;
    uint64_t record = place.kind == MR_PLACE_RECORD ? mr_sample_find(board, &place) : board->record_count;
    mr_error_context(error, "in a sample of the input, in which places are not those of the files");
    if (record == board->record_count) return;
    const mr_source *source = &self->original.input.sources[board->records[record].source];
    if (source->form == MR_FORM_PLAIN && can_be_reopened(source))
        repeat_on_record(self, &board->records[record], error);
}

bool mr_job_try_first(mr_checker *self, const mr_division *division, int *file, mr_error *error) {
    bool itself = is_input(self);
    order given = {.self = self, .settings = itself ? *self->settings->job : self->sampled, .loud = itself};
    divide(self, &given.settings, division);
    if (run_into_file(&given, file, error)) return true;
    if (!itself) tell_places(self, error);
    return false;
}

size_t mr_file_bytes(int file, uint64_t at, char *bytes, size_t size) {
    ssize_t count = pread(file, bytes, size, (off_t)at);
    return count < 0 ? 0 : (size_t)count;
}

bool mr_files_same(int a, int b, uint64_t *at) {
    enum { STEP = 64 << 10 };
    static char of_a[STEP], of_b[STEP];
    for (*at = 0;;) {
        size_t length_a = mr_file_bytes(a, *at, of_a, STEP), length_b = mr_file_bytes(b, *at, of_b, STEP);
        size_t both = mr_smaller(length_a, length_b), same = 0;
        while (same < both && of_a[same] == of_b[same])
            same++;
        *at += same;
        if (same < both || length_a != length_b) return false;
        if (!both) return true;
    }
}

const char *mr_division_name(const mr_division *division, char *text) {
    int used = snprintf(text, 80, "%s", division->alone ? "--inline" : "");
    if (!division->alone) used = snprintf(text, 80, "-j %llu", (unsigned long long)division->workers);
    if (division->chunk)
        used += snprintf(text + used, 80 - (size_t)used, " --chunk %llu", (unsigned long long)division->chunk);
    if (division->memory)
        snprintf(text + used, 80 - (size_t)used, " --memory %lluK", (unsigned long long)division->memory >> 10);
    return text;
}
