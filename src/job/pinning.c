#include "job/pinning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The CPUs of one node after the other would put the first workers all on one node, and leave the memory channels of
 * the others idle. So the list takes the first CPU of every node, then the second of every node, and so on. A pinned
 * worker touches its own memory first, its part of the shared memory included: the kernel then takes it from the
 * worker's node. */

/* Larger than any machine of today; sched_getaffinity fails when it is too small. */
enum { CPUS = 8192 };

#define NODES "/sys/devices/system/node"

/* ---- the CPUs of this process ------------------------------------------------------------------------------------ */

/* The set of CPUs that this process may use, to be freed with CPU_FREE; NULL with errno set on error. */
static cpu_set_t *usable_set(void) {
    cpu_set_t *set = CPU_ALLOC(CPUS);
    if (!set) return NULL;
    if (sched_getaffinity(0, CPU_ALLOC_SIZE(CPUS), set) == 0) return set;
    int code = errno;
    CPU_FREE(set);
    errno = code;
    return NULL;
}

uint32_t mr_cpus_usable(void) {
    cpu_set_t *set = usable_set();
    if (!set) return 1;
    int count = CPU_COUNT_S(CPU_ALLOC_SIZE(CPUS), set);
    CPU_FREE(set);
    return count > 0 ? (uint32_t)count : 1;
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

/* Reads a file of the form "0-3,8-11" into a list of numbers below CPUS, in memory for CPUS of them; returns how many
 * there are, 0 when there is no such file. */
static size_t read_numbers(const char *path, uint32_t *numbers) {
    char text[4096] = "", *at = text;
    size_t count = 0;
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    bool read = fgets(text, sizeof text, file);
    fclose(file);
    while (read && *at >= '0' && *at <= '9') {
        unsigned long first = strtoul(at, &at, 10), last = *at == '-' ? strtoul(at + 1, &at, 10) : first;
        for (unsigned long number = first; number <= last && number < CPUS && count < CPUS; number++)
            numbers[count++] = (uint32_t)number;
        if (*at == ',') at++;
    }
    return count;
}

/* A CPU and its place in the list: first by its rank among the CPUs of its node, then by node, then by number. */
typedef struct placed_cpu {
    uint32_t rank;
    uint32_t node;
    uint32_t cpu;
} placed_cpu;

static int compare_places(const void *left, const void *right) {
    const placed_cpu *a = left, *b = right;
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    if (a->node != b->node) return a->node < b->node ? -1 : 1;
    return a->cpu < b->cpu ? -1 : a->cpu > b->cpu;
}

/* What mr_cpus_spread works with. */
typedef struct spread {
    uint32_t nodes[CPUS];    /* numbers of the nodes */
    uint32_t numbers[CPUS];  /* of the CPUs of one node */
    placed_cpu places[CPUS]; /* of the CPUs of the set that have one */
    size_t count;            /* of these */
} spread;

/* Takes CPUs that are in the set out of it and gives them their places; returns the rank that follows. */
static uint32_t place(spread *spread, uint32_t node, uint32_t rank, const uint32_t *numbers, size_t count,
                      cpu_set_t *set, size_t set_size) {
    for (size_t i = 0; i < count; i++) {
        if (!CPU_ISSET_S(numbers[i], set_size, set)) continue;
        CPU_CLR_S(numbers[i], set_size, set);
        spread->places[spread->count++] = (placed_cpu){rank++, node, numbers[i]};
    }
    return rank;
}

static void place_all(spread *spread, cpu_set_t *set, size_t set_size, const char *folder) {
    char path[4096];
    uint32_t most = 0;
    snprintf(path, sizeof path, "%s/online", folder);
    size_t nodes = read_numbers(path, spread->nodes);
    for (size_t i = 0; i < nodes; i++) {
        snprintf(path, sizeof path, "%s/node%u/cpulist", folder, spread->nodes[i]);
        size_t count = read_numbers(path, spread->numbers);
        uint32_t ranks = place(spread, spread->nodes[i], 0, spread->numbers, count, set, set_size);
        if (ranks > most) most = ranks;
    }
    /* Those that are on no node come last. */
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        most = place(spread, 0, most, &cpu, 1, set, set_size);
}

bool mr_cpus_spread(mr_cpus *cpus, const cpu_set_t *set, size_t set_size, const char *folder, mr_error *error) {
    *cpus = (mr_cpus){0};
    spread *spread = calloc(1, sizeof *spread);
    cpu_set_t *left = malloc(set_size); /* not placed yet */
    if (spread && left) {
        memcpy(left, set, set_size);
        place_all(spread, left, set_size, folder);
        qsort(spread->places, spread->count, sizeof *spread->places, compare_places);
        cpus->list = calloc(spread->count + 1, sizeof *cpus->list);
        for (; cpus->list && cpus->count < spread->count; cpus->count++)
            cpus->list[cpus->count] = spread->places[cpus->count].cpu;
    }
    free(spread);
    free(left);
    if (!cpus->list) return mr_error_memory(error, sizeof *spread, "the list of CPUs");
    return cpus->count > 0 || mr_error_set(error, "--pin: there is no CPU that this process may use");
}

/* ---- pinning ----------------------------------------------------------------------------------------------------- */

bool mr_cpus_open(mr_cpus *cpus, mr_error *error) {
    *cpus = (mr_cpus){0};
    cpu_set_t *set = usable_set();
    if (!set) return mr_error_system(error, errno, "--pin: could not tell which CPUs this process may use");
    bool ok = mr_cpus_spread(cpus, set, CPU_ALLOC_SIZE(CPUS), NODES, error);
    CPU_FREE(set);
    return ok;
}

void mr_cpus_close(mr_cpus *cpus) {
    free(cpus->list);
    *cpus = (mr_cpus){0};
}

bool mr_cpus_pin(const mr_cpus *cpus, uint32_t worker, mr_error *error) {
    uint32_t cpu = cpus->list[worker % cpus->count];
    cpu_set_t *set = CPU_ALLOC(CPUS);
    if (!set) return mr_error_memory(error, CPU_ALLOC_SIZE(CPUS), "pinning a worker");
    CPU_ZERO_S(CPU_ALLOC_SIZE(CPUS), set);
    CPU_SET_S(cpu, CPU_ALLOC_SIZE(CPUS), set);
    int code = sched_setaffinity(0, CPU_ALLOC_SIZE(CPUS), set) == 0 ? 0 : errno;
    CPU_FREE(set);
    if (!code) return true;
    return mr_error_system(error, code, "--pin: could not pin worker %u to CPU %u (run without --pin)", worker, cpu);
}
