/* invertedindex - in which files each word occurs. A model of a group job: reduce sees all values of a key, in order.
 *
 *     mr run invertedindex --set words=letters chapter1.txt chapter2.txt
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

/* Emits the number of the file for each word in it. */
static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_words words = mr_words_of(ctx, text, length, kind);
    int64_t file = (int64_t)ctx->source_first;
    mr_slice word;
    while (mr_next(&words, &word))
        mr_emit_int64(ctx, word, file);
}

/* Gives each file once: numbers come in ascending order, but for a file that is named twice on the command line. */
static int next_file(mr_values *values, int64_t *last) {
    mr_slice value;
    while (mr_next_value(values, &value))
        if (mr_int64_of(value) > *last) {
            *last = mr_int64_of(value);
            return 1;
        }
    return 0;
}

/* A chunk needs to name its file only once for each word. */
static void combine(mr_ctx *ctx, mr_slice word, mr_values *values) {
    for (int64_t file = -1; next_file(values, &file);)
        mr_emit_int64(ctx, word, file);
}

static void reduce(mr_ctx *ctx, mr_slice word, mr_values *values) {
    const char *comma = "";
    for (int64_t file = -1; next_file(values, &file); comma = ",") {
        mr_append(ctx, mr_text(comma));
        mr_append(ctx, mr_text(mr_source_name(ctx, (uint64_t)file)));
    }
    mr_emit(ctx, word, mr_appended(ctx));
}

MR_PLUGIN(.name = "invertedindex", .summary = "list the files in which each word occurs", .options = options,
          .kind = MR_GROUP, .open = open, .map_chunk = map_chunk, .combine = combine, .reduce = reduce,
          .any_records = 1)
