/* A plugin as it was compiled with the first final header: uses every host function of that time. */
#include "frozen_v1.h"

static const mr_option options[] = {{"minimum", MR_OPTION_INT, 0, "1", NULL, "the shortest word, in bytes"},
                                    {"factor", MR_OPTION_NUMBER, 0, "1", NULL, "what to multiply lengths by"},
                                    {"loud", MR_OPTION_FLAG, 0, "no", NULL, "put ! behind the value"},
                                    {"prefix", MR_OPTION_TEXT, 0, "", NULL, "put this before the key"},
                                    {"case", MR_OPTION_CHOICE, 0, "keep", "keep|lower", "of the words"},
                                    {0}};

static uint64_t *short_words;

static void open(mr_ctx *ctx) {
    short_words = mr_counter(ctx, "short-words");
    ctx->state = short_words;
    if (!mr_source_name(ctx, 0) || mr_source_name(ctx, ctx->source_count)) mr_fail(ctx, "names of sources are wrong");
}

/* Emits for each word the sum of its lengths. */
static void map_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    mr_lines lines = mr_lines_of(ctx, bytes, length);
    mr_slice line, field, word;
    uint32_t kind = MR_WORDS_SPACE | (mr_option_int(ctx, "case") ? MR_LOWER : 0);
    if (ctx->state != short_words) mr_fail(ctx, "the state has been lost");
    while (mr_next(&lines, &line)) {
        mr_fields fields = mr_fields_of(ctx, (char *)line.data, line.length, ',');
        while (mr_next(&fields, &field)) {
            mr_words words = mr_words_of(ctx, (char *)field.data, field.length, kind);
            while (mr_next(&words, &word)) {
                if ((int64_t)word.length < mr_option_int(ctx, "minimum"))
                    ++*short_words;
                else
                    mr_emit_double(ctx, word, (double)word.length * mr_option_number(ctx, "factor"));
            }
        }
    }
}

static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    const char *prefix = mr_option_text(ctx, "prefix");
    char text[100];
    size_t length = 0, i;
    while (prefix[length] && length < 40) {
        text[length] = prefix[length];
        length++;
    }
    for (i = 0; i < key.length && length < 90; i++)
        text[length++] = key.data[i];
    double sum = mr_double_of(mr_bytes(value, 8));
    char digit = (char)('0' + (int)sum % 10);
    char shown[2] = {digit, '!'};
    mr_emit(ctx, mr_bytes(text, length), mr_bytes(shown, mr_option_flag(ctx, "loud") ? 2 : 1));
}

MR_PLUGIN(.name = "frozen", .summary = "a plugin of version 1", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_SUM_DOUBLE, .open = open, .map_chunk = map_chunk, .finish = finish)
