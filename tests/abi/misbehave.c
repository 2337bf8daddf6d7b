/* Does something wrong in one of its callbacks: both are options. */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group|map", "of job"},
    {"where", MR_OPTION_CHOICE, 0, "nowhere",
     "nowhere|configure|open|close|map|fold|finish|combine|reduce|partition|compare", "the callback"},
    {"what", MR_OPTION_CHOICE, 0, "fail", "fail|emit|write|size|range|crash|exit|print|option|counters|name|scan|kind",
     "the misdeed"},
    {0}};

static void add_many_counters(mr_ctx *ctx) {
    char name[32];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "counter-%d", i);
        ++*mr_counter(ctx, name);
    }
}

static void scan_nonsense(mr_ctx *ctx) {
    char text[] = "text";
    mr_slice slice;
    mr_scan scan = mr_scan_of(ctx, text, 4, 77, 0);
    while (mr_next(&scan, &slice))
        continue;
}

/* To be called in every callback. */
static void misbehave(mr_ctx *ctx, const char *callback) {
    const char *what = mr_option_text(ctx, "what");
    if (strcmp(mr_option_text(ctx, "where"), callback)) return;
    if (!strcmp(what, "fail")) mr_fail(ctx, "code %d", 42);
    if (!strcmp(what, "emit")) mr_emit(ctx, mr_text("key"), mr_text("12345678"));
    if (!strcmp(what, "write")) mr_write(ctx, "text\n", 5);
    if (!strcmp(what, "size")) mr_emit(ctx, mr_text("key"), mr_text("seven!!"));
    if (!strcmp(what, "crash")) abort();
    if (!strcmp(what, "exit")) exit(7);
    if (!strcmp(what, "print")) puts("mr: printed by a plugin");
    if (!strcmp(what, "option")) mr_option_text(ctx, "undeclared");
    if (!strcmp(what, "counters")) add_many_counters(ctx);
    if (!strcmp(what, "name")) mr_counter(ctx, "a name of a counter that is longer than 47 bytes are");
    if (!strcmp(what, "scan")) scan_nonsense(ctx);
}

static int is(mr_ctx *ctx, const char *option, const char *value) {
    return !strcmp(mr_option_text(ctx, option), value);
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)value;
    misbehave(ctx, "fold");
    ++*(uint64_t *)accumulator;
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    (void)value;
    misbehave(ctx, "finish");
    mr_emit(ctx, key, mr_text("value"));
}

static void combine(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    misbehave(ctx, "combine");
    while (mr_next_value(values, &value))
        mr_emit(ctx, key, value);
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    (void)values;
    misbehave(ctx, "reduce");
    mr_emit(ctx, key, mr_text("value"));
}

static uint32_t partition(mr_ctx *ctx, mr_slice key) {
    (void)key;
    misbehave(ctx, "partition");
    return is(ctx, "what", "range") ? 3 : 0;
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)a;
    (void)b;
    misbehave(ctx, "compare");
    return 0;
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->kind = (uint32_t)mr_option_int(ctx, "kind") + 1;
    if (self->kind == MR_FOLD) {
        self->finish = finish;
    } else {
        self->fold = NULL;
    }
    if (self->kind == MR_GROUP) {
        self->combine = combine;
        self->reduce = reduce;
    }
    if (is(ctx, "where", "partition")) {
        self->partition = partition;
        self->partitions = 3;
    }
    if (is(ctx, "where", "compare")) self->compare = compare;
    if (is(ctx, "where", "configure") && is(ctx, "what", "kind")) self->kind = 9;
    misbehave(ctx, "configure");
}

static void open(mr_ctx *ctx) {
    misbehave(ctx, "open");
}

static void close(mr_ctx *ctx) {
    misbehave(ctx, "close");
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    misbehave(ctx, "map");
    mr_emit(ctx, mr_bytes(record, length), mr_text("12345678"));
}

MR_PLUGIN(.name = "misbehave", .options = options, .kind = MR_FOLD, .value_size = 8, .fold = fold,
          .configure = configure, .open = open, .close = close, .map = map)
