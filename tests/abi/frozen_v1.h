/* frozen_v1.h - the declarations of version 1 of the plugin ABI, as they were when it became final.
 *
 * This is src/mr.h of that time without its comments. It never changes: plugins that were compiled with it have to run
 * with every later mr of the same major version, whatever becomes of mr.h.
 */
#ifndef MR_H
#define MR_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
#define MR_ABI_MAJOR 1u
#define MR_MAGIC     0x3172706du
#if defined(__GNUC__)
#define MR_EXPORT                            __attribute__((visibility("default")))
#define MR_UNLIKELY(condition)               __builtin_expect(!!(condition), 0)
#define MR_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
#else
#define MR_EXPORT
#define MR_UNLIKELY(condition) (condition)
#define MR_PRINTF(format_index, first_index)
#endif
typedef struct mr_slice {
    const char *data;
    size_t length;
} mr_slice;
enum mr_kind { MR_FOLD = 1, MR_GROUP = 2, MR_MAP = 3 };
enum mr_fold_type {
    MR_FOLD_CUSTOM = 0,
    MR_FOLD_COUNT = 1,
    MR_FOLD_SUM_INT64 = 2,
    MR_FOLD_MIN_INT64 = 3,
    MR_FOLD_MAX_INT64 = 4,
    MR_FOLD_SUM_DOUBLE = 5,
    MR_FOLD_MIN_DOUBLE = 6,
    MR_FOLD_MAX_DOUBLE = 7
};
enum mr_needs { MR_NEEDS_RECORD_NUMBERS = 1 };
enum mr_option_type {
    MR_OPTION_TEXT = 1,
    MR_OPTION_INT = 2,
    MR_OPTION_NUMBER = 3,
    MR_OPTION_FLAG = 4,
    MR_OPTION_CHOICE = 5
};
typedef struct mr_option {
    const char *name;
    uint32_t type;
    uint32_t reserved;
    const char *default_value;
    const char *choices;
    const char *help;
} mr_option;
typedef struct mr_ctx mr_ctx;
typedef struct mr_host mr_host;
typedef struct mr_values mr_values;
typedef struct mr_plugin mr_plugin;
struct mr_values {
    int (*next)(mr_values *values, mr_slice *value);
};
struct mr_plugin {
    uint32_t magic;
    uint32_t abi_major;
    uint32_t pointer_size;
    uint32_t struct_size;
    const char *name;
    const char *summary;
    const mr_option *options;
    uint32_t kind;
    uint32_t fold_type;
    uint32_t value_size;
    uint32_t partitions;
    uint32_t needs;
    uint32_t reserved;
    void (*configure)(mr_ctx *ctx, mr_plugin *self);
    void (*open)(mr_ctx *ctx);
    void (*close)(mr_ctx *ctx);
    void (*map)(mr_ctx *ctx, char *record, size_t length);
    void (*map_chunk)(mr_ctx *ctx, char *bytes, size_t length);
    void (*fold)(mr_ctx *ctx, void *accumulator, const void *value);
    void (*finish)(mr_ctx *ctx, mr_slice key, const void *value);
    void (*combine)(mr_ctx *ctx, mr_slice key, mr_values *values);
    void (*reduce)(mr_ctx *ctx, mr_slice key, mr_values *values);
    uint32_t (*partition)(mr_ctx *ctx, mr_slice key);
    int (*compare)(mr_ctx *ctx, mr_slice a, mr_slice b);
};
enum mr_scan_kind { MR_WORDS_SPACE = 1, MR_WORDS_LETTERS = 2, MR_LINES = 3, MR_FIELDS = 4, MR_LOWER = 256 };
enum { MR_SCAN_BATCH = 62 };
typedef struct mr_scan {
    mr_ctx *ctx;
    char *next;
    char *end;
    uint32_t kind;
    uint32_t state;
    uint32_t taken;
    uint32_t count;
    mr_slice found[MR_SCAN_BATCH];
} mr_scan;
typedef mr_scan mr_words;
typedef mr_scan mr_lines;
typedef mr_scan mr_fields;
struct mr_host {
    size_t size;
    void (*flush)(mr_ctx *ctx, size_t need);
    void (*write)(mr_ctx *ctx, const void *bytes, size_t length);
    void (*fail)(mr_ctx *ctx, const char *format, ...) MR_PRINTF(2, 3);
    const char *(*option_text)(mr_ctx *ctx, const char *name);
    int64_t (*option_int)(mr_ctx *ctx, const char *name);
    double (*option_number)(mr_ctx *ctx, const char *name);
    uint64_t *(*counter)(mr_ctx *ctx, const char *name);
    const char *(*source_name)(mr_ctx *ctx, uint64_t source);
    void (*refill)(mr_scan *scan);
    void (*append)(mr_ctx *ctx, const void *bytes, size_t length);
    mr_slice (*appended)(mr_ctx *ctx);
};
struct mr_ctx {
    const mr_host *host;
    void *state;
    char *emit_next;
    char *emit_end;
    uint64_t source;
    uint64_t source_first;
    uint64_t source_count;
    uint64_t record_number;
};
typedef struct mr_pair {
    uint32_t key_length;
    uint32_t value_length;
} mr_pair;
static inline size_t mr_padded(size_t length) {
    return (length + 7) & ~(size_t)7;
}
static inline char *mr_put_padded(char *to, const char *from, size_t length) {
    char *end = to + mr_padded(length);
    size_t whole = length & ~(size_t)7;
    size_t i;
#if defined(__GNUC__)
    for (i = 0; i < whole; i += 8)
        __builtin_memcpy(to + i, from + i, 8);
    if (whole != length) {
        uint64_t last = 0;
        __builtin_memcpy(to + whole, &last, 8);
        for (i = whole; i < length; i++)
            to[i] = from[i];
    }
#else
    for (i = 0; i < length; i++)
        to[i] = from[i];
    for (; to + i < end; i++)
        to[i] = 0;
#endif
    return end;
}
static inline void mr_emit(mr_ctx *ctx, mr_slice key, mr_slice value) {
    size_t need = sizeof(mr_pair) + mr_padded(key.length) + mr_padded(value.length);
    mr_pair *pair;
    if (MR_UNLIKELY((size_t)(ctx->emit_end - ctx->emit_next) < need)) {
        ctx->host->flush(ctx, need);
        if ((size_t)(ctx->emit_end - ctx->emit_next) < need) return;
    }
    pair = (mr_pair *)(void *)ctx->emit_next;
    pair->key_length = (uint32_t)key.length;
    pair->value_length = (uint32_t)value.length;
    ctx->emit_next = mr_put_padded(mr_put_padded((char *)(pair + 1), key.data, key.length), value.data, value.length);
}
static inline mr_slice mr_bytes(const void *data, size_t length) {
    mr_slice slice;
    slice.data = (const char *)data;
    slice.length = length;
    return slice;
}
static inline mr_slice mr_text(const char *text) {
#if defined(__GNUC__)
    return mr_bytes(text, __builtin_strlen(text));
#else
    size_t length = 0;
    while (text[length])
        length++;
    return mr_bytes(text, length);
#endif
}
static inline void mr_count(mr_ctx *ctx, mr_slice key) {
    mr_emit(ctx, key, mr_bytes(NULL, 0));
}
static inline void mr_count_many(mr_ctx *ctx, mr_slice key, uint64_t occurrences) {
    mr_emit(ctx, key, mr_bytes(&occurrences, sizeof occurrences));
}
static inline void mr_emit_int64(mr_ctx *ctx, mr_slice key, int64_t value) {
    mr_emit(ctx, key, mr_bytes(&value, sizeof value));
}
static inline void mr_emit_double(mr_ctx *ctx, mr_slice key, double value) {
    mr_emit(ctx, key, mr_bytes(&value, sizeof value));
}
static inline void mr_write(mr_ctx *ctx, const void *bytes, size_t length) {
    ctx->host->write(ctx, bytes, length);
}
static inline void mr_append(mr_ctx *ctx, mr_slice text) {
    ctx->host->append(ctx, text.data, text.length);
}
static inline mr_slice mr_appended(mr_ctx *ctx) {
    return ctx->host->appended(ctx);
}
#define mr_fail(ctx, ...) ((ctx)->host->fail((ctx), __VA_ARGS__))
static inline const char *mr_option_text(mr_ctx *ctx, const char *name) {
    return ctx->host->option_text(ctx, name);
}
static inline int64_t mr_option_int(mr_ctx *ctx, const char *name) {
    return ctx->host->option_int(ctx, name);
}
static inline int mr_option_flag(mr_ctx *ctx, const char *name) {
    return ctx->host->option_int(ctx, name) != 0;
}
static inline double mr_option_number(mr_ctx *ctx, const char *name) {
    return ctx->host->option_number(ctx, name);
}
static inline uint64_t *mr_counter(mr_ctx *ctx, const char *name) {
    return ctx->host->counter(ctx, name);
}
static inline const char *mr_source_name(mr_ctx *ctx, uint64_t source) {
    return ctx->host->source_name(ctx, source);
}
static inline uint64_t mr_record_number(mr_ctx *ctx) {
    return ctx->record_number;
}
static inline mr_scan mr_scan_of(mr_ctx *ctx, char *text, size_t length, uint32_t kind, uint32_t state) {
    mr_scan scan;
    scan.ctx = ctx;
    scan.next = text;
    scan.end = text + length;
    scan.kind = kind;
    scan.state = state;
    scan.taken = 0;
    scan.count = 0;
    return scan;
}
static inline mr_words mr_words_of(mr_ctx *ctx, char *text, size_t length, uint32_t kind) {
    return mr_scan_of(ctx, text, length, kind, 0);
}
static inline mr_lines mr_lines_of(mr_ctx *ctx, char *text, size_t length) {
    return mr_scan_of(ctx, text, length, MR_LINES, 0);
}
static inline mr_fields mr_fields_of(mr_ctx *ctx, char *record, size_t length, char delimiter) {
    mr_fields fields = mr_scan_of(ctx, record, length, MR_FIELDS, (unsigned char)delimiter);
    fields.state |= 256;
    return fields;
}
static inline int mr_next(mr_scan *scan, mr_slice *slice) {
    if (MR_UNLIKELY(scan->taken == scan->count)) {
        scan->ctx->host->refill(scan);
        if (scan->count == 0) return 0;
    }
    *slice = scan->found[scan->taken++];
    return 1;
}
static inline int mr_next_value(mr_values *values, mr_slice *value) {
    return values->next(values, value);
}
static inline int64_t mr_int64_of(mr_slice value) {
    int64_t number = 0;
    size_t i;
    if (value.length >= sizeof number)
        for (i = 0; i < sizeof number; i++)
            ((char *)&number)[i] = value.data[i];
    return number;
}
static inline double mr_double_of(mr_slice value) {
    double number = 0;
    size_t i;
    if (value.length >= sizeof number)
        for (i = 0; i < sizeof number; i++)
            ((char *)&number)[i] = value.data[i];
    return number;
}
#ifdef __cplusplus
}
static inline mr_plugin mr_plugin_filled_by(void (*fill)(mr_plugin *)) {
    mr_plugin plugin = {};
    plugin.magic = MR_MAGIC;
    plugin.abi_major = MR_ABI_MAJOR;
    plugin.pointer_size = (uint32_t)sizeof(void *);
    plugin.struct_size = (uint32_t)sizeof(mr_plugin);
    fill(&plugin);
    return plugin;
}
#define MR_PLUGIN_FROM(fill)                                                                                           \
    extern "C" {                                                                                                       \
    MR_EXPORT extern const mr_plugin mr_plugin_entry;                                                                  \
    }                                                                                                                  \
    const mr_plugin mr_plugin_entry = mr_plugin_filled_by(fill);
#else
#define MR_PLUGIN(...)                                                                                                 \
    extern MR_EXPORT const mr_plugin mr_plugin_entry;                                                                  \
    const mr_plugin mr_plugin_entry = {.magic = MR_MAGIC,                                                              \
                                       .abi_major = MR_ABI_MAJOR,                                                      \
                                       .pointer_size = (uint32_t)sizeof(void *),                                       \
                                       .struct_size = (uint32_t)sizeof(mr_plugin),                                     \
                                       __VA_ARGS__};
#endif
#endif
