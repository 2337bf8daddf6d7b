/* wordcount - how often each word occurs. A model of a fold job: values are counted, none is ever stored.
 *
 *     mr run wordcount --set words=letters --set case=lower book.txt
 */
#include "mr.h"

static const mr_option options[] = {
    {"words", MR_OPTION_CHOICE, 0, "space", "space|letters", "a word is all between white space, or letters only"},
    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "lower: fold all words to lower case"},
    {0}};

static uint32_t kind; /* of words, for mr_words_of */

static void open(mr_ctx *ctx) {
    kind = mr_option_int(ctx, "words") ? MR_WORDS_LETTERS : MR_WORDS_SPACE;
    if (mr_option_int(ctx, "case")) kind |= MR_LOWER;
}

/* Words do not care about lines, or where else newlines end records, so whole chunks will do. */
static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_words words = mr_words_of(ctx, text, length, kind);
    mr_slice word;
    while (mr_next(&words, &word))
        mr_count(ctx, word);
}

MR_PLUGIN(.name = "wordcount", .summary = "count how often each word occurs", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_COUNT, .open = open, .map_chunk = map_chunk, .any_records = 1)
