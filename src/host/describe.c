#include "host/describe.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/building.h"
#include "mp/mp.h"

enum { DESCRIBE_TIMEOUT_MS = 30000, ORPHANS_MS = 5000 };

/* A file that the child wishes for. */
typedef struct wished_file {
    char name[MR_SIDE_NAME];
    char path[PATH_MAX];
} wished_file;

/* What passes between asker and child, in memory that both share. */
typedef struct exchange {
    mr_setup setup;                   /* the question; settings NULL: no job, only the help */
    bool answered;                    /* the answer is complete */
    mr_description description;       /* the answer, or */
    mr_error error;                   /* why there is none; or, if there are any, */
    wished_file wished[MR_SIDES_MAX]; /* the files that the child has to know for an answer */
    size_t wished_count;
} exchange;

/* Options are written one behind the other, each as its type, then '=' and its default or '!', and its name, choices
 * and help, with a zero behind each: texts that cross from one process to another. */
static void describe_options(const mr_option *options, char *text, size_t size) {
    size_t used = 0;
    memset(text, 0, size);
    for (const mr_option *option = options; option && option->name; option++) {
        bool required = !option->default_value;
        int length = snprintf(text + used, size - used, "%u%c%s%c%s%c%s%c%s", option->type, required ? '!' : '=',
                              required ? "" : option->default_value, 0, option->name, 0,
                              option->type == MR_OPTION_CHOICE && option->choices ? option->choices : "", 0,
                              option->help ? option->help : "");
        if (length < 0 || (size_t)length + 2 > size - used) {
            memset(text + used, 0, size - used);
            return;
        }
        used += (size_t)length + 1;
    }
}

/* The text at *at, which is moved behind its zero; empty at the end. */
static const char *next_text(const mr_description *description, size_t *at) {
    const char *text = description->options + *at;
    size_t room = sizeof description->options - *at, length = strnlen(text, room);
    if (length == room) return ""; /* it has no end */
    *at += length + 1;
    return text;
}

bool mr_description_option(const mr_description *description, size_t *at, mr_described_option *option) {
    char *mark;
    if (*at >= sizeof description->options) return false;
    const char *beginning = next_text(description, at);
    option->type = (uint32_t)strtoul(beginning, &mark, 10);
    option->fallback = *mark == '=' ? mark + 1 : NULL;
    option->name = next_text(description, at);
    option->choices = next_text(description, at);
    option->help = next_text(description, at);
    return *option->name;
}

const char *mr_described_value(const mr_described_option *option) {
    const char *const words[] = {"", "TEXT", "INTEGER", "NUMBER", "yes|no", option->choices, "FILE"};
    return option->type <= MR_OPTION_FILE ? words[option->type] : "?";
}

void mr_describe_loaded(const mr_plugin *plugin, mr_description *description) {
    snprintf(description->name, sizeof description->name, "%s", plugin->name);
    snprintf(description->summary, sizeof description->summary, "%s", plugin->summary ? plugin->summary : "");
    describe_options(plugin->options, description->options, sizeof description->options);
    description->kind = plugin->kind;
    description->fold_type = plugin->fold_type;
    description->value_size = plugin->value_size;
    description->needs = plugin->needs;
    description->top = plugin->top;
    description->together = plugin->together;
    snprintf(description->columns, sizeof description->columns, "%s", plugin->columns ? plugin->columns : "");
    description->has_configure = plugin->configure;
    description->has_finish = plugin->finish;
    description->has_compare = plugin->compare;
    description->has_partition = plugin->partition;
    description->has_combine = plugin->combine;
}

/* Takes down the wish for a file, which the asker has to read. */
static bool note_wish(void *receiver, const mr_side_wish *wish, mr_error *error) {
    exchange *shared = receiver;
    if (shared->wished_count == MR_SIDES_MAX)
        return mr_error_usage(error, "there are more than %d files to read", MR_SIDES_MAX);
    wished_file *file = &shared->wished[shared->wished_count];
    int name_length = snprintf(file->name, sizeof file->name, "%s", wish->name);
    int path_length = snprintf(file->path, sizeof file->path, "%s", wish->path);
    if (name_length >= (int)sizeof file->name || path_length >= (int)sizeof file->path)
        return mr_error_usage(error, "the name of the file that option '%s' is set to is too long", wish->name);
    shared->wished_count++;
    return true;
}

static bool answer(exchange *shared) {
    mr_context context;
    mr_loaded loaded;
    if (!shared->setup.settings) {
        if (!mr_plugin_load(&loaded, shared->setup.path, shared->setup.linked, &shared->error)) return false;
        mr_describe_loaded(&loaded.plugin, &shared->description);
        return true;
    }
    mr_setup setup = shared->setup;
    setup.wish = note_wish;
    setup.receiver = shared;
    if (!mr_context_open(&context, &setup, &shared->error)) return false;
    mr_describe_loaded(&context.loaded.plugin, &shared->description);
    shared->description.records = context.records;
    mr_context_close(&context);
    return true;
}

static int describe_in_child(void *argument) {
    exchange *shared = argument;
    /* What a constructor prints must not get into the output. */
    if (dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
        answer(shared);
    else
        mr_error_system(&shared->error, errno, "could not redirect output");
    shared->answered = true;
    return 0;
}

const char *mr_describe_end(int code, char *text, size_t size) {
    if (code < 0)
        snprintf(text, size, "was killed by signal %d (%s)", -code, strsignal(-code));
    else
        snprintf(text, size, "exited with status %d", code);
    return text;
}

/* Waits for the child; false when it hangs, crashes or leaves without an answer. */
static bool await_answer(mp_process *process, const exchange *shared, const char *path, mr_error *error) {
    char end[96];
    int code = 0;
    int failure = mp_process_join(process, DESCRIBE_TIMEOUT_MS);
    if (failure == -ETIMEDOUT)
        return mr_error_set(
            error, "the plugin %s hangs while it is loaded: its constructors do, or those of its libraries", path);
    if (failure < 0) return mr_error_system(error, -failure, "could not wait for the plugin %s to be loaded", path);
    mp_process_exit_code(process, &code);
    if (shared->answered) return true;
    return mr_error_set(error, "the plugin %s %s while it was loaded, in its constructors or those of its libraries",
                        path, mr_describe_end(code, end, sizeof end));
}

/* Lets a child answer. */
static bool ask(exchange *shared, const char *path, mr_error *error) {
    mp_process *process;
    mp_process_options options = {.name = "mr-describe", .flags = MP_PROCESS_DAEMON};
    (void)!mp_orphans_adopt(); /* where that does not work, what a plugin leaves running goes on */
    int code = mp_process_start(&process, &options, describe_in_child, shared);
    bool ok = code == 0 || mr_error_start(error, -code);
    if (ok) {
        ok = await_answer(process, shared, path, error);
        mp_process_free(process);
        mp_orphans_kill(NULL, NULL, ORPHANS_MS);
    }
    return ok;
}

/* Passes the wishes of the child on. The plugin may have written over anything that was shared with it. */
static bool fulfil_wishes(const exchange *shared, const mr_setup *setup, mr_error *error) {
    size_t count = shared->wished_count;
    if (count > MR_SIDES_MAX) return mr_error_set(error, "the plugin %s has written where it may not", setup->path);
    for (size_t i = 0; i < count; i++) {
        wished_file file = shared->wished[i];
        file.name[sizeof file.name - 1] = file.path[sizeof file.path - 1] = 0;
        mr_side_wish wish = {.name = file.name, .path = file.path, .option = true};
        if (!setup->wish) return mr_error_set(error, "there is nobody to read the file %s", wish.path);
        if (!setup->wish(setup->receiver, &wish, error)) return false;
    }
    return true;
}

/* Makes sure of an answer that the plugin may have written over, like anything that was shared with it: texts have an
 * end, and numbers are among those that there are. */
static bool check_answer(mr_description *description, const char *path, mr_error *error) {
    const mr_records *records = &description->records;
    description->name[sizeof description->name - 1] = 0;
    description->summary[sizeof description->summary - 1] = 0;
    description->options[sizeof description->options - 1] = 0;
    description->columns[sizeof description->columns - 1] = 0;
    bool known = description->kind >= MR_FOLD && description->kind <= MR_MAP &&
                 description->fold_type <= MR_FOLD_STATS_INT64 && description->together <= MR_TOGETHER_ALL &&
                 records->kind <= MR_RECORDS_PAIRS && !records->first && !records->begin && !records->failure;
    return known || mr_error_set(error, "the plugin %s has written where it may not, while it was loaded", path);
}

/* Which options are files only the plugin knows, and what is in them it may want to know when it configures itself: so
 * a child that comes upon such options only says which files they are, and another one is asked when these are there.
 */
bool mr_describe(const mr_setup *setup, mr_description *description, mr_error *error) {
    exchange *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return mr_error_memory(error, sizeof *shared, "describing the plugin");
    shared->setup = *setup;
    const char *name = mr_building_source(setup->path);
    bool ok = ask(shared, name, error);
    if (ok && shared->wished_count) {
        ok = fulfil_wishes(shared, setup, error);
        *shared = (exchange){.setup = *setup};
        ok = ok && ask(shared, name, error);
    }
    if (ok && shared->error.set) {
        *error = shared->error;
        error->text[sizeof error->text - 1] = 0;
        ok = false;
    }
    if (ok) {
        *description = shared->description;
        ok = check_answer(description, name, error);
    }
    munmap(shared, sizeof *shared);
    return ok;
}
