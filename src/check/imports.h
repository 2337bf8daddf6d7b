/* imports.h - letting plugins call other functions than those of the C library, in this process: what they see of the
 * world is then for the laws to decide. Only within an experiment. */
#ifndef MR_CHECK_IMPORTS_H
#define MR_CHECK_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>

/* A function that is to be called in the place of another. */
typedef struct mr_import {
    const char *name;    /* of the function that a library imports; static text */
    const void *instead; /* the address of that which it is to call */
} mr_import;

/* Lets all libraries that are loaded by now, but for the C library and those of sanitizers, call the functions of a
 * list. This program itself calls what it called before. False where it is not known how that is done on this kind of
 * machine: then nothing has been changed. */
bool mr_imports_replace(const mr_import *list, size_t count);

/* What is to be known of the library that handle (of dlopen) stands for. */
bool mr_imports_has(void *handle, const char *name); /* it imports a function of this name */
bool mr_imports_runs_early(void *handle);            /* it has constructors of its own, which run while it is loaded */

#endif
