#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/units.h"
#include "cli/arguments.h"
#include "cli/job_reader.h"

/* ---- messages ---------------------------------------------------------------------------------------------------- */

size_t mr_job_line(const mr_job_reader *reader, const mr_json_place *place) {
    const char *at = mr_json_find(reader->text, reader->length, place);
    return mr_json_line(reader->text, at ? at : reader->text);
}

bool mr_job_complain(const mr_job_reader *reader, const mr_json_place *place, mr_error *error, const char *format,
                     ...) {
    char text[MR_ERROR_TEXT], name[MR_PLACE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mr_json_place_name(place, name);
    return mr_error_usage(error, "%s:%zu: %s%s%s", reader->file->path, mr_job_line(reader, place), name,
                          *name ? ": " : "", text);
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

const cJSON *mr_job_member(const cJSON *object, const mr_json_place *parent, const char *name, mr_json_place *at) {
    size_t index = 0;
    for (const cJSON *member = object->child; member; member = member->next, index++) {
        if (strcmp(member->string, name) != 0) continue;
        *at = (mr_json_place){parent, member->string, index};
        return member;
    }
    return NULL;
}

static bool is_among(const char *const *names, const char *name) {
    for (; *names; names++)
        if (!strcmp(*names, name)) return true;
    return false;
}

static bool unknown_member(const mr_job_reader *reader, const mr_json_place *at, const char *const *names, bool more,
                           mr_error *error) {
    char list[512] = "";
    mr_nearest nearest;
    mr_nearest_begin(&nearest, at->key);
    for (size_t used = 0; *names && used < sizeof list; names++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", *names);
        mr_nearest_try(&nearest, *names);
    }
    for (const mr_command_option *option = mr_run_options; more && option->name; option++)
        if (!option->command_only) mr_nearest_try(&nearest, option->name);
    const char *question = mr_nearest_question(&nearest, "");
    if (*question) return mr_job_complain(reader, at, error, "there is no such field%s", question);
    return mr_job_complain(reader, at, error, "there is no such field; there are %s%s", list,
                           more ? ", and the options of 'mr run' by their long names" : "");
}

bool mr_job_check_members(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object,
                          const char *const *names, bool (*accepts)(const char *name), mr_error *error) {
    if (!cJSON_IsObject(object)) return mr_job_complain(reader, place, error, "this has to be an object: {...}");
    size_t index = 0;
    for (const cJSON *member = object->child; member; member = member->next, index++) {
        mr_json_place at = {place, member->string, index};
        for (const cJSON *before = object->child; before != member; before = before->next)
            if (!strcmp(before->string, member->string))
                return mr_job_complain(reader, &at, error, "this is here a second time");
        if (names && !is_among(names, member->string) && !(accepts && accepts(member->string)))
            return unknown_member(reader, &at, names, accepts, error);
    }
    return true;
}

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static const mr_parameter *find_parameter(const mr_job_reader *reader, const char *name, size_t length) {
    for (size_t i = 0; i < reader->parameter_count; i++)
        if (strlen(reader->parameters[i].name) == length && !memcmp(reader->parameters[i].name, name, length))
            return &reader->parameters[i];
    return NULL;
}

static bool unknown_parameter(const mr_job_reader *reader, const mr_json_place *place, const char *name, size_t length,
                              mr_error *error) {
    char list[512] = "", typed[MR_NEAREST_WORD];
    mr_nearest nearest;
    snprintf(typed, sizeof typed, "%.*s", (int)mr_smaller(length, sizeof typed), name);
    mr_nearest_begin(&nearest, typed);
    for (size_t i = 0, used = 0; i < reader->parameter_count && used < sizeof list; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s${%s}", i ? ", " : "", reader->parameters[i].name);
        mr_nearest_try(&nearest, reader->parameters[i].name);
    }
    const char *question = mr_nearest_question(&nearest, "");
    if (*question)
        return mr_job_complain(reader, place, error, "there is no parameter '%.*s'%s", (int)length, name, question);
    return mr_job_complain(reader, place, error, "there is no parameter '%.*s'; there are %s", (int)length, name, list);
}

/* Writes the text with ${name} replaced by the value of that parameter, and $${ by ${. What comes in is not looked at
 * again. */
static bool expand(const mr_job_reader *reader, const mr_json_place *place, const char *text, FILE *to,
                   mr_error *error) {
    while (*text) {
        if (!strncmp(text, "$${", 3)) {
            fputs("${", to);
            text += 3;
        } else if (!strncmp(text, "${", 2)) {
            size_t length = strcspn(text + 2, "}");
            if (!text[2 + length]) return mr_job_complain(reader, place, error, "'${' without '}'");
            const mr_parameter *parameter = find_parameter(reader, text + 2, length);
            if (!parameter) return unknown_parameter(reader, place, text + 2, length, error);
            fputs(parameter->value, to);
            text += length + 3;
        } else {
            fputc(*text++, to);
        }
    }
    return true;
}

static char *expanded(const mr_job_reader *reader, const mr_json_place *place, const char *text, mr_error *error) {
    char *result = NULL;
    size_t size;
    FILE *to = open_memstream(&result, &size);
    bool ok = to && expand(reader, place, text, to, error);
    bool written = to && !ferror(to);
    written = to && fclose(to) == 0 && written;
    if (!written) mr_error_memory(error, strlen(text), "a text of the job file");
    if (ok && written) return result;
    free(result);
    return NULL;
}

char *mr_job_text(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_error *error) {
    if (cJSON_IsString(value)) return expanded(reader, place, value->valuestring, error);
    char *text = NULL;
    const char *at = mr_json_find(reader->text, reader->length, place);
    if (cJSON_IsBool(value))
        text = strdup(cJSON_IsTrue(value) ? "yes" : "no");
    else if (cJSON_IsNumber(value) && at)
        text = strndup(at, mr_json_word(at, reader->text + reader->length));
    else
        mr_job_complain(reader, place, error, "this has to be a text or a number");
    if (!text) mr_error_memory(error, 1, "a text of the job file");
    return text;
}

bool mr_job_number(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, uint64_t least,
                   uint64_t most, uint64_t *number, mr_error *error) {
    char *text = mr_job_text(reader, place, value, error);
    bool ok = text && mr_parse_count(text, least, most, number);
    if (text && !ok)
        mr_job_complain(reader, place, error, "this has to be a whole number from %llu to %llu, not '%s'",
                        (unsigned long long)least, (unsigned long long)most, text);
    free(text);
    return ok;
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */

/* What the command line sets a parameter to; NULL: nothing. */
static const char *setting_of(const mr_setting *settings, size_t count, const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < count; i++)
        if (!strcmp(settings[i].name, name)) value = settings[i].value;
    return value;
}

/* Complains of --set name=..., which is none of the parameters from declared on. */
static bool unknown_setting(const mr_job_reader *reader, const cJSON *declared, const char *name, mr_error *error) {
    char list[512] = "it has none";
    size_t used = 0;
    mr_nearest nearest;
    mr_nearest_begin(&nearest, name);
    for (const cJSON *member = declared; member && used < sizeof list; member = member->next) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "it has: ", member->string);
        mr_nearest_try(&nearest, member->string);
    }
    const char *path = reader->file->path, *question = mr_nearest_question(&nearest, "");
    if (*question) return mr_error_usage(error, "%s has no parameter '%s'%s", path, name, question);
    return mr_error_usage(error, "%s has no parameter '%s'; %s (see 'mr job %s --help')", path, name, list, path);
}

/* Whether all that is set is there; declared: the first parameter in the file, or NULL. */
static bool check_settings(const mr_job_reader *reader, const cJSON *declared, const mr_setting *settings, size_t count,
                           mr_error *error) {
    for (size_t i = 0; i < count; i++) {
        const cJSON *member = declared;
        while (member && strcmp(member->string, settings[i].name) != 0)
            member = member->next;
        if (!member) return unknown_setting(reader, declared, settings[i].name, error);
    }
    return true;
}

/* Reads one parameter and gives it its value. */
static bool read_parameter(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, const char *setting,
                           mr_error *error) {
    static const char *const names[] = {"default", "help", NULL};
    mr_json_place at;
    if (!mr_is_option_name(object->string) || !strcmp(object->string, "here"))
        return mr_job_complain(reader, place, error, "a name has letters, digits and dashes, and is not 'here'");
    if (!mr_job_check_members(reader, place, object, names, NULL, error)) return false;
    const cJSON *help = mr_job_member(object, place, "help", &at);
    if (help && !cJSON_IsString(help)) return mr_job_complain(reader, &at, error, "this has to be a text");
    const cJSON *fallback = mr_job_member(object, place, "default", &at);
    if (!setting && !fallback)
        return mr_error_usage(error, "%s needs --set %s=...%s%s", reader->file->path, object->string, help ? ": " : "",
                              help ? help->valuestring : "");
    mr_parameter *parameter = &reader->parameters[reader->parameter_count];
    *parameter = (mr_parameter){.name = object->string};
    /* Also when it is set: what it is by itself has to be right. */
    parameter->value = fallback ? mr_job_text(reader, &at, fallback, error) : strdup("");
    if (parameter->value && setting) {
        free(parameter->value);
        parameter->value = strdup(setting);
    }
    if (!parameter->value) return error->set ? false : mr_error_memory(error, 1, "a parameter");
    reader->parameter_count++;
    return true;
}

/* The folder of the job file, as a parameter. */
static bool add_here(mr_job_reader *reader, mr_error *error) {
    const char *path = reader->file->path, *slash = strrchr(path, '/');
    char *folder = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
    reader->parameters[reader->parameter_count++] = (mr_parameter){.name = "here", .value = folder};
    return folder || mr_error_memory(error, strlen(path), "a path");
}

bool mr_job_read_parameters(mr_job_reader *reader, const mr_setting *settings, size_t setting_count, mr_error *error) {
    mr_json_place root = {0}, at;
    const cJSON *object = mr_job_member(reader->root, &root, "parameters", &at);
    size_t count = 1, index = 0;
    if (object && !mr_job_check_members(reader, &at, object, NULL, NULL, error)) return false;
    for (const cJSON *member = object ? object->child : NULL; member; member = member->next)
        count++;
    reader->parameters = calloc(count, sizeof *reader->parameters);
    if (!reader->parameters) return mr_error_memory(error, count * sizeof *reader->parameters, "parameters");
    if (!add_here(reader, error)) return false;
    if (!check_settings(reader, object ? object->child : NULL, settings, setting_count, error)) return false;
    for (const cJSON *member = object ? object->child : NULL; member; member = member->next, index++) {
        mr_json_place place = {&at, member->string, index};
        if (!read_parameter(reader, &place, member, setting_of(settings, setting_count, member->string), error))
            return false;
    }
    return true;
}
