#include "job/from_bad.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/nearest.h"

/* The file is read line by line. A line begins a record or a group, or goes on with the one before. What it holds is
 * appended to the content: of a record its bytes; of a group its key and its values, each behind its length (of which
 * flow/inject.h reads). A value that comes in several parts gets its length when the last one is there. */

enum { LINE_MOST = 64 << 20 /* bytes */ };

typedef struct reader {
    mr_input *input;
    FILE *file;
    const char *path;     /* of the file */
    char *line;           /* at hand; owned */
    size_t line_length;   /* bytes of it, without its newline */
    size_t line_room;     /* allocated */
    uint64_t line_number; /* from 1 */
    uint64_t line_offset; /* of its first byte in the file */
    uint64_t next_offset; /* of the line behind it */
    uint64_t end;         /* of the content */
    size_t room;          /* for sources, allocated */
    bool goes_on;         /* the next line is to go on with the last source */
    mr_records records;   /* of the record at hand */
    uint64_t length;      /* of the record at hand, with its newline, as the line says; UINT64_MAX: it does not say */
    bool in_value;        /* the value at hand goes on in the next line */
    uint64_t value_start; /* where in the content its length is to stand */
} reader;

/* ---- lines ------------------------------------------------------------------------------------------------------- */

static bool append_byte(reader *self, char byte, mr_error *error) {
    if (self->line_length == LINE_MOST) return mr_error_set(error, "it is longer than %d MiB", LINE_MOST >> 20);
    if (self->line_length == self->line_room) {
        size_t room = self->line_room ? 2 * self->line_room : 4096;
        char *larger = realloc(self->line, room);
        if (!larger) return mr_error_memory(error, room, "a line");
        self->line = larger;
        self->line_room = room;
    }
    self->line[self->line_length++] = byte;
    return true;
}

/* Reads a line; *more is false at the end of the file. */
static bool read_line(reader *self, bool *more, mr_error *error) {
    int byte;
    self->line_length = 0;
    self->line_number++;
    self->line_offset = self->next_offset;
    while ((byte = getc_unlocked(self->file)) != EOF && byte != '\n')
        if (!append_byte(self, (char)byte, error)) return false;
    self->next_offset += self->line_length + 1;
    *more = byte == '\n' || self->line_length;
    return !ferror(self->file) || mr_error_system(error, errno, "it cannot be read");
}

static bool is_blank(const reader *self) {
    for (size_t i = 0; i < self->line_length; i++)
        if (!strchr(" \t\r", self->line[i]) || !self->line[i]) return false;
    return true;
}

/* ---- content ----------------------------------------------------------------------------------------------------- */

static bool append_content(reader *self, const void *bytes, size_t length, mr_error *error) {
    if (!mr_write_at(self->input->held, bytes, length, self->end))
        return mr_error_system(error, errno, "could not copy it to a temporary file");
    self->end += length;
    self->input->sources[self->input->count - 1].size += length;
    return true;
}

static bool append_number(reader *self, uint64_t number, mr_error *error) {
    return append_content(self, &number, sizeof number, error);
}

/* Adds a source, empty so far, whose content begins here. */
static mr_source *add_source(reader *self, uint32_t kind, mr_error *error) {
    mr_input *input = self->input;
    if (input->count == self->room) {
        size_t room = self->room ? 2 * self->room : 64;
        mr_source *larger = realloc(input->sources, room * sizeof *larger);
        if (!larger) {
            mr_error_memory(error, room * sizeof *larger, "the list of bad records");
            return NULL;
        }
        input->sources = larger;
        self->room = room;
    }
    mr_source *source = &input->sources[input->count++];
    *source = (mr_source){.path = self->path, .kind = kind, .held = input->held, .base = self->end};
    return source;
}

/* Keeps a path for as long as the input lives; the one before is often the same. */
static const char *keep_path(mr_input *input, const char *path, mr_error *error) {
    if (input->path_count && !strcmp(input->paths[input->path_count - 1], path))
        return input->paths[input->path_count - 1];
    if ((input->path_count & (input->path_count - 1)) == 0) { /* there is room up to the next power of two */
        size_t room = input->path_count ? 2 * input->path_count : 1;
        char **larger = realloc(input->paths, room * sizeof *larger);
        if (!larger) {
            mr_error_memory(error, room * sizeof *larger, "paths");
            return NULL;
        }
        input->paths = larger;
    }
    char *kept = strdup(path);
    if (kept)
        input->paths[input->path_count++] = kept;
    else
        mr_error_memory(error, strlen(path), "a path");
    return kept;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

/* Whether something in a part of a record would end it. Paragraphs and rows of CSV hold newlines that do not. */
static bool is_ended_within(const mr_records *records, const char *bytes, size_t length) {
    if (records->kind == MR_RECORDS_PARAGRAPHS || records->kind == MR_RECORDS_CSV) return false;
    int terminator = mr_records_terminator(records);
    return terminator >= 0 && memchr(bytes, terminator, length);
}

/* Adds a part of a record. The last one is followed by what the record ended with, if it did. */
static bool take_record_part(reader *self, const char *bytes, size_t length, bool last, mr_error *error) {
    if (is_ended_within(&self->records, bytes, length))
        return mr_error_set(error, "\"record\" holds a %s, which would end it",
                            self->records.kind == MR_RECORDS_NUL ? "zero byte" : "newline");
    if (!append_content(self, bytes, length, error)) return false;
    uint64_t size = self->input->sources[self->input->count - 1].size;
    int terminator = mr_records_terminator(&self->records);
    if (!last || self->length == size || (self->length == UINT64_MAX && terminator < 0)) return true;
    if (terminator < 0) return mr_error_set(error, "\"length\" is not that of the record");
    if (self->length != UINT64_MAX && self->length != size + 1)
        return mr_error_set(error, "\"length\" is neither that of the record nor one more, for its newline");
    return append_content(self, &(char){(char)terminator}, 1, error);
}

/* Reads what kind of record it is; all in the file have to be the same. */
static bool read_kind(reader *self, const cJSON *object, mr_error *error) {
    mr_input *input = self->input;
    char *name, text[MR_RECORDS_NAME];
    size_t length;
    bool present;
    if (!mr_json_get_bytes(object, "records", &present, &name, &length, error)) return false;
    self->records = (mr_records){.kind = MR_RECORDS_OWN};
    bool ok = !present || !memchr(name, 0, length) || mr_error_set(error, "\"records\" is no kind of records");
    if (ok && (!present || strcmp(name, mr_records_name(&self->records, text)) != 0))
        ok = mr_records_read(&self->records, present ? name : "lines", error) || mr_error_context(error, "\"records\"");
    error->usage = false; /* it was not the command line */
    free(name);
    if (!ok) return false;
    mr_records_name(&self->records, text);
    if (*input->records && strcmp(input->records, text) != 0)
        return mr_error_set(error, "its record is of another kind (%s) than those before (%s)", text, input->records);
    memcpy(input->records, text, sizeof text);
    return true;
}

/* Reads where a record comes from. */
static bool begin_record(reader *self, const cJSON *object, mr_error *error) {
    char *path;
    size_t length;
    bool present;
    uint64_t line;
    if (!mr_json_get_bytes(object, "file", &present, &path, &length, error)) return false;
    bool ok = present || mr_error_set(error, "there is no \"file\"");
    ok = ok && read_kind(self, object, error);
    ok = ok && ((length && !memchr(path, 0, length)) || mr_error_set(error, "\"file\" is no path"));
    mr_source *source = ok ? add_source(self, MR_SOURCE_RECORDS, error) : NULL;
    ok = source && (source->path = keep_path(self->input, path, error)) &&
         mr_json_get_number(object, "offset", 0, &source->origin, error) &&
         mr_json_get_number(object, "line", 1, &line, error) &&
         mr_json_get_number(object, "length", UINT64_MAX, &self->length, error);
    if (ok) source->lines_before = line ? line - 1 : 0;
    if (ok && self->records.kind == MR_RECORDS_LINES) source->records_before = source->lines_before;
    free(path);
    return ok;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */

static bool begin_group(reader *self, uint32_t kind, const char *key, size_t length, mr_error *error) {
    mr_source *source = add_source(self, kind, error);
    if (!source) return false;
    self->input->groups++;
    source->origin = self->line_offset;
    return append_number(self, length, error) && append_content(self, key, length, error);
}

/* Adds a value, or a part of one. */
static bool take_value(reader *self, const char *bytes, size_t length, bool more, mr_error *error) {
    if (!self->in_value) {
        self->value_start = self->end;
        if (!append_number(self, 0, error)) return false;
    }
    if (!append_content(self, bytes, length, error)) return false;
    uint64_t whole = self->end - self->value_start - sizeof whole;
    self->in_value = more;
    if (more || mr_write_at(self->input->held, &whole, sizeof whole, self->value_start)) return true;
    return mr_error_system(error, errno, "could not copy it to a temporary file");
}

static bool take_values(reader *self, const cJSON *values, mr_error *error) {
    const cJSON *element;
    if (!cJSON_IsArray(values)) return mr_error_set(error, "\"values\" is no array");
    cJSON_ArrayForEach(element, values) {
        char *bytes;
        size_t length;
        bool more = false;
        if (!mr_json_element_bytes(element, "values", &bytes, &length, error)) return false;
        bool ok = !cJSON_IsObject(element) || mr_json_get_flag(element, "more", &more, error);
        ok = ok && take_value(self, bytes, length, more, error);
        free(bytes);
        if (!ok) return false;
    }
    return true;
}

/* ---- objects ----------------------------------------------------------------------------------------------------- */

static uint32_t last_kind(const reader *self) {
    return self->input->sources[self->input->count - 1].kind;
}

/* What can stand in a line, apart from where a record comes from. */
typedef struct parts {
    char *record, *key, *accumulator; /* NULL: not there; owned */
    size_t record_length, key_length, accumulator_length;
    const cJSON *values; /* NULL: not there */
    bool more;           /* the next line goes on */
    bool continues;      /* this line goes on with the one before */
} parts;

static bool find_parts(const cJSON *object, parts *found, mr_error *error) {
    bool present;
    *found = (parts){.values = cJSON_GetObjectItemCaseSensitive(object, "values")};
    return mr_json_get_bytes(object, "record", &present, &found->record, &found->record_length, error) &&
           mr_json_get_bytes(object, "key", &present, &found->key, &found->key_length, error) &&
           mr_json_get_bytes(object, "accumulator", &present, &found->accumulator, &found->accumulator_length, error) &&
           mr_json_get_flag(object, "more", &found->more, error) &&
           mr_json_get_flag(object, "continues", &found->continues, error);
}

static bool take_parts(reader *self, const cJSON *object, const parts *found, mr_error *error) {
    if (found->continues != self->goes_on)
        return mr_error_set(error, found->continues ? "it continues a line that says nothing of it"
                                                    : "it does not continue the line before, which says \"more\"");
    if (found->record) {
        if (found->key || found->values || found->accumulator)
            return mr_error_set(error, "it is both a record and a group");
        if (found->continues ? last_kind(self) != MR_SOURCE_RECORDS : !begin_record(self, object, error))
            return mr_error_set(error, "it continues a group with a record");
        return take_record_part(self, found->record, found->record_length, !found->more, error);
    }
    if (!found->values == !found->accumulator)
        return mr_error_set(error, "there is no \"record\", and not one of \"values\" and \"accumulator_hex\"");
    uint32_t kind = found->values ? MR_SOURCE_VALUES : MR_SOURCE_ACCUMULATOR;
    if (!found->continues && !found->key) return mr_error_set(error, "there is no \"key\"");
    if (found->continues && (found->key || last_kind(self) != kind || kind == MR_SOURCE_ACCUMULATOR))
        return mr_error_set(error, "it does not go on with what the line before began");
    if (found->key && !begin_group(self, kind, found->key, found->key_length, error)) return false;
    return found->values ? take_values(self, found->values, error)
                         : take_value(self, found->accumulator, found->accumulator_length, false, error);
}

static bool take_line(reader *self, mr_error *error) {
    cJSON *object = mr_json_read(self->line, self->line_length, error);
    parts found = {0};
    bool ok = object && find_parts(object, &found, error) && take_parts(self, object, &found, error);
    self->goes_on = found.more;
    if (ok && self->in_value && !self->goes_on) ok = mr_error_set(error, "a value says \"more\", but no line follows");
    free(found.record);
    free(found.key);
    free(found.accumulator);
    cJSON_Delete(object);
    return ok;
}

/* Whoever gives a file whose beginning is wrong may have taken it for one of bad records. Always returns false. */
static bool say_what_is_wanted(const reader *self, mr_error *error) {
    return !self->input->count && mr_error_add(error, "; --from-bad wants a file that --bad has written");
}

static bool read_file(reader *self, mr_error *error) {
    bool more = true, ok = true;
    while (ok && more) {
        ok = read_line(self, &more, error);
        if (ok && more && !is_blank(self)) ok = take_line(self, error) || say_what_is_wanted(self, error);
    }
    if (ok && self->goes_on) ok = mr_error_set(error, "a line that is to go on is the last one");
    if (!ok) return mr_error_context(error, "%s, line %llu", self->path, (unsigned long long)self->line_number);
    return self->input->count ||
           mr_error_set(error, "%s holds no bad records; --from-bad wants a file that --bad has written", self->path);
}

bool mr_from_bad_open(mr_input *input, const char *path, const char *folder, mr_error *error) {
    *input = (mr_input){.folder = AT_FDCWD, .held = mr_open_unnamed(folder)};
    if (input->held < 0) {
        input->held = 0;
        return mr_error_system(error, errno, "could not make a temporary file in %s (choose another folder with --tmp)",
                               folder);
    }
    reader self = {.input = input, .path = path, .file = fopen(path, "re")};
    if (!self.file)
        return mr_error_system(error, errno, "could not read %s", path) || mr_nearest_file(error, path, NULL);
    bool ok = read_file(&self, error);
    fclose(self.file);
    free(self.line);
    return ok && mr_input_arrange(input, error);
}
