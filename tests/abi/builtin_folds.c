/* All built-in folds, chosen by an option: records are "key number". */
#include "mr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const mr_option options[] = {
    {"type", MR_OPTION_CHOICE, 0, "count", "count|sum|min|max|double-sum|double-min|double-max|stats", "which fold"},
    {"finish", MR_OPTION_FLAG, 0, "no", NULL,
     "yes: print only keys whose eight bytes are not all zero, or statistics in other words"},
    {0}};

static void configure(mr_ctx *ctx, mr_plugin *self) {
    self->fold_type = (uint32_t)mr_option_int(ctx, "type") + 1;
    if (!mr_option_flag(ctx, "finish")) self->finish = NULL;
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    char text[64];
    char *blank = memchr(record, ' ', length);
    int64_t type = mr_option_int(ctx, "type");
    if (!blank || length >= sizeof text) {
        mr_fail(ctx, "'%.*s' is no key and number", (int)length, record);
        return;
    }
    mr_slice key = mr_bytes(record, (size_t)(blank - record));
    memcpy(text, record, length);
    text[length] = 0;
    const char *number = text + key.length + 1;
    if (type == 0)
        *number ? mr_count_many(ctx, key, strtoull(number, NULL, 10)) : mr_count(ctx, key);
    else if (type < 4 || type == 7)
        mr_emit_int64(ctx, key, strtoll(number, NULL, 10));
    else
        mr_emit_double(ctx, key, strtod(number, NULL));
}

static void finish_stats(mr_ctx *ctx, mr_slice key, const mr_stats *stats) {
    char text[128];
    int length = snprintf(text, sizeof text, "%lld to %lld\t%llu: %lld", (long long)stats->minimum,
                          (long long)stats->maximum, (unsigned long long)stats->count, (long long)stats->sum);
    mr_emit(ctx, key, mr_bytes(text, (size_t)length));
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    if (mr_option_int(ctx, "type") == 7) {
        finish_stats(ctx, key, value);
        return;
    }
    if (mr_int64_of(mr_bytes(value, 8))) mr_emit(ctx, key, mr_text("something"));
}

MR_PLUGIN(.name = "builtin_folds", .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT,
          .configure = configure, .map = map, .finish = finish)
