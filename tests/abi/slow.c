/* A job of any kind whose callbacks take their time, each as long as an option says, and which dies of some records. */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group|map", "of job"},
    {"open", MR_OPTION_INT, 0, "0", NULL, "nanoseconds that open takes"},
    {"map", MR_OPTION_INT, 0, "0", NULL, "for each record"},
    {"combine", MR_OPTION_INT, 0, "0", NULL, "for each value; 0: no combine"},
    {"compare", MR_OPTION_INT, 0, "0", NULL, "for each comparison; 0: no compare"},
    {"reduce", MR_OPTION_INT, 0, "0", NULL, "for each key, in finish or reduce"},
    {"close", MR_OPTION_INT, 0, "0", NULL, "that close takes"},
    {"copies", MR_OPTION_INT, 0, "1", NULL, "of a record that a map job writes"},
    {"deadly", MR_OPTION_TEXT, 0, "", NULL, "a record that begins with this kills the worker; empty: none"},
    {0}};

typedef struct delays {
    int64_t map, combine, compare, reduce; /* nanoseconds */
    int kind;                              /* enum mr_kind */
    int64_t copies;                        /* of a record that a map job writes */
    const char *deadly;                    /* the beginning of records to die of */
    int64_t owed;                          /* nanoseconds that are still to be slept */
} delays;

static delays settings;

static void sleep_for(int64_t nanoseconds) {
    struct timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    nanosleep(&time, NULL);
}

/* Takes so long; sleeps only when it is worth it. */
static void take(int64_t nanoseconds) {
    settings.owed += nanoseconds;
    if (settings.owed < 500000) return;
    sleep_for(settings.owed);
    settings.owed = 0;
}

static void die_of(const char *record, size_t length) {
    size_t deadly = strlen(settings.deadly);
    if (deadly && length >= deadly && memcmp(record, settings.deadly, deadly) == 0) abort();
}

/* The first word of a record. */
static mr_slice key_of(const char *record, size_t length) {
    const char *blank = memchr(record, ' ', length);
    return mr_bytes(record, blank ? (size_t)(blank - record) : length);
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = memcmp(a.data, b.data, common);
    (void)ctx;
    take(settings.compare);
    return order ? order : (a.length > b.length) - (a.length < b.length);
}

/* Writes the record behind its number, as often as is wanted. */
static void write_copies(mr_ctx *ctx, const char *record, size_t length) {
    for (int64_t i = 0; i < settings.copies; i++) {
        char number[24];
        int digits = snprintf(number, sizeof number, "%llu ", (unsigned long long)mr_record_number(ctx));
        mr_write(ctx, number, (size_t)digits);
        mr_write(ctx, record, length);
        mr_write(ctx, "\n", 1);
    }
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    uint64_t one = 1;
    take(settings.map);
    die_of(record, length);
    if (settings.kind == MR_FOLD) mr_emit(ctx, key_of(record, length), mr_bytes(&one, sizeof one));
    if (settings.kind == MR_GROUP) mr_emit(ctx, key_of(record, length), mr_bytes(record, length));
    if (settings.kind == MR_MAP) write_copies(ctx, record, length);
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    (void)ctx;
    *(uint64_t *)accumulator += *(const uint64_t *)value;
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    char text[24];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)value);
    take(settings.reduce);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

/* Hands all values on as they are. */
static void combine(mr_ctx *ctx, mr_slice key, mr_values *values) {
    mr_slice value;
    while (mr_next_value(values, &value)) {
        take(settings.combine);
        mr_emit(ctx, key, value);
    }
}

/* Emits how many values there are and a hash of them in their order (FNV-1a). */
static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    uint64_t count = 0, hash = 0xcbf29ce484222325u;
    mr_slice value;
    char text[48];
    for (; mr_next_value(values, &value); count++)
        for (size_t i = 0; i < value.length; i++)
            hash = (hash ^ (unsigned char)value.data[i]) * 0x100000001b3u;
    take(settings.reduce);
    int length = snprintf(text, sizeof text, "%llu %016llx", (unsigned long long)count, (unsigned long long)hash);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->kind = (uint32_t)mr_option_int(ctx, "kind") + 1;
    self->needs = self->kind == MR_MAP ? MR_NEEDS_RECORD_NUMBERS : 0;
    self->value_size = self->kind == MR_FOLD ? sizeof(uint64_t) : 0;
    if (self->kind != MR_FOLD) self->fold = NULL;
    self->finish = self->kind == MR_FOLD ? finish : NULL;
    self->combine = self->kind == MR_GROUP && mr_option_int(ctx, "combine") ? combine : NULL;
    self->reduce = self->kind == MR_GROUP ? reduce : NULL;
    self->compare = self->kind != MR_MAP && mr_option_int(ctx, "compare") ? compare : NULL;
}

static void open(mr_ctx *ctx) {
    settings = (delays){.kind = (int)mr_option_int(ctx, "kind") + 1,
                        .map = mr_option_int(ctx, "map"),
                        .combine = mr_option_int(ctx, "combine"),
                        .compare = mr_option_int(ctx, "compare"),
                        .reduce = mr_option_int(ctx, "reduce"),
                        .copies = mr_option_int(ctx, "copies"),
                        .deadly = mr_option_text(ctx, "deadly")};
    sleep_for(mr_option_int(ctx, "open"));
}

static void close(mr_ctx *ctx) {
    sleep_for(mr_option_int(ctx, "close"));
}

MR_PLUGIN(.name = "slow", .options = options, .kind = MR_FOLD, .value_size = 8, .fold = fold, .configure = configure,
          .open = open, .close = close, .map = map)
