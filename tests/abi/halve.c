/* Halves numbers, one in each line, and counts those that are not zero then; adds the number of the file "more", if
 * there is one. Fails at the number -666. */
#include <stdio.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {{"more", MR_OPTION_FILE, 0, "", NULL, "a number to add"}, {0}};
static uint64_t *left; /* counter: numbers that are not zero yet */

static void open(mr_ctx *ctx) {
    left = mr_counter(ctx, "left");
}

static void map(mr_ctx *ctx, char *line, size_t length) {
    int64_t number, more = 0;
    mr_slice file;
    char text[32];
    if (mr_side(ctx, "more", &file)) {
        const char *end = memchr(file.data, '\n', file.length);
        mr_int_of(mr_bytes(file.data, end ? (size_t)(end - file.data) : file.length), &more);
    }
    if (!mr_int_of(mr_bytes(line, length), &number) || number == -666) {
        mr_fail(ctx, "'%.*s' is no number that can be halved", (int)length, line);
        return;
    }
    number = number / 2 + more;
    *left += number != 0;
    mr_write(ctx, text, (size_t)snprintf(text, sizeof text, "%lld\n", (long long)number));
}

MR_PLUGIN(.name = "halve", .summary = "halve numbers", .options = options, .kind = MR_MAP, .open = open, .map = map)
