#include "mp/memory.h"

#include <errno.h>
#include <sys/mman.h>

int mp_memory_map(void **memory, size_t size) {
    if (size == 0) return -EINVAL;
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return -errno;
    *memory = mapped;
    return 0;
}

void mp_memory_unmap(void *memory, size_t size) {
    if (memory != NULL) munmap(memory, size);
}
