/* Keys that stay together: a word such as "ant" belongs to the group of its first letter. Prints for each group its
 * words, in order, with how often each occurs; as a fold, or as a group job. Does something wrong in begin or end, if
 * it is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"kind", MR_OPTION_CHOICE, 0, "fold", "fold|group", "of job"},
    {"together", MR_OPTION_CHOICE, 0, "group", "equal|group|all|unknown", "which keys"},
    {"also", MR_OPTION_CHOICE, 0, "nothing", "nothing|compare|top", "what else the plugin sets"},
    {"where", MR_OPTION_CHOICE, 0, "nowhere", "nowhere|begin|end", "the callback"},
    {"what", MR_OPTION_CHOICE, 0, "fail", "fail|emit|crash|skip", "the misdeed"},
    {0}};

static char letter; /* of the group at hand; 0: there is none */
static char words[1 << 16];
static size_t used;

static void map(mr_ctx *ctx, char *word, size_t length) {
    char key[1026] = {length ? *word : '-'};
    if (length > 1024) length = 1024;
    if (length) memcpy(key + 2, word, length);
    if (mr_option_int(ctx, "kind"))
        mr_emit(ctx, mr_bytes(key, length + 2), mr_text("once"));
    else
        mr_count(ctx, mr_bytes(key, length + 2));
}

static void misbehave(mr_ctx *ctx, int where) {
    int what = (int)mr_option_int(ctx, "what");
    if (mr_option_int(ctx, "where") != where) return;
    if (what == 0) mr_fail(ctx, "as told");
    if (what == 1) mr_emit(ctx, mr_text("emitted"), mr_text("too early"));
    if (what == 2) abort();
    if (what == 3) ctx->host->skip(ctx, mr_bytes(NULL, 0), "as told");
}

static void begin(mr_ctx *ctx) {
    letter = 0;
    used = 0;
    misbehave(ctx, 1);
}

static void print_group(mr_ctx *ctx) {
    if (letter) mr_emit(ctx, mr_bytes(&letter, 1), mr_bytes(words, used));
    used = 0;
}

static void end(mr_ctx *ctx) {
    print_group(ctx);
    misbehave(ctx, 2);
}

static void take_word(mr_ctx *ctx, mr_slice key, unsigned long long times) {
    if (*key.data != letter) print_group(ctx);
    letter = *key.data;
    used += (size_t)snprintf(words + used, sizeof words - used, "%.*s:%llu ", (int)key.length - 2, key.data + 2, times);
    if (used >= sizeof words) used = sizeof words - 1;
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    take_word(ctx, key, *(const unsigned long long *)value);
}

static void reduce(mr_ctx *ctx, mr_slice key, mr_values *values) {
    unsigned long long times = 0;
    for (mr_slice value; mr_next_value(values, &value);)
        times++;
    take_word(ctx, key, times);
}

static int compare(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return (int)a.length - (int)b.length;
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    int64_t also = mr_option_int(ctx, "also");
    if (mr_option_int(ctx, "kind")) {
        self->kind = MR_GROUP;
        self->fold_type = 0;
        self->finish = NULL;
        self->reduce = reduce;
    }
    self->together = (uint32_t)mr_option_int(ctx, "together");
    self->compare = also == 1 ? compare : NULL;
    self->top = also == 2 ? 2 : 0;
}

MR_PLUGIN(.name = "together", .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure,
          .map = map, .begin = begin, .finish = finish, .end = end)
