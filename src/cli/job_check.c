#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/job_run.h"
#include "flow/output.h"
#include "host/describe.h"
#include "job/outputs.h"

/* ---- the arguments of a stage ------------------------------------------------------------------------------------ */

/* What a stage makes has this name in messages; borrowed from the arguments. */
static const char *name_made(mr_stage_arguments *arguments, const mr_stage *maker, mr_error *error) {
    char *name;
    if (asprintf(&name, "stage %s", maker->name) < 0) {
        mr_error_memory(error, strlen(maker->name), "a name");
        return NULL;
    }
    return arguments->names[arguments->name_count++] = name;
}

/* Where something that a stage reads is: the path of a file, or a name and a descriptor. */
static bool locate(mr_stage_arguments *arguments, const mr_job_file *file, const mr_stage_source *source,
                   const int *made, const int *before, bool first, const char **path, int *held, mr_error *error) {
    bool earlier = source->previous != MR_NO_STAGE && !first;
    *path = source->path;
    *held = 0;
    if (*path && !earlier) return true;
    size_t stage = earlier ? source->previous : source->stage;
    const mr_stage *maker = &file->stages[stage];
    if (maker->output && !maker->repeated) {
        *path = maker->output;
        return true;
    }
    if (made) *held = (earlier ? before : made)[stage];
    *path = name_made(arguments, maker, error);
    return *path;
}

static bool locate_all(mr_stage_arguments *arguments, const mr_job_file *file, const mr_stage *stage, const int *made,
                       const int *before, bool first, mr_error *error) {
    for (size_t i = 0; i < stage->input_count; i++)
        if (!locate(arguments, file, &stage->inputs[i], made, before, first, &arguments->inputs[i],
                    &arguments->held[i].file, error))
            return false;
    for (size_t i = 0; i < stage->side_count; i++) {
        mr_side_wish *side = &arguments->sides[i];
        side->name = stage->sides[i].name;
        if (!locate(arguments, file, &stage->sides[i], made, before, first, &side->path, &side->held, error))
            return false;
    }
    return true;
}

/* Puts together what 'mr run' would have been called with. */
static int put_words(mr_stage_arguments *arguments, const mr_job_request *request, const mr_stage *stage) {
    int count = 0;
    arguments->words[count++] = "run";
    for (size_t i = 0; i < stage->word_count; i++)
        arguments->words[count++] = stage->words[i];
    for (size_t i = 0; i < request->word_count; i++)
        arguments->words[count++] = (char *)request->words[i];
    arguments->words[count++] = "--";
    arguments->words[count++] = stage->plugin;
    for (size_t i = 0; i < stage->input_count; i++)
        arguments->words[count++] = (char *)arguments->inputs[i];
    return count;
}

bool mr_stage_arguments_make(mr_stage_arguments *arguments, const mr_job_request *request, const mr_stage *stage,
                             const int *made, const int *before, bool first, mr_error *error) {
    char place[MR_STAGE_PLACE];
    size_t sources = stage->input_count + stage->side_count,
           room = stage->word_count + request->word_count + sources + 4;
    *arguments = (mr_stage_arguments){.words = calloc(room, sizeof(char *)),
                                      .inputs = calloc(sources + 1, sizeof(char *)),
                                      .names = calloc(sources + 1, sizeof(char *)),
                                      .held = calloc(sources + 1, sizeof(mr_held)),
                                      .sides = calloc(sources + 1, sizeof(mr_side_wish))};
    if (!arguments->words || !arguments->inputs || !arguments->names || !arguments->held || !arguments->sides)
        return mr_error_memory(error, room * sizeof(char *), "the arguments of a stage");
    if (!locate_all(arguments, request->file, stage, made, before, first, error)) return false;
    int count = put_words(arguments, request, stage);
    if (!mr_run_arguments_read(&arguments->run, &mr_command_run, NULL, request->program, count, arguments->words,
                               error))
        return mr_error_context(error, "%s", mr_stage_place(request->file, stage, stage->line, place));
    mr_job_settings *settings = &arguments->run.settings;
    settings->held_inputs = arguments->held;
    settings->sides = arguments->sides;
    settings->side_count = stage->side_count;
    settings->output = stage->output;
    return true;
}

void mr_stage_arguments_free(mr_stage_arguments *arguments) {
    arguments->run.settings.side_count = 0; /* which are not its own */
    mr_run_arguments_free(&arguments->run);
    for (size_t i = 0; i < arguments->name_count; i++)
        free(arguments->names[i]);
    free(arguments->names);
    free(arguments->words);
    free(arguments->inputs);
    free(arguments->held);
    free(arguments->sides);
    *arguments = (mr_stage_arguments){0};
}

/* ---- looking beforehand ------------------------------------------------------------------------------------------ */

/* Whether a file is there; the job looks closer when its stage begins. */
static bool check_file(const char *path, mr_error *error) {
    if (*path == '@') path++; /* a list of paths */
    return !strcmp(path, "-") || access(path, R_OK) == 0 || mr_error_system(error, errno, "could not read %s", path) ||
           mr_nearest_file(error, path, NULL);
}

static bool check_sources(const mr_job_file *file, const mr_stage *stage, const mr_stage_source *sources, size_t count,
                          mr_error *error) {
    char place[MR_STAGE_PLACE];
    for (size_t i = 0; i < count; i++)
        if (sources[i].path && !check_file(sources[i].path, error))
            return mr_error_context(error, "%s", mr_stage_place(file, stage, sources[i].line, place));
    return true;
}

/* Sees that a file is there which an option of the plugin names. */
static bool check_wish(void *receiver, const mr_side_wish *wish, mr_error *error) {
    return check_file(wish->path, error) && mr_sides_promise(receiver, wish, error);
}

/* Asks the plugin whether its options are right, without letting it look at files that are not there yet. */
static bool check_plugin(const mr_job_settings *settings, mr_error *error) {
    mr_sides sides = {0};
    static mr_description description; /* large */
    char *path = mr_plugin_find(settings->plugin, error);
    bool ok = path;
    for (size_t i = 0; ok && i < settings->side_count; i++)
        ok = mr_sides_promise(&sides, &settings->sides[i], error);
    mr_setup setup = {.path = path,
                      .settings = settings->settings,
                      .setting_count = settings->setting_count,
                      .records = &settings->records,
                      .sides = &sides,
                      .only_options = true,
                      .wish = check_wish,
                      .receiver = &sides};
    ok = ok && mr_describe(&setup, &description, error);
    mr_sides_close(&sides);
    free(path);
    return ok;
}

static bool check_output(const mr_stage *stage, mr_error *error) {
    const char *path = stage->output;
    if (!path || !strcmp(path, "-")) return true;
    if (!mr_outputs_are_in_directory(path)) return mr_output_check(path, error);
    if (!stage->repeated) return mr_outputs_check_directory(path, error);
    return mr_error_set(error, "%s is a directory, to which a stage that is repeated cannot write; give a file", path);
}

static bool check_stage(const mr_job_request *request, const mr_stage *stage, mr_error *error) {
    char place[MR_STAGE_PLACE];
    const mr_job_file *file = request->file;
    mr_stage_arguments arguments;
    bool ok = mr_stage_arguments_make(&arguments, request, stage, NULL, NULL, true, error);
    if (ok) {
        ok = check_plugin(&arguments.run.settings, error) && check_output(stage, error);
        if (!ok) mr_error_context(error, "%s", mr_stage_place(file, stage, stage->line, place));
    }
    mr_stage_arguments_free(&arguments);
    return ok && check_sources(file, stage, stage->inputs, stage->input_count, error) &&
           check_sources(file, stage, stage->sides, stage->side_count, error);
}

static bool reads_standard(const mr_stage_source *source) {
    return source->path && (!strcmp(source->path, "-") || !strcmp(source->path, "@-"));
}

/* What standard input gives is gone when it has been read. */
static bool check_standard(const mr_job_file *file, mr_error *error) {
    char place[MR_STAGE_PLACE];
    bool read = false;
    for (size_t i = 0; i < file->count; i++) {
        const mr_stage *stage = &file->stages[i];
        for (size_t j = 0; j < stage->input_count; j++) {
            const mr_stage_source *source = &stage->inputs[j];
            if (!reads_standard(source)) continue;
            if (read || (stage->repeated && source->previous == MR_NO_STAGE))
                return mr_error_usage(error, "%s: standard input can be read only once; put it into a file first",
                                      mr_stage_place(file, stage, source->line, place));
            read = true;
        }
    }
    return true;
}

bool mr_job_check(const mr_job_request *request, mr_error *error) {
    if (!check_standard(request->file, error)) return false;
    for (size_t i = 0; i < request->file->count; i++)
        if (!check_stage(request, &request->file->stages[i], error)) return false;
    return true;
}

/* ---- showing ----------------------------------------------------------------------------------------------------- */

static void show_source(const mr_job_file *file, const mr_stage_source *source) {
    if (source->path)
        printf(" %s", source->path);
    else
        printf(" (stage %s)", file->stages[source->stage].name);
    if (source->previous != MR_NO_STAGE)
        printf(", then (stage %s of the round before)", file->stages[source->previous].name);
}

static void show_stage(const mr_job_request *request, const mr_stage *stage) {
    printf("%s%s: mr run %s", stage->repeated ? "  " : "", stage->name, stage->plugin);
    for (size_t i = 0; i < stage->input_count; i++)
        show_source(request->file, &stage->inputs[i]);
    for (size_t i = 0; i < stage->word_count; i++)
        printf(" %s", stage->words[i]);
    for (size_t i = 0; i < request->word_count; i++)
        printf(" %s", request->words[i]);
    for (size_t i = 0; i < stage->side_count; i++) {
        printf(" --side=%s:", stage->sides[i].name);
        show_source(request->file, &stage->sides[i]);
    }
    if (stage->output) printf(" --output=%s", stage->output);
    putchar('\n');
}

static void show_repetition(const mr_job_file *file) {
    const mr_repetition *repetition = &file->repetition;
    printf("%llu rounds", (unsigned long long)repetition->most);
    if (repetition->stage != MR_NO_STAGE)
        printf(" at most, until the counter %s of stage %s is %s%llu", repetition->counter,
               file->stages[repetition->stage].name, repetition->below ? "below " : "",
               (unsigned long long)repetition->number);
    puts(":");
}

void mr_job_show(const mr_job_request *request) {
    const mr_job_file *file = request->file;
    bool within = false;
    for (size_t i = 0; i < file->count; i++) {
        const mr_stage *stage = &file->stages[file->order[i]];
        if (stage->repeated && !within) show_repetition(file);
        within = stage->repeated;
        show_stage(request, stage);
    }
}
