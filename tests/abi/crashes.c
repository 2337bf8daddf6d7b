/* Counts records, or puts them out, and dies on those that hold the text of the option on, in a way of one's choice.
 * Tests look for the lines with the word "here" by their comments. */
#include "mr.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group|map", "of job"},
    {"where", MR_OPTION_CHOICE, 0, "map", "open|map|map_chunk|finish|reduce", "the callback that dies"},
    {"what", MR_OPTION_CHOICE, 0, "nothing", "nothing|segv|wild|abort|fpe|ill|bus|exit|stack|large|hang|kill", "how"},
    {"on", MR_OPTION_TEXT, 0, "BOOM", NULL, "what such a record or key contains"},
    {0}};

enum { LARGE = 32 << 20 }; /* bytes, more than a stack has */

static volatile int zero, sink;

/* Functions of their own, so that there is something to see in a backtrace; none ends with a call. */
static __attribute__((noinline)) void use_null(void) {
    int *volatile pointer = (int *)8;
    sink = *pointer; /* segv here */
}

static __attribute__((noinline)) void use_wild_pointer(void) {
    int *volatile pointer = (int *)0x123456789a8;
    sink = *pointer; /* wild here */
}

static __attribute__((noinline)) void give_up(void) {
    abort(); /* abort here */
}

static __attribute__((noinline)) void divide(void) {
    sink = 7 / zero; /* fpe here */
}

static __attribute__((noinline)) void run_nonsense(void) {
    if (!zero) __builtin_trap(); /* ill here */
    sink = 1;
}

static __attribute__((noinline)) void read_behind_file(void) {
    int file = memfd_create("empty", 0);
    volatile char *bytes = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    sink = bytes[0]; /* bus here */
}

static __attribute__((noinline)) int descend(int depth) {
    volatile char large[4096];
    if (zero) return 0;
    large[depth & 4095] = (char)depth;
    return descend(depth + 1) + large[depth & 4095]; /* stack here */
}

static __attribute__((noinline)) void use_large_variable(void) {
    volatile char large[LARGE];
    large[zero] = 1; /* large here */
    sink = large[zero];
}

static __attribute__((noinline)) void wait_for_ever(void) {
    while (!zero) /* hang here */
        continue;
}

static __attribute__((noinline)) void die(mr_ctx *ctx) {
    const char *what = mr_option_text(ctx, "what");
    if (!strcmp(what, "segv")) use_null();
    if (!strcmp(what, "wild")) use_wild_pointer();
    if (!strcmp(what, "abort")) give_up();
    if (!strcmp(what, "fpe")) divide();
    if (!strcmp(what, "ill")) run_nonsense();
    if (!strcmp(what, "bus")) read_behind_file();
    if (!strcmp(what, "exit")) exit(7);
    if (!strcmp(what, "stack")) sink = descend(0);
    if (!strcmp(what, "large")) use_large_variable();
    if (!strcmp(what, "hang")) wait_for_ever();
    if (!strcmp(what, "kill")) kill(getpid(), SIGKILL);
    sink = 0;
}

/* To be called in every callback. */
static void look_at(mr_ctx *ctx, const char *callback, const char *bytes, size_t length) {
    const char *on = mr_option_text(ctx, "on");
    if (strcmp(mr_option_text(ctx, "where"), callback)) return;
    if (memmem(bytes, length, on, strlen(on))) die(ctx);
}

static void open(mr_ctx *ctx) {
    look_at(ctx, "open", mr_option_text(ctx, "on"), strlen(mr_option_text(ctx, "on")));
}

static void put(mr_ctx *ctx, char *line, size_t length) {
    if (mr_option_int(ctx, "kind") == 0)
        mr_count(ctx, mr_bytes(line, length));
    else
        mr_emit(ctx, mr_bytes(line, length), mr_text("value"));
}

static void map(mr_ctx *ctx, char *line, size_t length) {
    look_at(ctx, "map", line, length);
    put(ctx, line, length);
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    mr_lines lines = mr_lines_of(ctx, bytes, length);
    mr_slice line;
    while (mr_next(&lines, &line)) {
        look_at(ctx, "map_chunk", line.data, line.length);
        put(ctx, bytes + (line.data - bytes), line.length);
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    static const char digits[] = "0123456789";
    look_at(ctx, "finish", key.data, key.length);
    mr_emit(ctx, key, mr_bytes(digits + *(const uint64_t *)value % 10, 1));
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    look_at(ctx, "reduce", key.data, key.length);
    while (mr_next_value(values, &value))
        mr_emit(ctx, key, value);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->kind = (uint32_t)mr_option_int(ctx, "kind") + 1;
    if (self->kind == MR_FOLD) {
        self->fold_type = MR_FOLD_COUNT;
        self->finish = finish;
    }
    if (self->kind == MR_GROUP) self->reduce = reduce;
    if (!strcmp(mr_option_text(ctx, "where"), "map_chunk")) {
        self->map = NULL;
        self->map_chunk = map_chunk;
    }
}

MR_PLUGIN(.name = "crashes", .options = options, .kind = MR_MAP, .configure = configure, .open = open, .map = map)
