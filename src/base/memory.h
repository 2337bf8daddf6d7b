/* memory.h - memory straight from the kernel, for tables and buffers of megabytes. Any process. */
#ifndef MR_BASE_MEMORY_H
#define MR_BASE_MEMORY_H

#include <stddef.h>

#include "base/error.h"

enum { MR_PAGE = 4096 /* bytes; memory is protected by whole pages */ };

/* Maps bytes (> 0) of private memory, all zeros, aligned to a page; pages are taken from the system as they are
 * touched. From 1.5 MiB on the memory is rounded up to whole pages of 2 MiB where the system has such pages, because a
 * table that is spread over hundreds of small ones costs a walk through the page tables at every other look. purpose
 * completes "no memory for ...". NULL with error set when there is none. */
void *mr_map_memory(size_t bytes, const char *purpose, mr_error *error);

/* Gives back what mr_map_memory gave for the same number of bytes; NULL is fine. */
void mr_unmap_memory(void *memory, size_t bytes);

/* Gives the pages of memory of mr_map_memory back to the system; what is in them is lost. */
void mr_empty_memory(void *memory, size_t bytes);

/* Makes whole pages writable, or read-only: then a write into them kills the process that tries it, and no other.
 * memory and bytes are multiples of MR_PAGE. Concerns this process alone, also where the memory is shared. */
bool mr_protect_memory(void *memory, size_t bytes, bool writable, mr_error *error);

#endif
