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
    int code = mp_process_start(&process, &options, run_job, given);
    if (code < 0) return mr_error_system(error, -code, "could not start a process");
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

/* Whether the input itself can be read once more, and is what the sample is. */
static bool is_input(const mr_checker *self) {
    const mr_input *input = &self->original.input;
    for (size_t i = 0; i < input->count; i++)
        if (input->sources[i].form == MR_FORM_PIPE) return false;
    return self->board->whole && !self->board->dropped;
}

bool mr_job_try(mr_checker *self, const mr_division *division, const uint32_t *records, size_t count, bool loud,
                int *file, mr_error *error) {
    bool itself = loud && is_input(self);
    order given = {.self = self, .settings = itself ? *self->settings->job : self->sampled, .loud = loud};
    mr_job_settings *settings = &given.settings;
    mr_sample_part part = {0};
    *file = memfd_create("mr-check-output", MFD_CLOEXEC);
    if (*file < 0) return mr_error_system(error, errno, "could not make a file in memory");
    settings->output = "output";
    settings->held_output = *file;
    settings->quiet = true;
    settings->workers = division->workers;
    settings->chunk = division->chunk;
    settings->memory = division->memory ? division->memory : settings->memory;
    settings->alone = division->alone;
    settings->timeout = division->alone ? 0 : self->bench.timeout;
    bool ok = !records || mr_sample_part_of(&part, &self->sample, records, count, error);
    if (records) settings->held_inputs = part.held;
    ok = ok && start_and_wait(&given, error);
    mr_sample_part_free(&part);
    if (ok) return true;
    close(*file);
    *file = -1;
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
