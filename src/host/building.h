/* building.h - plugins that are given as source files: making them, and where the shared object is. [coordinator] */
#ifndef MR_HOST_BUILDING_H
#define MR_HOST_BUILDING_H

#include "host/compile.h"

/* Reads a source file, whose text *text becomes; allocated. For root it must be one that nobody else can change
 * (trust.h). */
bool mr_building_read(const char *source, mr_slice *text, mr_error *error);

/* The path of the shared object that a source file makes, allocated: of one in the cache (cache.h), or else of one that
 * has just been compiled, in the cache or in memory. It can be loaded by this process and its children, until this
 * function is called again for the same source. NULL with error set when it does not compile. */
char *mr_building_make(const char *source, mr_error *error);

/* What to call the file at path in messages: the source file, when mr_building_make has returned the path; otherwise
 * path itself. Any process. */
const char *mr_building_source(const char *path);

#endif
