/* Tests of decompression: streams in pieces of all sizes, members of all kinds, and files that are cut off, damaged or
 * lie; and of the index of BGZF files. */
#include <unistd.h>

#include "engine_testing.h"

#include "../tools/gzip_members.h"
#include "base/units.h"
#include "data/bgzf.h"
#include "data/decode.h"

enum { TEXT = 3000, CODED = 4 * TEXT };

/* Coded bytes that are handed out a few at a time, or now and then none. */
typedef struct trickle {
    const char *bytes;
    size_t length;
    size_t at;
    size_t step;  /* bytes at a time */
    bool pauses;  /* says in between that there is nothing yet */
    bool resting; /* it has just said something else */
} trickle;

static int64_t read_trickle(void *receiver, char *bytes, size_t room) {
    trickle *self = receiver;
    self->resting = self->pauses && !self->resting;
    if (self->resting) return MR_READ_NOTHING_YET;
    size_t count = self->length - self->at;
    if (count > self->step) count = self->step;
    if (count > room) count = room;
    memcpy(bytes, self->bytes + self->at, count);
    self->at += count;
    return (int64_t)count;
}

static char text[TEXT], coded[CODED], decoded[2 * TEXT];

static void make_text(void) {
    for (size_t i = 0; i < TEXT; i++)
        text[i] = "abcdefgh \n"[below(10)];
}

/* Decodes all; false on an error, which is then set. */
static bool decode_all(const char *bytes, size_t length, size_t step, size_t room, bool pauses, size_t *result,
                       mr_error *error) {
    trickle source = {.bytes = bytes, .length = length, .step = step, .pauses = pauses};
    mr_decoder decoder;
    enum mr_decoded state = MR_DECODED_SOME;
    bool ok = mr_decoder_open(&decoder, (mr_coded_source){read_trickle, &source}, 1 << 20, error);
    *result = 0;
    while (ok && state != MR_DECODED_END) {
        size_t count = 0, left = sizeof decoded - *result;
        ok = mr_decode(&decoder, decoded + *result, room < left ? room : left, &count, &state, error);
        if (ok) assert_true((count > 0) == (state == MR_DECODED_SOME));
        *result += count;
    }
    mr_decoder_close(&decoder);
    assert_int_equal(ok, !error->set);
    return ok;
}

static void expect_text(size_t length, size_t step, size_t room, bool pauses) {
    mr_error error = {0};
    size_t result;
    bool ok = decode_all(coded, length, step, room, pauses, &result, &error);
    if (!ok) print_error("%s (step %zu, room %zu)\n", error.text, step, room);
    assert_true(ok);
    assert_int_equal(result, TEXT);
    assert_memory_equal(decoded, text, TEXT);
}

static void expect_error(size_t length, const char *words) {
    mr_error error = {0};
    size_t result;
    assert_false(decode_all(coded, length, 7, 100, false, &result, &error));
    if (!strstr(error.text, words)) print_error("%s\n", error.text);
    assert_non_null(strstr(error.text, words));
}

/* Codes the text in so many members, some of them empty. */
static size_t code_members(size_t members) {
    size_t length = 0, from = 0;
    for (size_t i = 0; i < members; i++) {
        size_t count = i + 1 == members ? TEXT - from : below(TEXT - from + 1) / 2;
        length += put_member(coded + length, text + from, count, below(10));
        from += count;
    }
    return length;
}

static void pieces_of_all_sizes(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 7, 64, 1000, TEXT, 2 * TEXT};
    for (size_t members = 1; members <= 5; members += 2) {
        make_text();
        size_t length = code_members(members);
        for (int i = 0; i < 64; i++)
            expect_text(length, sizes[i / 8], sizes[i % 8], i & 1);
        memset(coded + length, 0, 100);
        for (size_t i = 0; i < 8; i++)
            expect_text(length + 1 + below(99), sizes[i], 100, i & 1);
    }
}

static void text_that_is_not_coded(void **state) {
    (void)state;
    make_text();
    static const char *const starts[] = {"", "\x1f", "\x1f\x8b", "\x1f\x8b\x07", "\x28\xb5", "\x50\x2a\x4d\x19", "P*M"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        memcpy(text, starts[i], strlen(starts[i]));
        memcpy(coded, text, TEXT);
        for (size_t step = 1; step < 2000; step *= 3)
            expect_text(TEXT, step, 1 + below(200), i & 1);
        mr_error error = {0};
        size_t result;
        assert_true(decode_all(starts[i], strlen(starts[i]), 1, 10, true, &result, &error));
        assert_int_equal(result, strlen(starts[i]));
    }
}

static void what_is_cut_off(void **state) {
    (void)state;
    make_text();
    size_t first = put_member(coded, text, TEXT, 6);
    size_t length = first + put_member(coded + first, text, 10, 6);
    for (size_t cut = 3; cut < length; cut++)
        if (cut != first) expect_error(cut, "cut off at byte");
}

static void what_follows(void **state) {
    (void)state;
    make_text();
    size_t length = put_member(coded, text, TEXT, 6);
    coded[length] = 'x';
    expect_error(length + 1, "neither compressed data nor zeros");
    memset(coded + length, 0, 50);
    coded[length + 50] = '\x1f';
    expect_error(length + 51, "neither compressed data nor zeros");
    memcpy(coded + length, "\x1fz", 2);
    expect_error(length + 50, "damaged");
}

static void headers_of_all_kinds(void **state) {
    (void)state;
    make_text();
    for (unsigned what = 0; what < 32; what++) {
        size_t length = put_member_with(coded, text, 100, what);
        length += put_member_with(coded + length, text + 100, TEXT - 100, below(32));
        for (size_t step = 1; step < 40; step++)
            expect_text(length, step, 1 + below(2000), step & 1);
    }
}

/* A changed byte is an error, or does not matter, as the time in the header. */
static void what_is_damaged(void **state) {
    (void)state;
    make_text();
    size_t length = put_member(coded, text, TEXT, 6), errors = 0;
    for (size_t at = 3; at < length; at++) {
        char flip = (char)(1 << below(8));
        mr_error error = {0};
        size_t result;
        coded[at] ^= flip;
        if (decode_all(coded, length, 1000, 1000, false, &result, &error)) {
            assert_int_equal(result, TEXT);
            assert_memory_equal(decoded, text, TEXT);
        } else {
            errors++;
        }
        coded[at] ^= flip;
    }
    assert_true(errors > length / 2);
}

/* ---- BGZF -------------------------------------------------------------------------------------------------------- */

static int file;
static mr_bgzf_index indexed;
static mr_bgzf_reader reader;

static bool index_coded(size_t length) {
    bool is_bgzf = false;
    assert_int_equal(ftruncate(file, 0), 0);
    assert_true(mr_write_at(file, coded, length, 0));
    mr_bgzf_index_close(&indexed);
    mr_bgzf_reader_close(&reader); /* it knows the index by its place */
    assert_true(mr_bgzf_index_make(&indexed, file, length, &is_bgzf));
    return is_bgzf;
}

static size_t code_blocks(size_t most) {
    size_t length = 0;
    for (size_t from = 0; from < TEXT;) {
        size_t count = below(most + 1);
        count = count < TEXT - from ? count : TEXT - from;
        length += put_bgzf_block(coded + length, text + from, count, 6);
        from += count;
    }
    return length + put_bgzf_block(coded + length, text, 0, 6);
}

static bool read_block(size_t length, size_t offset, mr_error *error) {
    bool changed = false;
    bool ok = mr_bgzf_read(&reader, &indexed, file, decoded, length, offset, &changed, error);
    return ok || mr_error_set(error, changed ? "changed" : "no reason");
}

static void blocks_are_found(void **state) {
    (void)state;
    mr_error error = {0};
    make_text();
    for (size_t most = 1000; most <= TEXT; most += 1000) {
        size_t length = code_blocks(most);
        assert_true(index_coded(length));
        assert_int_equal(indexed.decoded, TEXT);
        for (int i = 0; i < 500; i++) {
            size_t offset = below(TEXT + 1), count = below(TEXT - offset + 1);
            assert_ok(read_block(count, offset, &error), &error);
            assert_memory_equal(decoded, text + offset, count);
        }
        for (size_t cut = 1; cut < length; cut += 1 + below(50))
            assert_true(!index_coded(cut) || indexed.decoded <= TEXT);
        expect_text(length, 100, 1000, false); /* it is a gzip file as well */
    }
}

static void blocks_that_lie(void **state) {
    (void)state;
    make_text();
    size_t length = code_blocks(1000), wrong = 0;
    for (size_t at = 0; at < length; at++) {
        char flip = (char)(1 << below(8));
        mr_error error = {0};
        coded[at] ^= flip;
        bool right = index_coded(length) && read_block(mr_smaller(TEXT, indexed.decoded), 0, &error);
        if (right)
            assert_memory_equal(decoded, text, mr_smaller(TEXT, indexed.decoded));
        else
            wrong++;
        coded[at] ^= flip;
    }
    assert_true(wrong > length / 2);
}

static void other_files_have_no_index(void **state) {
    (void)state;
    make_text();
    assert_false(index_coded(0));
    assert_false(index_coded(code_members(2)));
    size_t length = put_bgzf_block(coded, text, 100, 6);
    assert_false(index_coded(length + put_member(coded + length, text, 100, 6)));
    coded[length] = 0;
    assert_false(index_coded(length + 1));
}

static void files_that_shrink(void **state) {
    (void)state;
    make_text();
    mr_error error = {0};
    size_t length = code_blocks(1000);
    assert_true(index_coded(length));
    assert_int_equal(ftruncate(file, (off_t)length / 2), 0);
    assert_false(read_block(TEXT, 0, &error));
    assert_string_equal(error.text, "changed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(pieces_of_all_sizes), RANDOM_TEST(text_that_is_not_coded), RANDOM_TEST(what_is_cut_off),
        RANDOM_TEST(what_follows),        RANDOM_TEST(headers_of_all_kinds),   RANDOM_TEST(what_is_damaged),
        RANDOM_TEST(blocks_are_found),    RANDOM_TEST(blocks_that_lie),        RANDOM_TEST(other_files_have_no_index),
        RANDOM_TEST(files_that_shrink),
    };
    start_seed();
    file = mr_open_unnamed(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    int failed = run_all_tests(tests);
    mr_bgzf_index_close(&indexed);
    mr_bgzf_reader_close(&reader);
    close(file);
    return failed;
}
