/* Tests of merging with a loser tree. */
#include "engine_testing.h"

#include "data/loser_tree.h"

enum { SOURCES = 70, LONGEST = 40 };

/* Sorted lists of numbers, with the place of the next one in each. */
typedef struct lists {
    uint32_t numbers[SOURCES][LONGEST];
    uint32_t lengths[SOURCES];
    uint32_t next[SOURCES];
    uint64_t comparisons;
} lists;

static int compare_heads(const void *context, uint32_t a, uint32_t b) {
    lists *all = (lists *)(uintptr_t)context;
    assert_true(all->next[a] < all->lengths[a] && all->next[b] < all->lengths[b]);
    all->comparisons++;
    uint32_t left = all->numbers[a][all->next[a]], right = all->numbers[b][all->next[b]];
    return (left > right) - (left < right);
}

static int compare_numbers(const void *a, const void *b) {
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static uint32_t fill(lists *all, uint32_t count, uint32_t range) {
    uint32_t total = 0;
    *all = (lists){.comparisons = 0};
    for (uint32_t i = 0; i < count; i++) {
        all->lengths[i] = below(5) ? (uint32_t)below(LONGEST + 1) : 0;
        for (uint32_t j = 0; j < all->lengths[i]; j++)
            all->numbers[i][j] = (uint32_t)below(range);
        qsort(all->numbers[i], all->lengths[i], sizeof(uint32_t), compare_numbers);
        total += all->lengths[i];
    }
    return total;
}

/* Takes out everything: it comes in order, and equal numbers by the number of their source. */
static void merge(lists *all, uint32_t count, uint32_t total) {
    bool alive[SOURCES];
    mr_loser_tree tree;
    mr_error error = {0};
    for (uint32_t i = 0; i < count; i++)
        alive[i] = all->lengths[i] > 0;
    assert_ok(mr_loser_tree_open(&tree, count, alive, compare_heads, all, &error), &error);
    uint32_t taken = 0, last_number = 0, last_source = 0, source;
    for (; mr_loser_tree_winner(&tree, &source); taken++) {
        uint32_t number = all->numbers[source][all->next[source]];
        assert_true(number > last_number || (number == last_number && (source >= last_source || !taken)));
        last_number = number;
        last_source = source;
        mr_loser_tree_advance(&tree, ++all->next[source] < all->lengths[source]);
    }
    assert_int_equal(taken, total);
    mr_loser_tree_close(&tree);
}

static void lists_are_merged_in_order(void **state) {
    (void)state;
    lists all;
    for (unsigned round = 0; round < rounds(1500); round++) {
        uint32_t count = (uint32_t)below(SOURCES + 1);
        uint32_t total = fill(&all, count, 1 + (uint32_t)skewed_below(1000));
        merge(&all, count, total);
        unsigned levels = 0;
        while (1u << levels < count)
            levels++;
        /* One comparison a level, and one for each match of the first round. */
        assert_true(all.comparisons <= (uint64_t)total * levels + count);
    }
}

static void few_sources_are_merged(void **state) {
    (void)state;
    lists all;
    for (uint32_t count = 0; count < 10; count++)
        for (unsigned round = 0; round < 100; round++)
            merge(&all, count, fill(&all, count, 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {RANDOM_TEST(lists_are_merged_in_order), RANDOM_TEST(few_sources_are_merged)};
    start_seed();
    return run_all_tests(tests);
}
