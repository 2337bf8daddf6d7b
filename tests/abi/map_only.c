/* A map job: numbered lines with their file, written and emitted in turn. */
#include "mr.h"

#include <stdio.h>

static void map(mr_ctx *ctx, char *record, size_t length) {
    char text[64];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)mr_record_number(ctx));
    if (mr_record_number(ctx) % 2) {
        mr_emit(ctx, mr_bytes(text, (size_t)size), mr_bytes(record, length));
        return;
    }
    mr_write(ctx, text, (size_t)size);
    mr_write(ctx, " ", 1);
    const char *name = mr_source_name(ctx, ctx->source);
    mr_write(ctx, name, mr_text(name).length);
    mr_write(ctx, "\n", 1);
}

MR_PLUGIN(.name = "map_only", .kind = MR_MAP, .needs = MR_NEEDS_RECORD_NUMBERS, .map = map)
