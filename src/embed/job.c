#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/options.h"
#include "embed/job_embedded.h"

/* ---- a job ------------------------------------------------------------------------------------------------------- */

mr_job *mr_job_new(void) {
    mr_job *job = calloc(1, sizeof *job);
    if (!job) return NULL;
    job->result.error = job->failure.text;
    job->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (job->cancel < 0) mr_error_system(&job->mistake, errno, "could not make a job");
    return job;
}

static void free_inputs(mr_embedded_inputs *inputs) {
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->list[i].name);
    free(inputs->list);
}

static void unmap_text(mr_embedded_text *text) {
    if (text->bytes) munmap(text->bytes, text->length + 1);
    *text = (mr_embedded_text){0};
}

void mr_embedded_forget(mr_job *job) {
    if (job->report) munmap(job->report, sizeof *job->report);
    job->report = NULL;
    unmap_text(&job->kept);
    unmap_text(&job->figures);
    job->failure = (mr_error){0};
    job->result = (mr_job_result){.error = job->failure.text};
}

void mr_job_free(mr_job *job) {
    if (!job) return;
    mr_embedded_forget(job);
    for (size_t i = 0; i < job->option_count; i++)
        free(job->options[i]);
    free(job->options);
    free_inputs(&job->inputs);
    free_inputs(&job->sides);
    free(job->plugin);
    if (job->cancel >= 0) close(job->cancel);
    free(job);
}

/* ---- what is to be done ------------------------------------------------------------------------------------------ */

void mr_job_plugin(mr_job *job, const char *plugin) {
    char *copy = strdup(plugin);
    if (!copy) mr_error_memory(&job->mistake, strlen(plugin), "the name of a plugin");
    free(job->plugin);
    job->plugin = copy;
    job->linked = NULL;
}

void mr_job_plugin_linked(mr_job *job, const mr_plugin *plugin) {
    bool named = plugin->magic == MR_MAGIC && plugin->name;
    mr_job_plugin(job, named ? plugin->name : "linked");
    job->linked = plugin;
}

void mr_job_set(mr_job *job, const char *option, const char *value) {
    if (job->option_count == job->option_room) {
        size_t room = job->option_room ? 2 * job->option_room : 8;
        char **larger = realloc(job->options, room * sizeof *larger);
        if (larger) job->options = larger;
        if (larger) job->option_room = room;
    }
    char *word = job->option_count < job->option_room ? mr_option_word(option, value) : NULL;
    if (word)
        job->options[job->option_count++] = word;
    else
        mr_error_memory(&job->mistake, strlen(option), "an option");
    if (!strcmp(option, "output")) job->to = MR_EMBEDDED_OPTION;
}

/* ---- what is read ------------------------------------------------------------------------------------------------ */

static void add_input(mr_job *job, mr_embedded_inputs *inputs, const char *name, mr_embedded_input input) {
    if (inputs->count == inputs->room) {
        size_t room = inputs->room ? 2 * inputs->room : 8;
        mr_embedded_input *larger = realloc(inputs->list, room * sizeof *larger);
        if (larger) inputs->list = larger;
        if (larger) inputs->room = room;
    }
    input.name = strdup(name);
    if (input.name && inputs->count < inputs->room) {
        inputs->list[inputs->count++] = input;
        return;
    }
    free(input.name);
    mr_error_memory(&job->mistake, sizeof input, "the list of inputs");
}

static void add_buffer(mr_job *job, mr_embedded_inputs *inputs, const char *name, const void *bytes, size_t length) {
    if (length && !bytes) mr_error_usage(&job->mistake, "%s is said to have %zu bytes, at NULL", name, length);
    add_input(job, inputs, name, (mr_embedded_input){.bytes = bytes ? bytes : "", .length = length, .descriptor = -1});
}

void mr_job_input(mr_job *job, const char *path) {
    add_input(job, &job->inputs, path, (mr_embedded_input){.descriptor = -1});
}

void mr_job_input_buffer(mr_job *job, const char *name, const void *bytes, size_t length) {
    add_buffer(job, &job->inputs, name, bytes, length);
}

void mr_job_input_descriptor(mr_job *job, const char *name, int descriptor) {
    if (descriptor < 0) mr_error_usage(&job->mistake, "%s is said to be descriptor %d", name, descriptor);
    add_input(job, &job->inputs, name, (mr_embedded_input){.descriptor = descriptor});
}

void mr_job_side_buffer(mr_job *job, const char *name, const void *bytes, size_t length) {
    add_buffer(job, &job->sides, name, bytes, length);
}

/* ---- where results and messages go ------------------------------------------------------------------------------- */

void mr_job_output_buffer(mr_job *job) {
    job->to = MR_EMBEDDED_MEMORY;
}

void mr_job_output_descriptor(mr_job *job, int descriptor) {
    if (descriptor < 0) mr_error_usage(&job->mistake, "the output is said to be descriptor %d", descriptor);
    job->to = MR_EMBEDDED_DESCRIPTOR;
    job->output = descriptor;
}

void mr_job_output_bytes(mr_job *job, mr_bytes_function *take, void *context) {
    job->to = MR_EMBEDDED_BYTES;
    job->take_bytes = take;
    job->take_context = context;
}

void mr_job_output_pairs(mr_job *job, mr_pair_function *take, void *context) {
    job->to = MR_EMBEDDED_PAIRS;
    job->take_pair = take;
    job->take_context = context;
}

void mr_job_messages(mr_job *job, mr_message_function *take, void *context) {
    job->tell = take;
    job->tell_context = context;
}

void mr_job_watch(mr_job *job, mr_progress_function *take, void *context) {
    job->watch = take;
    job->watch_context = context;
}

void mr_job_keep_statistics(mr_job *job) {
    job->wants_statistics = true;
}

/* ---- what has come of it ----------------------------------------------------------------------------------------- */

void mr_job_cancel(mr_job *job) {
    int before = errno;                                          /* this may be a signal handler */
    (void)!write(job->cancel, &(uint64_t){1}, sizeof(uint64_t)); /* if it is full, it is above zero */
    errno = before;
}

const mr_job_result *mr_job_result_of(const mr_job *job) {
    return &job->result;
}

uint64_t mr_job_counter_at(const mr_job *job, size_t number, const char **name) {
    bool there = job->report && number < job->report->counter_count;
    *name = there ? job->report->counters[number].name : NULL;
    return there ? job->report->counters[number].value : 0;
}

uint64_t mr_job_counter(const mr_job *job, const char *name) {
    const char *found;
    for (size_t i = 0;; i++) {
        uint64_t value = mr_job_counter_at(job, i, &found);
        if (!found || !strcmp(found, name)) return value;
    }
}

const char *mr_job_output(const mr_job *job, size_t *length) {
    *length = job->kept.length;
    return job->kept.bytes;
}

const char *mr_job_statistics(const mr_job *job) {
    return job->figures.bytes;
}

const char *mr_library_version(void) {
    return MR_VERSION;
}
