#include "base/memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/units.h"

enum { LARGE_PAGE = 2 << 20, WORTH_LARGE_PAGES = 3 << 19 };

/* What is really mapped: the kernel places mappings of whole large pages at a border of theirs. */
static size_t mapped_size(size_t bytes) {
    return bytes < WORTH_LARGE_PAGES ? bytes : mr_round_up(bytes, LARGE_PAGE);
}

void *mr_map_memory(size_t bytes, const char *purpose, mr_error *error) {
    size_t size = mapped_size(bytes);
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        mr_error_memory(error, size, purpose);
        return NULL;
    }
    /* Only a matter of speed: a kernel without large pages says no. */
    if (bytes >= WORTH_LARGE_PAGES) (void)!madvise(memory, size, MADV_HUGEPAGE);
    return memory;
}

void mr_unmap_memory(void *memory, size_t bytes) {
    if (memory) munmap(memory, mapped_size(bytes));
}

void mr_empty_memory(void *memory, size_t bytes) {
    (void)!madvise(memory, mapped_size(bytes), MADV_DONTNEED); /* where it fails the pages stay */
}

bool mr_protect_memory(void *memory, size_t bytes, bool writable, mr_error *error) {
    if (!bytes || mprotect(memory, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ) == 0) return true;
    return mr_error_system(error, errno, "could not protect memory");
}
