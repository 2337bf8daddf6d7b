/* Tests of sorting records: against a simple reference, with keys made to hit every path. */
#include "engine_testing.h"

#include "data/sort.h"

enum { MOST = 4000, LONGEST = 200, KEY_OFFSET = 24 };

/* A record as sort.h wants it: the length of its key first, the key at KEY_OFFSET. */
typedef struct record {
    uint32_t key_length;
    uint32_t number; /* place in the input */
    uint64_t rank;
    uint64_t unused;
    char key[LONGEST];
} record;

static record records[MOST];
static mr_sort_item items[MOST], scratch[MOST], expected[MOST];
static mr_key_order order_at_hand;

/* Kinds of keys: what they have in common, how long they are, which bytes they hold. */
static void make_key(record *made, unsigned kind) {
    static const char alphabet[] = {0, 1, 'a', 'b', (char)0x80, (char)0xff};
    size_t common = kind & 1 ? 8 * (1 + kind % 9) : 0, length = common + below(kind & 2 ? 20 : 4);
    size_t letters = kind & 4 ? 2 : sizeof alphabet;
    if (kind & 8) length = common + skewed_below(LONGEST - common);
    memset(made->key, 'k', common);
    for (size_t i = common; i < length; i++)
        made->key[i] = kind & 16 ? (char)next_random() : alphabet[below(letters)];
    made->key_length = (uint32_t)length;
}

static mr_slice key_of(const mr_sort_item *item) {
    return mr_record_key(item->record, KEY_OFFSET);
}

/* The order of the reference: as declared, then by the place in the input. */
static int compare_items(const void *a, const void *b) {
    const mr_sort_item *left = a, *right = b;
    int order = mr_compare_keys(&order_at_hand, key_of(left), key_of(right));
    uint32_t first = ((const record *)(const void *)left->record)->number;
    uint32_t second = ((const record *)(const void *)right->record)->number;
    return order ? order : (first > second) - (first < second);
}

static void sort_and_compare(size_t count) {
    for (size_t i = 0; i < count; i++) {
        mr_slice key = mr_bytes(records[i].key, records[i].key_length);
        records[i].number = (uint32_t)i;
        items[i] = expected[i] = (mr_sort_item){mr_prefix_at(key.data, key.length, 0), (const char *)&records[i]};
    }
    qsort(expected, count, sizeof *expected, compare_items);
    mr_sort_items(items, scratch, count, KEY_OFFSET, &order_at_hand);
    for (size_t i = 0; i < count; i++)
        if (items[i].record != expected[i].record) fail_msg("the record at place %zu of %zu is wrong", i, count);
}

static void bytes_order(void **state) {
    (void)state;
    order_at_hand = (mr_key_order){0};
    for (unsigned round = 0; round < rounds(400); round++) {
        size_t count = below(8) ? skewed_below(MOST + 1) : below(60);
        unsigned kind = (unsigned)below(32);
        for (size_t i = 0; i < count; i++)
            make_key(&records[i], kind);
        sort_and_compare(count);
    }
}

/* Longer keys first, then by their second byte: many different keys compare equal. */
static int compare_own(mr_ctx *ctx, mr_slice a, mr_slice b) {
    assert_ptr_equal(ctx, &order_at_hand);
    if (a.length != b.length) return a.length > b.length ? -1 : 1;
    return a.length < 2 ? 0 : (int)(unsigned char)a.data[1] - (int)(unsigned char)b.data[1];
}

static void order_of_the_plugin(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(200); round++) {
        order_at_hand = (mr_key_order){compare_own, (mr_ctx *)(void *)&order_at_hand, round % 2 ? 4 : 0};
        size_t count = skewed_below(MOST + 1);
        for (size_t i = 0; i < count; i++) {
            make_key(&records[i], 2 | (unsigned)below(32));
            if (records[i].key_length < 4) records[i].key_length = 4; /* there is a partition number */
            records[i].key[3] = (char)below(3);
        }
        sort_and_compare(count);
    }
}

static void partitions_come_before_the_order_of_the_plugin(void **state) {
    (void)state;
    mr_key_order order = {compare_own, (mr_ctx *)(void *)&order_at_hand, 4};
    mr_slice low = mr_bytes("\0\0\0\1a", 5), high = mr_bytes("\0\0\1\0abc", 7), longer = mr_bytes("\0\0\0\1ab", 6);
    assert_true(mr_compare_keys(&order, low, high) < 0);
    assert_true(mr_compare_keys(&order, low, longer) > 0);
    assert_true(mr_compare_keys(&order, low, mr_bytes("\0\0\0\1b", 5)) < 0); /* equal for the plugin: byte order */
    assert_int_equal(mr_compare_keys(&order, low, low), 0);
}

static int compare_ranks(const void *a, const void *b) {
    const record *left = (const void *)((const mr_sort_item *)a)->record;
    const record *right = (const void *)((const mr_sort_item *)b)->record;
    if (left->rank != right->rank) return left->rank < right->rank ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static void ranks_order(void **state) {
    (void)state;
    for (unsigned round = 0; round < rounds(200); round++) {
        size_t count = skewed_below(MOST + 1);
        unsigned bits = (unsigned)below(64);
        for (size_t i = 0; i < count; i++) {
            records[i].rank = next_random() >> bits;
            records[i].number = (uint32_t)i;
            items[i] = expected[i] = (mr_sort_item){0, (const char *)&records[i]};
        }
        qsort(expected, count, sizeof *expected, compare_ranks);
        mr_sort_items_by_rank(items, scratch, count, offsetof(record, rank));
        for (size_t i = 0; i < count; i++)
            assert_ptr_equal(items[i].record, expected[i].record);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RANDOM_TEST(bytes_order),
        RANDOM_TEST(order_of_the_plugin),
        RANDOM_TEST(partitions_come_before_the_order_of_the_plugin),
        RANDOM_TEST(ranks_order),
    };
    _Static_assert(offsetof(record, key) == KEY_OFFSET, "the key of a record is where it is said to be");
    start_seed();
    return run_all_tests(tests);
}
