#include "host/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/numerics.h"

enum { OPTIONS_MAX = 256 };

/* The index of word in choices, which '|' separates; -1 when it is not there. */
static int choice_index(const char *choices, const char *word) {
    size_t length = strlen(word);
    for (int index = 0; choices; index++) {
        const char *end = strchrnul(choices, '|');
        if ((size_t)(end - choices) == length && !memcmp(choices, word, length)) return index;
        choices = *end ? end + 1 : NULL;
    }
    return -1;
}

static bool check_int(const char *value) {
    char *end;
    errno = 0;
    strtoll(value, &end, 10);
    return *value && !isspace((unsigned char)*value) && !*end && !errno;
}

static bool check_number(const char *value) {
    char *end;
    double number = mr_read_double(value, &end);
    return *value && !isspace((unsigned char)*value) && !*end && isfinite(number);
}

static bool complain_choice(const char *plugin, const mr_option *option, const char *value, mr_error *error) {
    mr_nearest nearest;
    mr_nearest_begin(&nearest, value);
    mr_nearest_try_each(&nearest, option->choices);
    return mr_error_usage(error, "%s: option '%s' wants one of %s, not '%s'%s", plugin, option->name, option->choices,
                          value, mr_nearest_question(&nearest, ""));
}

static bool check_value(const char *plugin, const mr_option *option, const char *value, mr_error *error) {
    switch (option->type) {
    case MR_OPTION_INT:
        if (check_int(value)) return true;
        return mr_error_usage(error, "%s: option '%s' wants a whole number, not '%s'", plugin, option->name, value);
    case MR_OPTION_NUMBER:
        if (check_number(value)) return true;
        return mr_error_usage(error, "%s: option '%s' wants a number, not '%s'", plugin, option->name, value);
    case MR_OPTION_FLAG:
        if (!strcmp(value, "yes") || !strcmp(value, "no")) return true;
        return mr_error_usage(error, "%s: option '%s' wants yes or no, not '%s'", plugin, option->name, value);
    case MR_OPTION_CHOICE:
        if (choice_index(option->choices, value) >= 0) return true;
        return complain_choice(plugin, option, value, error);
    default:
        return true;
    }
}

static bool check_declaration(const char *plugin, const mr_option *option, mr_error *error) {
    if (!mr_is_option_name(option->name))
        return mr_error_set(error, "plugin %s declares an option with the bad name '%s': letters, digits and dashes",
                            plugin, option->name);
    if (option->type < MR_OPTION_TEXT || option->type > MR_OPTION_FILE)
        return mr_error_set(error, "plugin %s needs a newer mr: its option '%s' has the unknown type %u", plugin,
                            option->name, option->type);
    if (option->reserved)
        return mr_error_set(error, "plugin %s needs a newer mr: its option '%s' sets something unknown", plugin,
                            option->name);
    if (option->type == MR_OPTION_CHOICE && (!option->choices || !*option->choices))
        return mr_error_set(error, "plugin %s declares the option '%s' without its choices (.choices = \"this|that\")",
                            plugin, option->name);
    return true;
}

/* Fills text with the names of all declared options, for a message. */
static const char *list_names(const mr_options *options, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < options->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", options->declared[i].name);
    return text;
}

static bool complain_name(const mr_options *options, const char *plugin, const char *name, mr_error *error) {
    char names[512];
    mr_nearest nearest;
    mr_nearest_begin(&nearest, name);
    for (size_t i = 0; i < options->count; i++)
        mr_nearest_try(&nearest, options->declared[i].name);
    const char *question = mr_nearest_question(&nearest, "");
    if (*question) return mr_error_usage(error, "%s has no option '%s'%s", plugin, name, question);
    return mr_error_usage(error, "%s has no option '%s'; it has: %s (see 'mr help %s')", plugin, name,
                          list_names(options, names, sizeof names), plugin);
}

static bool apply_setting(mr_options *options, const char *plugin, const mr_setting *setting, mr_error *error) {
    int index = mr_options_find(options, setting->name);
    if (index < 0 && !options->count)
        return mr_error_usage(error, "%s has no option '%s': it has none at all", plugin, setting->name);
    if (index < 0) return complain_name(options, plugin, setting->name, error);
    options->values[index] = setting->value;
    return check_value(plugin, &options->declared[index], setting->value, error);
}

/* Options that are files may be given as side files instead, but not twice. */
static bool take_sides(mr_options *options, const char *plugin, const mr_sides *sides, const mr_setting *settings,
                       size_t setting_count, mr_error *error) {
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->declared[i].name;
        const mr_side_file *side = options->declared[i].type == MR_OPTION_FILE ? mr_sides_find(sides, name) : NULL;
        for (size_t j = 0; side && !side->option && j < setting_count; j++)
            if (!strcmp(settings[j].name, name))
                return mr_error_usage(error, "%s: option '%s' is given twice, by --set and by --side", plugin, name);
        if (side) options->values[i] = side->path;
    }
    return true;
}

bool mr_options_resolve(mr_options *options, const char *plugin, const mr_option *declared, const mr_setting *settings,
                        size_t setting_count, const mr_sides *sides, mr_error *error) {
    *options = (mr_options){.declared = declared};
    while (declared && options->count < OPTIONS_MAX && declared[options->count].name)
        options->count++;
    if (options->count == OPTIONS_MAX)
        return mr_error_set(error, "plugin %s declares more than %d options", plugin, OPTIONS_MAX - 1);
    options->values = calloc(options->count + 1, sizeof *options->values);
    if (!options->values) return mr_error_memory(error, options->count * sizeof *options->values, "options");
    for (size_t i = 0; declared && i < options->count; i++) {
        if (!check_declaration(plugin, &declared[i], error)) return false;
        options->values[i] = declared[i].default_value;
        if (options->values[i] && !check_value(plugin, &declared[i], options->values[i], error)) {
            error->usage = false; /* it is not the user who is at fault */
            return mr_error_context(error, "the default of plugin %s is wrong", plugin);
        }
    }
    for (size_t i = 0; i < setting_count; i++)
        if (!apply_setting(options, plugin, &settings[i], error)) return false;
    if (!take_sides(options, plugin, sides, settings, setting_count, error)) return false;
    for (size_t i = 0; declared && i < options->count; i++)
        if (!options->values[i])
            return mr_error_usage(error, "%s needs --set %s=...: %s", plugin, declared[i].name,
                                  declared[i].help ? declared[i].help : "it has no default");
    return true;
}

void mr_options_close(mr_options *options) {
    free(options->values);
    *options = (mr_options){0};
}

int mr_options_find(const mr_options *options, const char *name) {
    for (size_t i = 0; i < options->count; i++)
        if (!strcmp(options->declared[i].name, name)) return (int)i;
    return -1;
}

int64_t mr_option_value_int(const mr_option *option, const char *value) {
    if (option->type == MR_OPTION_FLAG) return !strcmp(value, "yes");
    if (option->type == MR_OPTION_CHOICE) return choice_index(option->choices, value);
    return strtoll(value, NULL, 10);
}
