/* options.h - what the user sets with --set, checked against what the plugin declares. Any process. */
#ifndef MR_HOST_OPTIONS_H
#define MR_HOST_OPTIONS_H

#include "base/error.h"
#include "host/side.h"
#include "mr.h"

/* One --set name=value. */
typedef struct mr_setting {
    const char *name;
    const char *value;
} mr_setting;

/* The options of a plugin with the values that hold for a job. */
typedef struct mr_options {
    const mr_option *declared; /* the plugin's; ends with a NULL name; NULL: none */
    const char **values;       /* one for each declared option; owned array, borrowed texts */
    size_t count;              /* declared options */
} mr_options;

/* Checks the plugin's own declaration, then settings against it. A side file with the name of an option that is a file
 * is the value of that option (sides may be NULL). Settings and side files must outlive the options. An unknown name, a
 * value of the wrong type or a missing required option is a usage error that says what would be right. */
bool mr_options_resolve(mr_options *options, const char *plugin, const mr_option *declared, const mr_setting *settings,
                        size_t setting_count, const mr_sides *sides, mr_error *error);
void mr_options_close(mr_options *options);

/* The index of an option by its name; -1 when it is not declared. */
int mr_options_find(const mr_options *options, const char *name);

/* The value of an option as an integer: itself, 1 or 0 for yes or no, the index of a choice. */
int64_t mr_option_value_int(const mr_option *option, const char *value);

#endif
