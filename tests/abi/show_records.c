/* Writes each record as it gets it: where it begins in its file, its number, whether it is the first of the file, its
 * length and its bytes. One that holds CRASH crashes, one that holds SKIP is rejected. With own=yes and own=undivided
 * the plugin divides records itself, before each line that begins with >; one that begins with >BOOM crashes it there.
 * For tests of how input is divided into records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/mr.h"

static const mr_option options[] = {
    {"own", MR_OPTION_CHOICE, 0, "no", "no|yes|undivided", "records begin with >; undivided: they are not looked for"},
    {0}};

static size_t find_record(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    (void)ctx;
    (void)last;
    for (size_t i = 1; i < length; i++)
        if (bytes[i] == '>' && bytes[i - 1] == '\n') return i;
    return 0;
}

static size_t record(mr_ctx *ctx, const char *bytes, size_t length, int last) {
    if (length > 4 && !memcmp(bytes, ">BOOM", 5)) abort();
    if (length > 4 && !memcmp(bytes, ">FAIL", 5)) mr_fail(ctx, "this is no record");
    size_t end = find_record(ctx, bytes, length, last);
    return end || !last ? end : length;
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    int64_t own = mr_option_int(ctx, "own");
    if (!own) return;
    self->records = MR_RECORDS_OWN;
    self->record = record;
    self->find_record = own == 1 ? find_record : NULL;
}

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

MR_PLUGIN(.name = "show_records", .summary = "writes its records", .options = options, .configure = configure,
          .kind = MR_MAP, .needs = MR_NEEDS_RECORD_NUMBERS, .map = map)
