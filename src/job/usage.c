#include "job/usage.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/units.h"
#include "job/footprint.h"

/* ---- memory ------------------------------------------------------------------------------------------------------ */

/* Shared memory in use, in bytes, as the workers tell. */
static uint64_t shared_memory(const mr_crew *crew) {
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < crew->count; i++)
        bytes += atomic_load_explicit(&crew->job->shared->slots[i].shared_bytes, memory_order_relaxed);
    return bytes;
}

uint64_t mr_memory_in_use(const mr_crew *crew) {
    uint64_t bytes = mr_private_memory(getpid()) + shared_memory(crew) + crew->job->sides.bytes;
    for (uint32_t i = 0; i < crew->count; i++)
        if (crew->members[i].process) bytes += mr_private_memory(mp_process_id(crew->members[i].process));
    return bytes;
}

uint64_t mr_memory_peak(void) {
    char line[256];
    unsigned long long kibibytes, most = 0, files = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (!file) return 0;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "VmHWM: %llu", &kibibytes) == 1) most = kibibytes;
        if (sscanf(line, "RssFile: %llu", &kibibytes) == 1) files = kibibytes;
    }
    fclose(file);
    uint64_t others = files * 1024 + mr_disregarded_memory();
    return most * 1024 > others ? most * 1024 - others : 0;
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

/* Seconds of CPU time, in user mode and in the kernel. */
static double seconds_of(const struct rusage *usage) {
    const struct timeval *user = &usage->ru_utime, *kernel = &usage->ru_stime;
    return (double)(user->tv_sec + kernel->tv_sec) + (double)(user->tv_usec + kernel->tv_usec) * 1e-6;
}

mr_moment mr_moment_now(void) {
    struct rusage usage = {0};
    (void)!getrusage(RUSAGE_SELF, &usage); /* cannot fail */
    return (mr_moment){.wall = mr_seconds(), .own = seconds_of(&usage)};
}

double mr_cpu_seconds(void) {
    struct rusage own = {0}, children = {0};
    (void)!getrusage(RUSAGE_SELF, &own);          /* cannot fail */
    (void)!getrusage(RUSAGE_CHILDREN, &children); /* nor can this */
    return seconds_of(&own) + seconds_of(&children);
}

void mr_tell_phase(const char *name, uint64_t units, const mr_moment *start) {
    mr_moment end = mr_moment_now();
    mr_message("%s: %llu units, %.3f s, coordinator %.4f s", name, (unsigned long long)units, end.wall - start->wall,
               end.own - start->own);
}

void mr_tell_totals(uint64_t tasks, uint64_t reports) {
    struct rusage usage = {0};
    mr_moment own = mr_moment_now();
    (void)!getrusage(RUSAGE_CHILDREN, &usage); /* cannot fail */
    mr_message(
        "total: %llu tasks, %llu reports; coordinator %.4f s, other processes %.3f s, which waited %ld times and "
        "were interrupted %ld times",
        (unsigned long long)tasks, (unsigned long long)reports, own.own, seconds_of(&usage), usage.ru_nvcsw,
        usage.ru_nivcsw);
}
