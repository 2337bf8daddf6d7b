#include "host/plugin.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/forked.h"
#include "base/nearest.h"
#include "host/building.h"
#include "host/trust.h"
#include "host/whereabouts.h"

#define ENTRY_SYMBOL "mr_plugin_entry"

enum {
    HEADER_SIZE = 16,
    VALUE_SIZE_MAX = 65536,
    KNOWN_NEEDS = MR_NEEDS_RECORD_NUMBERS,
    FOLDERS_MAX = 64,
    COLUMNS_MAX = 4095 /* bytes of their names */
};

/* ---- finding ----------------------------------------------------------------------------------------------------- */

/* The folders to look in. */
typedef struct folder_list {
    char *paths[FOLDERS_MAX]; /* allocated */
    size_t count;
    int failure; /* why the list is not complete, an errno value; 0: it is */
} folder_list;

static void add_folder(folder_list *list, const char *format, int length, const char *path) {
    if (list->count == FOLDERS_MAX) return;
    if (asprintf(&list->paths[list->count], format, length, path) >= 0)
        list->count++;
    else
        list->failure = ENOMEM;
}

static void free_folders(folder_list *list) {
    while (list->count)
        free(list->paths[--list->count]);
}

/* How much of a path without links is that of the folder above it; 0: of the root. */
static int parent_length(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) : 0;
}

static void list_folders(folder_list *list) {
    *list = (folder_list){0};
    for (const char *path = getenv("MR_PLUGIN_PATH"); path && *path;) {
        const char *end = strchrnul(path, ':');
        if (end > path) add_folder(list, "%.*s", (int)(end - path), path);
        path = *end ? end + 1 : end;
    }
    char own[PATH_MAX];
    if (!mr_own_folder(MR_OWN_PROGRAM, own)) {
        list->failure = errno;
        return;
    }
    add_folder(list, "%.*s/plugins", INT_MAX, own);
    add_folder(list, "%.*s/lib/mr/plugins", parent_length(own), own);
    /* A program with libmr.so may lie anywhere, but the library is in lib/, or in a folder there, of where mr is. */
    if (!mr_own_folder(MR_OWN_LIBRARY, own)) return;
    add_folder(list, "%.*s/plugins", INT_MAX, own);
    add_folder(list, "%.*s/mr/plugins", INT_MAX, own);
    add_folder(list, "%.*s/mr/plugins", parent_length(own), own);
}

/* What is looked for. */
typedef struct wanted {
    const char *what;   /* "plugin" */
    const char *ending; /* of its file */
    const char *advice; /* when there is none */
} wanted;

static const wanted plugin_wanted = {"plugin", ".so",
                                     "('mr list' shows those there are; a plugin of your own is given as a path with a "
                                     "slash, such as ./mine.so)"};
static const wanted job_wanted = {"job", ".json",
                                  "(a job file of your own is given as a path with a slash, such as ./mine.json)"};

/* Whether a name ends with an ending, behind at least one letter. */
static bool ends_with(const char *name, const char *ending) {
    size_t length = strlen(name), end = strlen(ending);
    return length > end && !strcmp(name + length - end, ending);
}

static int is_plugin_file(const struct dirent *entry) {
    return ends_with(entry->d_name, plugin_wanted.ending);
}

static int is_job_file(const struct dirent *entry) {
    return ends_with(entry->d_name, job_wanted.ending);
}

/* The files of a folder that may be what is wanted, in order of their names; -1 with error set when it cannot be read,
 * 0 when there is no such folder. */
static int list_entries(const char *folder, const wanted *wanted, struct dirent ***entries, mr_error *error) {
    int count = scandir(folder, entries, wanted == &plugin_wanted ? is_plugin_file : is_job_file, alphasort);
    if (count >= 0) return count;
    *entries = NULL;
    if (errno == ENOENT || errno == ENOTDIR) return 0;
    mr_error_system(error, errno, "could not look for %ss in %s", wanted->what, folder);
    return -1;
}

/* Whether there is a file in the current folder that may have been meant; if so the error says that. */
static bool propose_file(const wanted *wanted, const char *name, mr_error *error) {
    const char *const endings[] = {"", wanted->ending, wanted == &plugin_wanted ? ".c" : ""};
    char path[NAME_MAX + sizeof "./"];
    for (size_t i = 0; i < sizeof endings / sizeof *endings && *name; i++) {
        int length = snprintf(path, sizeof path, "./%s%s", name, endings[i]);
        bool right = ends_with(path, wanted->ending) || (i && *endings[i]);
        if (length >= (int)sizeof path || !right || access(path, R_OK) < 0) continue;
        mr_error_usage(error, "there is no %s '%s'; did you mean the file %s?", wanted->what, name, path);
        return true;
    }
    return false;
}

/* Complains that there is no such thing, and says which one may have been meant. */
static void complain_unknown(const folder_list *folders, const wanted *wanted, const char *name, mr_error *error) {
    mr_nearest nearest;
    mr_error ignored = {0};
    mr_nearest_begin(&nearest, name);
    for (size_t i = 0; i < folders->count; i++) {
        struct dirent **entries;
        int count = list_entries(folders->paths[i], wanted, &entries, &ignored);
        for (int j = 0; j < count; j++) {
            entries[j]->d_name[strlen(entries[j]->d_name) - strlen(wanted->ending)] = 0;
            mr_nearest_try(&nearest, entries[j]->d_name);
            free(entries[j]);
        }
        free(entries);
    }
    if (propose_file(wanted, name, error)) return;
    const char *question = mr_nearest_question(&nearest, "");
    mr_error_usage(error, "there is no %s '%s'%s%s", wanted->what, name, *question ? question : " ",
                   *question ? "" : wanted->advice);
}

/* The path of a plugin in a folder, allocated; NULL when it is not there, or with error set when nobody can tell. */
static char *look_in_folder(const char *folder, const wanted *wanted, const char *name, mr_error *error) {
    char *path;
    if (asprintf(&path, "%s/%s%s", folder, name, wanted->ending) < 0) {
        mr_error_memory(error, strlen(folder) + strlen(name), "a path");
        return NULL;
    }
    if (access(path, F_OK) == 0) return path;
    if (errno != ENOENT && errno != ENOTDIR)
        mr_error_system(error, errno, "could not look at the %s %s", wanted->what, path);
    free(path);
    return NULL;
}

/* Looks in one folder after the other, up to one where nobody can tell: what lies behind it may be another plugin. */
static char *look_in_folders(const folder_list *folders, const wanted *wanted, const char *name, mr_error *error) {
    char *path = NULL;
    for (size_t i = 0; i < folders->count && *name && !path && !error->set; i++)
        path = look_in_folder(folders->paths[i], wanted, name, error);
    if (path || error->set) return path;
    if (folders->failure)
        mr_error_system(error, folders->failure, "could not look everywhere for the %s %s", wanted->what, name);
    else
        complain_unknown(folders, wanted, name, error);
    return NULL;
}

static char *find(const wanted *wanted, const char *name, mr_error *error) {
    char *path = NULL;
    if (strchr(name, '/')) {
        path = strdup(name);
        if (!path) mr_error_memory(error, strlen(name), "a path");
        return path;
    }
    folder_list folders;
    list_folders(&folders);
    path = look_in_folders(&folders, wanted, name, error);
    free_folders(&folders);
    return path;
}

char *mr_plugin_find(const char *name, mr_error *error) {
    if (mr_is_source(name)) return mr_building_make(name, error);
    return find(&plugin_wanted, name, error);
}

char *mr_job_file_find(const char *name, mr_error *error) {
    return find(&job_wanted, name, error);
}

static bool call_found(mr_plugin_found *found, void *context, const char *folder, char *file, const wanted *wanted,
                       mr_error *error) {
    char *path;
    if (asprintf(&path, "%s/%s", folder, file) < 0) return mr_error_memory(error, strlen(folder), "a path");
    file[strlen(file) - strlen(wanted->ending)] = 0;
    bool ok = found(context, file, path, error);
    free(path);
    return ok;
}

static bool each_in_folder(const char *folder, const wanted *wanted, mr_plugin_found *found, void *context,
                           mr_error *error) {
    struct dirent **entries;
    int count = list_entries(folder, wanted, &entries, error);
    bool ok = count >= 0;
    for (int i = 0; i < count; i++) {
        ok = ok && call_found(found, context, folder, entries[i]->d_name, wanted, error);
        free(entries[i]);
    }
    free(entries);
    return ok;
}

bool mr_plugin_each_folder(bool (*found)(void *context, const char *folder, mr_error *error), void *context,
                           mr_error *error) {
    folder_list folders;
    list_folders(&folders);
    bool ok = !folders.failure || mr_error_system(error, folders.failure, "could not tell where plugins are kept");
    for (size_t i = 0; i < folders.count && ok; i++)
        ok = found(context, folders.paths[i], error);
    free_folders(&folders);
    return ok;
}

static bool each(const wanted *wanted, mr_plugin_found *found, void *context, mr_error *error) {
    folder_list folders;
    list_folders(&folders);
    bool ok = !folders.failure ||
              mr_error_system(error, folders.failure, "could not tell where all %ss are kept", wanted->what);
    for (size_t i = 0; i < folders.count && ok; i++)
        ok = each_in_folder(folders.paths[i], wanted, found, context, error);
    free_folders(&folders);
    return ok;
}

bool mr_plugin_each(mr_plugin_found *found, void *context, mr_error *error) {
    return each(&plugin_wanted, found, context, error);
}

bool mr_job_file_each(mr_plugin_found *found, void *context, mr_error *error) {
    return each(&job_wanted, found, context, error);
}

/* ---- loading ----------------------------------------------------------------------------------------------------- */

static bool check_handshake(const mr_plugin *entry, const char *path, mr_error *error) {
    if (entry->magic != MR_MAGIC)
        return mr_error_set(error, "%s is no plugin of this machine: its magic number is %#x; compile it again, here",
                            path, entry->magic);
    if (entry->abi_major > MR_ABI_MAJOR)
        return mr_error_set(error, "%s needs a newer mr: it has version %u of the plugin interface, this mr has %u",
                            path, entry->abi_major, MR_ABI_MAJOR);
    if (entry->abi_major < MR_ABI_MAJOR)
        return mr_error_set(error, "%s is too old for this mr: compile it again with the present mr.h", path);
    if (entry->pointer_size != sizeof(void *))
        return mr_error_set(error, "%s was built for %u-bit pointers; compile it again, here", path,
                            entry->pointer_size * 8);
    /* No version of it ends inside a pointer. */
    if (entry->struct_size < HEADER_SIZE || entry->struct_size % sizeof(void *))
        return mr_error_set(error, "%s is damaged: its description has %u bytes; compile it again", path,
                            entry->struct_size);
    return true;
}

/* Takes over what the plugin says, as far as the host knows it; what is beyond must be zero. */
static bool copy_entry(mr_plugin *plugin, const mr_plugin *entry, const char *path, mr_error *error) {
    const char *bytes = (const char *)entry;
    size_t known = entry->struct_size < sizeof *plugin ? entry->struct_size : sizeof *plugin;
    memset(plugin, 0, sizeof *plugin);
    memcpy(plugin, bytes, known);
    for (size_t i = known; i < entry->struct_size; i++)
        if (bytes[i])
            return mr_error_set(error, "%s needs a newer mr: it uses something that this mr does not know", path);
    return true;
}

bool mr_plugin_accept(mr_plugin *plugin, const mr_plugin *entry, const char *path, mr_error *error) {
    return check_handshake(entry, path, error) && copy_entry(plugin, entry, path, error) &&
           mr_plugin_check(plugin, error);
}

char *mr_plugin_home(const mr_plugin *linked, mr_error *error) {
    const char *library = mr_library_at(linked);
    char *path = realpath(library ? library : "/proc/self/exe", NULL);
    if (!path) mr_error_system(error, errno, "could not find the file that plugin %s is linked into", linked->name);
    return path;
}

/* What is said besides the loader's words where somebody may have taken another file for a plugin. */
static const char *say_what_plugins_are(const char *path) {
    bool looks_right = ends_with(path, plugin_wanted.ending) || mr_building_source(path) != path;
    return looks_right ? "" : " (a plugin is a shared object, such as mine.so, or a source file, such as mine.c)";
}

bool mr_plugin_load(mr_loaded *loaded, const char *path, const mr_plugin *linked, mr_error *error) {
    loaded->handle = NULL;
    if (linked) return mr_plugin_accept(&loaded->plugin, linked, path, error);
    if (access(path, R_OK) < 0)
        return mr_error_system(error, errno, "could not read the plugin %s", path) ||
               mr_nearest_file(error, path, ".so|.c|.cc|.cpp|.cxx");
    if (!mr_plugin_trusted(path, error)) return false;
    mr_watch_forks();
    loaded->handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    mr_end_if_forked();
    if (!loaded->handle)
        return mr_error_set(error, "could not load the plugin: %s%s", dlerror(), say_what_plugins_are(path));
    const mr_plugin *entry = dlsym(loaded->handle, ENTRY_SYMBOL);
    const char *name = mr_building_source(path);
    if (!entry)
        return mr_error_set(error, "%s is no mr plugin: it has no symbol " ENTRY_SYMBOL " (is MR_PLUGIN(...) there?)",
                            name);
    return mr_plugin_accept(&loaded->plugin, entry, name, error);
}

/* ---- checking ---------------------------------------------------------------------------------------------------- */

static bool wrong(const mr_plugin *plugin, const char *what, mr_error *error) {
    return mr_error_set(error, "plugin %s is not right: %s", plugin->name, what);
}

static bool check_fold(const mr_plugin *plugin, mr_error *error) {
    if (plugin->reduce || plugin->combine) return wrong(plugin, "a fold has neither reduce nor combine", error);
    if (plugin->fold_type > MR_FOLD_STATS_INT64)
        return mr_error_set(error, "plugin %s needs a newer mr: it folds in an unknown way (%u)", plugin->name,
                            plugin->fold_type);
    if (plugin->fold_type != MR_FOLD_CUSTOM)
        return !plugin->fold || wrong(plugin, "fold goes with fold_type MR_FOLD_CUSTOM only", error);
    if (!plugin->fold) return wrong(plugin, "neither fold_type nor fold is set", error);
    if (plugin->value_size < 1 || plugin->value_size > VALUE_SIZE_MAX)
        return wrong(plugin, "value_size must be from 1 to 65536", error);
    return true;
}

static bool check_kind(const mr_plugin *plugin, mr_error *error) {
    switch (plugin->kind) {
    case MR_FOLD:
        return check_fold(plugin, error);
    case MR_GROUP:
        if (!plugin->reduce) return wrong(plugin, "a group job needs reduce", error);
        if (plugin->fold || plugin->finish || plugin->fold_type)
            return wrong(plugin, "a group job has neither fold nor finish", error);
        return true;
    case MR_MAP:
        if (plugin->fold || plugin->finish || plugin->reduce || plugin->combine || plugin->partition ||
            plugin->compare || plugin->begin || plugin->end || plugin->top)
            return wrong(plugin, "a map job has no other callback than map or map_chunk", error);
        return true;
    default:
        return mr_error_set(error, "plugin %s needs a newer mr: it is of an unknown kind (%u)", plugin->name,
                            plugin->kind);
    }
}

static bool check_together(const mr_plugin *plugin, mr_error *error) {
    if (plugin->together > MR_TOGETHER_ALL)
        return mr_error_set(error, "plugin %s needs a newer mr: it keeps keys together in an unknown way",
                            plugin->name);
    if (plugin->together && (plugin->partition || plugin->compare || plugin->kind == MR_MAP))
        return wrong(plugin, "together is for folds and groups, and goes with neither partition nor compare", error);
    return true;
}

bool mr_plugin_check(const mr_plugin *plugin, mr_error *error) {
    if (!plugin->name || !*plugin->name)
        return mr_error_set(error, "the plugin has no name: .name = \"...\" belongs into MR_PLUGIN(...)");
    if (plugin->needs & ~(uint32_t)KNOWN_NEEDS)
        return mr_error_set(error, "plugin %s needs a newer mr: it needs something unknown (%#x)", plugin->name,
                            plugin->needs);
    if (plugin->reserved) return mr_error_set(error, "plugin %s needs a newer mr", plugin->name);
    if (!plugin->map == !plugin->map_chunk) return wrong(plugin, "exactly one of map and map_chunk must be set", error);
    if (!plugin->partition != !plugin->partitions) return wrong(plugin, "partition and partitions go together", error);
    if (plugin->partitions > 1u << 31) return wrong(plugin, "partitions is above 2^31", error);
    if (plugin->records > MR_RECORDS_PAIRS)
        return mr_error_set(error, "plugin %s needs a newer mr: it wants unknown records (%u)", plugin->name,
                            plugin->records);
    if (!plugin->record_size != (plugin->records != MR_RECORDS_FIXED))
        return wrong(plugin, "record_size goes with MR_RECORDS_FIXED, and is above zero", error);
    if (plugin->columns && (!*plugin->columns || strlen(plugin->columns) > COLUMNS_MAX))
        return wrong(plugin, "the names of its columns have no byte, or more than 4095", error);
    if (!plugin->record != (plugin->records != MR_RECORDS_OWN))
        return wrong(plugin, "record goes with MR_RECORDS_OWN", error);
    if (plugin->find_record && !plugin->record) return wrong(plugin, "find_record goes with record", error);
    return check_kind(plugin, error) && check_together(plugin, error);
}
