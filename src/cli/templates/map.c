/* template_name - one word of each line, until you make something else of it
 *
 * This is a map job: what map writes comes out in the order of the input. Filters and conversions are written like
 * this.
 */
#include <string.h>

#include "mr.h"

/* Set by --set NAME=VALUE, shown by 'mr help ./template_name.c': name, type, 0, default, choices, help. */
static const mr_option options[] = {
    {"word", MR_OPTION_INT, 0, "1", NULL, "which word, from 1"},
    {0},
};

static int64_t wanted;    /* the option; every worker is a process of its own, so it may be global */
static uint64_t *missing; /* a counter: mr adds those of all workers up, and prints it at the end */

/* Called once in each worker, before its first record. */
static void open(mr_ctx *ctx) {
    wanted = mr_option_int(ctx, "word");
    missing = mr_counter(ctx, "lines without the word");
    if (wanted < 1) mr_fail(ctx, "words are numbered from 1, so there is no word %lld", (long long)wanted);
}

/* Called for each record, a line without its newline. The line may be overwritten, and is gone after the return. */
static void map(mr_ctx *ctx, char *line, size_t length) {
    if (memchr(line, 0, length)) MR_SKIP(ctx, "there is a zero byte, so this is no text"); /* see --skip-bad */
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    mr_slice word; /* a pointer and a length, not ended by a zero byte */
    int64_t number = 0;
    while (mr_next(&words, &word)) {
        if (++number < wanted) continue;
        mr_write(ctx, word.data, word.length);
        mr_write(ctx, "\n", 1);
        return;
    }
    *missing += 1;
}

MR_PLUGIN(.name = "template_name", .summary = "one word of each line", .options = options, .kind = MR_MAP, .open = open,
          .map = map)
