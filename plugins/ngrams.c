/* ngrams - how often each sequence of n words, or of n bytes, occurs. They do not go over the end of a record: of a
 * line, unless --records says something else.
 *
 *     mr run ngrams --set n=3 --set words=letters --set case=lower book.txt --top 20
 *     mr run ngrams --set n=2 --set of=bytes --records whole program.bin
 */
#include <stdlib.h>

#include "mr.h"

static const mr_option options[] = {
    {"n", MR_OPTION_INT, 0, "2", NULL, "how many words or bytes make a sequence, 1 to 100"},
    {"of", MR_OPTION_CHOICE, 0, "words", "words|bytes", "sequences of what"},
    {"words", MR_OPTION_CHOICE, 0, "space", "space|letters", "a word is all between white space, or letters only"},
    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "lower: fold all words to lower case"},
    {0}};

enum { LONGEST = 100 };

static size_t n;
static uint32_t kind; /* of words, for mr_words_of */

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* Sequences are printed with one blank between words. Where they stand so in the text, as they mostly do, a sequence is
 * a part of the text. */

/* Emits the n words that end with word number last of those kept in words. */
static void count_joined(mr_ctx *ctx, const mr_slice *words, size_t last) {
    for (size_t i = last + 1 - n; i <= last; i++) {
        if (i > last + 1 - n) mr_append(ctx, mr_text(" "));
        mr_append(ctx, words[i % LONGEST]);
    }
    mr_count(ctx, mr_appended(ctx));
}

static void map_words(mr_ctx *ctx, char *text, size_t length) {
    mr_words iterator = mr_words_of(ctx, text, length, kind);
    mr_slice words[LONGEST], word; /* the last ones: word number i, from 0, at i % LONGEST */
    const char *next = NULL;       /* where the next word begins if it is one blank behind the last one */
    size_t joined = 0;             /* so many words up to the last one have one blank between them */
    for (size_t i = 0; mr_next(&iterator, &word); i++) {
        words[i % LONGEST] = word;
        joined = next && word.data == next && next[-1] == ' ' ? joined + 1 : 1;
        next = word.data + word.length + 1;
        if (joined >= n) {
            const char *first = words[(i + 1 - n) % LONGEST].data;
            mr_count(ctx, mr_bytes(first, (size_t)(next - 1 - first)));
        } else if (i + 1 >= n) {
            count_joined(ctx, words, i);
        }
    }
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void map_bytes(mr_ctx *ctx, char *text, size_t length) {
    for (size_t i = 0; i + n <= length; i++)
        mr_count(ctx, mr_bytes(text + i, n));
}

/* There are so few sequences of one or two bytes that those of many records are counted here, and passed on together.
 * Those that hold a newline are over the end of a line. */
static void map_chunk_of_bytes(mr_ctx *ctx, char *text, size_t length) {
    static uint64_t counts[1 << 16];
    const size_t possible = (size_t)1 << 8 * n;
    size_t sequence = 0;
    for (size_t i = 0; i < length; i++) {
        sequence = (sequence << 8 | (unsigned char)text[i]) & (possible - 1);
        counts[sequence] += i + 1 >= n;
    }
    for (sequence = 0; sequence < possible; sequence++) {
        if (!counts[sequence]) continue;
        text[0] =
            (char)(n == 1 ? sequence : sequence >> 8); /* a key in the text, which is counted already, is the fastest */
        text[n - 1] = (char)sequence;
        if (ctx->records != MR_RECORDS_LINES || (text[0] != '\n' && text[n - 1] != '\n'))
            mr_count_many(ctx, mr_bytes(text, n), counts[sequence]);
        counts[sequence] = 0;
    }
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

/* Whether sequences are counted for many records at once. */
static int are_few(mr_ctx *ctx) {
    return mr_option_int(ctx, "n") <= 2 && (ctx->records == MR_RECORDS_LINES || ctx->records == MR_RECORDS_WHOLE);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (!mr_option_int(ctx, "of")) return;
    self->map = are_few(ctx) ? NULL : map_bytes;
    self->map_chunk = are_few(ctx) ? map_chunk_of_bytes : NULL;
    self->any_records = are_few(ctx);
}

static void open(mr_ctx *ctx) {
    int64_t wanted = mr_option_int(ctx, "n");
    if (wanted < 1 || wanted > LONGEST) mr_fail(ctx, "n has to be from 1 to %d, not %lld", LONGEST, (long long)wanted);
    n = (size_t)wanted;
    kind = mr_option_int(ctx, "words") ? MR_WORDS_LETTERS : MR_WORDS_SPACE;
    if (mr_option_int(ctx, "case")) kind |= MR_LOWER;
}

MR_PLUGIN(.name = "ngrams", .summary = "count how often each sequence of n words or bytes occurs", .options = options,
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure, .open = open, .map = map_words)
