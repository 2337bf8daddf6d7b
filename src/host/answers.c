#include "host/answers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/numerics.h"
#include "host/context.h"
#include "host/find.h"
#include "host/pattern.h"

static mr_context *context_of(mr_ctx *ctx) {
    return (mr_context *)(void *)ctx;
}

/* ---- what the job knows ------------------------------------------------------------------------------------------ */

static int find_option(mr_ctx *ctx, const char *name) {
    int index = mr_options_find(&context_of(ctx)->options, name);
    if (index < 0) mr_fail(ctx, "it asked for the option '%s', which it does not declare", name);
    return index;
}

const char *mr_answer_option_text(mr_ctx *ctx, const char *name) {
    int index = find_option(ctx, name);
    return index < 0 ? "" : context_of(ctx)->options.values[index];
}

int64_t mr_answer_option_int(mr_ctx *ctx, const char *name) {
    int index = find_option(ctx, name);
    const mr_options *options = &context_of(ctx)->options;
    return index < 0 ? 0 : mr_option_value_int(&options->declared[index], options->values[index]);
}

double mr_answer_option_number(mr_ctx *ctx, const char *name) {
    return mr_read_double(mr_answer_option_text(ctx, name), NULL);
}

uint64_t *mr_answer_counter(mr_ctx *ctx, const char *name) {
    mr_context *context = context_of(ctx);
    for (size_t i = 0; i < context->counter_count; i++)
        if (!strcmp(context->counters[i].name, name)) return &context->counters[i].value;
    if (strlen(name) >= MR_COUNTER_NAME || context->counter_count == MR_COUNTERS_MAX) {
        mr_fail(ctx, "the counter '%s' is one too many, or its name is longer than %d bytes", name,
                MR_COUNTER_NAME - 1);
        return &context->overflow;
    }
    mr_counter_value *added = &context->counters[context->counter_count++];
    strcpy(added->name, name);
    return &added->value;
}

const char *mr_answer_source_name(mr_ctx *ctx, uint64_t source) {
    return source < ctx->source_count ? context_of(ctx)->names[source] : NULL;
}

enum { NUMBER_MOST = 400 /* bytes of the text of a number */ };

int mr_answer_number(mr_slice text, double *number) {
    char copy[NUMBER_MOST + 1], *end;
    if (text.length == 0 || text.length > NUMBER_MOST || isspace((unsigned char)*text.data)) return 0;
    memcpy(copy, text.data, text.length);
    copy[text.length] = 0;
    *number = mr_read_double(copy, &end);
    return end == copy + text.length;
}

int mr_answer_side(mr_ctx *ctx, const char *name, mr_slice *bytes) {
    const mr_side_file *found = mr_sides_find(context_of(ctx)->sides, name);
    if (found) *bytes = found->bytes;
    return found != NULL;
}

int mr_answer_first_record(mr_ctx *ctx, uint64_t source, mr_slice *record) {
    mr_context *context = context_of(ctx);
    bool found = false;
    if (!context->first_record || source >= ctx->source_count) return 0;
    /* It takes a while, and is not the callback's fault. */
    context->where->waiting++;
    mr_error failure = {0};
    bool ok = context->first_record(context->first_receiver, &context->records, source, record, &found, &failure);
    context->where->waiting--;
    if (!ok && !context->error.set) context->error = failure;
    return ok && found;
}

/* ---- finding strings --------------------------------------------------------------------------------------------- */

mr_needles *mr_answer_needles(mr_ctx *ctx, const mr_slice *strings, size_t count, uint32_t flags) {
    mr_context *context = context_of(ctx);
    mr_needles *added = mr_needles_new(strings, count, flags, context->needles);
    if (added)
        context->needles = added;
    else
        mr_error_memory(&context->error, count * sizeof *strings, "strings to look for");
    return added;
}

mr_needles *mr_answer_pattern_needles(mr_ctx *ctx, const char *pattern, uint32_t flags) {
    mr_literals literals;
    mr_slice strings[MR_LITERALS_MAX];
    if (!mr_pattern_literals(pattern, &literals)) return NULL;
    for (size_t i = 0; i < literals.count; i++)
        strings[i] = mr_bytes(literals.list[i].bytes, literals.list[i].length);
    return mr_answer_needles(ctx, strings, literals.count, flags);
}

mr_slice mr_answer_pattern_of_lines(mr_ctx *ctx, const char *pattern) {
    size_t room = mr_pattern_room(strlen(pattern));
    char *translated = malloc(room);
    size_t length = translated ? mr_pattern_for_lines(pattern, translated) : 0;
    if (!translated) mr_error_memory(&context_of(ctx)->error, room, "a pattern");
    if (length) mr_append(ctx, mr_bytes(translated, length));
    free(translated);
    return length ? mr_appended(ctx) : mr_bytes(NULL, 0);
}
