#include "host/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/bytes.h"
#include "host/answers.h"
#include "host/find.h"
#include "host/scan.h"

/* Pairs in flight: large enough to make a flush rare, small enough to stay in the first-level cache. */
enum { EMIT_BUFFER = 16 << 10, SHORT_BUFFER = 8 << 10, SHORT_VALUE_MAX = 64 };
enum { KEPT_BUFFER = 64 << 10 /* larger ones are given back as soon as they are not needed */ };

static mr_context *context_of(mr_ctx *ctx) {
    return (mr_context *)(void *)ctx;
}

static void fail(mr_ctx *ctx, const char *format, ...) {
    mr_context *context = context_of(ctx);
    char text[MR_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    mr_error_set(&context->error, "plugin %s failed in %s: %s", context->loaded.plugin.name, context->where->callback,
                 text);
}

/* ---- emitting ---------------------------------------------------------------------------------------------------- */

static bool make_room(mr_context *context, mr_emit_buffer *buffer, size_t need) {
    if (need <= buffer->size) return true;
    /* Pair lengths have 32 bits; mr_emit relies on longer ones being refused here. */
    if (need > UINT32_MAX)
        return mr_error_set(&context->error, "plugin %s emitted a pair of %zu bytes in %s; 4 GiB is the most",
                            context->loaded.plugin.name, need, context->where->callback);
    char *larger = realloc(buffer->start, need + MR_READ_SLACK);
    if (!larger) return mr_error_memory(&context->error, need, "an emitted pair");
    buffer->start = larger;
    buffer->size = need;
    return true;
}

static size_t short_pair_size(const mr_ctx *ctx) {
    return sizeof(mr_short_pair) + mr_padded(ctx->short_value);
}

static bool takes_shorts(const mr_context *context) {
    return context->ctx.short_value != SIZE_MAX;
}

/* The callback that the sinks call, if any: what crashes there is not the callback that emits. */
static const char *sunk_callback(const mr_plugin *plugin, const char *callback) {
    if (plugin->partition) return "partition";
    if (plugin->fold) return "fold";
    return plugin->compare ? "compare" : callback;
}

/* Hands what there is to the sinks. A callback that they call (partition, compare, fold) may not emit: the ends of the
 * buffers would move. */
static void sink_pairs(mr_context *context, mr_emit_level *level) {
    char *end = context->ctx.emit_next, *short_end = context->ctx.short_next;
    const char *callback = context->where->callback;
    context->where->callback = sunk_callback(&context->loaded.plugin, callback);
    context->departures++;
    level->sinking = true;
    if (end > level->buffer.start) level->sink(level->receiver, level->buffer.start, end, &context->error);
    if (takes_shorts(context) && short_end > context->shorts && !context->error.set) {
        size_t count = (size_t)(short_end - context->shorts) / short_pair_size(&context->ctx);
        context->short_sink(level->receiver, context->shorts, count, &context->error);
    }
    level->sinking = false;
    context->where->callback = callback;
    if (context->ctx.emit_next != end || context->ctx.short_next != short_end)
        fail(&context->ctx, "it may not emit there");
}

/* Offers room from the start of the buffers again. After a failure there is none: mr_emit drops what it was to emit. */
static void offer_room(mr_context *context, char *next) {
    mr_emit_buffer *buffer = &context->levels[context->level].buffer;
    mr_ctx *ctx = &context->ctx;
    bool failed = context->error.set;
    ctx->emit_next = next;
    ctx->emit_end = failed ? next : buffer->start + buffer->size;
    if (!takes_shorts(context)) return;
    ctx->short_next = context->shorts;
    ctx->short_end = context->shorts + (failed ? 0 : SHORT_BUFFER / short_pair_size(ctx) * short_pair_size(ctx));
}

static void flush(mr_ctx *ctx, size_t need) {
    mr_context *context = context_of(ctx);
    if (context->rejected) context->departures++; /* what is in the buffers is dropped below */
    mr_emit_level *level = &context->levels[context->level];
    mr_end_if_forked();
    if (!level->sink || level->sinking) fail(ctx, "it may not emit there");
    if (!context->error.set) sink_pairs(context, level);
    if (!context->error.set) make_room(context, &level->buffer, need);
    offer_room(context, level->buffer.start);
}

bool mr_context_flush(mr_context *context, mr_error *error) {
    bool pairs = context->ctx.emit_next > context->levels[context->level].buffer.start;
    if (pairs || (takes_shorts(context) && context->ctx.short_next > context->shorts)) flush(&context->ctx, 0);
    return mr_context_ok(context, error);
}

static void enter_level(mr_context *context, unsigned level, char *next) {
    context->level = level;
    context->ctx.short_value = SIZE_MAX;
    offer_room(context, next);
}

void mr_context_emit_to(mr_context *context, mr_pair_sink *sink, void *receiver) {
    context->levels[0].sink = sink;
    context->levels[0].receiver = receiver;
    enter_level(context, 0, context->levels[0].buffer.start);
}

void mr_context_emit_shorts_to(mr_context *context, mr_short_sink *sink, size_t value_length) {
    if (value_length > SHORT_VALUE_MAX || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__) return;
    context->short_sink = sink;
    context->ctx.short_value = value_length;
    offer_room(context, context->levels[0].buffer.start);
}

void mr_context_begin_nested(mr_context *context, mr_pair_sink *sink, void *receiver) {
    context->levels[0].buffer.saved = context->ctx.emit_next;
    context->levels[1].sink = sink;
    context->levels[1].receiver = receiver;
    enter_level(context, 1, context->levels[1].buffer.start);
}

bool mr_context_end_nested(mr_context *context, mr_error *error) {
    bool ok = mr_context_flush(context, error);
    enter_level(context, 0, context->levels[0].buffer.saved);
    return ok;
}

void mr_context_trim(mr_context *context) {
    for (unsigned i = 0; i < MR_EMIT_LEVELS; i++) {
        mr_emit_level *level = &context->levels[i];
        char *smaller =
            level->buffer.size > KEPT_BUFFER ? realloc(level->buffer.start, EMIT_BUFFER + MR_READ_SLACK) : NULL;
        if (smaller) level->buffer = (mr_emit_buffer){.start = smaller, .size = EMIT_BUFFER};
        if (level->text_size <= KEPT_BUFFER || !level->text_given) continue;
        free(level->text);
        level->text = NULL;
        level->text_size = level->text_length = 0;
    }
    offer_room(context, context->levels[context->level].buffer.start);
}

void mr_context_write_to(mr_context *context, mr_write_sink *sink, void *receiver, const char *refusal) {
    context->write = sink;
    context->write_receiver = receiver;
    context->write_refusal = refusal;
}

static void write_output(mr_ctx *ctx, const void *bytes, size_t length) {
    mr_context *context = context_of(ctx);
    mr_end_if_forked();
    if (context->error.set) return;
    if (!context->write) {
        fail(ctx, "%s",
             context->write_refusal ? context->write_refusal : "mr_write belongs into map jobs, reduce and finish");
        return;
    }
    context->departures++;
    /* Pairs that were emitted before come first. */
    if (mr_context_flush(context, &context->error))
        context->write(context->write_receiver, bytes, length, &context->error);
}

/* The level whose callback is at work; NULL, and an error, for callbacks that a sink calls. */
static mr_emit_level *building_level(mr_ctx *ctx) {
    mr_context *context = context_of(ctx);
    mr_emit_level *level = &context->levels[context->level];
    if (!level->sinking) return level;
    fail(ctx, "it may not build texts there");
    return NULL;
}

static void append(mr_ctx *ctx, const void *bytes, size_t length) {
    mr_emit_level *level = building_level(ctx);
    if (!level) return;
    if (level->text_given) level->text_length = 0;
    level->text_given = false;
    size_t need;
    bool too_long = __builtin_add_overflow(level->text_length, length, &need) || need > SIZE_MAX / 2;
    if (too_long || need > level->text_size) {
        char *larger = too_long ? NULL : realloc(level->text, 2 * need);
        if (!larger) {
            mr_error_memory(&context_of(ctx)->error, length, "a text that the plugin builds");
            return;
        }
        level->text = larger;
        level->text_size = 2 * need;
    }
    if (length) memcpy(level->text + level->text_length, bytes, length);
    level->text_length = need;
}

static mr_slice appended(mr_ctx *ctx) {
    mr_emit_level *level = building_level(ctx);
    if (!level) return mr_bytes(NULL, 0);
    if (level->text_given) level->text_length = 0;
    level->text_given = true;
    return mr_bytes(level->text, level->text_length);
}

/* ---- rejecting --------------------------------------------------------------------------------------------------- */

static bool takes_rejections(const char *callback) {
    return !strcmp(callback, "map") || !strcmp(callback, "reduce") || !strcmp(callback, "finish");
}

/* The place of a line of the text at hand; of a record that was handed over alone all of it. */
static mr_place place_of_line(const mr_context *context, mr_slice line) {
    mr_place place = context->where->place;
    if (place.kind == MR_PLACE_RECORD) return place;
    int terminator = mr_records_terminator(&context->records);
    place.kind = MR_PLACE_RECORD;
    place.offset += (uint64_t)(line.data - context->ctx.text);
    place.length = line.length;
    const char *end = line.data + line.length, *text_end = context->ctx.text + context->ctx.text_length;
    bool with_it = line.length && (unsigned char)end[-1] == terminator;
    if (end < text_end && (unsigned char)*end == terminator && !with_it) place.length++;
    return place;
}

/* Rejects a line of what map_chunk was handed. */
static void skip_line(mr_context *context, mr_slice line, const char *reason) {
    mr_ctx *ctx = &context->ctx;
    bool inside = line.data >= ctx->text && line.data <= ctx->text + ctx->text_length &&
                  line.length <= (size_t)(ctx->text + ctx->text_length - line.data);
    if (strcmp(context->where->callback, "map_chunk") || !inside) {
        fail(ctx, "mr_skip_line is for lines of the text that map_chunk is handed");
        return;
    }
    mr_place place = place_of_line(context, line);
    context->skipped++;
    if (context->reject) context->reject(context->reject_receiver, &place, reason, true, &context->error);
}

static void skip(mr_ctx *ctx, mr_slice record, const char *format, ...) {
    mr_context *context = context_of(ctx);
    char reason[MR_REASON];
    va_list arguments;
    if (context->error.set) return;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (record.data) {
        skip_line(context, record, reason);
    } else if (takes_rejections(context->where->callback)) {
        memcpy(context->rejection, reason, sizeof reason);
        context->rejected = context->rejects = true;
        mr_error_set(&context->error, "rejected"); /* stops the callback from emitting, until mr_context_undo */
    } else {
        fail(ctx, "MR_SKIP belongs into map, reduce and finish");
    }
}

bool mr_context_undo(mr_context *context, const mr_emit_mark *mark, mr_error *error) {
    if (!context->rejected) return mr_context_ok(context, error);
    bool undone = context->departures == mark->departures;
    context->rejected = false;
    context->error.set = false;
    context->ctx.emit_next = mark->next;
    context->ctx.short_next = mark->short_next;
    return !context->reject ||
           context->reject(context->reject_receiver, &context->where->place, context->rejection, undone, error);
}

bool mr_context_make_room(mr_context *context, mr_error *error) {
    const mr_ctx *ctx = &context->ctx;
    const mr_emit_buffer *buffer = &context->levels[context->level].buffer;
    bool crowded = (size_t)(ctx->emit_end - ctx->emit_next) < buffer->size / 2 ||
                   (takes_shorts(context) && ctx->short_end - ctx->short_next < SHORT_BUFFER / 2);
    return !crowded || mr_context_flush(context, error);
}

/* ---- the table of functions ----------------------------------------------------------------------------------------
 */

static const mr_host host_functions = {
    .size = sizeof(mr_host),
    .flush = flush,
    .write = write_output,
    .fail = fail,
    .option_text = mr_answer_option_text,
    .option_int = mr_answer_option_int,
    .option_number = mr_answer_option_number,
    .counter = mr_answer_counter,
    .source_name = mr_answer_source_name,
    .refill = mr_scan_refill,
    .append = append,
    .appended = appended,
    .needles = mr_answer_needles,
    .pattern_needles = mr_answer_pattern_needles,
    .pattern_of_lines = mr_answer_pattern_of_lines,
    .find = mr_needles_find,
    .skip = skip,
    .number = mr_answer_number,
    .side = mr_answer_side,
    .first_record = mr_answer_first_record,
};

/* ---- keys and records -------------------------------------------------------------------------------------------- */

/* The order of keys starts with the partition, so the partition number is simply put in front of the key. */
mr_slice mr_context_full_key(mr_context *context, mr_slice key) {
    const mr_plugin *plugin = &context->loaded.plugin;
    if (!plugin->partition) return key;
    uint32_t partition = plugin->partition(&context->ctx, key);
    mr_end_if_forked();
    if (partition >= plugin->partitions)
        fail(&context->ctx, "partition gave %u, but there are %u partitions", partition, plugin->partitions);
    if (key.length + 4 > context->full_key_size) {
        free(context->full_key);
        context->full_key_size = 2 * (key.length + 4);
        context->full_key = malloc(context->full_key_size + MR_READ_SLACK);
        if (!context->full_key) {
            context->full_key_size = 0;
            mr_error_memory(&context->error, key.length, "a key");
            return mr_bytes("\0\0\0", 4);
        }
    }
    for (int i = 0; i < 4; i++)
        context->full_key[i] = (char)(partition >> (24 - 8 * i));
    if (key.length) memcpy(context->full_key + 4, key.data, key.length);
    return mr_bytes(context->full_key, key.length + 4);
}

/* Calls one of the functions with which a plugin divides records. */
static size_t divide(mr_context *context, size_t (*callback)(mr_ctx *, const char *, size_t, int), const char *name,
                     mr_slice bytes, bool last) {
    mr_where *where = context->where, before = *where;
    mr_slice text = mr_bytes(context->ctx.text, context->ctx.text_length);
    where->callback = name;
    context->ctx.text_length = 0; /* none is at hand */
    where->inside = 1;
    size_t result = callback(&context->ctx, bytes.data, bytes.length, last);
    mr_end_if_forked();
    if (context->error.set) return SIZE_MAX;
    where->callback = before.callback;
    where->inside = before.inside;
    context->ctx.text_length = text.length;
    return result;
}

size_t mr_context_record(mr_context *context, const char *bytes, size_t length, bool last) {
    return divide(context, context->loaded.plugin.record, "record", mr_bytes(bytes, length), last);
}

size_t mr_context_find_record(mr_context *context, const char *bytes, size_t length, bool last) {
    return divide(context, context->loaded.plugin.find_record, "find_record", mr_bytes(bytes, length), last);
}

/* What records are when the plugin may choose. */
static mr_records chosen_by_plugin(const mr_plugin *plugin, bool strip) {
    bool csv = plugin->records == MR_RECORDS_CSV;
    return (mr_records){
        .kind = plugin->records, .delimiter = csv ? ',' : 0, .strip = strip, .size = plugin->record_size};
}

static void set_records(mr_context *context, const mr_records *wanted) {
    bool said = wanted->kind != MR_RECORDS_UNSAID;
    context->records = said ? *wanted : chosen_by_plugin(&context->loaded.plugin, wanted->strip);
    context->ctx.records = context->records.kind;
    context->ctx.delimiter = (unsigned char)context->records.delimiter;
}

static bool check_records(const mr_context *context, mr_error *error) {
    const mr_plugin *plugin = &context->loaded.plugin;
    const mr_records *records = &context->records;
    char name[MR_RECORDS_NAME];
    if (records->strip && !mr_records_of_lines(records))
        return mr_error_usage(error, "--crlf strip is for records that are lines, not for %s",
                              mr_records_name(records, name));
    if (!plugin->map_chunk || plugin->any_records || records->kind == MR_RECORDS_LINES) return true;
    if (plugin->records == records->kind) return true;
    return mr_error_usage(error, "plugin %s divides its input into lines by itself; leave --records %s out",
                          plugin->name, mr_records_name(records, name));
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static bool configure(mr_context *context, const mr_records *wanted, mr_error *error) {
    mr_plugin *plugin = &context->loaded.plugin;
    set_records(context, wanted);
    if (!plugin->configure) return check_records(context, error);
    context->where->callback = "configure";
    plugin->configure(&context->ctx, plugin);
    set_records(context, wanted);
    return mr_context_flush(context, error) && mr_plugin_check(plugin, error) && check_records(context, error);
}

/* Asks for the files that options of type MR_OPTION_FILE are set to. */
static bool wish_for_files(const mr_context *context, const mr_setup *setup, mr_error *error) {
    const mr_options *options = &context->options;
    bool complete = true;
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->declared[i].name, *path = options->values[i];
        bool there = options->declared[i].type != MR_OPTION_FILE || !*path || mr_sides_find(setup->sides, name);
        mr_side_wish wish = {.name = name, .path = path, .option = true};
        if (!there && setup->wish && !setup->wish(setup->receiver, &wish, error)) return false;
        complete = complete && (there || mr_sides_find(setup->sides, name));
    }
    return complete || mr_error_set(error, "the files that options of plugin %s name have not been read",
                                    context->loaded.plugin.name);
}

bool mr_context_open(mr_context *context, const mr_setup *setup, mr_error *error) {
    *context = (mr_context){.ctx = {.host = &host_functions, .source_count = setup->name_count},
                            .names = setup->names,
                            .first_record = setup->first_record,
                            .first_receiver = setup->first_receiver,
                            .sides = setup->sides};
    context->where = setup->where ? setup->where : &context->own_where;
    *context->where = (mr_where){.callback = "the constructor"};
    if (!mr_processor_choose(&context->processor, error)) return false;
    mr_scan_use(context->processor);
    mr_find_use(context->processor);
    if (!mr_plugin_load(&context->loaded, setup->path, setup->linked, error)) return false;
    const mr_plugin *plugin = &context->loaded.plugin;
    if (!mr_options_resolve(&context->options, plugin->name, plugin->options, setup->settings, setup->setting_count,
                            setup->sides, error) ||
        !wish_for_files(context, setup, error))
        return false;
    if (setup->only_options) return true;
    for (unsigned i = 0; i < MR_EMIT_LEVELS; i++) {
        mr_emit_buffer *buffer = &context->levels[i].buffer;
        buffer->start = malloc(EMIT_BUFFER + MR_READ_SLACK);
        if (!buffer->start) return mr_error_memory(error, EMIT_BUFFER, "emitted pairs");
        buffer->size = EMIT_BUFFER;
    }
    context->shorts = malloc(SHORT_BUFFER);
    if (!context->shorts) return mr_error_memory(error, SHORT_BUFFER, "emitted pairs");
    mr_context_emit_to(context, NULL, NULL);
    return configure(context, setup->records, error);
}

void mr_context_close(mr_context *context) {
    for (unsigned i = 0; i < MR_EMIT_LEVELS; i++) {
        free(context->levels[i].buffer.start);
        free(context->levels[i].text);
    }
    mr_context_forget_words(context);
    mr_needles_close(context->needles);
    free(context->shorts);
    free(context->scratch);
    free(context->full_key);
    mr_options_close(&context->options);
    *context = (mr_context){0};
}

static bool call_once(mr_context *context, void (*callback)(mr_ctx *), const char *name, mr_error *error) {
    if (!callback) return true;
    mr_context_emit_to(context, NULL, NULL);
    *context->where = (mr_where){.callback = name};
    callback(&context->ctx);
    return mr_context_flush(context, error);
}

bool mr_context_start(mr_context *context, mr_error *error) {
    return call_once(context, context->loaded.plugin.open, "open", error);
}

bool mr_context_stop(mr_context *context, mr_error *error) {
    return call_once(context, context->loaded.plugin.close, "close", error);
}
