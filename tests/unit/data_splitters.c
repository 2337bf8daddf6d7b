/* Tests of dividing keys into ranges. */
#include "engine_testing.h"

#include "data/splitters.h"

enum { KEYS = 3000, LONGEST = 40, KEY_OFFSET = 4 };

/* A record as sort.h wants it. */
typedef struct record {
    uint32_t key_length;
    char key[LONGEST];
} record;

static record records[KEYS];
static mr_sort_item items[KEYS], scratch[KEYS];
static mr_splitters splitters;
static mr_splitter_index splitter_index;

static void make_key(record *made, size_t longest, unsigned letters) {
    made->key_length = (uint32_t)below(longest + 1);
    for (uint32_t i = 0; i < made->key_length; i++)
        made->key[i] = (char)below(letters);
}

static mr_slice key_of(const record *made) {
    return mr_bytes(made->key, made->key_length);
}

static void choose(size_t count, size_t longest, unsigned letters, uint32_t partitions, const mr_key_order *order) {
    for (size_t i = 0; i < count; i++) {
        make_key(&records[i], longest, letters);
        mr_slice key = key_of(&records[i]);
        items[i] = (mr_sort_item){mr_prefix_at(key.data, key.length, 0), (const char *)&records[i]};
    }
    mr_sort_items(items, scratch, count, KEY_OFFSET, order);
    mr_splitters_choose(&splitters, items, count, KEY_OFFSET, partitions, order);
    mr_splitter_index_build(&splitter_index, &splitters, order);
}

/* How many splitters are not above the key. */
static uint32_t count_splitters(mr_slice key, const mr_key_order *order) {
    uint32_t count = 0;
    for (uint32_t i = 0; i + 1 < splitters.partitions; i++)
        count += mr_compare_keys(order, mr_bytes(splitters.keys[i], splitters.lengths[i]), key) <= 0;
    return count;
}

static void check(const mr_key_order *order, size_t longest, unsigned letters, uint32_t partitions) {
    assert_in_range(splitters.partitions, 1, partitions);
    for (uint32_t i = 1; i + 1 < splitters.partitions; i++)
        assert_true(mr_compare_keys(order, mr_bytes(splitters.keys[i - 1], splitters.lengths[i - 1]),
                                    mr_bytes(splitters.keys[i], splitters.lengths[i])) < 0);
    for (int i = 0; i < 300; i++) {
        record other;
        make_key(&other, longest, letters);
        assert_int_equal(mr_partition_of(&splitter_index, key_of(&other)), count_splitters(key_of(&other), order));
    }
}

static int compare_lengths(mr_ctx *ctx, mr_slice a, mr_slice b) {
    (void)ctx;
    return (a.length < b.length) - (a.length > b.length);
}

static void keys_find_their_range(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(300); round++) {
        mr_key_order order = {.compare = round % 4 ? NULL : compare_lengths};
        size_t count = skewed_below(KEYS + 1), longest = 1 + below(LONGEST);
        unsigned letters = 1 + (unsigned)skewed_below(256);
        uint32_t partitions = 1 + (uint32_t)skewed_below(MR_PARTITIONS_MAX);
        choose(count, longest, letters, partitions, &order);
        check(&order, longest, letters, partitions);
    }
}

static void ranges_are_of_equal_size(void **state) {
    (void)state;
    enum { PARTITIONS = 10 };
    mr_key_order order = {0};
    size_t sizes[PARTITIONS] = {0};
    choose(KEYS, 20, 256, PARTITIONS, &order);
    assert_int_equal(splitters.partitions, PARTITIONS);
    for (size_t i = 0; i < KEYS; i++)
        sizes[mr_partition_of(&splitter_index, key_of(&records[i]))]++;
    for (int i = 0; i < PARTITIONS; i++)
        assert_in_range(sizes[i], KEYS / PARTITIONS / 2, KEYS / PARTITIONS * 2);
}

/* Long keys give splitters that are cut in byte order, and none in an order of the plugin's own. */
static void long_keys_are_cut(void **state) {
    (void)state;
    enum { LENGTH = 2 * MR_SPLITTER_MAX, COUNT = 4 };
    static struct {
        uint32_t key_length;
        char key[LENGTH];
    } giants[COUNT];
    mr_key_order order = {0};
    for (int i = 0; i < COUNT; i++) {
        giants[i].key_length = LENGTH;
        memset(giants[i].key, 'a' + i, LENGTH);
        items[i] = (mr_sort_item){0, (const char *)&giants[i]};
    }
    mr_splitters_choose(&splitters, items, COUNT, KEY_OFFSET, COUNT, &order);
    mr_splitter_index_build(&splitter_index, &splitters, &order);
    assert_int_equal(splitters.partitions, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_int_equal(mr_partition_of(&splitter_index, mr_bytes(giants[i].key, LENGTH)), i);
    order.compare = compare_lengths;
    mr_splitters_choose(&splitters, items, COUNT, KEY_OFFSET, COUNT, &order);
    assert_int_equal(splitters.partitions, 1);
}

static void empty_samples_make_one_range(void **state) {
    (void)state;
    mr_key_order order = {0};
    choose(0, 1, 1, 100, &order);
    assert_int_equal(splitters.partitions, 1);
    assert_int_equal(mr_partition_of(&splitter_index, mr_text("anything")), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(keys_find_their_range),
        RANDOM_TEST(ranges_are_of_equal_size),
        RANDOM_TEST(long_keys_are_cut),
        RANDOM_TEST(empty_samples_make_one_range),
    };
    start_seed();
    return run_all_tests(tests);
}
