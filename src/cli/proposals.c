#include "cli/proposals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "host/compiler.h"
#include "host/describe.h"

/* ---- commands ---------------------------------------------------------------------------------------------------- */

static bool try_plugin(void *nearest, const char *name, const char *path, mr_error *error) {
    (void)path;
    (void)error;
    mr_nearest_try(nearest, name);
    return true;
}

void mr_nearest_try_plugins(mr_nearest *nearest) {
    mr_error ignored = {0};
    mr_plugin_each(try_plugin, nearest, &ignored);
}

/* Whether a word is the name or the path of a plugin, or of its source. */
static bool is_plugin(const char *word) {
    mr_error ignored = {0};
    if (mr_is_source(word)) return true; /* not to be compiled for a question */
    char *path = mr_plugin_find(word, &ignored);
    bool found = path, is_path = strchr(word, '/');
    size_t length = strlen(word);
    free(path);
    return found && (!is_path || (length > 3 && !strcmp(word + length - 3, ".so")));
}

/* The next command that people call, from a place in the table on; NULL: there is none. */
static const mr_command *const *next_shown(const mr_command *const *command) {
    while (*command && (*command)->hidden)
        command++;
    return *command ? command : NULL;
}

static bool complain_of_command(const char *name, mr_error *error) {
    char names[256] = "";
    size_t used = 0;
    for (const mr_command *const *command = next_shown(mr_commands), *const *next; command && used < sizeof names;
         command = next) {
        next = next_shown(command + 1);
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", (*command)->name,
                                 !next                  ? ""
                                 : next_shown(next + 1) ? ", "
                                                        : " and ");
    }
    return mr_error_usage(error, "there is no command '%s'; there are %s (a plugin: mr run PLUGIN INPUT...)", name,
                          names);
}

bool mr_propose_command(const char *name, mr_error *error) {
    mr_nearest commands, plugins;
    const char *letters = name + strspn(name, "-");
    if (is_plugin(name))
        return mr_error_usage(error, "there is no command '%s'; it is a plugin: mr run %s INPUT...", name, name);
    mr_nearest_begin(&commands, letters);
    for (const mr_command *const *command = mr_commands; *command; command++)
        mr_nearest_try(&commands, (*command)->name);
    const char *question = mr_nearest_question(&commands, "mr ");
    mr_nearest_begin(&plugins, letters);
    if (!*question) {
        mr_nearest_try_plugins(&plugins);
        question = mr_nearest_question(&plugins, "mr run ");
    }
    if (!*question) return complain_of_command(name, error);
    return mr_error_usage(error, "there is no command '%s'%s", name, question);
}

/* ---- options of plugins ------------------------------------------------------------------------------------------ */

/* The first word on the command line that is a plugin; NULL: there is none. An option that is not known may have a
 * value that looks like an operand, so every word may be it. */
static const char *find_plugin(const mr_option_walk *walk) {
    for (int i = 1; i < walk->argc; i++)
        if (*walk->argv[i] != '-' && is_plugin(walk->argv[i])) return walk->argv[i];
    return NULL;
}

/* What stands behind the word of the unknown option, unless it is the plugin; VALUE: nothing that could be a value. */
static const char *value_behind(const mr_option_walk *walk, const char *plugin) {
    const char *equals = strchr(walk->unknown, '=');
    if (equals) return equals + 1;
    for (int i = 1; i + 1 < walk->argc; i++)
        if (walk->argv[i] == walk->unknown && *walk->argv[i + 1] != '-' && walk->argv[i + 1] != plugin)
            return walk->argv[i + 1];
    return "VALUE";
}

/* Asks the plugin for its options. */
static bool describe(const char *plugin, mr_description *description) {
    mr_error ignored = {0};
    char *path = mr_plugin_find(plugin, &ignored);
    bool ok = path && mr_describe(&(mr_setup){.path = path}, description, &ignored);
    free(path);
    return ok;
}

void mr_propose_setting(const mr_option_walk *walk, mr_error *error) {
    mr_description description;
    mr_described_option option;
    mr_nearest nearest;
    char name[MR_NEAREST_WORD];
    const char *plugin = walk->unknown ? find_plugin(walk) : NULL;
    if (!plugin || !describe(plugin, &description)) return;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(walk->unknown + 2, "="), walk->unknown + 2);
    mr_nearest_begin(&nearest, name);
    for (size_t at = 0; mr_description_option(&description, &at, &option);)
        mr_nearest_try(&nearest, option.name);
    bool exact = nearest.count && !strcmp(nearest.best[0], name);
    if (!exact && (nearest.count != 1 || walk->proposed)) return;
    *error = (mr_error){0};
    mr_error_usage(error, "'mr %s' has no option --%s; %s: --set %s=%s%s", walk->command->name, name,
                   exact ? "it is one of the plugin" : "did you mean that of the plugin", nearest.best[0],
                   value_behind(walk, plugin), exact ? "" : "?");
}
