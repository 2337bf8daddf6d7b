/* A map job that does what the lines of its input say, so that a test decides when it goes on:
 *
 *     wait FILE      until there is such a file
 *     say TEXT       prints a line
 *     mutter TEXT    the same without a newline
 *     rant TEXT      prints it again and again, without end
 *     crash FILE     once: makes the file and aborts, unless it is there
 *     count NAME     adds one to a counter
 *
 * All other lines are the result. */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void crash_once(const char *path) {
    FILE *file;
    if (access(path, F_OK) == 0) return;
    file = fopen(path, "w");
    if (file) fclose(file);
    abort();
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    char line[256], *word = line;
    if (length >= sizeof line) return;
    memcpy(line, record, length);
    line[length] = 0;
    strsep(&word, " ");
    if (word && !strcmp(line, "wait")) {
        while (access(word, F_OK) != 0)
            usleep(2000);
    } else if (word && !strcmp(line, "say")) {
        puts(word);
        fflush(stdout);
    } else if (word && !strcmp(line, "mutter")) {
        fputs(word, stderr);
    } else if (word && !strcmp(line, "rant")) {
        for (;;)
            fprintf(stderr, "%s\n", word);
    } else if (word && !strcmp(line, "crash")) {
        crash_once(word);
    } else if (word && !strcmp(line, "count")) {
        ++*mr_counter(ctx, word);
    } else {
        mr_write(ctx, record, length);
        mr_write(ctx, "\n", 1);
    }
}

MR_PLUGIN(.name = "steps", .kind = MR_MAP, .map = map)
