/* plugin.h - finding and loading plugins. Loading runs the plugin's code: never in the coordinator. */
#ifndef MR_HOST_PLUGIN_H
#define MR_HOST_PLUGIN_H

#include "base/error.h"
#include "mr.h"

/* A loaded plugin. */
typedef struct mr_loaded {
    void *handle;     /* of dlopen; NULL: it is linked into this program */
    mr_plugin plugin; /* the host's own copy, zero where the plugin is older than the host */
} mr_loaded;

/* Finds the file of a plugin. A name that ends like that of a source file (compiler.h) is the path of one, which is
 * compiled if need be (building.h). Any other with a slash is a path and taken as it is; what remains is looked for as
 * NAME.so in the folders of MR_PLUGIN_PATH (separated by ':'), then beside the mr executable, never in the current
 * directory by chance. Returns an allocated path, or NULL with error set, which proposes a name that is near. Any
 * process. */
char *mr_plugin_find(const char *name, mr_error *error);

/* The same for a job file: NAME.json in the same folders. */
char *mr_job_file_find(const char *name, mr_error *error);

/* Hears of a plugin file: its name, without .so, and its path. False with error set to stop. */
typedef bool mr_plugin_found(void *context, const char *name, const char *path, mr_error *error);

/* Calls found for each plugin file in the folders where mr_plugin_find looks, first come first, in the order of names
 * within a folder. Folders that do not exist are passed over; one that cannot be read is an error. */
bool mr_plugin_each(mr_plugin_found *found, void *context, mr_error *error);

/* The same for job files, whose names end with .json. */
bool mr_job_file_each(mr_plugin_found *found, void *context, mr_error *error);

/* Calls found for each folder where plugins are looked for, first come first, whether it is there or not. */
bool mr_plugin_each_folder(bool (*found)(void *context, const char *folder, mr_error *error), void *context,
                           mr_error *error);

/* Loads a plugin file, unless it is refused to root (trust.h), or takes the plugin that is linked into this program, if
 * that is not NULL; checks its handshake. [describe, worker] */
bool mr_plugin_load(mr_loaded *loaded, const char *path, const mr_plugin *linked, mr_error *error);

/* The path of the file that a linked plugin is part of: the program, or a library of it. Allocated; NULL with error
 * set. Any process. */
char *mr_plugin_home(const mr_plugin *linked, mr_error *error);

/* Copies what a plugin says of itself (entry->struct_size bytes from entry on can be read) as far as this host knows
 * it, and checks it; path is for messages. Calls nothing. [describe, worker] */
bool mr_plugin_accept(mr_plugin *plugin, const mr_plugin *entry, const char *path, mr_error *error);

/* Checks that what a plugin declares goes together; again after configure. [describe, worker] */
bool mr_plugin_check(const mr_plugin *plugin, mr_error *error);

#endif
