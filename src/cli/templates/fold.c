/* template_name - how often each word occurs, until you make something else of it
 *
 * This is a fold: map emits a key and a value for whatever it finds in a record, and mr folds all values of a key into
 * one. Only map, the options and the last lines are yours to change; mr reads, distributes, sorts and writes.
 */
#include "mr.h"

/* Set by --set NAME=VALUE, shown by 'mr help ./template_name.c': name, type, 0, default, choices, help. */
static const mr_option options[] = {
    {"least", MR_OPTION_INT, 0, "1", NULL, "leave out words of fewer bytes"},
    {0},
};

static int64_t least;      /* the option; every worker is a process of its own, so it may be global */
static uint64_t *left_out; /* a counter: mr adds those of all workers up, and prints it at the end */

/* Called once in each worker, before its first record. */
static void open(mr_ctx *ctx) {
    least = mr_option_int(ctx, "least");
    left_out = mr_counter(ctx, "short words left out");
    if (least < 1) mr_fail(ctx, "no word has fewer than %lld bytes: set least to 1 or more", (long long)least);
}

/* Called for each record, a line without its newline. The line may be overwritten, and is gone after the return. */
static void map(mr_ctx *ctx, char *line, size_t length) {
    /* Other iterators: MR_WORDS_SPACE instead of letters, mr_fields_of(ctx, line, length, ','), ... */
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_LETTERS | MR_LOWER);
    mr_slice word; /* a pointer and a length, not ended by a zero byte */
    while (mr_next(&words, &word)) {
        if ((int64_t)word.length >= least)
            mr_count(ctx, word); /* for sums: mr_emit_int64(ctx, key, number), and MR_FOLD_SUM_INT64 below */
        else
            *left_out += 1;
    }
}

MR_PLUGIN(.name = "template_name", .summary = "how often each word occurs", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_COUNT, .open = open, .map = map)
