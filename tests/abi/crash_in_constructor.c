/* Dies of a signal while it is loaded, before anybody has called it. */
#include "mr.h"

#include <signal.h>

__attribute__((constructor)) static void begin(void) {
    raise(SIGSEGV);
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_count(ctx, mr_bytes(record, length));
}

MR_PLUGIN(.name = "crash", .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .map = map)
