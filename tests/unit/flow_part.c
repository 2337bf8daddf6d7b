/* Tests of parts of the output: in a region that goes round and round or in a file, delivered late and in any order of
 * workers, they make up the whole. */
#include "engine_testing.h"

#include "data/escape.h"
#include "flow/output.h"
#include "flow/part.h"

enum { WORKERS = 3, PARTS = 400, REGION = 4096, OUTPUT = 8 << 20 };

static mr_part_writer writers[WORKERS];
static mr_arena regions[WORKERS];
static mr_spill files[WORKERS];
static _Atomic uint64_t released[WORKERS];
static mr_part parts[PARTS];
static char *expected; /* the whole output */
static size_t expected_length;
static uint64_t in_region, in_file, wrapped;

static int open_writers(void **state) {
    for (uint32_t w = 0; w < WORKERS; w++) {
        released[w] = 0;
        files[w] = open_test_spill();
        regions[w] = (mr_arena){allocate(REGION), REGION};
        static const mr_format format = {0};
        writers[w] = (mr_part_writer){.format = &format,
                                      .region = regions[w],
                                      .released = &released[w],
                                      .spill = &files[w],
                                      .block = 1 + below(3000),
                                      .worker = w};
    }
    expected = allocate(OUTPUT);
    expected_length = in_region = in_file = wrapped = 0;
    return restart_random(state);
}

static int close_writers(void **state) {
    (void)state;
    for (uint32_t w = 0; w < WORKERS; w++) {
        mr_part_writer_close(&writers[w]);
        close_test_spill(&files[w]);
        free(regions[w].base);
    }
    free(expected);
    return 0;
}

static void expect(const char *bytes, size_t length) {
    assert_true(expected_length + length <= OUTPUT);
    memcpy(expected + expected_length, bytes, length);
    expected_length += length;
}

/* Writes a random part: lines, pairs and raw bytes. */
static void write_part(mr_part_writer *writer, mr_part *part, size_t longest) {
    mr_error error = {0};
    char bytes[6000], line[2 * sizeof bytes + 16];
    size_t start = expected_length, items = skewed_below(100);
    uint64_t results = 0;
    mr_part_begin(writer);
    for (size_t i = 0; i < items; i++) {
        size_t length = skewed_below(longest), key = below(length + 1);
        for (size_t j = 0; j < length; j++)
            bytes[j] = (char)(below(8) ? 'a' + below(26) : below(256));
        if (below(2)) {
            assert_ok(mr_part_write(writer, bytes, length, &error), &error);
            expect(bytes, length);
            continue;
        }
        mr_result result = {.key = mr_bytes(bytes, key), .value = mr_bytes(bytes + key, length - key)};
        assert_ok(mr_part_result(writer, &result, &error), &error);
        char *to = mr_escape(line, result.key);
        *to++ = '\t';
        to = mr_escape(to, result.value);
        *to++ = '\n';
        expect(line, (size_t)(to - line));
        results++;
    }
    assert_ok(mr_part_end(writer, part, &error), &error);
    assert_int_equal(part->bytes, expected_length - start);
    assert_int_equal(part->results, results);
    in_file += part->in_file;
    in_region += !part->in_file;
}

static void deliver(const mr_part *part, const mr_spill *output, uint64_t offset) {
    mr_error error = {0};
    assert_ok(mr_part_deliver(part, regions, files, output->file, offset, "output", &error), &error);
    released[part->worker] = part->released;
}

/* Each worker's parts wait for a while and are then delivered in its own order. */
static void parts_make_up_the_whole(void **state) {
    (void)state;
    mr_spill output = open_test_spill();
    uint64_t offsets[PARTS];
    size_t queues[WORKERS][PARTS], first[WORKERS] = {0}, last[WORKERS] = {0};
    size_t longest = 1 + skewed_below(6000);
    for (size_t i = 0; i < PARTS && expected_length < OUTPUT / 2; i++) {
        unsigned w = (unsigned)below(WORKERS);
        uint64_t head = writers[w].head;
        offsets[i] = expected_length;
        write_part(&writers[w], &parts[i], i % 10 ? 1 + longest / 40 : longest);
        wrapped += head / REGION != writers[w].head / REGION;
        queues[w][last[w]++] = i;
        while (below(4)) { /* deliver something, of anyone */
            unsigned whose = (unsigned)below(WORKERS);
            if (first[whose] == last[whose]) continue;
            size_t next = queues[whose][first[whose]++];
            deliver(&parts[next], &output, offsets[next]);
        }
    }
    for (unsigned w = 0; w < WORKERS; w++)
        for (; first[w] < last[w]; first[w]++)
            deliver(&parts[queues[w][first[w]]], &output, offsets[queues[w][first[w]]]);
    char *whole = allocate(expected_length);
    assert_int_equal(mr_read_at(output.file, whole, expected_length, 0), expected_length);
    assert_memory_equal(whole, expected, expected_length);
    assert_true(in_region > 0 && wrapped > 0);
    free(whole);
    close_test_spill(&output);
}

/* With a region that nobody ever releases, parts go to the file. */
static void full_regions_go_to_the_file(void **state) {
    (void)state;
    mr_spill output = open_test_spill();
    uint64_t offset = 0;
    for (size_t i = 0; i < 100; i++)
        write_part(&writers[0], &parts[i], 300);
    assert_true(in_file > 50);
    for (size_t i = 0; i < 100; i++) {
        deliver(&parts[i], &output, offset);
        offset += parts[i].bytes;
    }
    char *whole = allocate(expected_length);
    assert_int_equal(mr_read_at(output.file, whole, expected_length, 0), expected_length);
    assert_memory_equal(whole, expected, expected_length);
    free(whole);
    close_test_spill(&output);
}

/* What lies in the region stays as it is until it is released. */
static void unreleased_parts_stay(void **state) {
    (void)state;
    size_t starts[PARTS];
    for (size_t i = 0; i < 200; i++) {
        starts[i] = expected_length;
        write_part(&writers[0], &parts[i], 40);
        size_t oldest = i < 3 ? 0 : i - 3; /* four wait at a time */
        for (size_t j = oldest; j <= i; j++)
            if (!parts[j].in_file)
                assert_memory_equal(regions[0].base + parts[j].place.offset, expected + starts[j], parts[j].bytes);
        if (i >= 3) released[0] = parts[oldest].released;
    }
    assert_true(in_region > 0);
}

static void flip(mr_spill *file, uint64_t place) {
    char byte;
    assert_int_equal(mr_read_at(file->file, &byte, 1, place), 1);
    byte ^= 1;
    assert_true(mr_write_at(file->file, &byte, 1, place));
}

static void damaged_files_are_noticed(void **state) {
    (void)state;
    mr_spill output = open_test_spill();
    size_t i = 0;
    mr_error error = {0};
    do
        write_part(&writers[0], &parts[i], 3000);
    while (!parts[i].in_file || !parts[i].bytes);
    flip(&files[0], parts[i].place.offset + below(16)); /* how long the block is, or its checksum */
    assert_refused(mr_part_deliver(&parts[i], regions, files, output.file, 0, "output", &error), &error, "damaged");
    close_test_spill(&output);
}

static void damaged_memory_is_noticed(void **state) {
    (void)state;
    mr_spill output = open_test_spill();
    mr_error error = {0};
    do {
        write_part(&writers[0], &parts[0], 30);
        released[0] = parts[0].released;
    } while (parts[0].in_file || !parts[0].bytes);
    regions[0].base[parts[0].place.offset + below(parts[0].bytes)] ^= 1;
    assert_refused(mr_part_deliver(&parts[0], regions, files, output.file, 0, "output", &error), &error, "damaged");
    close_test_spill(&output);
}

/* What goes into a stream is right up to the damage, and goes on where it was when the part has been made again. */
static void damaged_streams_go_on(void **state) {
    (void)state;
    mr_spill file = open_test_spill();
    mr_output output = {.path = "output", .file = file.file, .stream = true};
    mr_error error = {0};
    size_t start;
    do {
        start = expected_length;
        write_part(&writers[0], &parts[0], 3000);
    } while (!parts[0].in_file || parts[0].bytes < 2 * writers[0].block);
    flip(&files[0], parts[0].place.offset + parts[0].place.length - 1);
    mr_part_stream stream = {.part = parts[0]};
    assert_int_equal(mr_output_stream(&output, &stream, regions, files, &error), MR_STREAM_FAILED);
    assert_refused(false, &error, "damaged");
    assert_true(stream.written > 0 && stream.written < parts[0].bytes);
    mr_part_stream_close(&stream);
    flip(&files[0], parts[0].place.offset + parts[0].place.length - 1);
    assert_int_equal(mr_output_stream(&output, &stream, regions, files, &error), MR_STREAM_DONE);
    char *whole = allocate(parts[0].bytes);
    assert_int_equal(mr_read_at(output.file, whole, parts[0].bytes + 1, 0), parts[0].bytes);
    assert_memory_equal(whole, expected + start, parts[0].bytes);
    free(whole);
    close_test_spill(&file);
}

#define PART_TEST(function) cmocka_unit_test_setup_teardown(function, open_writers, close_writers)

int main(void) {
    const struct CMUnitTest tests[] = {
        PART_TEST(parts_make_up_the_whole),   PART_TEST(full_regions_go_to_the_file), PART_TEST(unreleased_parts_stay),
        PART_TEST(damaged_files_are_noticed), PART_TEST(damaged_memory_is_noticed),   PART_TEST(damaged_streams_go_on),
    };
    start_seed();
    return run_all_tests(tests);
}
