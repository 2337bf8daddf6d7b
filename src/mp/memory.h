/* memory.h - memory that a process shares with the children that it forks later. Private to mp. */
#ifndef MP_MEMORY_H
#define MP_MEMORY_H

#include <stddef.h>

enum {
    MP_CACHE_LINE_PAIR = 128, /* bytes; processors fetch lines of 64 bytes in pairs */
};

/* Maps `size` bytes of zeroed memory into `*memory`, shared with every process that is forked from now on. It has no
 * name, so nothing of it is left when the last process that maps it has ended, however it ended.
 * Returns 0, -EINVAL when `size` is 0, or what mmap reports, such as -ENOMEM. */
int mp_memory_map(void **memory, size_t size);

/* Unmaps what mp_memory_map gave, in the calling process only. NULL is ignored. */
void mp_memory_unmap(void *memory, size_t size);

#endif
