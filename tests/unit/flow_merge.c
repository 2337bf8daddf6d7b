/* Tests of other orders than that of keys: every partition ordered on its own, then merged. */
#include "engine_testing.h"

#include "data/escape.h"
#include "data/fold.h"
#include "flow/merge.h"
#include "flow/part.h"

enum { PARTITIONS = 12, MOST = 6000, LONGEST = 60 };

/* A result in key order, with the line that it makes. */
typedef struct result {
    char key[LONGEST], value[LONGEST];
    size_t key_length, value_length;
    char order[MR_FOLD_ORDER];
    char line[4 * LONGEST + 16];
    size_t line_length;
    size_t number; /* place in key order */
} result;

static result results[MOST];
static size_t result_count;
static uint32_t sort_at_hand;
static bool numbers; /* values are numbers, with MR_FOLD_ORDER bytes */

static int compare_values(const result *a, const result *b) {
    if (numbers) return memcmp(a->order, b->order, MR_FOLD_ORDER);
    return mr_compare_bytes(mr_bytes(a->value, a->value_length), mr_bytes(b->value, b->value_length));
}

static int compare_results(const void *a, const void *b) {
    const result *left = a, *right = b;
    int order = 0;
    if (sort_at_hand & MR_SORT_VALUE) order = compare_values(left, right);
    if (sort_at_hand == MR_SORT_DESCENDING) order = left->number < right->number ? -1 : left->number > right->number;
    if (order) return sort_at_hand & MR_SORT_DESCENDING ? -order : order;
    return (left->number > right->number) - (left->number < right->number);
}

static void make_result(result *made, size_t number) {
    mr_fold fold = mr_fold_of(MR_FOLD_SUM_INT64, 0, NULL, NULL);
    made->number = number;
    made->key_length = (size_t)sprintf(made->key, "%08zu\t", number);
    if (numbers) {
        mr_folded value = {.bits = (uint64_t)((int64_t)next_random() >> below(64))};
        made->value_length = mr_fold_text(&fold, &value, made->value);
        mr_fold_order(&fold, &value, made->order);
    } else { /* many zeros and prefixes of each other */
        made->value_length = skewed_below(20);
        for (size_t i = 0; i < made->value_length; i++)
            made->value[i] = (char)((unsigned[]){0, 0, 1, 255, 'a'}[below(5)]);
    }
    char *to = mr_escape(made->line, mr_bytes(made->key, made->key_length));
    *to++ = '\t';
    to = mr_escape(to, mr_bytes(made->value, made->value_length));
    *to++ = '\n';
    made->line_length = (size_t)(to - made->line);
}

/* Takes the merged lines. */
typedef struct collected {
    char *bytes;
    size_t length, size;
} collected;

static char *reserve(void *receiver, size_t length, mr_error *error) {
    (void)error;
    collected *lines = receiver;
    assert_true(length <= lines->size - lines->length);
    return lines->bytes + lines->length;
}

static void commit(void *receiver, size_t length) {
    ((collected *)receiver)->length += length;
}

/* Orders and merges; region: bytes for parts, the rest goes to the file. */
static void order_and_merge(uint64_t top, size_t budget, uint64_t region, uint64_t *spilled, uint64_t *in_files) {
    mr_error error = {0};
    mr_spill runs = open_test_spill(), file = open_test_spill();
    mr_arena memory = {allocate(region), region};
    _Atomic uint64_t released = 0;
    mr_format format = {0};
    mr_part_writer writer = {
        .region = memory, .released = &released, .spill = &file, .block = 1 + below(5000), .format = &format};
    mr_part parts[PARTITIONS];
    mr_orderer orderer;
    assert_ok(mr_orderer_open(&orderer, sort_at_hand, top, &format, budget, &runs, &error), &error);
    for (size_t i = 0, next = 0; i < PARTITIONS; i++) {
        size_t end = i + 1 == PARTITIONS ? result_count : next + skewed_below(result_count - next + 1);
        uint64_t count;
        size_t expected = end - next;
        for (; next < end; next++) {
            result *one = &results[next];
            mr_result handed = {.key = mr_bytes(one->key, one->key_length),
                                .value = mr_bytes(one->value, one->value_length),
                                .order = numbers ? one->order : NULL};
            assert_ok(mr_order_result(&orderer, &handed, &error), &error);
        }
        mr_part_begin(&writer);
        mr_byte_sink sink = mr_part_bytes(&writer);
        assert_ok(mr_orderer_finish(&orderer, &sink, &count, &error), &error);
        assert_int_equal(count, expected < top ? expected : top);
        assert_ok(mr_part_end(&writer, &parts[i], &error), &error);
        *in_files += parts[i].in_file;
    }
    mr_orderer_close(&orderer);
    qsort(results, result_count, sizeof *results, compare_results);
    collected lines = {allocate(MOST * sizeof results->line), 0, MOST * sizeof results->line};
    mr_byte_sink sink = {.reserve = reserve, .commit = commit, .receiver = &lines};
    uint64_t count, place = 0, at;
    assert_ok(mr_merge_parts(parts, PARTITIONS, &memory, &file, top, &sink, &count, &at, &error), &error);
    assert_int_equal(count, result_count < top ? result_count : top);
    for (size_t i = 0; i < count; place += results[i++].line_length)
        assert_memory_equal(lines.bytes + place, results[i].line, results[i].line_length);
    assert_int_equal(place, lines.length);
    *spilled += runs.written;
    mr_part_writer_close(&writer);
    close_test_spill(&runs);
    close_test_spill(&file);
    free(memory.base);
    free(lines.bytes);
}

static void results_come_in_the_order_asked_for(void **state) {
    (void)state;
    uint64_t spilled = 0, in_files = 0;
    for (unsigned round = 0; round < rounds(60); round++) {
        sort_at_hand = (uint32_t)below(MR_SORT_VALUE_DESCENDING + 1);
        numbers = below(2);
        result_count = skewed_below(MOST + 1);
        for (size_t i = 0; i < result_count; i++)
            make_result(&results[i], i);
        uint64_t top = below(2) ? UINT64_MAX : 1 + skewed_below(1000);
        size_t budget = below(2) ? 1 << 20 : 1000;
        order_and_merge(top, budget, below(2) ? 4 << 20 : 4096, &spilled, &in_files);
    }
    assert_true(spilled > 0 && in_files > 0);
}

/* In a file or in memory, the second of two parts: it is named. */
static void damaged_parts_are_noticed(void **state) {
    (void)state;
    mr_error error = {0};
    mr_spill file = open_test_spill();
    char record[] = "\0\0\0\0\4\0\0\0k\tv\n", line[16];
    mr_arena memory = {record, 12};
    mr_part parts[3] = {{.in_file = 1, .bytes = 12}, {.in_file = 1, .bytes = 12}, {.bytes = 12}};
    collected lines = {line, 0, sizeof line};
    mr_byte_sink sink = {.reserve = reserve, .commit = commit, .receiver = &lines};
    uint64_t count, at;
    for (int i = 0; i < 2; i++) {
        parts[i].place.offset = file.end;
        assert_ok(mr_spill_append_block(&file, record, 5, &parts[i].place, &error), &error);
        assert_ok(mr_spill_append_block(&file, record + 5, 7, &parts[i].place, &error), &error);
    }
    parts[2].place.checksum = mr_hash_bytes(record, 12);
    assert_ok(mr_merge_parts(parts, 3, &memory, &file, 9, &sink, &count, &at, &error), &error);
    assert_slice(mr_bytes(lines.bytes, lines.length), "k\tv\nk\tv\nk\tv\n", 12);
    record[10] = 'w';
    assert_refused(mr_merge_parts(parts, 3, &memory, &file, 9, &sink, &count, &at, &error), &error, "damaged");
    assert_int_equal(at, 2);
    uint64_t place = parts[1].place.offset + below(parts[1].place.length - 12);
    if (place - parts[1].place.offset >= 16) place = parts[1].place.offset; /* what means nothing in a file */
    char byte = 0;
    assert_ok(mr_spill_read(&file, &byte, 1, place, &error), &error);
    byte ^= 1;
    assert_true(mr_write_at(file.file, &byte, 1, place));
    assert_refused(mr_merge_parts(parts, 2, &memory, &file, 9, &sink, &count, &at, &error), &error, "damaged");
    assert_int_equal(at, 1);
    close_test_spill(&file);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(results_come_in_the_order_asked_for),
        RANDOM_TEST(damaged_parts_are_noticed),
    };
    start_seed();
    return run_all_tests(tests);
}
