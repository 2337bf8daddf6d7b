/* processes.h - what /proc tells of a process, for tools that look after others. */
#ifndef TEST_PROCESSES_H
#define TEST_PROCESSES_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* One process as /proc shows it. */
typedef struct {
    pid_t pid;
    pid_t parent;
    char state;    /* 'R', 'S', 'Z', ... as in proc(5) */
    char name[16]; /* of its program, or what it calls itself; cut short by the kernel */
} ProcessEntry;

/* Looks at the process with this number in decimal; false when there is none. */
static inline bool read_process(const char *pid_text, ProcessEntry *process) {
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid_text);
    FILE *file = fopen(path, "r");
    if (!file) return false;
    size_t length = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[length] = '\0';
    /* The name of the program stands in parentheses and may itself contain any byte. */
    char *name = strchr(line, '('), *after_name = strrchr(line, ')');
    int parent;
    if (!name || !after_name || sscanf(after_name + 1, " %c %d", &process->state, &parent) != 2) return false;
    snprintf(process->name, sizeof process->name, "%.*s", (int)(after_name - name - 1), name + 1);
    process->pid = (pid_t)strtol(pid_text, NULL, 10);
    process->parent = (pid_t)parent;
    return true;
}

/* Zombies and those that are about to be gone are not alive. */
static inline bool is_alive(const ProcessEntry *process) {
    return process->state != 'Z' && process->state != 'X';
}

/* The children of a process, living or not; returns how many. */
static inline int children_of(pid_t parent, ProcessEntry *children, int capacity) {
    char path[64], word[24];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (count < capacity && fscanf(file, "%23s", word) == 1)
        if (read_process(word, &children[count]) && children[count].parent == parent) count++;
    fclose(file);
    return count;
}

/* Opens a descriptor (pidfd) of a process, if that is a living child of `parent`; otherwise -1. It is opened before the
 * process is looked at, so that a number that is used again cannot mislead. */
static inline int open_child(pid_t parent, pid_t child) {
    char text[24];
    ProcessEntry entry;
    int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    if (pidfd < 0) return -1;
    snprintf(text, sizeof text, "%d", (int)child);
    if (read_process(text, &entry) && entry.parent == parent && is_alive(&entry)) return pidfd;
    close(pidfd);
    return -1;
}

/* Sends a signal to the process that a pidfd stands for; false when it has gone. */
static inline bool signal_process(int pidfd, int signal_number) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) == 0;
}

#endif
