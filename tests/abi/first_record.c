/* Prints, for each record but the first of its input, the first one; and what is known of it in configure. */
#include <stdio.h>
#include <stdlib.h>

#include "mr.h"

static void configure(mr_ctx *ctx, mr_plugin *self) {
    mr_slice record;
    (void)self;
    if (!getenv("MR_TEST_CONFIGURE")) return;
    int found = mr_first_record(ctx, 0, &record);
    fprintf(stderr, "configure: %d %.*s\n", found, found ? (int)record.length : 0, found ? record.data : "");
    if (mr_first_record(ctx, ctx->source_count, &record)) fprintf(stderr, "configure: one too many\n");
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    mr_slice first;
    (void)record, (void)length;
    if (mr_first_of_source(ctx)) return;
    if (!mr_first_record(ctx, ctx->source, &first)) first = mr_text("unknown");
    mr_write(ctx, first.data, first.length < 40 ? first.length : 40);
    mr_write(ctx, "\n", 1);
}

MR_PLUGIN(.name = "first_record", .kind = MR_MAP, .configure = configure, .map = map)
