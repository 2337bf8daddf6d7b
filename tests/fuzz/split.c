/* Fuzzes the way from sources to records of any kind: sources in memory are divided into chunks of any size and read in
 * pieces of any size. The plugin has to see exactly the records of the sources, in order and once each, in the chunk
 * that they begin in, under their right numbers; and one that is longer than the limit has to be an error. */
#include "fuzzing.h"

#include "../tools/naive_records.h"
#include "base/units.h"
#include "flow/map.h"
#include "flow/split.h"

enum { SOURCES = 6, MOST_BYTES = 32 << 10, MOST_CHUNKS = 200, CHUNK_SIZES = 4 };

/* A record, such as a line, as the reference finds it. */
typedef struct line {
    size_t source;   /* index of its source */
    uint64_t offset; /* of its first byte within the source */
    size_t length;   /* in bytes, without what ends it */
    size_t whole;    /* with it, if it has one */
    uint64_t number; /* within the source, from 1 */
} line;

static char bytes[MOST_BYTES]; /* of all sources, one behind the other */
static mr_source sources[SOURCES];
static mr_input input;
static mr_records records;
static line lines[MOST_BYTES];
static size_t line_count;
static size_t capacity; /* bytes of the longest line that may be read */

static size_t next_line;        /* that has to come next */
static unsigned empty[SOURCES]; /* how often an empty source was handed on */
static const mr_chunk *chunk;   /* at hand */
static mr_context context;

/* ---- the input --------------------------------------------------------------------------------------------------- */

/* Bytes stand for themselves, but the last 16, which repeat the byte before them: so that lines can be long. */
static size_t expand(mr_slice text) {
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        size_t times = byte < 0xf0 || !length ? 1 : (size_t)1 << (byte - 0xf0);
        char repeated = byte < 0xf0 || !length ? (char)byte : bytes[length - 1];
        for (; times && length < MOST_BYTES; times--)
            bytes[length++] = repeated;
    }
    return length;
}

/* Divides the bytes into sources; ends: where each but the last one ends, in 255ths of the whole. */
static void make_sources(const uint8_t *ends, size_t count, size_t length) {
    uint64_t start = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t end = i + 1 < count ? mr_larger(start, (uint64_t)length * ends[i] / 255) : length;
        sources[i] = (mr_source){.path = "source", .number = i, .start = start, .size = end - start};
        start = end;
    }
    input = (mr_input){.sources = sources, .count = count, .bytes = length};
}

/* The reference: one byte after the other. An empty source is a record where sources are. */
static void find_lines(void) {
    line_count = 0;
    for (size_t i = 0; i < input.count; i++) {
        const char *text = bytes + sources[i].start;
        naive_record found = {0};
        bool more = records.kind == MR_RECORDS_WHOLE || naive_next(&records, text, sources[i].size, 0, &found);
        if (records.kind == MR_RECORDS_WHOLE) found.length = found.end = sources[i].size;
        for (uint64_t number = 1; more; number++) {
            lines[line_count++] = (line){.source = i,
                                         .offset = found.start,
                                         .length = found.length,
                                         .whole = found.end - found.start,
                                         .number = number};
            more = naive_next(&records, text, sources[i].size, found.end, &found);
        }
    }
}

static uint64_t position_of(const line *at) {
    return sources[at->source].start + at->offset;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static bool read_memory(void *file, const mr_source *source, char *to, size_t length, uint64_t offset,
                        mr_error *error) {
    (void)file;
    (void)error;
    require(offset <= source->size && length <= source->size - offset);
    memcpy(to, bytes + source->start + offset, length);
    return true;
}

static bool never_changed(void *file, const mr_source *source, mr_error *error) {
    (void)file;
    (void)source;
    (void)error;
    return true;
}

static const mr_source_reader reader = {.read = read_memory, .check = never_changed};

/* Whether a record belongs to a chunk: the last one has the empty sources at the end. */
static bool belongs(const line *at, const mr_chunk *to) {
    uint64_t position = position_of(at);
    return position >= to->begin && (position < to->end || (position == to->end && to->last && !at->whole));
}

/* Takes the record that comes next, and writes over it, as a plugin may. */
static void take_line(size_t source, char *text, size_t length) {
    require(next_line < line_count);
    const line *expected = &lines[next_line++];
    require(source == expected->source);
    require(same_slice(mr_bytes(text, length), bytes + position_of(expected), expected->length));
    require(belongs(expected, chunk));
    if (length) memset(text, '\n', length);
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    require(next_line < line_count);
    require(context.where->place.offset == lines[next_line].offset);
    require(context.where->place.length == lines[next_line].whole);
    require(ctx->record_number == lines[next_line].number);
    take_line(ctx->source, record, length);
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    naive_record found = {0};
    bool more = length ? naive_next(&records, text, length, 0, &found) : records.kind == MR_RECORDS_WHOLE;
    require(!more || (next_line < line_count && ctx->record_number == lines[next_line].number));
    if (!length) empty[ctx->source]++;
    while (more) {
        size_t end = found.end;
        take_line(ctx->source, text + found.start, found.length);
        more = naive_next(&records, text, length, end, &found);
    }
}

/* Whether lines from the next one on that begin in the chunk can all be read; *count is how many can. */
static bool readable_lines(const mr_chunk *of, size_t *count) {
    for (*count = 0; next_line + *count < line_count; ++*count) {
        const line *at = &lines[next_line + *count];
        if (!belongs(at, of)) return true;
        if (at->whole > capacity) return false;
    }
    return true;
}

static void check_count(const mr_record_count *count, size_t line_in_chunk) {
    const line *last = line_in_chunk ? &lines[next_line + line_in_chunk - 1] : NULL;
    bool here = count->source == (last ? &sources[last->source] : NULL);
    bool blanks = records.kind == MR_RECORDS_PARAGRAPHS || records.kind == MR_RECORDS_JSONL;
    require(here || (blanks && !count->records));
    if (!here) return;
    size_t of_source = 0;
    while (of_source < line_in_chunk && lines[next_line + line_in_chunk - 1 - of_source].source == last->source)
        of_source++;
    require(count->records == of_source);
}

/* Counts and maps one chunk; false when one of its lines is too long, which has been told then. */
static bool read_chunk(mr_splitter *splitter, mr_mapper *mapper, mr_chunk *at) {
    mr_error error = {0};
    mr_record_count count = {.kind = &records};
    size_t expected, first = next_line;
    bool readable = readable_lines(at, &expected);
    chunk = at;
    require(mr_split_chunk(splitter, at, mr_count_piece, &count, &error) == readable);
    if (readable) check_count(&count, expected);
    error.set = false;
    at->first_record = next_line < line_count ? lines[next_line].number : 1;
    mr_map_begin(mapper, at);
    require(mr_split_chunk(splitter, at, mr_map_piece, mapper, &error) == readable);
    require(next_line == first + expected);
    require(readable || strstr(error.text, "is longer than"));
    return readable;
}

/* Reads all chunks, with sizes in turn. */
static bool read_all(mr_splitter *splitter, const uint64_t *sizes) {
    mr_mapper mapper = {.context = &context, .input = &input, .records = &records};
    mr_chunk at = {0};
    mr_quote_map map;
    mr_error error = {0};
    uint32_t quotes = MR_QUOTES_OUTSIDE;
    for (size_t i = 0; !at.last; i++) {
        uint64_t size = mr_larger(sizes[i % CHUNK_SIZES], input.bytes / MOST_CHUNKS);
        at = (mr_chunk){.begin = at.end, .end = at.end + mr_smaller(size, input.bytes - at.end), .quotes = quotes};
        at.last = at.end == input.bytes;
        if (!read_chunk(splitter, &mapper, &at)) return false;
        require(mr_split_quotes(splitter, &at, &map, &error));
        quotes = map.behind[quotes];
    }
    require(mapper.mapped == line_count);
    return true;
}

/* What the first byte of an input says of records. */
static void choose_records(uint64_t chosen) {
    records = (mr_records){.kind = (uint32_t)(chosen % (MR_RECORDS_JSONL + 1))};
    if (records.kind == MR_RECORDS_FIXED) records.size = 1 + chosen / 8;
    if (records.kind == MR_RECORDS_CSV) records.delimiter = chosen & 32 ? ',' : ';';
    records.strip = mr_records_of_lines(&records) && records.kind != MR_RECORDS_PARAGRAPHS && chosen & 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    uint64_t sizes[CHUNK_SIZES];
    uint8_t ends[SOURCES];
    mr_error error = {0};
    mr_splitter splitter;
    uint64_t chosen = take_number(&in, 255);
    bool whole_pieces = chosen & 1;
    choose_records(chosen >> 1);
    size_t count = 1 + take_number(&in, SOURCES - 1);
    size_t piece_size = 1 + take_number(&in, take_bool(&in) ? 15 : 8191);
    size_t record_limit = 1 + take_number(&in, MOST_BYTES);
    /* What is between records has to fit, too. */
    bool blanks = records.kind == MR_RECORDS_PARAGRAPHS || records.kind == MR_RECORDS_JSONL;
    if (blanks) record_limit = 2 * MOST_BYTES;
    if (records.kind == MR_RECORDS_CSV) piece_size += 8;
    for (size_t i = 0; i < CHUNK_SIZES; i++)
        sizes[i] = 1 + take_number(&in, take_bool(&in) ? 15 : 8191);
    for (size_t i = 0; i < SOURCES; i++)
        ends[i] = (uint8_t)take_number(&in, 255);
    make_sources(ends, count, expand(take_bytes(&in, SIZE_MAX)));
    find_lines();
    capacity = mr_larger(piece_size, record_limit);
    context = (mr_context){.where = &context.own_where};
    if (whole_pieces)
        context.loaded.plugin.map_chunk = map_chunk;
    else
        context.loaded.plugin.map = map;
    context.loaded.plugin.records = records.kind;
    next_line = 0;
    memset(empty, 0, sizeof empty);
    require(mr_splitter_open(&splitter, &input, &records, reader, piece_size, record_limit, &error));
    if (read_all(&splitter, sizes))
        for (size_t i = 0; i < count; i++)
            require(empty[i] == (whole_pieces && !sources[i].size));
    mr_splitter_close(&splitter);
    return 0;
}
