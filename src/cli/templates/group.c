/* template_name - where each word occurs, until you make something else of it
 *
 * This is a group: map emits a key and a value of any length for whatever it finds in a record, and reduce is called
 * for each key with all its values, in the order of the input. If a number for each key will do, a fold is faster.
 */
#include <stdio.h>
#include <string.h>

#include "mr.h"

/* Set by --set NAME=VALUE, shown by 'mr help ./template_name.c': name, type, 0, default, choices, help. */
static const mr_option options[] = {
    {"most", MR_OPTION_INT, 0, "5", NULL, "how many places of a word to print"},
    {0},
};

static int64_t most;        /* the option; every worker is a process of its own, so it may be global */
static uint64_t *cut_short; /* a counter: mr adds those of all workers up, and prints it at the end */

/* Called once in each worker, before anything else. */
static void open(mr_ctx *ctx) {
    most = mr_option_int(ctx, "most");
    cut_short = mr_counter(ctx, "words with more places");
    if (most < 1) mr_fail(ctx, "no word has fewer places than 1: set most to 1 or more");
}

/* Called for each record, a line without its newline. The line may be overwritten, and is gone after the return. */
static void map(mr_ctx *ctx, char *line, size_t length) {
    char place[24]; /* where the line begins in its file, in bytes */
    int digits = snprintf(place, sizeof place, "%llu", (unsigned long long)ctx->offset);
    if (memchr(line, 0, length)) MR_SKIP(ctx, "there is a zero byte, so this is no text"); /* see --skip-bad */
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_LETTERS | MR_LOWER);
    mr_slice word; /* a pointer and a length, not ended by a zero byte */
    while (mr_next(&words, &word))
        mr_emit(ctx, word, mr_bytes(place, (size_t)digits)); /* both are copied */
}

/* Called once for each key. A value is gone when the next one is asked for: there may be more than fit into memory. */
static void reduce(mr_ctx *ctx, mr_slice word, mr_values *places) {
    mr_slice place;
    int64_t count = 0;
    for (; mr_next_value(places, &place) && count < most; count++) {
        if (count > 0) mr_append(ctx, mr_text(" "));
        mr_append(ctx, place); /* puts a text together, which mr_appended gives */
    }
    if (count == most && mr_next_value(places, &place)) *cut_short += 1;
    mr_emit(ctx, word, mr_appended(ctx)); /* a line of the output: key, tab, value */
}

MR_PLUGIN(.name = "template_name", .summary = "where each word occurs", .options = options, .kind = MR_GROUP,
          .open = open, .map = map, .reduce = reduce)
