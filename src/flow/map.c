#include "flow/map.h"

#include "host/scan.h"

/* A piece is handed to map_chunk as it is, or taken apart into lines for map. */

static uint64_t count_records(const mr_piece *piece) {
    if (!piece->length) return 0;
    return mr_count_newlines(piece->bytes, piece->length) + (piece->bytes[piece->length - 1] != '\n');
}

void mr_map_begin(mr_mapper *mapper, const mr_chunk *chunk) {
    mapper->next_record = chunk->first_record;
}

static bool map_lines(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_context *context = mapper->context;
    void (*map)(mr_ctx *, char *, size_t) = context->loaded.plugin.map;
    char *line = piece->bytes, *end = line + piece->length;
    while (line < end) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *line_end = newline ? newline : end;
        context->where->place.offset = piece->offset + (uint64_t)(line - piece->bytes);
        context->ctx.record_number = mapper->next_record++;
        map(&context->ctx, line, (size_t)(line_end - line));
        mapper->records++;
        if (!mr_context_ok(context, error)) return false;
        line = newline ? newline + 1 : end;
    }
    return true;
}

static bool map_whole(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_context *context = mapper->context;
    uint64_t records = count_records(piece); /* before the plugin may overwrite the text */
    context->where->place.offset = piece->offset;
    context->ctx.record_number = mapper->next_record;
    context->loaded.plugin.map_chunk(&context->ctx, piece->bytes, piece->length);
    mapper->next_record += records;
    mapper->records += records;
    return mr_context_ok(context, error);
}

bool mr_map_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    mr_mapper *mapper = receiver;
    mr_context *context = mapper->context;
    context->where->place.source = (uint64_t)(piece->source - mapper->input->sources);
    context->ctx.source = context->where->place.source;
    context->ctx.source_first = piece->source->number;
    if (piece->offset == 0) mapper->next_record = piece->source->records_before + 1;
    context->ctx.text = piece->bytes;
    context->ctx.text_length = piece->length;
    bool lines = context->loaded.plugin.map;
    context->where->callback = lines ? "map" : "map_chunk";
    bool ok = lines ? map_lines(mapper, piece, error) : map_whole(mapper, piece, error);
    context->ctx.text_length = 0;
    mr_context_forget_words(context);
    if (ok) return true;
    return mr_error_context(error, "%s, byte %llu", piece->source->path,
                            (unsigned long long)(piece->source->origin + context->where->place.offset));
}

bool mr_count_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    (void)error; /* counting cannot fail */
    mr_record_count *count = receiver;
    if (!piece->length) return true;
    if (count->source != piece->source) *count = (mr_record_count){.source = piece->source};
    count->records += count_records(piece);
    return true;
}
