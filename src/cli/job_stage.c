#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/job_reader.h"

/* A stage is read into the words that 'mr run' would take for it on a command line, so that every option means the same
 * here as there, and is checked by the same code. What other stages make has no place on a command line; such inputs
 * and side files are kept beside. */

static const char *const own_fields[] = {"name", "plugin", "inputs", "set", "side", "output", NULL};

/* Options of 'mr run' that are not for a single stage. */
static bool is_option(const char *name) {
    const mr_command_option *option = mr_option_find(mr_run_options, name);
    return option && !option->command_only;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* Adds "--option=value", or "--option" when value is NULL. */
static bool add_word(mr_stage *stage, const char *option, const char *value, mr_error *error) {
    char **larger = realloc(stage->words, (stage->word_count + 1) * sizeof *larger);
    if (larger) stage->words = larger;
    char *word = larger ? mr_option_word(option, value) : NULL;
    if (!word) return mr_error_memory(error, strlen(option), "an option");
    stage->words[stage->word_count++] = word;
    return true;
}

/* Whether 'mr run' takes a value for an option by itself. */
static bool check_value(const mr_job_reader *reader, const mr_json_place *place, const mr_command_option *option,
                        const char *value, mr_error *error) {
    mr_error failure = {0};
    if (mr_run_option_check(option, value, &failure)) return true;
    return mr_job_complain(reader, place, error, "%s", failure.text);
}

static bool read_option_value(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value,
                              mr_stage *stage, const mr_command_option *option, mr_error *error) {
    char *text = mr_job_text(reader, place, value, error);
    bool flag = !option->argument;
    bool ok = text;
    if (ok && flag && strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        ok = mr_job_complain(reader, place, error, "this has to be true or false, not '%s'", text);
    if (ok && !(flag && !strcmp(text, "no")))
        ok = check_value(reader, place, option, flag ? NULL : text, error) &&
             add_word(stage, option->name, flag ? NULL : text, error);
    free(text);
    return ok;
}

/* An option of 'mr run'; an array is the same option several times. */
static bool read_option(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_stage *stage,
                        mr_error *error) {
    const mr_command_option *option = mr_option_find(mr_run_options, value->string);
    if (!cJSON_IsArray(value)) return read_option_value(reader, place, value, stage, option, error);
    size_t index = 0;
    for (const cJSON *element = value->child; element; element = element->next, index++) {
        mr_json_place at = {place, NULL, index};
        if (!read_option_value(reader, &at, element, stage, option, error)) return false;
    }
    return true;
}

/* ---- settings ---------------------------------------------------------------------------------------------------- */

static bool read_settings(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_stage *stage,
                          mr_error *error) {
    size_t index = 0;
    if (!mr_job_check_members(reader, place, object, NULL, NULL, error)) return false;
    for (const cJSON *member = object->child; member; member = member->next, index++) {
        mr_json_place at = {place, member->string, index};
        char *value = mr_job_text(reader, &at, member, error), *pair = NULL;
        bool ok = value;
        if (ok && !mr_is_option_name(member->string))
            ok = mr_job_complain(reader, &at, error, "a name has letters, digits and dashes");
        if (ok && asprintf(&pair, "%s=%s", member->string, value) < 0) {
            pair = NULL;
            ok = mr_error_memory(error, strlen(value), "an option");
        }
        ok = ok && add_word(stage, "set", pair, error);
        free(value);
        free(pair);
        if (!ok) return false;
    }
    return true;
}

/* ---- what a stage reads ------------------------------------------------------------------------------------------ */

static bool read_path(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, char **path,
                      mr_error *error) {
    if (!cJSON_IsString(value))
        return mr_job_complain(reader, place, error,
                               "this has to be a path, or an object such as {\"stage\": \"words\"}");
    *path = mr_job_text(reader, place, value, error);
    if (*path && !**path) return mr_job_complain(reader, place, error, "this path is empty");
    return *path;
}

bool mr_job_find_stage(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, size_t *stage,
                       mr_error *error) {
    const mr_job_file *file = reader->file;
    char list[512] = "";
    mr_nearest nearest;
    if (!cJSON_IsString(value)) return mr_job_complain(reader, place, error, "this has to be the name of a stage");
    for (*stage = 0; *stage < file->count; ++*stage)
        if (!strcmp(file->stages[*stage].name, value->valuestring)) return true;
    mr_nearest_begin(&nearest, value->valuestring);
    for (size_t i = 0, used = 0; i < file->count && used < sizeof list; i++) {
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", file->stages[i].name);
        mr_nearest_try(&nearest, file->stages[i].name);
    }
    const char *question = mr_nearest_question(&nearest, "");
    if (*question)
        return mr_job_complain(reader, place, error, "there is no stage '%s'%s", value->valuestring, question);
    return mr_job_complain(reader, place, error, "there is no stage '%s'; there are %s", value->valuestring, list);
}

/* A path, {"stage": name}, or {"previous": name, "first": one of these two}. */
static bool read_source(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, bool first,
                        mr_stage_source *source, mr_error *error) {
    static const char *const names[] = {"stage", "previous", "first", NULL};
    mr_json_place at;
    if (!cJSON_IsObject(value)) return read_path(reader, place, value, &source->path, error);
    if (!mr_job_check_members(reader, place, value, names, NULL, error)) return false;
    const cJSON *stage = mr_job_member(value, place, "stage", &at);
    if (stage) {
        if (value->child->next) return mr_job_complain(reader, place, error, "\"stage\" stands alone");
        return mr_job_find_stage(reader, &at, stage, &source->stage, error);
    }
    const cJSON *previous = mr_job_member(value, place, "previous", &at);
    if (!previous || first) return mr_job_complain(reader, place, error, "it does not say which stage: \"stage\": ...");
    if (!mr_job_find_stage(reader, &at, previous, &source->previous, error)) return false;
    const cJSON *beginning = mr_job_member(value, place, "first", &at);
    if (!beginning)
        return mr_job_complain(
            reader, place, error,
            "\"previous\" needs \"first\": what is read in the first round, when there is none before");
    return read_source(reader, &at, beginning, true, source, error);
}

static mr_stage_source *add_source(const mr_job_reader *reader, const mr_json_place *place, mr_stage_source **list,
                                   size_t *count, mr_error *error) {
    mr_stage_source *larger = realloc(*list, (*count + 1) * sizeof *larger);
    if (!larger) {
        mr_error_memory(error, (*count + 1) * sizeof *larger, "inputs");
        return NULL;
    }
    *list = larger;
    mr_stage_source *added = &larger[(*count)++];
    *added = (mr_stage_source){.stage = MR_NO_STAGE, .previous = MR_NO_STAGE, .line = mr_job_line(reader, place)};
    return added;
}

static bool read_input(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_stage *stage,
                       mr_error *error) {
    mr_stage_source *source = add_source(reader, place, &stage->inputs, &stage->input_count, error);
    return source && read_source(reader, place, value, false, source, error);
}

/* One input, or an array of them. */
static bool read_inputs(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_stage *stage,
                        mr_error *error) {
    size_t index = 0;
    if (!cJSON_IsArray(value)) return read_input(reader, place, value, stage, error);
    if (!value->child) return mr_job_complain(reader, place, error, "there is no input");
    for (const cJSON *element = value->child; element; element = element->next, index++) {
        mr_json_place at = {place, NULL, index};
        if (!read_input(reader, &at, element, stage, error)) return false;
    }
    return true;
}

static bool read_sides(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_stage *stage,
                       mr_error *error) {
    size_t index = 0;
    if (!mr_job_check_members(reader, place, object, NULL, NULL, error)) return false;
    for (const cJSON *member = object->child; member; member = member->next, index++) {
        mr_json_place at = {place, member->string, index};
        if (!mr_is_option_name(member->string) || strlen(member->string) >= MR_SIDE_NAME)
            return mr_job_complain(reader, &at, error, "a name has up to %d letters, digits and dashes",
                                   MR_SIDE_NAME - 1);
        mr_stage_source *source = add_source(reader, &at, &stage->sides, &stage->side_count, error);
        if (!source || !read_source(reader, &at, member, false, source, error)) return false;
        source->name = strdup(member->string);
        if (!source->name) return mr_error_memory(error, strlen(member->string), "a name");
    }
    return true;
}

/* ---- the stage --------------------------------------------------------------------------------------------------- */

static bool read_field(const mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_stage *stage,
                       mr_error *error) {
    const char *name = value->string;
    if (!strcmp(name, "name")) return true; /* known already */
    if (!strcmp(name, "plugin")) return (stage->plugin = mr_job_text(reader, place, value, error));
    if (!strcmp(name, "inputs")) return read_inputs(reader, place, value, stage, error);
    if (!strcmp(name, "set")) return read_settings(reader, place, value, stage, error);
    if (!strcmp(name, "side")) return read_sides(reader, place, value, stage, error);
    if (!strcmp(name, "output")) return read_path(reader, place, value, &stage->output, error);
    stage->from_bad = stage->from_bad || !strcmp(name, "from-bad");
    return read_option(reader, place, value, stage, error);
}

bool mr_job_check_fields(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object,
                         mr_error *error) {
    return mr_job_check_members(reader, place, object, own_fields, is_option, error);
}

bool mr_job_read_stage(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_stage *stage,
                       mr_error *error) {
    size_t index = 0;
    for (const cJSON *member = object->child; member; member = member->next, index++) {
        mr_json_place at = {place, member->string, index};
        if (!read_field(reader, &at, member, stage, error)) return false;
    }
    if (!stage->plugin) return mr_job_complain(reader, place, error, "there is no \"plugin\"");
    if (!stage->input_count && !stage->from_bad) return mr_job_complain(reader, place, error, "there is no \"inputs\"");
    return true;
}
