#include "job/quarantine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/units.h"

/* A line takes up to LINE bytes of what it is about, so that neither side needs much memory, however long a record or
 * group is. */
enum { LINE = 256 << 10, COPY = 256 << 10 };

static bool no_memory(mr_error *error) {
    return mr_error_memory(error, LINE, "the file of bad records");
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool begin_line(mr_quarantine_writer *writer, mr_error *error) {
    writer->line = mr_json_new(error);
    writer->values = NULL;
    writer->line_bytes = 0;
    return writer->line;
}

static bool write_line(mr_quarantine_writer *writer, mr_error *error) {
    char *text = cJSON_PrintUnformatted(writer->line);
    cJSON_Delete(writer->line);
    writer->line = writer->values = NULL;
    if (!text) return no_memory(error);
    size_t length = strlen(text);
    text[length] = '\n'; /* in place of its end */
    bool ok = mr_write_at(writer->file, text, length + 1, writer->end);
    int failure = errno;
    free(text);
    writer->end += ok ? length + 1 : 0;
    return ok || mr_error_system(error, failure, "could not write the file of bad records");
}

/* Writes the line at hand and starts one that goes on with it. */
static bool go_on(mr_quarantine_writer *writer, mr_error *error) {
    if (!cJSON_AddTrueToObject(writer->line, "more")) return no_memory(error);
    if (!write_line(writer, error) || !begin_line(writer, error)) return false;
    return cJSON_AddTrueToObject(writer->line, "continues") || no_memory(error);
}

static bool add_cause(mr_quarantine_writer *writer, const mr_bad_record *about) {
    char name[MR_SIGNAL_NAME];
    return mr_json_add_text(writer->line, "plugin", writer->plugin) &&
           mr_json_add_text(writer->line, "callback", about->callback) &&
           mr_json_add_text(writer->line, "cause", mr_death_cause_name(about->cause)) &&
           (!about->signal || mr_json_add_text(writer->line, "signal", mr_signal_name(about->signal, name))) &&
           mr_json_add_text(writer->line, "reason", about->reason);
}

void mr_quarantine_close(mr_quarantine_writer *writer) {
    cJSON_Delete(writer->line);
    writer->line = writer->values = NULL;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

bool mr_quarantine_begin_group(mr_quarantine_writer *writer, const mr_bad_record *about, mr_slice key,
                               mr_error *error) {
    if (!begin_line(writer, error)) return false;
    writer->line_bytes = key.length;
    return (add_cause(writer, about) && mr_json_add_bytes(writer->line, "key", key.data, key.length)) ||
           no_memory(error);
}

/* The list of values of the line at hand. */
static bool need_values(mr_quarantine_writer *writer, mr_error *error) {
    if (!writer->values) writer->values = cJSON_AddArrayToObject(writer->line, "values");
    return writer->values || no_memory(error);
}

/* Adds the first part of a value that goes on in the next line. */
static bool add_part(mr_quarantine_writer *writer, mr_slice part, mr_error *error) {
    if (!need_values(writer, error)) return false;
    cJSON *object = cJSON_CreateObject();
    bool ok = object && mr_json_add_element(object, part.data, part.length) && cJSON_AddTrueToObject(object, "more");
    if (ok && cJSON_AddItemToArray(writer->values, object)) return true;
    cJSON_Delete(object);
    return no_memory(error);
}

bool mr_quarantine_value(mr_quarantine_writer *writer, mr_slice value, mr_error *error) {
    if (writer->values && writer->line_bytes + value.length > LINE && !go_on(writer, error)) return false;
    for (; value.length > LINE; value = mr_bytes(value.data + LINE, value.length - LINE))
        if (!add_part(writer, mr_bytes(value.data, LINE), error) || !go_on(writer, error)) return false;
    if (!need_values(writer, error)) return false;
    writer->line_bytes += value.length + 16;
    return mr_json_add_bytes(writer->values, NULL, value.data, value.length) || no_memory(error);
}

bool mr_quarantine_accumulator(mr_quarantine_writer *writer, mr_slice coded, mr_error *error) {
    return mr_json_add_hex(writer->line, "accumulator", coded.data, coded.length) || no_memory(error);
}

bool mr_quarantine_end_group(mr_quarantine_writer *writer, mr_error *error) {
    return write_line(writer, error);
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* Adds the bytes of a record, in several lines if they are many, without what ends it. */
static bool add_record(mr_quarantine_writer *writer, const mr_job *job, const mr_source *source, mr_source_file *file,
                       const mr_place *place, mr_error *error) {
    char *piece = malloc(LINE);
    bool ok = piece || no_memory(error);
    uint64_t left = place->length;
    do {
        size_t length = mr_smaller(left, LINE);
        ok = ok && mr_texts_read(&job->texts, file, source, place, piece, length, place->length - left, error);
        left -= length;
        bool ended = ok && !left && length &&
                     (unsigned char)piece[length - 1] == mr_records_terminator(&job->description.records);
        length -= ended;
        ok = ok && (mr_json_add_bytes(writer->line, "record", piece, length) || no_memory(error)) &&
             (!left || go_on(writer, error));
    } while (ok && left);
    free(piece);
    return ok;
}

/* What kind of record it is, unless it is a line. */
static bool add_kind(mr_quarantine_writer *writer, const mr_records *records) {
    char name[MR_RECORDS_NAME];
    return records->kind == MR_RECORDS_LINES ||
           mr_json_add_text(writer->line, "records", mr_records_name(records, name));
}

static bool add_place(mr_quarantine_writer *writer, const mr_source *source, const mr_place *place, uint64_t line) {
    return mr_json_add_text(writer->line, "file", source->path) &&
           (!line || mr_json_add_number(writer->line, "line", line)) &&
           mr_json_add_number(writer->line, "offset", source->origin + place->offset) &&
           mr_json_add_number(writer->line, "length", place->length);
}

/* The number of the line that a record begins at; 0: it is not known, or there are no lines. */
static uint64_t line_of(const mr_job *job, const mr_bad_record *bad, const mr_source *source, mr_line_counter *lines) {
    const mr_text_copy *copy = mr_texts_find(&job->texts, &bad->place);
    if (!mr_records_of_lines(&job->description.records)) return 0;
    if (mr_source_is_stream(source)) return copy ? copy->line : 0;
    return mr_line_at(lines, source, bad->place.offset);
}

bool mr_quarantine_record(mr_quarantine_writer *writer, const mr_job *job, const mr_bad_record *bad,
                          mr_line_counter *lines, mr_source_file *file, mr_error *error) {
    const mr_source *source = mr_place_source(&job->input, &bad->place);
    if (!source) return mr_error_set(error, "a bad record lies where there is no input");
    const mr_records *records = &job->description.records;
    if (!begin_line(writer, error)) return false;
    if (!add_cause(writer, bad) || !add_place(writer, source, &bad->place, line_of(job, bad, source, lines)) ||
        !add_kind(writer, records))
        return no_memory(error);
    return add_record(writer, job, source, file, &bad->place, error) && write_line(writer, error);
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

char *mr_quarantine_path(const mr_job *job) {
    const mr_job_settings *settings = job->settings;
    char *path = NULL;
    if (settings->bad) return strdup(settings->bad);
    if (job->directory) return asprintf(&path, "%s.bad.jsonl", job->directory) < 0 ? NULL : path;
    if (settings->output && !job->outputs[0].stream && !job->outputs[0].held)
        return asprintf(&path, "%s.bad.jsonl", settings->output) < 0 ? NULL : path;
    if (asprintf(&path, "%s.bad.jsonl", job->description.name) < 0) return NULL;
    for (char *at = path; *at; at++)
        if (*at == '/') *at = '_';
    return path;
}

/* Copies all lines to where they are to stay. */
static bool copy_lines(const mr_job *job, mr_output *output, uint64_t bytes, mr_error *error) {
    char *buffer = malloc(COPY);
    bool ok = buffer || no_memory(error);
    for (uint64_t done = 0; ok && done < bytes;) {
        size_t length = mr_smaller(COPY, bytes - done);
        ok = mr_read_at(job->bad_file, buffer, length, done) == (int64_t)length ||
             mr_error_system(error, EIO, "could not read bad records back from %s", job->temporary);
        ok = ok && mr_output_write(output, buffer, length, done, error);
        done += length;
    }
    free(buffer);
    return ok;
}

static bool write_records(mr_quarantine_writer *writer, const mr_job *job, const mr_bad_list *list, mr_error *error) {
    mr_source_file file = {.file = -1, .folder = job->input.folder};
    mr_line_counter lines = {.file = file};
    bool ok = true;
    for (size_t i = 0; ok && i < list->count; i++)
        if (list->records[i].place.kind != MR_PLACE_GROUP)
            ok = mr_quarantine_record(writer, job, &list->records[i], &lines, &file, error);
    mr_source_close(&file);
    mr_line_counter_close(&lines);
    mr_quarantine_close(writer);
    return ok;
}

/* Records go behind the groups in the temporary file first, since the destination may be a pipe. */
bool mr_quarantine_write(const mr_job *job, const mr_bad_list *list, const char *path, mr_error *error) {
    mr_output output;
    mr_quarantine_writer writer = {.file = job->bad_file, .end = job->bad_bytes, .plugin = job->description.name};
    if (job->bad_file < 0)
        return mr_error_set(error, "could not make a temporary file in %s (choose another folder with --tmp)",
                            job->temporary);
    if (!write_records(&writer, job, list, error)) return false;
    bool ok = mr_output_open(&output, path, error) && copy_lines(job, &output, writer.end, error) &&
              mr_output_commit(&output, writer.end, error);
    mr_output_close(&output);
    return ok;
}
