/* invertedindex - in which files each word occurs. A model of a group job: reduce sees all values of a key, in order.
 *
 *     mr run invertedindex --set words=letters chapter1.txt chapter2.txt
 */
#include "mr.h"

#include <stdlib.h>

static const mr_option options[] = {
    {"words", MR_OPTION_CHOICE, 0, "space", "space|letters",
     "what a word is: all between white space, or only letters"},
    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "lower: fold all words to lower case"},
    {0}};

/* What each worker keeps: the kind of words, and room for the list of files of one word. */
typedef struct index_state {
    uint32_t kind;
    size_t size; /* bytes of list */
    char *list;
} index_state;

static void open(mr_ctx *ctx) {
    index_state *state = calloc(1, sizeof *state);
    if (!state) {
        mr_fail(ctx, "out of memory");
        return;
    }
    state->kind = mr_option_int(ctx, "words") ? MR_WORDS_LETTERS : MR_WORDS_SPACE;
    if (mr_option_int(ctx, "case")) state->kind |= MR_LOWER;
    ctx->state = state;
}

static void close(mr_ctx *ctx) {
    free(((index_state *)ctx->state)->list);
    free(ctx->state);
}

/* Emits (word, number of the file) for each word. */
static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_words words = mr_words_of(ctx, text, length, ((index_state *)ctx->state)->kind);
    uint64_t source = ctx->source;
    mr_slice word;
    while (mr_next(&words, &word))
        mr_emit(ctx, word, mr_bytes(&source, sizeof source));
}

/* A word is needed once for each file. Numbers come in ascending order, but for files that are named twice. */
static int next_file(mr_values *values, uint64_t *files, uint64_t *source) {
    mr_slice value;
    while (mr_next_value(values, &value)) {
        *source = (uint64_t)mr_int64_of(value);
        if (*source < *files) continue;
        *files = *source + 1;
        return 1;
    }
    return 0;
}

static void combine(mr_ctx *ctx, mr_slice word, mr_values *values) {
    uint64_t files = 0, source;
    while (next_file(values, &files, &source))
        mr_emit(ctx, word, mr_bytes(&source, sizeof source));
}

static void append(mr_ctx *ctx, size_t *used, mr_slice text) {
    index_state *state = ctx->state;
    if (*used + text.length > state->size) {
        size_t size = 2 * (*used + text.length);
        char *larger = realloc(state->list, size);
        if (!larger) {
            mr_fail(ctx, "out of memory for the list of files");
            return;
        }
        state->list = larger;
        state->size = size;
    }
    for (size_t i = 0; i < text.length; i++)
        state->list[(*used)++] = text.data[i];
}

static void reduce(mr_ctx *ctx, mr_slice word, mr_values *values) {
    uint64_t files = 0, source;
    size_t used = 0;
    while (next_file(values, &files, &source)) {
        if (used) append(ctx, &used, mr_text(","));
        append(ctx, &used, mr_text(mr_source_name(ctx, source)));
    }
    mr_emit(ctx, word, mr_bytes(((index_state *)ctx->state)->list, used));
}

MR_PLUGIN(.name = "invertedindex", .summary = "list the files in which each word occurs", .options = options,
          .kind = MR_GROUP, .open = open, .close = close, .map_chunk = map_chunk, .combine = combine, .reduce = reduce)
