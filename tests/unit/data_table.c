/* Tests of the hash table, against a list of keys. */
#include "engine_testing.h"

#include "data/table.h"

enum { KEYS = 3000, LONGEST = 50, BUDGET = 128 << 10 };

static char keys[KEYS][LONGEST];
static size_t lengths[KEYS];
static uint64_t counts[KEYS]; /* how often a key is in the table */

/* Different keys: the first bytes hold the number. */
static void make_keys(void) {
    for (uint32_t i = 0; i < KEYS; i++) {
        for (size_t j = 0; j < LONGEST; j++)
            keys[i][j] = (char)below(3);
        memcpy(keys[i], &i, 2);
        lengths[i] = 2 + skewed_below(LONGEST - 2);
        counts[i] = 0;
    }
    lengths[0] = 0;
}

static uint64_t *find(mr_table *table, uint32_t i, uint64_t mask, bool *is_new) {
    /* Fewer bits of the hash: keys meet in the same slots and look alike. */
    return mr_table_find(table, keys[i], lengths[i], mr_hash_bytes(keys[i], lengths[i]) & mask, is_new);
}

/* Goes through all entries: each key once, in the order of first appearance, with its count. */
static void check_entries(const mr_table *table, const uint32_t *order, size_t count) {
    size_t seen = 0;
    for (mr_entry *entry = mr_table_next(table, NULL); entry; entry = mr_table_next(table, entry), seen++) {
        assert_true(seen < count);
        uint32_t i = order[seen];
        assert_slice(mr_bytes(mr_entry_key(table, entry), entry->key_length), keys[i], lengths[i]);
        assert_int_equal(mr_load_u64(mr_entry_value(entry)), counts[i]);
    }
    assert_int_equal(seen, count);
    assert_int_equal(table->entry_count, count);
}

/* Counts random keys until the table is full; returns how many different ones it took. */
static size_t fill(mr_table *table, uint64_t mask, uint32_t key_count) {
    static uint32_t order[KEYS];
    size_t count = 0;
    memset(counts, 0, sizeof counts);
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t key = (uint32_t)skewed_below(key_count);
        bool is_new;
        uint64_t *value = find(table, key, mask, &is_new);
        assert_int_equal(is_new, counts[key] == 0);
        if (!value) break;
        assert_int_equal((uintptr_t)value % 8, 0);
        if (is_new) {
            order[count++] = key;
            *value = 0;
        }
        assert_int_equal(*value, counts[key]);
        counts[key] = ++*value;
    }
    check_entries(table, order, count);
    return count;
}

static void keys_are_counted(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(30); round++) {
        mr_table table;
        mr_error error = {0};
        make_keys();
        uint32_t value_size = 8 * (1 + (uint32_t)below(4));
        assert_ok(mr_table_open(&table, BUDGET, value_size, &error), &error);
        for (int times = 0; times < 3; times++) {
            fill(&table, UINT64_MAX, (uint32_t)KEYS);
            mr_table_clear(&table);
            assert_null(mr_table_next(&table, NULL));
        }
        mr_table_close(&table);
    }
}

/* The smallest table fills up, says so, and is as good as new when it has been cleared. */
static void full_tables_refuse(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    make_keys();
    assert_ok(mr_table_open(&table, 4096, 8, &error), &error);
    size_t first = fill(&table, UINT64_MAX, KEYS);
    assert_true(first > 20 && first < 512);
    mr_table_clear(&table);
    for (int i = 0; i < 20; i++) {
        assert_true(fill(&table, UINT64_MAX, KEYS) > 20);
        mr_table_clear(&table);
    }
    mr_table_close(&table);
}

static void like_hashes_do_not_make_like_keys(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    make_keys();
    assert_ok(mr_table_open(&table, BUDGET, 8, &error), &error);
    fill(&table, 0xff, 300); /* stays within the first slots: nothing is entered anew */
    mr_table_close(&table);
}

static void oversized_keys_are_refused(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    bool is_new;
    char *key = allocate(1 << 20);
    memset(key, 'x', 1 << 20);
    assert_ok(mr_table_open(&table, BUDGET, 8, &error), &error);
    assert_null(mr_table_find(&table, key, 1 << 20, mr_hash_bytes(key, 1 << 20), &is_new));
    assert_int_equal(table.entry_count, 0);
    assert_non_null(mr_table_find(&table, key, 1000, mr_hash_bytes(key, 1000), &is_new));
    assert_true(is_new);
    mr_table_close(&table);
    free(key);
}

/* Entries are appended without a look at the slots, so that there may be many more than slots when a key is looked for.
 */
static void appended_entries_leave_room_for_others(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    bool is_new;
    make_keys();
    assert_ok(mr_table_open(&table, 16 * BUDGET, 8, &error), &error);
    for (uint32_t i = 1; i < KEYS; i++)
        assert_non_null(mr_table_append(&table, keys[i], lengths[i]));
    assert_true(table.entry_count > 2 * table.slot_count);
    assert_non_null(find(&table, 0, UINT64_MAX, &is_new));
    assert_true(is_new);
    assert_non_null(find(&table, 0, UINT64_MAX, &is_new));
    assert_false(is_new);
    assert_true(table.entry_count < table.slot_count);
    mr_table_close(&table);
}

/* Where the budget has no room for as many slots the table is full. */
static void appended_entries_may_fill_the_table(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    bool is_new;
    make_keys();
    assert_ok(mr_table_open(&table, BUDGET, 0, &error), &error);
    for (size_t i = 0; i < table.slot_limit; i++)
        assert_non_null(mr_table_append(&table, "", 0));
    assert_null(find(&table, 0, UINT64_MAX, &is_new));
    mr_table_clear(&table);
    assert_non_null(find(&table, 0, UINT64_MAX, &is_new));
    mr_table_close(&table);
}

static void values_may_have_no_size(void **state) {
    (void)state;
    mr_table table;
    mr_error error = {0};
    bool is_new;
    assert_ok(mr_table_open(&table, BUDGET, 0, &error), &error);
    assert_non_null(mr_table_find(&table, "", 0, mr_hash_bytes("", 0), &is_new));
    assert_true(is_new);
    assert_non_null(mr_table_find(&table, "", 0, mr_hash_bytes("", 0), &is_new));
    assert_false(is_new);
    mr_table_close(&table);
    mr_table nothing = {0};
    mr_table_close(&nothing);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(keys_are_counted),
        RANDOM_TEST(full_tables_refuse),
        RANDOM_TEST(like_hashes_do_not_make_like_keys),
        RANDOM_TEST(oversized_keys_are_refused),
        RANDOM_TEST(appended_entries_leave_room_for_others),
        RANDOM_TEST(appended_entries_may_fill_the_table),
        RANDOM_TEST(values_may_have_no_size),
    };
    start_seed();
    return run_all_tests(tests);
}
