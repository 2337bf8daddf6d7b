#include "data/short_table.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/units.h"

enum { FIRST_SLOTS = 1024, SPARSE_SLOTS = 1 << 13, DIGITS = 8, RADIX = 256, SMALL = 32 };

#define LOW_BYTES(count) ((count) >= 8 ? UINT64_MAX : (1ull << (8 * (count))) - 1)
#define MASKS(length)                                                                                                  \
    { LOW_BYTES(length), (length) > 8 ? LOW_BYTES((length) % 8) : 0 }

const uint64_t mr_short_masks[MR_SHORT_KEY_MAX + 1][2] = {
    MASKS(0), MASKS(1), MASKS(2),  MASKS(3),  MASKS(4),  MASKS(5),  MASKS(6),  MASKS(7),
    MASKS(8), MASKS(9), MASKS(10), MASKS(11), MASKS(12), MASKS(13), MASKS(14), MASKS(15),
};

/* A small table is kept sparse, for few collisions; a large one fuller, for its place in the cache. */
static void set_limit(mr_short_table *table) {
    table->entry_limit = table->slot_count <= SPARSE_SLOTS && table->slot_count < table->slot_limit
                             ? table->slot_count / 4
                             : table->slot_count / 8 * 5;
}

/* Takes memory for slot_count slots; the table has none yet, or what it had has been noted elsewhere. */
static bool map_slots(mr_short_table *table, size_t slot_count, mr_error *error) {
    table->slot_count = slot_count;
    table->entry_count = 0;
    set_limit(table);
    table->mapped = slot_count * (sizeof(mr_short_key) + table->value_size);
    void *memory =
        mmap(NULL, table->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return mr_error_memory(error, table->mapped, "a hash table");
    table->keys = memory;
    table->values = (char *)(table->keys + slot_count);
    return true;
}

bool mr_short_table_open(mr_short_table *table, size_t budget, uint32_t value_size, mr_error *error) {
    *table = (mr_short_table){.value_size = value_size, .slot_limit = 64};
    while (table->slot_limit * 2 * (sizeof(mr_short_key) + value_size) <= budget)
        table->slot_limit *= 2;
    return map_slots(table, mr_smaller(table->slot_limit, FIRST_SLOTS), error);
}

void mr_short_table_close(mr_short_table *table) {
    if (table->keys) munmap(table->keys, table->mapped);
    *table = (mr_short_table){0};
}

void mr_short_table_clear(mr_short_table *table) {
    memset(table->keys, 0, table->slot_count * sizeof *table->keys);
    table->entry_count = 0;
}

bool mr_short_table_grow(mr_short_table *table) {
    mr_short_table larger = *table;
    mr_error ignored = {0}; /* without memory for more slots the table is simply full */
    if (table->slot_count == table->slot_limit || !map_slots(&larger, 2 * table->slot_count, &ignored)) return false;
    for (size_t slot = 0; slot < table->slot_count; slot++) {
        bool is_new;
        if (!table->keys[slot].second) continue;
        size_t place = mr_short_table_find(&larger, table->keys[slot], mr_short_key_hash(table->keys[slot]), &is_new);
        memcpy(mr_short_value(&larger, place), mr_short_value(table, slot), table->value_size);
    }
    munmap(table->keys, table->mapped);
    *table = larger;
    return true;
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

static bool comes_before(const mr_short_item *a, const mr_short_item *b) {
    return a->high < b->high || (a->high == b->high && a->low < b->low);
}

static void insertion_sort(mr_short_item *items, size_t count) {
    for (size_t i = 1; i < count; i++) {
        mr_short_item item = items[i];
        size_t place = i;
        for (; place && comes_before(&item, &items[place - 1]); place--)
            items[place] = items[place - 1];
        items[place] = item;
    }
}

static int compare_items(const void *a, const void *b) {
    return comes_before(a, b) ? -1 : comes_before(b, a);
}

/* Sorts by the first word: a radix sort that counts all bytes in one pass and leaves out those in which no two differ.
 */
static void radix_sort(mr_short_item *items, mr_short_item *scratch, size_t count) {
    size_t counts[DIGITS][RADIX] = {{0}};
    for (size_t i = 0; i < count; i++)
        for (int digit = 0; digit < DIGITS; digit++)
            counts[digit][items[i].high >> (8 * digit) & 255]++;
    mr_short_item *from = items, *to = scratch;
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t *places = counts[digit];
        if (places[from[0].high >> (8 * digit) & 255] == count) continue;
        for (size_t value = 0, place = 0; value < RADIX; value++) {
            size_t size = places[value];
            places[value] = place;
            place += size;
        }
        for (size_t i = 0; i < count; i++)
            to[places[from[i].high >> (8 * digit) & 255]++] = from[i];
        mr_short_item *other = from;
        from = to;
        to = other;
    }
    if (from != items) memcpy(items, from, count * sizeof *items);
}

void mr_short_table_sort(const mr_short_table *table, mr_short_item *items, mr_short_item *scratch) {
    size_t count = 0;
    for (size_t slot = 0; slot < table->slot_count; slot++) {
        mr_short_key key = table->keys[slot];
        if (key.second)
            items[count++] = (mr_short_item){__builtin_bswap64(key.first), __builtin_bswap64(key.second), slot};
    }
    if (count <= SMALL) {
        insertion_sort(items, count);
        return;
    }
    radix_sort(items, scratch, count);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && items[end].high == items[start].high;)
            end++;
        if (end - start > SMALL)
            qsort(items + start, end - start, sizeof *items, compare_items);
        else if (end - start > 1)
            insertion_sort(items + start, end - start);
    }
}
