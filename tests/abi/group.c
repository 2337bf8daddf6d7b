/* A group job with all that goes with it: the values of each key in their order, joined by commas. */
#include "mr.h"

#include <string.h>

static const mr_option options[] = {
    {"order", MR_OPTION_CHOICE, 0, "bytes", "bytes|reverse", "of the keys"},
    {"parts", MR_OPTION_INT, 0, "0", NULL, "partition keys by their length into so many parts"},
    {"combine", MR_OPTION_FLAG, 0, "no", NULL, "join the values of a chunk early"},
    {"most", MR_OPTION_INT, 0, "1000000", NULL, "stop after so many values"},
    {0}};

static uint32_t partition(mr_ctx *ctx, mr_slice key) {
    return (uint32_t)key.length % (uint32_t)mr_option_int(ctx, "parts");
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = memcmp(b.data, a.data, common);
    (void)ctx;
    return order ? order : (b.length > a.length) - (b.length < a.length);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (mr_option_int(ctx, "parts")) {
        self->partition = partition;
        self->partitions = (uint32_t)mr_option_int(ctx, "parts");
    }
    if (mr_option_int(ctx, "order")) self->compare = compare;
    if (!mr_option_flag(ctx, "combine")) self->combine = NULL;
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_fields fields = mr_fields_of(ctx, record, length, ' ');
    mr_slice key, value;
    if (!mr_next(&fields, &key)) return;
    while (mr_next(&fields, &value))
        mr_emit(ctx, key, value);
}

static void join(mr_ctx *ctx, mr_slice key, mr_values *values) {
    static char joined[1 << 16];
    size_t used = 0;
    int64_t left = mr_option_int(ctx, "most");
    mr_slice value;
    while (left-- > 0 && mr_next_value(values, &value)) {
        if (used + value.length + 1 > sizeof joined) {
            mr_fail(ctx, "too many values");
            return;
        }
        if (used) joined[used++] = ',';
        memcpy(joined + used, value.data, value.length);
        used += value.length;
    }
    mr_emit(ctx, key, mr_bytes(joined, used));
}

MR_PLUGIN(.name = "group", .options = options, .kind = MR_GROUP, .configure = configure, .map = map, .combine = join,
          .reduce = join)
