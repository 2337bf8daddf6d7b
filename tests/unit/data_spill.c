/* Tests of spill files: runs come back as they were written, and damage is noticed. */
#include "engine_testing.h"

#include <fcntl.h>

enum { RECORDS = 400, BLOCK = 512 };

/* Writes RECORDS random records of up to longest bytes as one run; content is what a reader must see. */
static mr_extent write_run(mr_spill *spill, char *content, size_t *length, size_t longest) {
    mr_error error = {0};
    mr_run_writer writer;
    mr_extent extent;
    *length = 0;
    assert_ok(mr_run_writer_open(&writer, spill, BLOCK, &error), &error);
    for (int i = 0; i < RECORDS; i++) {
        size_t size = 1 + skewed_below(longest), most = size + below(20);
        char *to = mr_run_reserve(&writer, most, &error);
        assert_ok(to != NULL, &error);
        for (size_t j = 0; j < size; j++)
            to[j] = content[*length + j] = (char)next_random();
        mr_run_commit(&writer, size);
        *length += size;
    }
    assert_ok(mr_run_writer_finish(&writer, &extent, &error), &error);
    mr_run_writer_close(&writer);
    return extent;
}

/* Reads a run into content; false with error set when it is damaged. */
static bool read_run(const mr_spill *spill, mr_extent extent, char *content, size_t *length, uint64_t *records,
                     mr_error *error) {
    mr_run_reader reader;
    bool more = true, ok;
    mr_run_reader_open(&reader, spill, extent);
    *length = *records = 0;
    while ((ok = mr_run_next_block(&reader, &more, error)) && more) {
        memcpy(content + *length, reader.records, reader.block.used);
        *length += reader.block.used;
        *records += reader.block.records;
    }
    mr_run_reader_close(&reader);
    return ok;
}

static void runs_come_back(void **state) {
    (void)state;
    enum { RUNS = 20, LONGEST = 3000 };
    mr_spill spill = open_test_spill();
    mr_error error = {0};
    char *contents[RUNS], *back = allocate(RECORDS * LONGEST);
    size_t lengths[RUNS], length;
    mr_extent extents[RUNS];
    uint64_t records;
    for (int i = 0; i < RUNS; i++) {
        contents[i] = allocate(RECORDS * LONGEST);
        extents[i] = write_run(&spill, contents[i], &lengths[i], i % 2 ? LONGEST : 50);
    }
    assert_true(spill.written <= spill.end); /* every run begins at a page */
    for (int i = RUNS - 1; i >= 0; i--) {
        assert_ok(read_run(&spill, extents[i], back, &length, &records, &error), &error);
        assert_slice(mr_bytes(back, length), contents[i], lengths[i]);
        assert_int_equal(records, RECORDS);
        mr_spill_release(&spill, extents[i].offset, extents[i].length);
        free(contents[i]);
    }
    free(back);
    close_test_spill(&spill);
}

static void empty_runs_are_empty(void **state) {
    (void)state;
    mr_spill spill = open_test_spill();
    mr_error error = {0};
    mr_run_writer writer;
    mr_extent extent;
    char nothing[1];
    size_t length;
    uint64_t records;
    assert_ok(mr_run_writer_open(&writer, &spill, BLOCK, &error), &error);
    assert_ok(mr_run_writer_finish(&writer, &extent, &error), &error);
    mr_run_writer_close(&writer);
    assert_int_equal(extent.length, 0);
    assert_ok(read_run(&spill, extent, nothing, &length, &records, &error), &error);
    assert_int_equal(length, 0);
    close_test_spill(&spill);
}

/* Every single changed bit in what a reader relies on is noticed: lengths, checksums and records. */
static void damage_is_noticed(void **state) {
    (void)state;
    mr_spill spill = open_test_spill();
    char *content = allocate(RECORDS * 50), *back = allocate(RECORDS * 50);
    size_t length;
    uint64_t records;
    mr_extent extent = write_run(&spill, content, &length, 50);
    uint64_t header = 0, used = 0; /* of the block that holds the byte */
    for (uint64_t at = 0; at < extent.length; at++) {
        mr_error error = {0};
        if (at == header + sizeof(mr_block) + used) header = at;
        if (at == header) assert_ok(mr_spill_read(&spill, &used, sizeof used, extent.offset + at, &error), &error);
        uint64_t within = at - header;
        if (within >= offsetof(mr_block, next) && within < sizeof(mr_block)) continue; /* means nothing in a file */
        char byte, changed;
        assert_ok(mr_spill_read(&spill, &byte, 1, extent.offset + at, &error), &error);
        changed = (char)(byte ^ 1 << below(8));
        assert_true(mr_write_at(spill.file, &changed, 1, extent.offset + at));
        bool ok = read_run(&spill, extent, back, &length, &records, &error);
        assert_refused(ok, &error, "damaged");
        assert_true(mr_write_at(spill.file, &byte, 1, extent.offset + at));
    }
    mr_error error = {0};
    assert_ok(read_run(&spill, extent, back, &length, &records, &error), &error);
    free(content);
    free(back);
    close_test_spill(&spill);
}

static void shortened_files_are_noticed(void **state) {
    (void)state;
    mr_spill spill = open_test_spill();
    char *content = allocate(RECORDS * 50);
    size_t length;
    uint64_t records;
    mr_error error = {0};
    mr_extent extent = write_run(&spill, content, &length, 50);
    assert_int_equal(ftruncate(spill.file, (off_t)(extent.length - 1)), 0);
    assert_refused(read_run(&spill, extent, content, &length, &records, &error), &error, "shorter");
    free(content);
    close_test_spill(&spill);
}

static void failures_name_the_folder(void **state) {
    (void)state;
    mr_error error = {0};
    mr_spill never = {.file = -1, .failure = EACCES, .folder = "/some/folder"};
    assert_refused(mr_spill_append(&never, "x", 1, NULL, &error), &error, "/some/folder");
    mr_spill full = {.folder = "/dev", .file = open("/dev/full", O_RDWR | O_CLOEXEC)};
    if (full.file < 0) skip();
    assert_refused(mr_spill_append(&full, "x", 1, NULL, &error), &error, "No space left");
    close_test_spill(&full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(runs_come_back),           RANDOM_TEST(empty_runs_are_empty),
        RANDOM_TEST(damage_is_noticed),        RANDOM_TEST(shortened_files_are_noticed),
        RANDOM_TEST(failures_name_the_folder),
    };
    start_seed();
    return run_all_tests(tests);
}
