#include "job/death.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

uint64_t mr_memory_kills(void) {
    static const char name[] = "\noom_kill ";
    char text[16 << 10];
    size_t length = 0;
    int file = open("/proc/vmstat", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    for (ssize_t count = 1; count > 0 && length<sizeof text - 1; length += count> 0 ? (size_t)count : 0)
        count = read(file, text + length, sizeof text - 1 - length);
    close(file);
    text[length] = 0;
    const char *line = strstr(text, name);
    return line ? strtoull(line + sizeof name - 1, NULL, 10) : 0;
}

static bool is_request_to_end(int code) {
    return code == -SIGKILL || code == -SIGTERM || code == -SIGINT || code == -SIGHUP;
}

static enum mr_death_cause cause_of(int code, const mr_fault *fault, uint64_t memory_kills) {
    if (code >= 0) return MR_DEATH_EXIT;
    if (fault->told && fault->signal == -code) return fault->outside ? MR_DEATH_KILLED : MR_DEATH_CRASH;
    if (code == -SIGKILL && mr_memory_kills() > memory_kills) return MR_DEATH_NO_MEMORY;
    return is_request_to_end(code) ? MR_DEATH_KILLED : MR_DEATH_CRASH;
}

/* What the linker says of the memory of the program, or the library, that this is a part of. */
__attribute__((visibility("hidden"))) extern const char __ehdr_start[], _end[];

const char *mr_told_callback(const char *callback) {
    return !callback || (callback >= __ehdr_start && callback < _end) ? callback : "an unknown callback";
}

void mr_death_explain(mr_death *death, int code, const mr_where *where, const mr_fault *fault, uint64_t memory_kills) {
    death->code = code;
    death->cause = cause_of(code, fault, memory_kills);
    death->callback = mr_told_callback(where->callback);
    death->place = where->place;
    death->fault = *fault;
    /* What was told about another end than this one: of a process that the plugin has forked. */
    if (fault->told && fault->signal != (code < 0 ? -code : 0)) death->fault.told = 0;
}

void mr_death_was_stuck(mr_death *death, uint64_t timeout) {
    death->cause = MR_DEATH_TIMEOUT;
    snprintf(death->reason, sizeof death->reason, "%g s", (double)timeout * 1e-3);
}

void mr_death_was_too_large(mr_death *death, uint64_t limit) {
    char size[MR_SIZE_TEXT];
    death->cause = MR_DEATH_TOO_LARGE;
    snprintf(death->reason, sizeof death->reason, "%s", mr_format_size(limit, size));
}
