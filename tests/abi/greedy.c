/* A fold job that takes memory and never gives it back: some for each record, and a lot for records that begin with an
 * exclamation mark. */
#include "mr.h"

#include <stdlib.h>
#include <string.h>

static const mr_option options[] = {
    {"leak", MR_OPTION_INT, 0, "0", NULL, "bytes for each record"},
    {"feast", MR_OPTION_INT, 0, "0", NULL, "megabytes for a record that begins with an exclamation mark"},
    {0}};

/* Takes memory, and uses it. */
static void take(size_t bytes) {
    volatile char *memory = malloc(bytes);
    for (size_t i = 0; memory && i < bytes; i += 1024)
        memory[i] = 1;
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    if (mr_option_int(ctx, "leak")) take((size_t)mr_option_int(ctx, "leak"));
    if (length && record[0] == '!')
        for (int64_t i = 0; i < mr_option_int(ctx, "feast") * 64; i++)
            take(16 << 10);
    mr_count(ctx, mr_bytes(record, length));
}

MR_PLUGIN(.name = "greedy", .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
