#include "host/trust.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REASON = 96 };

/* Loading a plugin runs its code. When root does that, whoever can write to the file, or put another in its place, is
 * root. */

/* Why somebody else can change what has this status: the end of a sentence; NULL when nobody can. */
static const char *reason_against(const struct stat *status, char reason[REASON]) {
    bool shared = S_ISDIR(status->st_mode) && status->st_mode & S_ISVTX;
    if (status->st_uid != 0) {
        snprintf(reason, REASON, "belongs to user %u", (unsigned)status->st_uid);
        return reason;
    }
    if (S_ISLNK(status->st_mode) || shared) return NULL; /* the permissions of a link mean nothing */
    if (status->st_mode & S_IWOTH) return "can be written to by everybody";
    if (!(status->st_mode & S_IWGRP) || status->st_gid == 0) return NULL;
    snprintf(reason, REASON, "can be written to by group %u", (unsigned)status->st_gid);
    return reason;
}

/* What the path of a plugin leads through. follow: what a link points to, not the link. */
static bool is_safe(const char *plugin, const char *path, bool follow, mr_error *error) {
    char buffer[REASON];
    struct stat status = {0};
    if ((follow ? stat : lstat)(path, &status) < 0) return mr_error_system(error, errno, "could not look at %s", path);
    const char *reason = reason_against(&status, buffer);
    return !reason || mr_error_set(error,
                                   "root does not load the plugin %s: %s %s (set MR_ALLOW_WRITABLE_PLUGIN=1 to load it "
                                   "all the same)",
                                   plugin, path, reason);
}

static bool folder_is_safe(const char *plugin, const char *path, mr_error *error) {
    const char *slash = strrchr(path, '/');
    size_t length = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    char *folder = slash ? strndup(path, length) : strdup(".");
    if (!folder) return mr_error_memory(error, length, "a path");
    bool safe = is_safe(plugin, folder, true, error);
    free(folder);
    return safe;
}

/* A file without a name, such as one in memory, is in no folder: nothing can take its place. */
static bool has_no_name(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 0;
}

bool mr_plugin_trusted(const char *path, mr_error *error) {
    const char *allowed = getenv("MR_ALLOW_WRITABLE_PLUGIN");
    if (geteuid() != 0 || (allowed && !strcmp(allowed, "1"))) return true;
    if (has_no_name(path)) return is_safe(path, path, true, error);
    char *file = realpath(path, NULL);
    if (!file) return mr_error_system(error, errno, "could not look at the plugin %s", path);
    bool safe = is_safe(path, file, true, error) && folder_is_safe(path, file, error) &&
                is_safe(path, path, false, error) && folder_is_safe(path, path, error);
    free(file);
    return safe;
}
