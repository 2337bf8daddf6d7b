/* library.h - libraries that are loaded when they are first needed: few jobs need them, and with one more library every
 * process of every job would start later and be larger. Any process. */
#ifndef MR_BASE_LIBRARY_H
#define MR_BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

/* A function of a library, and where to put its address. */
typedef struct mr_library_function {
    const char *name;
    void *pointer; /* to a pointer to such a function */
} mr_library_function;

/* Loads the library in a file such as "libz.so.1" and looks up all these functions; false when it is not there, or one
 * of them is missing. It stays loaded. */
bool mr_library_load(const char *file, const mr_library_function *functions, size_t count);

#endif
