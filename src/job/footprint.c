#include "job/footprint.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The same in all processes of a job: set before they are forked. */
static uint64_t disregarded;

uint64_t mr_private_memory(pid_t process) {
    char path[64], text[128] = "", *at = text;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)process);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    bool read = fgets(text, sizeof text, file);
    fclose(file);
    if (!read) return 0;
    uint64_t pages[3]; /* of the whole address space, in memory, and shared with others */
    for (int i = 0; i < 3; i++)
        pages[i] = strtoull(at, &at, 10);
    uint64_t bytes = pages[1] > pages[2] ? (pages[1] - pages[2]) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
    return bytes > disregarded ? bytes - disregarded : 0;
}

void mr_disregard_memory(void) {
    disregarded = mr_private_memory(getpid());
}

uint64_t mr_disregarded_memory(void) {
    return disregarded;
}

uint64_t mr_plugin_memory(pid_t process, const mr_slot *slot) {
    uint64_t bytes = mr_private_memory(process);
    uint64_t host = atomic_load_explicit(&slot->host_bytes, memory_order_relaxed) + MR_PROCESS_OVERHEAD;
    return bytes > host ? bytes - host : 0;
}
