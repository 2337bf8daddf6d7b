#include "flow/map.h"

#include "host/scan.h"

/* A piece is handed to map_chunk as it is, or taken apart into records for map. */

static uint64_t count_records(const mr_records *records, const mr_piece *piece) {
    if (records->kind == MR_RECORDS_WHOLE) return 1; /* an empty source, too */
    if (!piece->length) return 0;
    if (records->kind != MR_RECORDS_LINES) return mr_records_count(records, piece->bytes, piece->length);
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

/* The first record at or behind a place of the piece. An empty source has one when it is a record as a whole. */
static bool first_record(const mr_mapper *mapper, const mr_piece *piece, mr_record *record) {
    *record = (mr_record){piece->bytes, 0, piece->bytes};
    if (!piece->length) return mapper->records->kind == MR_RECORDS_WHOLE;
    return mr_record_next(mapper->records, piece->bytes, piece->bytes + piece->length, record);
}

/* The length of a record once inner carriage returns are taken out, where that is wanted. */
static size_t stripped(const mr_records *records, char *bytes, size_t length) {
    bool inner = records->strip && records->kind == MR_RECORDS_PARAGRAPHS;
    return inner ? mr_paragraph_strip(bytes, length) : length;
}

static bool map_each(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_context *context = mapper->context;
    void (*map)(mr_ctx *, char *, size_t) = context->loaded.plugin.map;
    const char *end = piece->bytes + piece->length;
    mr_record record;
    bool more = first_record(mapper, piece, &record);
    for (; more; more = mr_record_next(mapper->records, record.end, end, &record)) {
        uint64_t offset = piece->offset + (uint64_t)(record.bytes - piece->bytes);
        char *bytes = piece->bytes + (record.bytes - piece->bytes);
        say_place(context, MR_PLACE_RECORD, offset, (uint64_t)(record.end - record.bytes));
        context->ctx.offset = piece->source->origin + offset;
        context->ctx.record_number = mapper->next_record++;
        if (MR_UNLIKELY(context->rejects) && !mr_context_make_room(context, error)) return false;
        mr_emit_mark mark = mr_context_mark(context);
        map(&context->ctx, bytes, stripped(mapper->records, bytes, record.length));
        mapper->mapped++;
        if (MR_UNLIKELY(context->error.set)) {
            if (!mr_context_undo(context, &mark, error)) return false;
            mapper->mapped--;
        }
    }
    return true;
}

/* Calls map_chunk with length bytes of a piece, which hold so many records. */
static bool map_text(mr_mapper *mapper, const mr_piece *piece, uint32_t kind, size_t length, uint64_t records,
                     mr_error *error) {
    mr_context *context = mapper->context;
    uint64_t skipped = context->skipped;
    say_place(context, kind, piece->offset, piece->length);
    context->ctx.text = piece->bytes;
    context->ctx.text_length = length;
    context->ctx.offset = piece->source->origin + piece->offset;
    context->ctx.record_number = mapper->next_record;
    context->loaded.plugin.map_chunk(&context->ctx, piece->bytes, length);
    mapper->next_record += records;
    mapper->mapped += records - (context->skipped - skipped);
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

static bool map_whole(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    uint32_t kind = mapper->singly ? MR_PLACE_RECORD : MR_PLACE_PIECE;
    uint64_t records = count_records(mapper->records, piece); /* before the text may be overwritten */
    return map_text(mapper, piece, kind, piece->length, records, error);
}

/* Whether newlines end records, or nothing does, so that text may be taken for what it is. */
static bool is_text(uint32_t kind) {
    return kind != MR_RECORDS_NUL && kind != MR_RECORDS_FIXED && kind != MR_RECORDS_OWN && kind != MR_RECORDS_PAIRS;
}

/* Hands records to map_chunk one by one. A carriage return that is to be left out cannot be taken out of the middle of
 * a text, since places in it are told apart by what they are away from its start; here the newline is moved forward. */
static bool map_alone(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    const char *end = piece->bytes + piece->length;
    bool newlines = is_text(mapper->records->kind);
    mr_record record;
    bool more = first_record(mapper, piece, &record);
    for (; more; more = mr_record_next(mapper->records, record.end, end, &record)) {
        mr_piece part = piece_part(piece, record.bytes, record.end);
        bool ended = part.length > record.length;
        size_t length = stripped(mapper->records, part.bytes, record.length);
        if (ended && newlines) part.bytes[length++] = '\n';
        if (!map_text(mapper, &part, MR_PLACE_RECORD, length, 1, error)) return false;
    }
    return true;
}

/* Whether records have to be handed to map_chunk one by one. */
static bool wants_alone(const mr_mapper *mapper, const mr_piece *piece) {
    if (mapper->records->strip) return memmem(piece->bytes, piece->length, "\r\n", 2);
    const mr_plugin *plugin = &mapper->context->loaded.plugin;
    return plugin->any_records && plugin->records != mapper->records->kind && !is_text(mapper->records->kind);
}

static bool map_records(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    if (mapper->context->loaded.plugin.map) return map_each(mapper, piece, error);
    return wants_alone(mapper, piece) ? map_alone(mapper, piece, error) : map_whole(mapper, piece, error);
}

/* Where a worker has died, each record goes its way alone: then it is known which one it is that kills, whether in map
 * itself or in what is called for its pairs later. */
static bool map_singly(mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    const char *end = piece->bytes + piece->length;
    mr_record record;
    bool more = first_record(mapper, piece, &record) || !piece->length;
    for (; more; more = mr_record_next(mapper->records, record.end, end, &record)) {
        mr_piece part = piece_part(piece, record.bytes, record.end);
        if (!map_records(mapper, &part, error)) return false;
        if (!mr_context_flush(mapper->context, error)) return false;
        if (mapper->after && !mapper->after(mapper->after_receiver, error)) return false;
    }
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
        mr_record record;
        at = mr_record_next(mapper->records, begin, end, &record) ? record.end : end;
    }
    mr_piece rest = piece_part(piece, at, end);
    return (!rest.length && piece->length) || map_part(mapper, &rest, error);
}

/* Whether pairs fill a piece. Lengths that lead beyond its end are those of no pair: the file is another, or cut off.
 */
static bool check_pairs(const mr_mapper *mapper, const mr_piece *piece, mr_error *error) {
    mr_record_scan scan = {0};
    if (mapper->records->kind != MR_RECORDS_PAIRS) return true;
    size_t whole = mr_records_whole(mapper->records, &scan, piece->bytes, piece->length, SIZE_MAX, false);
    if (whole == piece->length) return true;
    say_place(mapper->context, MR_PLACE_RECORD, piece->offset + whole, piece->length - whole);
    return mr_error_set(error, "here is no whole pair of a key and a value, as --format binary prints them");
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
    bool ok = check_pairs(mapper, piece, error) &&
              (mapper->bad_count ? map_around_bad(mapper, piece, error) : map_part(mapper, piece, error));
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
    uint64_t records = count_records(count->kind, piece);
    if (!records && !piece->length) return true;
    if (count->source != piece->source) *count = (mr_record_count){.kind = count->kind, .source = piece->source};
    count->records += records;
    return true;
}
