#include "job/outputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"

#define MARKER "_SUCCESS"
#define PART   "part-"

/* Input for each part file, when the user says nothing. */
#define PART_INPUT (128ull << 20)

/* ---- opening ----------------------------------------------------------------------------------------------------- */

bool mr_outputs_are_in_directory(const char *path) {
    struct stat status;
    if (!path || !*path || !strcmp(path, "-")) return false;
    return path[strlen(path) - 1] == '/' || (stat(path, &status) == 0 && S_ISDIR(status.st_mode));
}

/* Whether output of an earlier job is there already. */
static bool check_empty(const char *path, mr_error *error) {
    DIR *directory = opendir(path);
    const struct dirent *entry;
    bool ok = true;
    if (!directory) return mr_error_system(error, errno, "could not look into %s", path);
    while (ok && (errno = 0, entry = readdir(directory)))
        if (!strncmp(entry->d_name, PART, sizeof PART - 1) || !strcmp(entry->d_name, MARKER))
            ok = mr_error_set(error, "there is output in %s already (%s); give another directory, or remove it", path,
                              entry->d_name);
    if (ok && errno) ok = mr_error_system(error, errno, "could not look into %s", path);
    closedir(directory);
    return ok;
}

/* Looks at the directory. *exists: it is there. */
static bool look_at(const char *path, bool *exists, mr_error *error) {
    struct stat status;
    *exists = stat(path, &status) == 0;
    if (!*exists) return errno == ENOENT || mr_error_system(error, errno, "could not write to %s", path);
    if (!S_ISDIR(status.st_mode)) return mr_error_set(error, "could not write to %s/: it is a file", path);
    return check_empty(path, error);
}

bool mr_outputs_check_directory(const char *path, mr_error *error) {
    bool exists;
    if (!look_at(path, &exists, error)) return false;
    /* What is not there yet is made in the folder above. */
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *name = strndup(path, length);
    if (!name) return mr_error_memory(error, length, "a path");
    bool ok = exists ? access(path, W_OK) == 0 || mr_error_system(error, errno, "could not write to %s", path)
                     : mr_output_check(name, error);
    free(name);
    return ok;
}

static uint32_t count_parts(const mr_job *job) {
    if (job->settings->parts) return (uint32_t)job->settings->parts;
    if (mr_job_is_ordered(job)) return 1; /* what is merged comes in one piece */
    return (uint32_t)mr_between(1, (job->input.guess + PART_INPUT - 1) / PART_INPUT, MR_OUTPUTS_MAX);
}

static bool open_directory(mr_job *job, mr_error *error) {
    job->directory = strdup(job->settings->output);
    if (!job->directory) return mr_error_memory(error, strlen(job->settings->output), "a path");
    for (size_t length = strlen(job->directory); length > 1 && job->directory[length - 1] == '/'; length--)
        job->directory[length - 1] = 0;
    bool exists;
    if (!look_at(job->directory, &exists, error)) return false;
    for (uint32_t i = 0; i < job->output_count; i++) {
        char name[32];
        snprintf(name, sizeof name, PART "%05u%s", i, job->settings->compress ? ".gz" : "");
        if (!mr_output_open_part(&job->outputs[i], job->directory, name, exists, error)) return false;
        job->outputs[i].identity = mr_file_identify(job->outputs[i].file);
    }
    return true;
}

bool mr_outputs_open(mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    bool directory = !settings->held_output && mr_outputs_are_in_directory(settings->output);
    if (!directory && settings->parts)
        return mr_error_usage(error, "--parts is for --output DIR/, with a slash at its end");
    uint32_t count = directory ? count_parts(job) : 1;
    job->outputs = calloc(count, sizeof *job->outputs);
    if (!job->outputs) return mr_error_memory(error, count * sizeof *job->outputs, "the output");
    for (job->output_count = 0; job->output_count < count; job->output_count++)
        job->outputs[job->output_count].file = -1;
    if (directory) return open_directory(job, error);
    if (!settings->held_output) return mr_output_open(&job->outputs[0], settings->output, error);
    mr_output_hold(&job->outputs[0], settings->output, settings->held_output);
    return true;
}

void mr_outputs_close(mr_job *job) {
    for (uint32_t i = 0; i < job->output_count; i++)
        mr_output_close(&job->outputs[i]);
    free(job->outputs);
    free(job->directory);
    job->outputs = NULL;
    job->directory = NULL;
    job->output_count = 0;
}

uint32_t mr_outputs_of(const mr_job *job, uint64_t unit) {
    uint64_t count = job->output_count, files = mr_smaller(count, UINT32_MAX);
    if (count == 1 || mr_job_is_ordered(job)) return 0;
    if (!mr_job_is_map(job)) return (uint32_t)(unit * files / job->shared->splitters.partitions);
    if (unit >= job->chunks.count || job->chunks.list[unit].begin >= job->input.bytes) return 0;
    const mr_chunk *chunk = &job->chunks.list[unit];
    /* Of a stream all goes to one: where its blocks begin is a matter of chance. */
    uint64_t begin = chunk->text ? job->input.sources[chunk->source].start : chunk->begin;
    return (uint32_t)((__uint128_t)begin * files / job->input.bytes);
}

/* ---- committing -------------------------------------------------------------------------------------------------- */

static bool put_marker(const mr_job *job, mr_error *error) {
    char *path;
    if (asprintf(&path, "%s/" MARKER, job->directory) < 0) return mr_error_memory(error, 64, "a path");
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok = file >= 0 || mr_error_system(error, errno, "could not write %s", path);
    if (file >= 0) close(file);
    free(path);
    return ok;
}

/* Gives all part files their names and puts the marker beside them; takes the names back when that goes wrong. */
static bool publish(mr_job *job, mr_error *error) {
    bool made = mkdir(job->directory, 0777) == 0;
    if (!made && errno != EEXIST) return mr_error_system(error, errno, "could not make %s", job->directory);
    uint32_t published = 0;
    while (published < job->output_count && mr_output_publish(&job->outputs[published], error))
        published++;
    if (published == job->output_count && put_marker(job, error)) return true;
    while (published)
        unlink(job->outputs[--published].path);
    if (made) rmdir(job->directory);
    return false;
}

bool mr_outputs_commit(mr_job *job, const uint64_t *ends, mr_error *error) {
    if (!job->directory) return mr_output_commit(&job->outputs[0], ends[0], error);
    for (uint32_t i = 0; i < job->output_count; i++)
        if (!mr_output_finish(&job->outputs[i], ends[i], error)) return false;
    return publish(job, error);
}
