/* Tests of the external sorter: everything comes out, by key, rank and arrival, also in little memory. */
#include "engine_testing.h"

#include "data/sorter.h"

enum { MOST = 30000, LONGEST_KEY = 60, BUDGET = 64 << 10 };

/* What went in. */
typedef struct input {
    char *key;
    char *value;
    size_t key_length;
    size_t value_length;
    uint64_t rank;
    size_t number; /* arrival */
} input;

static input inputs[MOST];
static mr_key_order order_at_hand;

static int compare_inputs(const void *a, const void *b) {
    const input *left = a, *right = b;
    int order =
        mr_compare_keys(&order_at_hand, mr_bytes(left->key, left->key_length), mr_bytes(right->key, right->key_length));
    if (order) return order;
    if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static char *random_bytes(size_t length, unsigned letters) {
    char *bytes = allocate(length);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)('a' + below(letters));
    return bytes;
}

/* ranks: 0 all equal, 1 rising, 2 in any order. */
static void add_inputs(mr_sorter *sorter, size_t count, size_t longest_value, int ranks) {
    mr_error error = {0};
    for (size_t i = 0; i < count; i++) {
        input *in = &inputs[i];
        in->number = i;
        in->rank = ranks == 0 ? 7 : ranks == 1 ? i / 10 : next_random() >> below(64);
        in->key_length = skewed_below(LONGEST_KEY);
        in->value_length = skewed_below(longest_value);
        in->key = random_bytes(in->key_length, 2);
        in->value = random_bytes(in->value_length, 26);
        assert_ok(mr_sorter_add(sorter, mr_bytes(in->key, in->key_length), mr_bytes(in->value, in->value_length),
                                in->rank, &error),
                  &error);
    }
}

/* Takes out at most wanted records and compares them with the sorted inputs. */
static void check_outputs(mr_sorter *sorter, size_t count, size_t wanted) {
    mr_error error = {0};
    mr_sorted sorted;
    bool more;
    qsort(inputs, count, sizeof *inputs, compare_inputs);
    assert_ok(mr_sorter_finish(sorter, &error), &error);
    for (size_t i = 0; i < wanted && i < count; i++) {
        assert_ok(mr_sorter_next(sorter, &sorted, &more, &error), &error);
        assert_true(more);
        assert_slice(sorted.key, inputs[i].key, inputs[i].key_length);
        assert_slice(sorted.value, inputs[i].value, inputs[i].value_length);
        assert_int_equal(sorted.rank, inputs[i].rank);
    }
    if (wanted >= count) {
        assert_ok(mr_sorter_next(sorter, &sorted, &more, &error), &error);
        assert_false(more);
    }
    for (size_t i = 0; i < count; i++) {
        free(inputs[i].key);
        free(inputs[i].value);
    }
}

/* One sorter, used again and again; returns how many bytes were spilled. */
static uint64_t sort_many(size_t budget, size_t most, size_t longest_value, unsigned times) {
    mr_spill spill = open_test_spill();
    mr_sorter sorter;
    mr_error error = {0};
    assert_ok(mr_sorter_open(&sorter, budget, &order_at_hand, &spill, &error), &error);
    for (unsigned i = 0; i < times; i++) {
        size_t count = most / 2 + below(most / 2 + 1);
        add_inputs(&sorter, count, longest_value, (int)below(3));
        check_outputs(&sorter, count, below(3) ? count : below(count + 1));
        mr_sorter_reset(&sorter);
    }
    mr_sorter_close(&sorter);
    close_test_spill(&spill);
    return spill.written;
}

static void few_are_sorted_in_memory(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    assert_int_equal(sort_many(BUDGET, 300, 50, rounds(100)), 0);
    assert_int_equal(sort_many(4 << 20, 10000, 50, 3), 0);
}

static void many_are_spilled_and_merged(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    assert_true(sort_many(BUDGET, 3000, 100, rounds(20)) > 0);
}

/* So many runs that they do not go into one merge: everything is written at least twice. */
static void merges_take_several_passes(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    mr_spill spill = open_test_spill();
    mr_sorter sorter;
    mr_error error = {0};
    assert_ok(mr_sorter_open(&sorter, BUDGET, &order_at_hand, &spill, &error), &error);
    add_inputs(&sorter, MOST, 100, 2);
    uint64_t before = spill.written;
    assert_true(sorter.run_count > 16);
    check_outputs(&sorter, MOST, MOST);
    assert_true(spill.written > before + before / 2);
    mr_sorter_close(&sorter);
    close_test_spill(&spill);
}

/* Records that are larger than the whole memory, among small ones. */
static void giants_are_taken(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    assert_true(sort_many(BUDGET, 400, 3 * BUDGET, 3) > 0);
}

static int compare_reversed(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return mr_compare_bytes(b, a);
}

static void order_of_the_plugin_holds(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){.compare = compare_reversed};
    assert_true(sort_many(BUDGET, 3000, 100, 3) > 0);
}

static void nothing_is_sorted(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    assert_int_equal(sort_many(BUDGET, 0, 1, 3), 0);
}

static void failure_to_spill_is_told(void **state) {
    (void)state;
    mr_spill spill = {.file = -1, .failure = ENOSPC, .folder = "/some/folder"};
    mr_key_order order = {0};
    mr_sorter sorter;
    mr_error error = {0};
    bool ok = true;
    assert_ok(mr_sorter_open(&sorter, BUDGET, &order, &spill, &error), &error);
    for (int i = 0; ok && i < 10000; i++)
        ok = mr_sorter_add(&sorter, mr_text("key"), mr_text("value"), 0, &error);
    assert_refused(ok, &error, "/some/folder");
    mr_sorter_close(&sorter);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(few_are_sorted_in_memory),   RANDOM_TEST(many_are_spilled_and_merged),
        RANDOM_TEST(merges_take_several_passes), RANDOM_TEST(giants_are_taken),
        RANDOM_TEST(order_of_the_plugin_holds),  RANDOM_TEST(nothing_is_sorted),
        RANDOM_TEST(failure_to_spill_is_told),
    };
    start_seed();
    return run_all_tests(tests);
}
