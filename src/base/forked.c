#include "base/forked.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

/* The mark lies in a page of its own that the kernel replaces by zeros in every child (MADV_WIPEONFORK): no way of
 * forking goes around that, and nobody has to ask for the number of the process. */

static const unsigned char always = 1;
const unsigned char *mr_unforked = &always;

void mr_watch_forks(void) {
    static unsigned char *mark;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    if (!mark) {
        void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) return; /* only a precaution is lost, as on a kernel that cannot wipe */
        if (madvise(page, size, MADV_WIPEONFORK) < 0) {
            munmap(page, size);
            return;
        }
        mark = page;
    }
    *mark = 1;
    mr_unforked = mark;
}

void mr_end_forked(void) {
    _exit(0);
}
