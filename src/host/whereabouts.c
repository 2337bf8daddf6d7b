#include "host/whereabouts.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *mr_library_at(const void *address) {
    Dl_info info;
    struct link_map *map = NULL;
    bool found = dladdr1(address, &info, (void **)&map, RTLD_DL_LINKMAP) && map;
    return found && *map->l_name ? map->l_name : NULL; /* that of the program is empty */
}

bool mr_own_folder(enum mr_own_file which, char folder[PATH_MAX]) {
    static const char here;
    const char *library = which == MR_OWN_LIBRARY ? mr_library_at(&here) : NULL;
    errno = 0;
    if (which == MR_OWN_PROGRAM) { /* which may have been removed meanwhile */
        ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX - 1);
        if (length < 0) return false;
        folder[length] = 0;
    } else if (!library || !realpath(library, folder)) {
        return false;
    }
    *strrchr(folder, '/') = 0;
    return true;
}
