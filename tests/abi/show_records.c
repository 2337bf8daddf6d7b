/* Writes each record as it gets it: where it begins in its file, its number, whether it is the first of the file, its
 * length and its bytes. One that holds CRASH crashes, one that holds SKIP is rejected. For tests of how input is divided
 * into records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mr.h"

static void map(mr_ctx *ctx, char *record, size_t length) {
    if (memmem(record, length, "CRASH", 5)) abort();
    if (memmem(record, length, "SKIP", 4)) MR_SKIP(ctx, "it says so");
    char text[96];
    int used = snprintf(text, sizeof text, "%llu %llu %s%zu ", (unsigned long long)ctx->offset,
                        (unsigned long long)mr_record_number(ctx), mr_first_of_source(ctx) ? "first " : "", length);
    mr_append(ctx, mr_bytes(text, (size_t)used));
    mr_append_column(ctx, 1, mr_bytes(record, length));
    mr_append(ctx, mr_text("\n"));
    mr_slice line = mr_appended(ctx);
    mr_write(ctx, line.data, line.length);
}

MR_PLUGIN(.name = "show_records", .summary = "writes its records", .kind = MR_MAP, .needs = MR_NEEDS_RECORD_NUMBERS,
          .map = map)
