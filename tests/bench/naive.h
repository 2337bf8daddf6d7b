/* naive.h - what the programs that mr is compared with have in common: each ends with a message when something fails.
 */
#ifndef NAIVE_H
#define NAIVE_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int usage(const char *text) {
    fprintf(stderr, "usage: %s\n", text);
    return 2;
}

static inline _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

/* Memory that is zero. */
static inline void *allocate(size_t size) {
    void *memory = calloc(1, size ? size : 1);
    if (!memory) die("calloc");
    return memory;
}

static inline FILE *open_file(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (!file) die(path);
    setvbuf(file, NULL, _IOFBF, 1 << 16);
    return file;
}

/* Returns the exit status: 1 when anything could not be read or written. */
static inline int close_file(FILE *file) {
    int failed = ferror(file);
    if (fclose(file) == 0 && !failed) return 0;
    perror("close");
    return 1;
}

#endif
