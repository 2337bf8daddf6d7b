/* surroundings.h - what a program may leave behind in a system, for tools that look for it. */
#ifndef TEST_SURROUNDINGS_H
#define TEST_SURROUNDINGS_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 1024 };

/* A list of names, such as the entries of a folder; empty when all zero. */
typedef struct {
    char *name[MAX_NAMES]; /* owned */
    int count;
} Names;

/* What a program shall not change. */
typedef struct {
    Names temporary;     /* entries of TMPDIR */
    Names shared_memory; /* entries of /dev/shm */
    int segments;        /* lines in the tables of System V: shared memory, semaphores, messages */
} Surroundings;

static inline void clear_names(Names *names) {
    while (names->count > 0)
        free(names->name[--names->count]);
}

/* Replaces the names by those of the entries of a folder, hidden ones included; by none when it cannot be read. */
static inline void list_folder(const char *path, Names *names) {
    clear_names(names);
    DIR *folder = opendir(path);
    if (!folder) return;
    for (struct dirent *entry; names->count < MAX_NAMES && (entry = readdir(folder));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        char *copy = strdup(entry->d_name);
        if (!copy) abort();
        names->name[names->count++] = copy;
    }
    closedir(folder);
}

static inline bool contains_name(const Names *names, const char *wanted) {
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->name[i], wanted) == 0) return true;
    return false;
}

/* The first name that is in `after` only; NULL when there is none. */
static inline const char *find_new_name(const Names *before, const Names *after) {
    for (int i = 0; i < after->count; i++)
        if (!contains_name(before, after->name[i])) return after->name[i];
    return NULL;
}

static inline int count_segments(void) {
    static const char *const tables[] = {"/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg"};
    int lines = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        FILE *file = fopen(tables[i], "r");
        if (!file) continue;
        for (int byte; (byte = getc(file)) != EOF;)
            lines += byte == '\n';
        fclose(file);
    }
    return lines;
}

/* Replaces what is in `surroundings` by what is there now. */
static inline void look_around(Surroundings *surroundings) {
    const char *folder = getenv("TMPDIR");
    list_folder(folder && *folder ? folder : "/tmp", &surroundings->temporary);
    list_folder("/dev/shm", &surroundings->shared_memory);
    surroundings->segments = count_segments();
}

/* Writes into `text` what is there now that was not there before; false when that is nothing. */
static inline bool find_litter(const Surroundings *before, char *text, size_t size) {
    static Surroundings after;
    look_around(&after);
    const char *file = find_new_name(&before->temporary, &after.temporary);
    const char *memory = find_new_name(&before->shared_memory, &after.shared_memory);
    if (file) snprintf(text, size, "%s in TMPDIR", file);
    if (memory) snprintf(text, size, "%s in /dev/shm", memory);
    if (after.segments > before->segments) snprintf(text, size, "a System V segment, semaphore or queue");
    return file || memory || after.segments > before->segments;
}

#endif
