/* wordcount - how often each word occurs. A model of a fold job: values are counted, none is ever stored.
 *
 *     mr run wordcount --set words=letters --set case=lower book.txt
 */
#include "mr.h"

#include <stdlib.h>

static const mr_option options[] = {
    {"words", MR_OPTION_CHOICE, 0, "space", "space|letters",
     "what a word is: all between white space, or only letters"},
    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "lower: fold all words to lower case"},
    {0}};

/* Each worker looks its options up once: the kind of words, for mr_words_of. */
static void open(mr_ctx *ctx) {
    uint32_t *kind = malloc(sizeof *kind);
    if (!kind) {
        mr_fail(ctx, "out of memory");
        return;
    }
    *kind = mr_option_int(ctx, "words") ? MR_WORDS_LETTERS : MR_WORDS_SPACE;
    if (mr_option_int(ctx, "case")) *kind |= MR_LOWER;
    ctx->state = kind;
}

static void close(mr_ctx *ctx) {
    free(ctx->state);
}

/* Words do not care about lines, so whole chunks will do. */
static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_words words = mr_words_of(ctx, text, length, *(uint32_t *)ctx->state);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
}

MR_PLUGIN(.name = "wordcount", .summary = "count how often each word occurs", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_COUNT, .open = open, .close = close, .map_chunk = map_chunk)
