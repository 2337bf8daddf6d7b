/* Tests of dividing the input: every record once, in order, whole, whatever the sizes of files, chunks and pieces. */
#include "engine_testing.h"

#include "flow/split.h"

enum { FILES = 8, LONGEST_FILE = 3000 };

/* Sources in memory, and how much of each has come out in pieces. */
static char contents[FILES][LONGEST_FILE];
static mr_source sources[FILES];
static mr_input input;
static const mr_records records; /* lines */
static size_t taken[FILES];      /* bytes */
static unsigned empties[FILES];  /* pieces without a byte */
static unsigned checks;          /* of sources that were asked for */
static size_t last_file;         /* that a piece came from */
static const mr_chunk *chunk;    /* at hand */
static const mr_source *begun;   /* the source of the last piece in this chunk */

static bool read_memory(void *file, const mr_source *source, char *bytes, size_t length, uint64_t offset,
                        mr_error *error) {
    (void)file;
    (void)error;
    assert_true(length <= source->size && offset <= source->size - length);
    memcpy(bytes, contents[source - sources] + offset, length);
    return true;
}

static bool check_memory(void *file, const mr_source *source, mr_error *error) {
    (void)file;
    (void)source;
    (void)error;
    checks++;
    return true;
}

static const mr_source_reader reader = {.read = read_memory, .check = check_memory};

/* Makes files of random size; mean_line: of the lines, in bytes. */
static void make_input(size_t count, size_t longest, size_t mean_line) {
    input = (mr_input){.sources = sources, .count = count};
    for (size_t i = 0; i < count; i++) {
        uint64_t size = below(3) ? skewed_below(longest + 1) : 0;
        sources[i] = (mr_source){.path = "file", .number = i, .start = input.bytes, .size = size};
        input.bytes += size;
        input.plain += size;
        for (size_t j = 0; j < size; j++)
            contents[i][j] = (char)(below(mean_line) ? 'a' + below(26) : '\n');
    }
    memset(taken, 0, sizeof taken);
    memset(empties, 0, sizeof empties);
    last_file = 0;
}

/* A mr_piece_sink: what comes is what follows what came before, and it is whole records of this chunk. */
static bool take_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    (void)receiver;
    (void)error;
    size_t file = (size_t)(piece->source - sources);
    assert_true(file >= last_file && file < input.count);
    last_file = file;
    assert_int_equal(piece->first_of_source, begun != piece->source);
    begun = piece->source;
    if (!piece->length) {
        assert_int_equal(piece->source->size, 0);
        empties[file]++;
        return true;
    }
    assert_int_equal(piece->offset, taken[file]);
    assert_true(piece->length <= piece->source->size - piece->offset);
    assert_memory_equal(piece->bytes, contents[file] + piece->offset, piece->length);
    taken[file] += piece->length;
    assert_true(piece->bytes[piece->length - 1] == '\n' || taken[file] == piece->source->size);
    uint64_t position = piece->source->start + piece->offset;
    assert_true(position >= chunk->begin && position < chunk->end);
    /* Its last record starts in the chunk as well. */
    size_t last = piece->length - 1;
    while (last > 0 && piece->bytes[last - 1] != '\n')
        last--;
    assert_true(position + last < chunk->end);
    memset(piece->bytes, 'X', piece->length); /* the plugin may write there */
    return true;
}

static void split_all(uint64_t chunk_size, size_t piece_size) {
    mr_chunks chunks;
    mr_splitter splitter;
    mr_error error = {0};
    uint64_t end = 0;
    assert_ok(mr_chunks_plan(&chunks, &input, 2, chunk_size, &error), &error);
    assert_ok(mr_splitter_open(&splitter, &input, &records, reader, piece_size, 1 << 20, &error), &error);
    assert_true(chunks.count >= 1);
    for (size_t i = 0; i < chunks.count; i++) {
        chunk = &chunks.list[i];
        begun = NULL;
        assert_int_equal(chunk->begin, end);
        assert_int_equal(chunk->last, i + 1 == chunks.count);
        end = chunk->end;
        assert_ok(mr_split_chunk(&splitter, chunk, take_piece, NULL, &error), &error);
    }
    assert_int_equal(end, input.bytes);
    for (size_t i = 0; i < input.count; i++) {
        assert_int_equal(taken[i], sources[i].size);
        assert_int_equal(empties[i], sources[i].size == 0);
    }
    mr_splitter_close(&splitter);
    mr_chunks_close(&chunks);
}

static void everything_comes_once(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(3000); round++) {
        make_input(1 + below(FILES), 1 + skewed_below(LONGEST_FILE), 1 + skewed_below(200));
        split_all(1 + skewed_below(below(2) ? 20 : 10000), 1 + skewed_below(below(2) ? 20 : 5000));
    }
}

/* Few bytes, and all ways to divide them. */
static void all_divisions_of_small_inputs(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(150); round++) {
        uint64_t again = random_state;
        for (uint64_t chunk_size = 1; chunk_size <= 12; chunk_size++)
            for (size_t piece_size = 1; piece_size <= 6; piece_size++) {
                random_state = again;
                make_input(1 + below(4), 10, 1 + below(4));
                split_all(chunk_size, piece_size);
            }
    }
}

/* A source that is not in a chunk is not even looked at. */
static void only_the_sources_of_a_chunk_are_checked(void **state) {
    (void)state;
    mr_splitter splitter;
    mr_error error = {0};
    make_input(FILES, 100, 10);
    for (size_t i = 0, start = 0; i < FILES; i++, start += 10) {
        sources[i].start = start;
        sources[i].size = 10;
        memset(contents[i], '\n', 10);
    }
    input.bytes = 10 * FILES;
    mr_chunk one = {.begin = 20, .end = 30};
    chunk = &one;
    taken[2] = 0;
    checks = 0;
    begun = NULL;
    assert_ok(mr_splitter_open(&splitter, &input, &records, reader, 64, 64, &error), &error);
    assert_ok(mr_split_chunk(&splitter, &one, take_piece, NULL, &error), &error);
    assert_int_equal(checks, 1);
    assert_int_equal(taken[2], 10);
    mr_splitter_close(&splitter);
}

static bool take_anything(void *receiver, const mr_piece *piece, mr_error *error) {
    (void)error;
    size_t *longest = receiver;
    if (piece->length > *longest) *longest = piece->length;
    return true;
}

/* The buffer grows for a long record, but not beyond the limit. */
static void records_have_a_limit(void **state) {
    (void)state;
    enum { LENGTH = 1000 };
    make_input(1, 0, 1);
    sources[0].size = input.bytes = LENGTH + 20;
    memset(contents[0], 'x', LENGTH + 20);
    contents[0][9] = contents[0][LENGTH + 9] = '\n'; /* 10, LENGTH and 10 bytes */
    for (size_t limit = LENGTH - 50; limit < LENGTH + 50; limit++) {
        mr_splitter splitter;
        mr_error error = {0};
        size_t longest = 0;
        mr_chunk whole = {.begin = 0, .end = input.bytes, .last = true};
        assert_ok(mr_splitter_open(&splitter, &input, &records, reader, 16, limit, &error), &error);
        bool ok = mr_split_chunk(&splitter, &whole, take_anything, &longest, &error);
        if (limit >= LENGTH) {
            assert_ok(ok, &error);
            assert_int_equal(longest, LENGTH);
        } else {
            assert_refused(ok, &error, "the record at byte 10 is longer than");
        }
        mr_splitter_close(&splitter);
    }
}

static bool refuse_piece(void *receiver, const mr_piece *piece, mr_error *error) {
    (void)receiver;
    (void)piece;
    return mr_error_set(error, "no thanks");
}

static bool fail_to_read(void *file, const mr_source *source, char *bytes, size_t length, uint64_t offset,
                         mr_error *error) {
    (void)file;
    (void)source;
    (void)bytes;
    (void)length;
    (void)offset;
    return mr_error_set(error, "it is gone");
}

static void failures_are_passed_on(void **state) {
    (void)state;
    mr_splitter splitter;
    mr_error error = {0};
    make_input(1, 0, 1);
    sources[0].size = input.bytes = 100;
    memset(contents[0], '\n', 100);
    mr_chunk whole = {.begin = 0, .end = 100, .last = true};
    assert_ok(mr_splitter_open(&splitter, &input, &records, reader, 16, 16, &error), &error);
    assert_refused(mr_split_chunk(&splitter, &whole, refuse_piece, NULL, &error), &error, "no thanks");
    splitter.reader.read = fail_to_read;
    assert_refused(mr_split_chunk(&splitter, &whole, take_anything, NULL, &error), &error, "it is gone");
    mr_splitter_close(&splitter);
}

/* Chunks that nobody has chosen a size for: large ones first, small ones last, all of the input. */
static void chunks_shrink_toward_the_end(void **state) {
    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        mr_chunks chunks;
        mr_error error = {0};
        uint64_t bytes = next_random() >> (24 + below(40)), end = 0, last_size = UINT64_MAX;
        mr_source source = {.size = bytes};
        mr_input one = {.sources = &source, .count = 1, .bytes = bytes, .plain = bytes};
        assert_ok(mr_chunks_plan(&chunks, &one, 1 + (unsigned)below(64), 0, &error), &error);
        for (size_t i = 0; i < chunks.count; i++) {
            uint64_t size = chunks.list[i].end - chunks.list[i].begin;
            assert_int_equal(chunks.list[i].begin, end);
            assert_true(size <= last_size);
            end += size;
            last_size = size;
        }
        assert_int_equal(end, bytes);
        mr_chunks_close(&chunks);
    }
    mr_chunks chunks;
    mr_error error = {0};
    mr_source source = {.size = 1ull << 40};
    mr_input one = {.sources = &source, .count = 1, .bytes = source.size, .plain = source.size};
    assert_refused(mr_chunks_plan(&chunks, &one, 1, 1, &error), &error, "--chunk is too small");
    mr_chunks_close(&chunks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(everything_comes_once),
        RANDOM_TEST(all_divisions_of_small_inputs),
        RANDOM_TEST(only_the_sources_of_a_chunk_are_checked),
        RANDOM_TEST(records_have_a_limit),
        RANDOM_TEST(failures_are_passed_on),
        RANDOM_TEST(chunks_shrink_toward_the_end),
    };
    start_seed();
    return run_all_tests(tests);
}
