#include "job/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many bytes of names of inputs are written out; beyond it the reader has to name them himself. */
enum { INPUTS_MOST = 1500 };

#define GROUP_FILE  "group.bad.jsonl"
#define RECORD_FILE "record"

/* Writes a word so that a shell takes it as it is; control bytes too, since a message has no line ends in it. */
static void put_quoted(FILE *to, const char *word) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=,@%+-";
    bool control = false;
    if (*word && strspn(word, plain) == strlen(word)) {
        fputs(word, to);
        return;
    }
    for (const char *at = word; *at; at++)
        control |= (unsigned char)*at < 32 || *at == 127;
    fputs(control ? "$'" : "'", to);
    for (const unsigned char *at = (const unsigned char *)word; *at; at++) {
        if (control && (*at < 32 || *at == 127))
            fprintf(to, "\\%03o", *at);
        else if (*at == '\'')
            fputs(control ? "\\'" : "'\\''", to);
        else if (control && *at == '\\')
            fputs("\\\\", to);
        else
            fputc(*at, to);
    }
    fputc('\'', to);
}

static void put_word(FILE *to, const char *word) {
    fputc(' ', to);
    put_quoted(to, word);
}

/* A path that may begin with a dash must not be taken for an option, nor another for a list. */
static void put_path(FILE *to, const char *path) {
    char *other = NULL;
    if ((*path == '-' || *path == '@') && asprintf(&other, "./%s", path) < 0) other = NULL;
    put_word(to, other ? other : path);
    free(other);
}

static void put_start(FILE *to, const mr_job *job, const char *before, const char *options) {
    fputs(before, to);
    put_quoted(to, job->settings->program ? job->settings->program : "mr");
    fputs(" run", to);
    fputs(options, to);
    put_path(to, job->settings->plugin);
}

static void put_pair(FILE *to, const char *option, const char *name, const char *value) {
    char *text;
    if (asprintf(&text, "%s=%s", name, value) < 0) return;
    fputs(option, to);
    put_word(to, text);
    free(text);
}

/* What the input is divided into, if the user has said so. */
static void put_records(FILE *to, const mr_job *job) {
    char name[MR_RECORDS_NAME];
    const mr_records *records = &job->settings->records;
    if (records->kind != MR_RECORDS_UNSAID) {
        fputs(" --records", to);
        put_word(to, mr_records_name(records, name));
    }
    if (records->strip) fputs(" --crlf strip", to);
}

static void put_settings(FILE *to, const mr_job *job) {
    put_records(to, job);
    const mr_job_settings *settings = job->settings;
    for (size_t i = 0; i < settings->setting_count; i++)
        put_pair(to, " --set", settings->settings[i].name, settings->settings[i].value);
    for (size_t i = 0; i < settings->side_count; i++)
        put_pair(to, " --side", settings->sides[i].name, settings->sides[i].path);
}

/* An input as the user gave it: a path, a list or standard input. */
static void put_input(FILE *to, const char *input) {
    if (!strcmp(input, "-") || *input == '@')
        put_word(to, input);
    else
        put_path(to, input);
}

static void put_choice(FILE *to, const mr_path_choice *choice) {
    for (size_t i = 0; i < choice->include_count; i++) {
        fputs(" --include", to);
        put_word(to, choice->includes[i]);
    }
    for (size_t i = 0; i < choice->exclude_count; i++) {
        fputs(" --exclude", to);
        put_word(to, choice->excludes[i]);
    }
    if (choice->null) fputs(" -0", to);
}

static void put_inputs(FILE *to, const mr_job *job) {
    size_t length = 0;
    if (job->settings->from_bad) {
        fputs(" --from-bad", to);
        put_word(to, job->settings->from_bad);
        return;
    }
    for (size_t i = 0; i < job->settings->input_count; i++)
        length += strlen(job->settings->inputs[i]) + 1;
    if (length > INPUTS_MOST) fputs(" INPUT...", to);
    for (size_t i = 0; length <= INPUTS_MOST && i < job->settings->input_count; i++)
        put_input(to, job->settings->inputs[i]);
    put_choice(to, &job->settings->choice);
    if (job->settings->only_length)
        fprintf(to, " --only %llu:%llu", (unsigned long long)job->settings->only_offset,
                (unsigned long long)job->settings->only_length);
}

/* The text that was written to a stream over *text; NULL when memory ran out on the way. */
static char *finish(FILE *stream, char **text) {
    bool ok = !ferror(stream);
    if (fclose(stream) == 0 && ok) return *text;
    free(*text);
    return NULL;
}

/* A command for some of the bytes of a file; length 0: all. */
static char *command_for_file(const mr_job *job, const char *path, uint64_t offset, uint64_t length) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    put_start(to, job, "gdb --args ", " --inline");
    if (strcmp(path, MR_STANDARD_INPUT) == 0)
        fputs(" -", to);
    else
        put_path(to, path);
    if (length) fprintf(to, " --only %llu:%llu", (unsigned long long)offset, (unsigned long long)length);
    put_settings(to, job);
    return finish(to, &text);
}

/* A command that unpacks some of the bytes of a compressed file into a file of their own. */
static char *command_to_unpack(const mr_source *source, uint64_t offset, uint64_t length) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    fputs(source->coding == MR_CODING_ZSTD ? "zstd -dc" : "gzip -dc", to);
    put_path(to, source->path);
    fprintf(to, " | tail -c +%llu | head -c %llu >" RECORD_FILE, (unsigned long long)offset + 1,
            (unsigned long long)length);
    return finish(to, &text);
}

bool mr_command_for_records(const mr_job *job, const mr_source *source, uint64_t offset, uint64_t length,
                            char **prepare, char **debug) {
    *prepare = NULL;
    offset += source->origin;
    if (source->form == MR_FORM_PIPE) return (*debug = mr_command_for_input(job));
    if (source->form != MR_FORM_STREAM || source->standard)
        return (*debug = command_for_file(job, source->path, offset, mr_source_is_stream(source) ? 0 : length));
    *prepare = command_to_unpack(source, offset, length);
    *debug = command_for_file(job, RECORD_FILE, 0, 0);
    return *prepare && *debug;
}

/* A command with all the inputs of the job; before and behind: what stands around mr run, ends: more options. */
static char *command_with_inputs(const mr_job *job, const char *before, const char *behind, const char *ends) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return NULL;
    put_start(to, job, before, behind);
    put_inputs(to, job);
    put_settings(to, job);
    fputs(ends, to);
    return finish(to, &text);
}

char *mr_command_for_input(const mr_job *job) {
    return command_with_inputs(job, "gdb --args ", " --inline", "");
}

static char *command_to_keep_group(const mr_job *job) {
    return command_with_inputs(job, "", "", " --skip-bad 1 --bad " GROUP_FILE " -o /dev/null");
}

bool mr_command_for_group(const mr_job *job, char **prepare, char **debug) {
    char *text = NULL;
    size_t size;
    *prepare = NULL;
    *debug = NULL;
    if (job->settings->from_bad) return (*debug = mr_command_for_input(job));
    FILE *to = open_memstream(&text, &size);
    if (!to) return false;
    put_start(to, job, "gdb --args ", " --inline");
    fputs(" --from-bad " GROUP_FILE, to);
    put_settings(to, job);
    *debug = finish(to, &text);
    *prepare = command_to_keep_group(job);
    return *debug && *prepare;
}
