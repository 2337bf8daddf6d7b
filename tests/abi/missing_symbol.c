/* Calls a function that nobody has. */
#include "mr.h"

void function_that_nobody_has(void);

static void map(mr_ctx *ctx, char *record, size_t length) {
    function_that_nobody_has();
    mr_count(ctx, mr_bytes(record, length));
}

MR_PLUGIN(.name = "missing", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
