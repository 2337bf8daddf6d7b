#include "base/machine.h"

#include <sched.h>
#include <stdio.h>
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
