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

static void say_place(mr_context *context, uint32_t kind, uint64_t offset, uint64_t length) {
    mr_place *place = &context->where->place;
    place->kind = kind;
    place->offset = offset;
    place->length = length;
}

/* Where the record that begins at line ends, with its newline. */
static char *behind_record(char *line, char *end) {
    char *newline = memchr(line, '\n', (size_t)(end - line));
    return newline ? newline + 1 : end;
}

static bool map_lines(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_context *context = mapper->context;
    mr_place *place = &context->where->place;
    void (*map)(mr_ctx *, char *, size_t) = context->loaded.plugin.map;
    char *line = piece->bytes, *end = line + piece->length;
    uint64_t origin = piece->source->origin;
    place->kind = MR_PLACE_RECORD;
    while (line < end) {
        char *newline = memchr(line, '\n', (size_t)(end - line));
        char *line_end = newline ? newline : end, *next = newline ? newline + 1 : end;
        place->offset = piece->offset + (uint64_t)(line - piece->bytes);
        place->length = (uint64_t)(next - line);
        context->ctx.offset = origin + place->offset;
        context->ctx.record_number = mapper->next_record++;
        if (MR_UNLIKELY(context->rejects) && !mr_context_make_room(context, error)) return false;
        mr_emit_mark mark = mr_context_mark(context);
        map(&context->ctx, line, (size_t)(line_end - line));
        mapper->records++;
        if (MR_UNLIKELY(context->error.set)) {
            if (!mr_context_undo(context, &mark, error)) return false;
            mapper->records--;
        }
        line = next;
    }
    return true;
}

static bool map_whole(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_context *context = mapper->context;
    uint64_t records = count_records(piece), skipped = context->skipped; /* before the text may be overwritten */
    say_place(context, mapper->singly ? MR_PLACE_RECORD : MR_PLACE_PIECE, piece->offset, piece->length);
    context->ctx.text = piece->bytes;
    context->ctx.text_length = piece->length;
    context->ctx.offset = piece->source->origin + piece->offset;
    context->ctx.record_number = mapper->next_record;
    context->loaded.plugin.map_chunk(&context->ctx, piece->bytes, piece->length);
    mapper->next_record += records;
    mapper->records += records - (context->skipped - skipped);
    return mr_context_ok(context, error);
}

/* Some records of a piece as a piece of their own. */
static mr_piece piece_part(const mr_piece *piece, const char *begin, const char *end) {
    mr_piece part = *piece;
    part.bytes = piece->bytes + (begin - piece->bytes);
    part.length = (size_t)(end - begin);
    part.offset += (uint64_t)(begin - piece->bytes);
    return part;
}

static bool map_records(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    bool lines = mapper->context->loaded.plugin.map;
    return lines ? map_lines(mapper, piece, error) : map_whole(mapper, piece, error);
}

/* Where a worker has died, each record goes its way alone: then it is known which one it is that kills, whether in map
 * itself or in what is called for its pairs later. */
static bool map_singly(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    char *line = piece->bytes, *end = line + piece->length;
    do {
        char *next = behind_record(line, end);
        mr_piece record = piece_part(piece, line, next);
        if (!map_records(mapper, &record, error)) return false;
        if (!mr_context_flush(mapper->context, error)) return false;
        if (mapper->after && !mapper->after(mapper->after_receiver, error)) return false;
        line = next;
    } while (line < end);
    return true;
}

static bool map_part(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    return mapper->singly ? map_singly(mapper, piece, error) : map_records(mapper, piece, error);
}

/* The first record to be left out that begins at or behind an offset of a source; bad_count when there is none. */
static size_t next_bad(const mr_mapper *mapper, uint64_t source, uint64_t offset) {
    size_t low = 0, high = mapper->bad_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const mr_place *place = &mapper->bad[middle];
        if (place->source < source || (place->source == source && place->offset < offset))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Maps what lies between the records that are left out. */
static bool map_around_bad(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    uint64_t source = mapper->context->where->place.source;
    const char *at = piece->bytes, *end = at + piece->length;
    for (size_t i = next_bad(mapper, source, piece->offset); i < mapper->bad_count; i++) {
        const mr_place *bad = &mapper->bad[i];
        if (bad->source != source || bad->offset >= piece->offset + piece->length) break;
        const char *begin = piece->bytes + (bad->offset - piece->offset);
        mr_piece part = piece_part(piece, at, begin);
        if (part.length && !map_part(mapper, &part, error)) return false;
        mapper->next_record++;
        at = behind_record(piece->bytes + (begin - piece->bytes), piece->bytes + piece->length);
    }
    mr_piece rest = piece_part(piece, at, end);
    return (!rest.length && piece->length) || map_part(mapper, &rest, error);
}

bool mr_map_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    mr_mapper *mapper = receiver;
    mr_context *context = mapper->context;
    mr_where *where = context->where;
    where->place.source = (uint64_t)(piece->source - mapper->input->sources);
    context->ctx.source = where->place.source;
    context->ctx.source_first = piece->source->number;
    if (piece->offset == 0) mapper->next_record = piece->source->records_before + 1;
    context->ctx.text = piece->bytes;
    context->ctx.text_length = piece->length;
    where->callback = context->loaded.plugin.map ? "map" : "map_chunk";
    where->inside = 1;
    bool ok = mapper->bad_count ? map_around_bad(mapper, piece, error) : map_part(mapper, piece, error);
    where->inside = 0;
    context->ctx.text_length = 0;
    mr_context_forget_words(context);
    if (ok) {
        where->place.kind = MR_PLACE_NONE;
        return true;
    }
    uint64_t offset = piece->source->origin + where->place.offset;
    return mr_error_context(error, "%s, byte %llu", piece->source->path, (unsigned long long)offset);
}

bool mr_count_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    (void)error; /* counting cannot fail */
    mr_record_count *count = receiver;
    if (!piece->length) return true;
    if (count->source != piece->source) *count = (mr_record_count){.source = piece->source};
    count->records += count_records(piece);
    return true;
}
