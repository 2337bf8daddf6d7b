/* termvector - the most frequent words of each file, or of each host whose name a line begins with. A model of a job
 * that keeps keys together: all words of a file are finished one behind the other.
 *
 *     mr run termvector --set top=5 --set words=letters --set case=lower chapter1.txt chapter2.txt
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"by", MR_OPTION_CHOICE, 0, "file", "file|first", "first: of the first word of each line, instead of each file"},
    {"top", MR_OPTION_INT, 0, "10", NULL, "how many words of each, 1 to 1000"},
    {"words", MR_OPTION_CHOICE, 0, "space", "space|letters", "a word is all between white space, or letters only"},
    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "lower: fold all words to lower case"},
    {"stop", MR_OPTION_FILE, 0, "", NULL, "a file of words that do not count, with white space between them"},
    {0}};

enum { MOST = 1000, BY_FIRST = 1 };

/* A text in memory that grows when it has to. */
typedef struct text {
    char *bytes;
    size_t length; /* in bytes */
    size_t room;   /* bytes that there is memory for */
} text;

static int64_t by;
static size_t top;
static uint32_t kind;        /* of words, for mr_words_of */
static mr_slice *stop_words; /* sorted */
static size_t stop_count;
static text key; /* of the word at hand: what it is a word of, a zero byte, the word */

static struct entry {
    text word;
    uint64_t count;
} entries[MOST + 1]; /* [reduce] the most frequent words of the group so far, sorted; one more in hand */
static size_t entry_count;
static text group; /* [reduce] what they are words of */

/* Makes a text longer by some bytes. 0 when there is no memory, and the job has failed. */
static int extend(mr_ctx *ctx, text *text, mr_slice more) {
    if (text->room - text->length < more.length) {
        size_t room = 2 * (text->length + more.length);
        char *bytes = realloc(text->bytes, room);
        if (!bytes) mr_fail(ctx, "out of memory");
        if (!bytes) return 0;
        text->bytes = bytes;
        text->room = room;
    }
    if (more.length) memcpy(text->bytes + text->length, more.data, more.length);
    text->length += more.length;
    return 1;
}

static int replace(mr_ctx *ctx, text *text, mr_slice bytes) {
    text->length = 0;
    return extend(ctx, text, bytes);
}

/* ---- counting words ---------------------------------------------------------------------------------------------- */

static int compare_slices(const void *a, const void *b) {
    const mr_slice *x = a, *y = b;
    size_t shorter = x->length < y->length ? x->length : y->length;
    int order = shorter ? memcmp(x->data, y->data, shorter) : 0;
    return order ? order : (x->length > y->length) - (x->length < y->length);
}

static void read_stop_words(mr_ctx *ctx, mr_slice file) {
    mr_words words = mr_words_of(ctx, (char *)(uintptr_t)file.data, file.length, MR_WORDS_SPACE);
    stop_words = calloc(file.length / 2 + 1, sizeof *stop_words);
    if (!stop_words) mr_fail(ctx, "out of memory");
    if (!stop_words) return;
    while (mr_next(&words, &stop_words[stop_count]))
        stop_count++;
    qsort(stop_words, stop_count, sizeof *stop_words, compare_slices);
}

static void open(mr_ctx *ctx) {
    int64_t wanted = mr_option_int(ctx, "top");
    mr_slice file;
    by = mr_option_int(ctx, "by");
    kind = mr_option_int(ctx, "words") ? MR_WORDS_LETTERS : MR_WORDS_SPACE;
    if (mr_option_int(ctx, "case")) kind |= MR_LOWER;
    if (wanted < 1 || wanted > MOST) mr_fail(ctx, "top has to be from 1 to %d, not %lld", MOST, (long long)wanted);
    top = (size_t)wanted;
    if (mr_side(ctx, "stop", &file)) read_stop_words(ctx, file);
}

/* Counts the words of a text for what they are words of. */
static void count_words(mr_ctx *ctx, mr_slice owner, char *bytes, size_t length) {
    mr_words words = mr_words_of(ctx, bytes, length, kind);
    mr_slice word;
    if (!replace(ctx, &key, owner) || !extend(ctx, &key, mr_bytes("", 1))) return;
    for (size_t begin = key.length; mr_next(&words, &word); key.length = begin) {
        if (!extend(ctx, &key, word)) return;
        mr_count(ctx, mr_bytes(key.bytes, key.length));
    }
}

static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    if (by != BY_FIRST) {
        count_words(ctx, mr_text(mr_source_name(ctx, ctx->source)), bytes, length);
        return;
    }
    mr_lines lines = mr_lines_of(ctx, bytes, length);
    for (mr_slice line; mr_next(&lines, &line);) {
        size_t first = 0;
        while (first < line.length && line.data[first] && !strchr(" \t\r", line.data[first]))
            first++;
        count_words(ctx, mr_bytes(line.data, first), (char *)(uintptr_t)line.data + first, line.length - first);
    }
}

/* ---- choosing words ---------------------------------------------------------------------------------------------- */

static void print_group(mr_ctx *ctx) {
    for (size_t i = 0; i < entry_count; i++) {
        char count[32];
        int digits = snprintf(count, sizeof count, "\t%llu", (unsigned long long)entries[i].count);
        mr_append_column(ctx, 1, mr_bytes(entries[i].word.bytes, entries[i].word.length));
        mr_append(ctx, mr_bytes(count, (size_t)digits));
        mr_emit(ctx, mr_bytes(group.bytes, group.length), mr_appended(ctx));
    }
    entry_count = 0;
}

/* Puts a word among the others. Words come in order, so that of equally frequent ones the first comes first. */
static void insert(mr_ctx *ctx, mr_slice word, uint64_t count) {
    if (entry_count == top && entries[top - 1].count >= count) return;
    struct entry entry = entries[entry_count];
    if (!replace(ctx, &entry.word, word)) return;
    entry.count = count;
    size_t at = entry_count;
    for (; at && entries[at - 1].count < count; at--)
        entries[at] = entries[at - 1];
    entries[at] = entry;
    if (entry_count < top) entry_count++;
}

static void begin(mr_ctx *ctx) {
    (void)ctx;
    entry_count = 0;
    group.length = 0;
}

static void finish(mr_ctx *ctx, mr_slice pair, const void *value) {
    const char *zero = memchr(pair.data, 0, pair.length);
    size_t length = (size_t)(zero - pair.data);
    mr_slice word = mr_bytes(zero + 1, pair.length - length - 1);
    mr_append_column(ctx, 1, mr_bytes(pair.data, length));
    mr_slice owner = mr_appended(ctx);
    if (owner.length != group.length || (owner.length && memcmp(owner.data, group.bytes, owner.length) != 0)) {
        if (!entry_count) {
            replace(ctx, &group, owner);
        } else {
            print_group(ctx);
            mr_append_column(ctx, 1, mr_bytes(pair.data, length));
            replace(ctx, &group, mr_appended(ctx));
        }
    }
    if (stop_count && bsearch(&word, stop_words, stop_count, sizeof word, compare_slices)) return;
    insert(ctx, word, *(const uint64_t *)value);
}

MR_PLUGIN(.name = "termvector", .summary = "the most frequent words of each file, or of each host", .options = options,
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .open = open, .map_chunk = map_chunk, .finish = finish,
          .together = MR_TOGETHER_GROUP, .begin = begin, .end = print_group, .columns = "source\tword\tcount:number")
