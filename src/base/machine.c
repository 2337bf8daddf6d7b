#include "base/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Linux says "model name : ..." on x86, and on few other processors. */
static void read_processor(char *name) {
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "re");
    if (!file) return;
    while (!*name && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, "model name", 10) != 0) continue;
        const char *text = colon + 1 + strspn(colon + 1, " \t");
        snprintf(name, MR_MACHINE_TEXT, "%.*s", (int)strcspn(text, "\n"), text);
    }
    fclose(file);
}

static uint32_t count_processors(int name) {
    long count = sysconf(name);
    return count > 0 ? (uint32_t)count : 0;
}

void mr_machine_look(mr_machine *machine) {
    struct utsname system;
    cpu_set_t allowed;
    *machine = (mr_machine){.all_processors = count_processors(_SC_NPROCESSORS_ONLN)};
    machine->processors = machine->all_processors;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) machine->processors = (uint32_t)CPU_COUNT(&allowed);
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) machine->memory = (uint64_t)pages * (uint64_t)page;
    if (uname(&system) == 0)
        snprintf(machine->system, sizeof machine->system, "%.40s %.60s %.20s", system.sysname, system.release,
                 system.machine);
    read_processor(machine->processor);
}

/* The number behind a name in /proc/meminfo, in bytes; 0: it is not there. */
static uint64_t memory_of(const char *name) {
    char line[256];
    uint64_t bytes = 0;
    size_t length = strlen(name);
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return 0;
    while (!bytes && fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':')
            bytes = strtoull(line + length + 1, NULL, 10) * 1024;
    fclose(file);
    return bytes;
}

static uint64_t system_number(const char *path) {
    char text[32] = "";
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    if (!fgets(text, sizeof text, file)) text[0] = 0;
    fclose(file);
    return strtoull(text, NULL, 10);
}

/* A limit that the system has in bytes or, where these are 0, in percent. */
static uint64_t limit_of(const char *bytes, const char *percent, uint64_t available) {
    uint64_t limit = system_number(bytes);
    return limit ? limit : available / 100 * system_number(percent);
}

mr_page_cache mr_page_cache_look(uint64_t used) {
    mr_page_cache cache = {.available = memory_of("MemAvailable")};
    cache.available -= used < cache.available ? used : cache.available;
    uint64_t begin =
        limit_of("/proc/sys/vm/dirty_background_bytes", "/proc/sys/vm/dirty_background_ratio", cache.available);
    uint64_t end = limit_of("/proc/sys/vm/dirty_bytes", "/proc/sys/vm/dirty_ratio", cache.available);
    /* Writers are slowed down from halfway between both limits on (balance_dirty_pages of Linux). */
    uint64_t waiting = memory_of("Dirty") + memory_of("Writeback"), most = begin / 2 + end / 2;
    cache.written = most > waiting ? most - waiting : 0;
    if (cache.written > cache.available) cache.written = cache.available;
    return cache;
}
