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
    MR_FOLD_MAX_DOUBLE = 7,
    MR_FOLD_STATS_INT64 = 8
};
typedef struct mr_stats {
    uint64_t count;
    int64_t sum;
    int64_t minimum;
    int64_t maximum;
} mr_stats;
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
enum mr_scan_kind {
    MR_WORDS_SPACE = 1,
    MR_WORDS_LETTERS = 2,
    MR_LINES = 3,
    MR_FIELDS = 4,
    MR_ROWS = 5,
    MR_MEASURES = 6,
    MR_LOWER = 256
};
enum { MR_SCAN_FOUND = 576, MR_SCAN_NUMBERS = MR_SCAN_FOUND / 3 };
typedef struct mr_scan {
    mr_ctx *ctx;
    char *next;
    char *end;
    const char *base;
    uint32_t kind;
    uint32_t state;
    uint32_t taken;
    uint32_t count;
    uint32_t found[MR_SCAN_FOUND];
    int64_t numbers[MR_SCAN_NUMBERS];
    unsigned char measured[MR_SCAN_NUMBERS];
} mr_scan;
typedef mr_scan mr_words;
typedef mr_scan mr_lines;
typedef mr_scan mr_fields;
typedef mr_scan mr_rows;
typedef mr_scan mr_measures;
typedef struct mr_needles mr_needles;
enum mr_needle_flags { MR_IGNORE_CASE = 1 };
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
    mr_needles *(*needles)(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags);
    mr_needles *(*pattern_needles)(mr_ctx *ctx, const char *pattern, uint32_t flags);
    mr_slice (*pattern_of_lines)(mr_ctx *ctx, const char *pattern);
    const char *(*find)(const mr_needles *needles, const char *text, size_t length);
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
    const char *text;
    size_t text_length;
    char *short_next;
    char *short_end;
    size_t short_value;
};
enum { MR_TEXT_SLACK = 16 };
enum { MR_SHORT_KEY = 15 };
typedef struct mr_short_pair {
    uint64_t first;
    uint64_t second;
} mr_short_pair;
typedef struct mr_pair {
    uint32_t key_length;
    uint32_t value_length;
} mr_pair;
static inline size_t mr_padded(size_t length) {
    return (length + 7) & ~(size_t)7;
}
static inline void mr_put_word(char *to, const char *from) {
#if defined(__GNUC__)
    __builtin_memcpy(to, from, 8);
#else
    int i;
    for (i = 0; i < 8; i++)
        to[i] = from[i];
#endif
}
static inline char *mr_put_padded(char *to, const char *from, size_t length) {
    static const char zeros[8] = {0};
    char *end = to + mr_padded(length);
    size_t i;
    if (length == 0) return end;
    mr_put_word(end - 8, zeros);
    if (length >= 8) {
        for (i = 0; i + 8 < length; i += 8)
            mr_put_word(to + i, from + i);
        mr_put_word(to + length - 8, from + length - 8);
    } else {
        for (i = 0; i < length; i++)
            to[i] = from[i];
    }
    return end;
}
static inline int mr_in_text(const mr_ctx *ctx, mr_slice slice) {
    return (uintptr_t)slice.data - (uintptr_t)ctx->text < ctx->text_length;
}
#if defined(__GNUC__)
static inline void mr_emit_short(mr_ctx *ctx, const char *key, size_t length, mr_slice value) {
    static const unsigned char kept_then_zeros[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                      255, 255, 255, 255, 255, 255, 255, 255};
    uint64_t first, second;
    mr_short_pair *pair;
    __asm__("" : "+r"(key));
    if (MR_UNLIKELY(ctx->short_next == ctx->short_end)) {
        ctx->host->flush(ctx, 0);
        if (ctx->short_next == ctx->short_end) return;
    }
    pair = (mr_short_pair *)(void *)ctx->short_next;
    __builtin_memcpy(pair, key, sizeof *pair);
    __builtin_memcpy(&first, kept_then_zeros + 16 - length, sizeof first);
    __builtin_memcpy(&second, kept_then_zeros + 24 - length, sizeof second);
    pair->first &= first;
    pair->second = (pair->second & second) | (uint64_t)(length + 1) << 56;
    ctx->short_next = mr_put_padded((char *)(pair + 1), value.data, value.length);
}
#endif
#if defined(__GNUC__)
static inline char *mr_put_long_key(char *to, const char *key, size_t length) {
    char *end = to + mr_padded(length);
    uint64_t last = 0;
    __builtin_memcpy(&last, key + length - 8, 8);
    __builtin_memcpy(to, key, 32);
    last = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? last >> 8 * ((size_t)(end - to) - length)
                                                     : last << 8 * ((size_t)(end - to) - length);
    __builtin_memcpy(end - 8, &last, 8);
    return end;
}
#endif
static inline void mr_emit(mr_ctx *ctx, mr_slice key, mr_slice value) {
    size_t need = sizeof(mr_pair) + mr_padded(key.length) + mr_padded(value.length);
    mr_pair *pair;
#if defined(__GNUC__)
    if (key.length <= MR_SHORT_KEY && value.length == ctx->short_value && mr_in_text(ctx, key)) {
        mr_emit_short(ctx, key.data, key.length, value);
        return;
    }
#endif
    if (MR_UNLIKELY((size_t)(ctx->emit_end - ctx->emit_next) < need)) {
        ctx->host->flush(ctx, need);
        if ((size_t)(ctx->emit_end - ctx->emit_next) < need) return;
    }
    pair = (mr_pair *)(void *)ctx->emit_next;
    pair->key_length = (uint32_t)key.length;
    pair->value_length = (uint32_t)value.length;
#if defined(__GNUC__)
    if (key.length - 16 <= 16 && mr_in_text(ctx, key)) {
        char *behind = mr_put_long_key((char *)(pair + 1), key.data, key.length);
        ctx->emit_next = mr_put_padded(behind, value.data, value.length);
        return;
    }
#endif
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
    scan.end = length ? text + length : text;
    scan.base = text;
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
static inline mr_rows mr_rows_of(mr_ctx *ctx, char *text, size_t length, char delimiter) {
    return mr_scan_of(ctx, text, length, MR_ROWS, (unsigned char)delimiter);
}
static inline int mr_next(mr_scan *scan, mr_slice *slice) {
    uint32_t start;
    if (MR_UNLIKELY(scan->taken >= scan->count)) {
        scan->ctx->host->refill(scan);
        if (scan->count == 0) return 0;
    }
    start = scan->found[scan->taken];
    slice->data = scan->base + start;
    slice->length = scan->found[scan->taken + 1] - start;
    scan->taken += 2;
    return 1;
}
static inline int mr_next_row(mr_rows *rows, mr_slice *key, mr_slice *rest) {
    uint32_t start, cut, end;
    if (MR_UNLIKELY(rows->taken >= rows->count)) {
        rows->ctx->host->refill(rows);
        if (rows->count == 0) return 0;
    }
    start = rows->found[rows->taken];
    cut = rows->found[rows->taken + 1];
    end = rows->found[rows->taken + 2];
    rows->taken += 3;
    key->data = rows->base + start;
    key->length = cut - start;
    rest->data = cut < end ? rows->base + cut + 1 : NULL;
    rest->length = cut < end ? end - cut - 1 : 0;
    return 1;
}
static inline mr_measures mr_measures_of(mr_ctx *ctx, char *text, size_t length, char delimiter, unsigned decimals) {
    return mr_scan_of(ctx, text, length, MR_MEASURES, (unsigned char)delimiter | decimals << 16);
}
static inline int mr_next_measure(mr_measures *measures, mr_slice *key, int64_t *number) {
    uint32_t start;
    unsigned char measured;
    if (MR_UNLIKELY(measures->taken >= measures->count)) {
        measures->ctx->host->refill(measures);
        if (measures->count == 0) return 0;
    }
    start = measures->found[measures->taken];
    key->data = measures->base + start;
    key->length = measures->found[measures->taken + 1] - start;
    *number = measures->numbers[measures->taken / 2];
    measured = measures->measured[measures->taken / 2];
    measures->taken += 2;
    return measured ? 1 : -1;
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
static inline int mr_long_decimal_of(mr_slice text, unsigned decimals, int64_t *number) {
    size_t i = text.length && (text.data[0] == '-' || text.data[0] == '+'), digits = 0;
    int negative = i && text.data[0] == '-', behind_point = 0;
    uint64_t most = (uint64_t)INT64_MAX + (uint64_t)negative, result = 0;
    unsigned missing = decimals;
    for (; i < text.length; i++) {
        unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';
        if (text.data[i] == '.' && !behind_point) {
            behind_point = 1;
            continue;
        }
        if (digit > 9 || (behind_point && missing == 0)) return 0;
        if (result > (most - digit) / 10) return 0;
        result = 10 * result + digit;
        missing -= (unsigned)behind_point;
        digits++;
    }
    for (; missing; missing--) {
        if (result > most / 10) return 0;
        result *= 10;
    }
    *number = (int64_t)(negative ? 0 - result : result);
    return digits > 0;
}
static inline int mr_decimal_of(const mr_ctx *ctx, mr_slice text, unsigned decimals, int64_t *number) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    const uint64_t each = 0x0101010101010101u, all = ~(uint64_t)0;
    if (text.length - 1 < 8 && decimals < 8 && mr_in_text(ctx, text)) {
        unsigned start = 64 - 8 * (unsigned)text.length, point = 56 - 8 * decimals;
        uint64_t digits, negative, has_point;
        __builtin_memcpy(&digits, text.data, sizeof digits);
        negative = (digits & 255) == '-';
        digits <<= start;
        has_point = (digits >> point & 255) == '.';
        if (has_point) digits = (digits & all << point << 8) | (digits & ~(all << point)) << 8;
        start += 8 * (unsigned)(negative + has_point);
        if (has_point == (decimals > 0) && start < 64) {
            digits = (digits ^ each * '0') & all << start;
            if ((((digits + each * 118) | digits) & each * 128) == 0) {
                digits = (digits * 2561) >> 8 & 0x00ff00ff00ff00ffu;
                digits = (digits * 6553601) >> 16 & 0x0000ffff0000ffffu;
                digits = (digits * 42949672960001u) >> 32;
                *number = (int64_t)((digits ^ (0 - negative)) + negative);
                return 1;
            }
        }
    }
#endif
    (void)ctx;
    return mr_long_decimal_of(text, decimals, number);
}
static inline mr_needles *mr_needles_of(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags) {
    return ctx->host->needles(ctx, strings, count, flags);
}
static inline mr_needles *mr_pattern_needles(mr_ctx *ctx, const char *pattern, uint32_t flags) {
    return ctx->host->pattern_needles(ctx, pattern, flags);
}
static inline mr_slice mr_pattern_of_lines(mr_ctx *ctx, const char *pattern) {
    return ctx->host->pattern_of_lines(ctx, pattern);
}
static inline const char *mr_find(mr_ctx *ctx, const mr_needles *needles, mr_slice text) {
    return ctx->host->find(needles, text.data, text.length);
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
