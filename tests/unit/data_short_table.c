/* Tests of the hash table for short keys, against a list of keys. */
#include "engine_testing.h"

#include "data/short_table.h"

enum { KEYS = 5000 };

static mr_short_key keys[KEYS];
static char texts[KEYS][16];
static size_t lengths[KEYS];
static uint64_t counts[KEYS]; /* how often a key is in the table */

/* Different keys of 0 to 15 bytes, with zeros and equal beginnings among them. */
static void make_keys(void) {
    for (uint32_t i = 0; i < KEYS; i++) {
        lengths[i] = i ? 2 + below(MR_SHORT_KEY_MAX - 1) : 0;
        memset(texts[i], 0, sizeof texts[i]);
        for (size_t j = 0; j < lengths[i]; j++)
            texts[i][j] = (char)below(3);
        if (i) memcpy(texts[i] + (lengths[i] - 2) / 2, &(uint16_t){(uint16_t)(i + 1000)}, 2);
        char padded[32];
        memset(padded, 0xaa, sizeof padded); /* what lies behind a key does not matter */
        memcpy(padded, texts[i], lengths[i]);
        keys[i] = mr_short_key_of(padded, lengths[i]);
        assert_int_equal(mr_short_key_length(keys[i]), lengths[i]);
        counts[i] = 0;
    }
}

/* The hash of a key under which many keys meet in the same buckets. */
static uint64_t hash_of(uint32_t i, uint64_t mask) {
    return mr_short_key_hash(keys[i]) & mask;
}

static int compare_texts(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return mr_compare_bytes(mr_bytes(texts[left], lengths[left]), mr_bytes(texts[right], lengths[right]));
}

/* The entries come sorted, each with its count. */
static void check_sorted(const mr_short_table *table) {
    static mr_sort_item items[2 * KEYS];
    static uint32_t expected[KEYS];
    size_t count = 0;
    for (uint32_t i = 0; i < KEYS; i++)
        if (counts[i]) expected[count++] = i;
    qsort(expected, count, sizeof *expected, compare_texts);
    assert_int_equal(table->entry_count, count);
    mr_short_table_sort(table, items, items + count);
    for (size_t i = 0; i < count; i++) {
        size_t slot = mr_short_item_slot(table, &items[i]);
        uint32_t key = expected[i];
        assert_memory_equal(&table->keys[slot], &keys[key], sizeof keys[key]);
        assert_int_equal(mr_load_u64(mr_short_value(table, slot)), counts[key]);
    }
}

/* Counts random keys until the table is full. */
static void fill(mr_short_table *table, uint64_t mask, uint32_t key_count) {
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t key = (uint32_t)skewed_below(key_count);
        uint64_t hash = hash_of(key, mask);
        mr_short_table_prefetch(table, hash);
        size_t slot = mr_short_table_find(table, &keys[key], hash);
        assert_int_equal(slot == MR_NO_SLOT, counts[key] == 0);
        if (slot == MR_NO_SLOT) {
            if (mr_short_table_crowded(table) && (mask != UINT64_MAX || !mr_short_table_grow(table))) return;
            slot = mr_short_table_insert(table, keys[key], hash);
        }
        counts[key]++;
        mr_store_u64(mr_short_value(table, slot), counts[key]);
    }
}

static void random_keys(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30); round++) {
        mr_short_table table;
        mr_error error = {0};
        make_keys();
        uint32_t value_size = 8 * (1 + (uint32_t)below(6));
        assert_ok(mr_short_table_open(&table, skewed_below(400000), value_size, &error), &error);
        for (int again = 0; again < 2; again++) {
            fill(&table, UINT64_MAX, 1 + (uint32_t)skewed_below(KEYS));
            check_sorted(&table);
            mr_short_table_clear(&table);
            memset(counts, 0, sizeof counts);
        }
        mr_short_table_close(&table);
    }
}

/* All keys want the same few buckets: they overflow into the next ones, and around the end. */
static void crowded_buckets(void **state) {
    (void)state;
    for (uint64_t mask = 0; mask < 16; mask += 5) {
        mr_short_table table;
        mr_error error = {0};
        make_keys();
        assert_ok(mr_short_table_open(&table, 30000, 8, &error), &error);
        fill(&table, mask ? mask : UINT64_MAX << 8, KEYS);
        assert_true(table.entry_count > 100);
        check_sorted(&table);
        mr_short_table_close(&table);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(random_keys),
        RANDOM_TEST(crowded_buckets),
    };
    start_seed();
    return run_all_tests(tests);
}
