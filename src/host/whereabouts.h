/* whereabouts.h - where on disk the code is that runs here. Any process. */
#ifndef MR_HOST_WHEREABOUTS_H
#define MR_HOST_WHEREABOUTS_H

#include <limits.h>
#include <stdbool.h>

/* The path of the shared library that an address is in; NULL when it belongs to the program itself. It stays. */
const char *mr_library_at(const void *address);

/* The files that this code may be part of. */
enum mr_own_file {
    MR_OWN_PROGRAM, /* the program that runs: mr, or one that has mr in it */
    MR_OWN_LIBRARY  /* libmr.so, wherever the program may lie */
};

/* The folder of such a file, without links. False with errno set when it cannot be found; 0: there is no such file. */
bool mr_own_folder(enum mr_own_file which, char folder[PATH_MAX]);

#endif
