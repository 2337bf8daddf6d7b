#include "cli/job_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nearest.h"
#include "cli/job_reader.h"

enum { FILE_MOST = 1 << 20 /* bytes */ };

const char *mr_stage_place(const mr_job_file *file, const mr_stage *stage, size_t line, char *text) {
    snprintf(text, MR_STAGE_PLACE, "%s:%zu: stage %s", file->path, line, stage->name);
    return text;
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

/* A name is what messages call a stage, so it is not empty and has no bytes that could be taken for something else. */
static bool read_name(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_stage *stage,
                      mr_error *error) {
    mr_json_place at;
    if (!cJSON_IsObject(object)) return mr_job_complain(reader, place, error, "a stage is an object: {...}");
    if (!mr_job_check_fields(reader, place, object, error)) return false; /* first, since "name" may be mistyped */
    const cJSON *name = mr_job_member(object, place, "name", &at);
    if (!name) return mr_job_complain(reader, place, error, "there is no \"name\"");
    if (!cJSON_IsString(name) || !mr_is_option_name(name->valuestring))
        return mr_job_complain(reader, &at, error, "a name is a text of letters, digits and dashes");
    for (size_t i = 0; i < reader->file->count; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): those before this one have a name */
        if (!strcmp(reader->file->stages[i].name, name->valuestring))
            return mr_job_complain(reader, &at, error, "there is another stage '%s', in line %zu", name->valuestring,
                                   reader->file->stages[i].line);
    *stage = (mr_stage){.name = strdup(name->valuestring), .line = mr_job_line(reader, place)};
    return stage->name || mr_error_memory(error, strlen(name->valuestring), "a name");
}

static bool read_stages(mr_job_reader *reader, mr_error *error) {
    mr_job_file *file = reader->file;
    mr_json_place root = {0}, at;
    size_t count = 0;
    const cJSON *stages = mr_job_member(reader->root, &root, "stages", &at);
    if (!stages) return mr_job_complain(reader, &root, error, "there is no \"stages\"");
    if (!cJSON_IsArray(stages) || !stages->child)
        return mr_job_complain(reader, &at, error, "this has to be an array of stages: [{...}, ...]");
    for (const cJSON *stage = stages->child; stage; stage = stage->next)
        count++;
    if (count > MR_STAGES_MAX)
        return mr_job_complain(reader, &at, error, "there are more than %d stages", MR_STAGES_MAX);
    file->stages = calloc(count, sizeof *file->stages);
    if (!file->stages) return mr_error_memory(error, count * sizeof *file->stages, "stages");
    for (const cJSON *stage = stages->child; stage; stage = stage->next) {
        mr_json_place place = {&at, NULL, file->count};
        if (!read_name(reader, &place, stage, &file->stages[file->count], error)) return false;
        file->count++;
    }
    size_t index = 0;
    for (const cJSON *stage = stages->child; stage; stage = stage->next, index++) {
        mr_json_place place = {&at, NULL, index};
        if (!mr_job_read_stage(reader, &place, stage, &file->stages[index], error)) return false;
    }
    return true;
}

/* ---- the repetition ---------------------------------------------------------------------------------------------- */

static bool read_members(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_error *error) {
    mr_json_place at;
    mr_job_file *file = reader->file;
    size_t index = 0, stage;
    const cJSON *stages = mr_job_member(object, place, "stages", &at);
    if (!stages) return mr_job_complain(reader, place, error, "there is no \"stages\"");
    if (!cJSON_IsArray(stages) || !stages->child)
        return mr_job_complain(reader, &at, error, "this has to be an array of names of stages");
    for (const cJSON *name = stages->child; name; name = name->next, index++) {
        mr_json_place element = {&at, NULL, index};
        if (!mr_job_find_stage(reader, &element, name, &stage, error)) return false;
        if (file->stages[stage].repeated)
            return mr_job_complain(reader, &element, error, "the stage '%s' is here a second time", name->valuestring);
        file->stages[stage].repeated = true;
        file->repetition.count++;
    }
    return true;
}

static bool read_condition(mr_job_reader *reader, const mr_json_place *place, const cJSON *object, mr_error *error) {
    static const char *const names[] = {"stage", "counter", "is", "below", NULL};
    mr_repetition *repetition = &reader->file->repetition;
    mr_json_place at;
    if (!mr_job_check_members(reader, place, object, names, NULL, error)) return false;
    const cJSON *stage = mr_job_member(object, place, "stage", &at);
    if (!stage) return mr_job_complain(reader, place, error, "there is no \"stage\"");
    if (!mr_job_find_stage(reader, &at, stage, &repetition->stage, error)) return false;
    if (!reader->file->stages[repetition->stage].repeated)
        return mr_job_complain(reader, &at, error, "the stage '%s' is not repeated", stage->valuestring);
    const cJSON *counter = mr_job_member(object, place, "counter", &at);
    if (!counter) return mr_job_complain(reader, place, error, "there is no \"counter\"");
    if (!cJSON_IsString(counter)) return mr_job_complain(reader, &at, error, "this has to be the name of a counter");
    repetition->counter = mr_job_text(reader, &at, counter, error);
    const cJSON *is = mr_job_member(object, place, "is", &at);
    const cJSON *below = is ? NULL : mr_job_member(object, place, "below", &at);
    if (!repetition->counter) return false;
    if (!is == !below || (is && cJSON_GetObjectItemCaseSensitive(object, "below")))
        return mr_job_complain(reader, place, error, "either \"is\" or \"below\" has to be here");
    repetition->below = below;
    return mr_job_number(reader, &at, is ? is : below, 0, UINT64_MAX, &repetition->number, error);
}

/* What happens when there have been as many rounds as there may be and the condition does not hold. */
static bool read_otherwise(mr_job_reader *reader, const mr_json_place *place, const cJSON *value, mr_error *error) {
    char *text = mr_job_text(reader, place, value, error);
    bool stop = text && !strcmp(text, "stop"), ok = text && (stop || !strcmp(text, "fail"));
    reader->file->repetition.may_stop = stop;
    if (text && !ok) mr_job_complain(reader, place, error, "this has to be \"fail\" or \"stop\", not '%s'", text);
    if (ok && reader->file->repetition.stage == MR_NO_STAGE)
        ok = mr_job_complain(reader, place, error, "this goes with \"until\" only");
    free(text);
    return ok;
}

static bool read_repetition(mr_job_reader *reader, mr_error *error) {
    static const char *const names[] = {"stages", "most", "until", "or", NULL};
    mr_json_place root = {0}, place, at;
    const cJSON *object = mr_job_member(reader->root, &root, "repeat", &place);
    reader->file->repetition.stage = MR_NO_STAGE;
    if (!object) return true;
    if (!mr_job_check_members(reader, &place, object, names, NULL, error) ||
        !read_members(reader, &place, object, error))
        return false;
    const cJSON *most = mr_job_member(object, &place, "most", &at);
    if (!most) return mr_job_complain(reader, &place, error, "there is no \"most\": how many rounds there may be");
    if (!mr_job_number(reader, &at, most, 1, 1000000, &reader->file->repetition.most, error)) return false;
    const cJSON *until = mr_job_member(object, &place, "until", &at);
    if (until && !read_condition(reader, &at, until, error)) return false;
    const cJSON *otherwise = mr_job_member(object, &place, "or", &at);
    return !otherwise || read_otherwise(reader, &at, otherwise, error);
}

/* ---- what goes together ------------------------------------------------------------------------------------------ */

static bool check_source(const mr_job_file *file, const mr_stage *stage, const mr_stage_source *source, bool *read,
                         mr_error *error) {
    char place[MR_STAGE_PLACE];
    mr_stage_place(file, stage, source->line, place);
    if (source->previous != MR_NO_STAGE) {
        if (!stage->repeated || !file->stages[source->previous].repeated)
            return mr_error_usage(error, "%s: \"previous\" is for stages that are repeated, and %s is not", place,
                                  stage->repeated ? file->stages[source->previous].name : "this one");
        read[source->previous] = true;
    }
    if (source->path) return true;
    const mr_stage *maker = &file->stages[source->stage];
    read[source->stage] = true;
    if (source->previous != MR_NO_STAGE && maker->repeated)
        return mr_error_usage(error, "%s: \"first\" has to be there before the first round, and %s is repeated", place,
                              maker->name);
    if (maker->output && !strcmp(maker->output, "-") && !maker->repeated)
        return mr_error_usage(error, "%s: it reads what stage %s writes to standard output; give that a file", place,
                              maker->name);
    return true;
}

static bool check_sources(const mr_job_file *file, bool *read, mr_error *error) {
    for (size_t i = 0; i < file->count; i++) {
        const mr_stage *stage = &file->stages[i];
        for (size_t j = 0; j < stage->input_count; j++)
            if (!check_source(file, stage, &stage->inputs[j], read, error)) return false;
        for (size_t j = 0; j < stage->side_count; j++)
            if (!check_source(file, stage, &stage->sides[j], read, error)) return false;
    }
    for (size_t i = 0; i < file->count; i++) {
        char place[MR_STAGE_PLACE];
        const mr_stage *stage = &file->stages[i];
        bool counts = file->repetition.stage == i;
        if (!stage->output && !read[i] && !counts)
            return mr_error_usage(error,
                                  "%s: nobody reads what it makes; give it an \"output\" (\"-\": standard output)",
                                  mr_stage_place(file, stage, stage->line, place));
    }
    return true;
}

/* Two stages that write the same file: one of them would be lost. */
static bool check_outputs(const mr_job_file *file, mr_error *error) {
    for (size_t i = 0; i < file->count; i++)
        for (size_t j = 0; j < i && file->stages[i].output; j++) {
            const mr_stage *stage = &file->stages[i], *other = &file->stages[j];
            char place[MR_STAGE_PLACE];
            if (other->output && strcmp(other->output, "-") != 0 && !strcmp(other->output, stage->output))
                return mr_error_usage(error, "%s: it writes to %s, and so does stage %s",
                                      mr_stage_place(file, stage, stage->line, place), stage->output, other->name);
        }
    return true;
}

static bool check_together(const mr_job_file *file, mr_error *error) {
    bool *read = calloc(file->count, sizeof *read);
    if (!read) return mr_error_memory(error, file->count, "stages");
    bool ok = check_sources(file, read, error) && check_outputs(file, error);
    free(read);
    return ok;
}

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static bool read_text(mr_job_reader *reader, mr_error *error) {
    const char *path = reader->file->path;
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0)
        return mr_error_system(error, errno, "could not read the job file %s", path) ||
               mr_nearest_file(error, path, ".json");
    reader->text = calloc(1, FILE_MOST + 1);
    bool ok = reader->text || mr_error_memory(error, FILE_MOST, "the job file");
    if (ok && (fstat(file, &status) < 0 || !S_ISREG(status.st_mode)))
        ok = mr_error_usage(error, "the job file %s is no regular file", path);
    int64_t count = ok ? mr_read_at(file, reader->text, FILE_MOST + 1, 0) : 0;
    if (count < 0) ok = mr_error_system(error, errno, "could not read the job file %s", path);
    if (count > FILE_MOST) ok = mr_error_usage(error, "the job file %s has more than %d bytes", path, FILE_MOST);
    close(file);
    reader->length = ok ? (size_t)count : 0;
    return ok;
}

static bool parse(mr_job_reader *reader, mr_error *error) {
    mr_error failure = {0};
    size_t stopped = 0;
    reader->root = mr_json_parse(reader->text, reader->length, &stopped, &failure);
    if (reader->root) return true;
    return mr_error_usage(error, "%s:%zu: %s", reader->file->path, mr_json_line(reader->text, reader->text + stopped),
                          failure.text);
}

/* Reads the file as an object with the right members. */
static bool read_object(mr_job_reader *reader, mr_error *error) {
    static const char *const names[] = {"about", "parameters", "stages", "repeat", NULL};
    mr_json_place root = {0}, at;
    if (!read_text(reader, error) || !parse(reader, error) ||
        !mr_job_check_members(reader, &root, reader->root, names, NULL, error))
        return false;
    const cJSON *about = mr_job_member(reader->root, &root, "about", &at);
    return !about || cJSON_IsString(about) || mr_job_complain(reader, &at, error, "this has to be a text");
}

static void close_reader(mr_job_reader *reader) {
    for (size_t i = 0; i < reader->parameter_count; i++)
        free(reader->parameters[i].value);
    free(reader->parameters);
    if (reader->root) cJSON_Delete(reader->root);
    free(reader->text);
}

static bool read_all(mr_job_reader *reader, const mr_setting *settings, size_t setting_count, mr_error *error) {
    return read_object(reader, error) && mr_job_read_parameters(reader, settings, setting_count, error) &&
           read_stages(reader, error) && read_repetition(reader, error) && check_together(reader->file, error) &&
           mr_job_file_arrange(reader->file, error);
}

bool mr_job_file_read(mr_job_file *file, const char *path, const mr_setting *settings, size_t setting_count,
                      mr_error *error) {
    *file = (mr_job_file){.path = strdup(path)};
    mr_job_reader reader = {.file = file};
    bool ok =
        file->path ? read_all(&reader, settings, setting_count, error) : mr_error_memory(error, strlen(path), "a path");
    close_reader(&reader);
    return ok;
}

/* ---- what a file says of itself ---------------------------------------------------------------------------------- */

/* A default is shown as it stands in the file. */
static bool show_parameter(const mr_job_reader *reader, const mr_json_place *place, const cJSON *object,
                           mr_error *error) {
    mr_json_place at;
    if (!cJSON_IsObject(object)) return mr_job_complain(reader, place, error, "a parameter is an object: {...}");
    const cJSON *help = mr_job_member(object, place, "help", &at);
    const cJSON *fallback = mr_job_member(object, place, "default", &at);
    bool is_text = fallback && cJSON_IsString(fallback);
    char *text = fallback && !is_text ? mr_job_text(reader, &at, fallback, error) : NULL;
    if (error->set) return false;
    const char *value = is_text ? fallback->valuestring : text;
    printf("  --set %s=...\n      %s%s", object->string, cJSON_IsString(help) ? help->valuestring : "",
           help ? " " : "");
    if (value)
        printf("(default: '%s')\n", value);
    else
        printf("(required)\n");
    free(text);
    return true;
}

static bool show_all(const mr_job_reader *reader, const char *name, mr_error *error) {
    mr_json_place root = {0}, at;
    const cJSON *about = mr_job_member(reader->root, &root, "about", &at);
    const cJSON *parameters = mr_job_member(reader->root, &root, "parameters", &at);
    printf("%s%s%s\n\nmr job %s [--set NAME=VALUE]... [OPTION]...   (mr job --help)\n", name, about ? " - " : "",
           about ? about->valuestring : "", name);
    if (!parameters || !parameters->child) return true;
    printf("\nParameters:\n");
    size_t index = 0;
    for (const cJSON *member = parameters->child; member; member = member->next, index++) {
        mr_json_place place = {&at, member->string, index};
        if (!show_parameter(reader, &place, member, error)) return false;
    }
    return true;
}

bool mr_job_file_show(const char *path, const char *name, mr_error *error) {
    mr_job_file file = {.path = strdup(path)};
    mr_job_reader reader = {.file = &file};
    bool ok = file.path || mr_error_memory(error, strlen(path), "a path");
    ok = ok && read_object(&reader, error) && show_all(&reader, name, error);
    close_reader(&reader);
    mr_job_file_close(&file);
    return ok;
}

bool mr_job_file_parameters(const char *path, void (*found)(void *context, const char *name, const char *help),
                            void *context, mr_error *error) {
    mr_job_file file = {.path = strdup(path)};
    mr_job_reader reader = {.file = &file};
    mr_json_place root = {0}, at;
    bool ok = (file.path || mr_error_memory(error, strlen(path), "a path")) && read_object(&reader, error);
    const cJSON *parameters = ok ? mr_job_member(reader.root, &root, "parameters", &at) : NULL;
    for (const cJSON *member = parameters ? parameters->child : NULL; member; member = member->next) {
        const cJSON *help = cJSON_IsObject(member) ? mr_job_member(member, &root, "help", &at) : NULL;
        if (member->string) found(context, member->string, help && cJSON_IsString(help) ? help->valuestring : NULL);
    }
    close_reader(&reader);
    mr_job_file_close(&file);
    return ok;
}

static void free_sources(mr_stage_source *sources, size_t count) {
    for (size_t i = 0; i < count; i++) {
        free(sources[i].name);
        free(sources[i].path);
    }
    free(sources);
}

void mr_job_file_close(mr_job_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        mr_stage *stage = &file->stages[i];
        for (size_t j = 0; j < stage->word_count; j++)
            free(stage->words[j]);
        free(stage->words);
        free_sources(stage->inputs, stage->input_count);
        free_sources(stage->sides, stage->side_count);
        free(stage->name);
        free(stage->plugin);
        free(stage->output);
    }
    free(file->repetition.counter);
    free(file->stages);
    free(file->order);
    free(file->path);
    *file = (mr_job_file){0};
}
