/* Writes where it may not, once, in a callback of its choice; or waits there, so that somebody else can. Otherwise each
 * line of the input is a key that is counted (fold), given with its values (group), or copied (map). */
#include "mr.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group|map", "of job"},
    {"where", MR_OPTION_CHOICE, 0, "nowhere", "nowhere|map|finish|reduce|configure", "the callback"},
    {"what", MR_OPTION_CHOICE, 0, "wait", "wait|write|unprotect|length", "the misdeed"},
    {"after", MR_OPTION_INT, 0, "0", "0..", "calls of that callback"},
    {"target", MR_OPTION_TEXT, 0, "", "", "a text in shared memory that is to be changed"},
    {"marker", MR_OPTION_TEXT, 0, "", "",
     "file that says that it has been done; without one it is done again and again"},
    {0}};

static uint64_t *lines;

/* Whether nobody has done it before. */
static int is_first(const char *marker) {
    if (!*marker) return 1;
    int file = open(marker, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (file >= 0) close(file);
    return file >= 0;
}

/* Waits until there is a file MARKER.go. */
static void wait_for(const char *marker) {
    char path[4096];
    snprintf(path, sizeof path, "%s.go", marker);
    while (access(path, F_OK))
        usleep(10000);
}

/* The target in anonymous shared memory of these permissions; NULL: it is nowhere. */
static char *find_target(const char *target, const char *permissions) {
    char line[512], found[8];
    unsigned long start, end;
    char *place = NULL;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && !place && fgets(line, sizeof line, maps))
        if (strstr(line, "/dev/zero (deleted)") && sscanf(line, "%lx-%lx %7s", &start, &end, found) == 3 &&
            !strcmp(found, permissions))
            place = memmem((char *)start, end - start, target, strlen(target));
    if (maps) fclose(maps);
    return place;
}

/* Looks every thousandth time, since looking takes a while. */
static void misbehave(mr_ctx *ctx, const char *callback) {
    static int64_t calls;
    const char *what = mr_option_text(ctx, "what"), *marker = mr_option_text(ctx, "marker");
    const char *target = mr_option_text(ctx, "target");
    if (strcmp(mr_option_text(ctx, "where"), callback) || calls++ % 1000 || calls <= mr_option_int(ctx, "after") ||
        access(marker, F_OK) == 0)
        return;
    if (!strcmp(what, "wait")) {
        if (is_first(marker)) wait_for(marker);
        return;
    }
    if (!strcmp(what, "length") && *lines < 5000) return; /* this may be a sample */
    int sealed = strcmp(what, "length") && strcmp(callback, "map");
    char *place = find_target(target, sealed ? "r--s" : "rw-s");
    if (!place || !is_first(marker)) return;
    if (!strcmp(what, "unprotect")) mprotect(place - (uintptr_t)place % 4096, 4096, PROT_READ | PROT_WRITE);
    if (!strcmp(what, "length"))
        place[-1] = (char)0xff; /* what stands in front of a key in a block */
    else
        place[0] ^= 1;
}

static int is(mr_ctx *ctx, const char *kind) {
    return !strcmp(mr_option_text(ctx, "kind"), kind);
}

static void start(mr_ctx *ctx) {
    lines = mr_counter(ctx, "lines");
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    ++*lines;
    misbehave(ctx, "map");
    if (is(ctx, "map")) {
        mr_write(ctx, record, length);
        mr_write(ctx, "\n", 1);
    } else if (is(ctx, "group")) {
        mr_emit(ctx, mr_bytes(record, length), mr_text("a value of some length"));
    } else {
        mr_count(ctx, mr_bytes(record, length));
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    char text[32];
    uint64_t count;
    memcpy(&count, value, sizeof count);
    misbehave(ctx, "finish");
    snprintf(text, sizeof text, "%llu", (unsigned long long)count);
    mr_emit(ctx, key, mr_text(text));
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    char text[32];
    unsigned long long count = 0;
    mr_slice value;
    misbehave(ctx, "reduce");
    while (mr_next_value(values, &value))
        count++;
    snprintf(text, sizeof text, "%llu", count);
    mr_emit(ctx, key, mr_text(text));
}

/* Fills what is shared and can be written to. */
static void fill_all(void) {
    char line[512], found[8];
    unsigned long start, end;
    FILE *maps = fopen("/proc/self/maps", "re");
    while (maps && fgets(line, sizeof line, maps))
        if (strstr(line, "/dev/zero (deleted)") && sscanf(line, "%lx-%lx %7s", &start, &end, found) == 3 &&
            !strcmp(found, "rw-s"))
            memset((char *)start, 0xff, end - start);
    if (maps) fclose(maps);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (!strcmp(mr_option_text(ctx, "where"), "configure")) fill_all();
    self->kind = is(ctx, "map") ? MR_MAP : is(ctx, "group") ? MR_GROUP : MR_FOLD;
    self->fold_type = is(ctx, "fold") ? MR_FOLD_COUNT : 0;
    self->finish = is(ctx, "fold") ? finish : NULL;
    self->reduce = is(ctx, "group") ? reduce : NULL;
}

MR_PLUGIN(.name = "scribbles", .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure,
          .open = start, .map = map)
