#include "data/short_table.h"

#include "base/memory.h"
#include "base/units.h"

enum { FIRST_SLOTS = 1024 };

/* The bytes of the two words that belong to a key of 0 to 15 bytes. */
const uint64_t mr_short_masks[MR_SHORT_KEY_MAX + 1][2] = {
    {0, 0},
    {0xff, 0},
    {0xffff, 0},
    {0xffffff, 0},
    {0xffffffff, 0},
    {0xffffffffff, 0},
    {0xffffffffffff, 0},
    {0xffffffffffffff, 0},
    {0xffffffffffffffff, 0},
    {0xffffffffffffffff, 0xff},
    {0xffffffffffffffff, 0xffff},
    {0xffffffffffffffff, 0xffffff},
    {0xffffffffffffffff, 0xffffffff},
    {0xffffffffffffffff, 0xffffffffff},
    {0xffffffffffffffff, 0xffffffffffff},
    {0xffffffffffffffff, 0xffffffffffffff},
};

/* Takes memory for slot_count slots; the table has none yet, or what it had has been noted elsewhere. */
static bool map_slots(mr_short_table *table, size_t slot_count, mr_error *error) {
    table->slot_count = slot_count;
    table->entry_count = 0;
    table->entry_limit = slot_count / 4 * 3; /* buckets of four overflow rarely up to there */
    table->mapped = slot_count * (sizeof(mr_short_key) + table->value_size);
    void *memory = mr_map_memory(table->mapped, "a hash table", error);
    if (!memory) return false;
    table->keys = memory;
    table->values = (char *)(table->keys + slot_count);
    return true;
}

bool mr_short_table_open(mr_short_table *table, size_t budget, uint32_t value_size, mr_error *error) {
    *table = (mr_short_table){.value_size = value_size, .slot_limit = MR_BUCKET};
    while (table->slot_limit * 2 * (sizeof(mr_short_key) + value_size) <= budget)
        table->slot_limit *= 2;
    return map_slots(table, mr_smaller(table->slot_limit, FIRST_SLOTS), error);
}

void mr_short_table_close(mr_short_table *table) {
    mr_unmap_memory(table->keys, table->mapped);
    *table = (mr_short_table){0};
}

void mr_short_table_clear(mr_short_table *table) {
    memset(table->keys, 0, table->slot_count * sizeof *table->keys);
    table->entry_count = 0;
}

size_t mr_short_table_insert(mr_short_table *table, mr_short_key key, uint64_t hash) {
    size_t slot = mr_short_table_home(table, hash);
    while (table->keys[slot].second)
        slot = (slot + 1) & (table->slot_count - 1);
    table->keys[slot] = key;
    table->entry_count++;
    return slot;
}

bool mr_short_table_grow(mr_short_table *table) {
    mr_short_table larger = *table;
    mr_error ignored = {0}; /* without memory for more slots the table is simply full */
    if (table->slot_count == table->slot_limit || !map_slots(&larger, 2 * table->slot_count, &ignored)) return false;
    for (size_t slot = 0; slot < table->slot_count; slot++) {
        if (!table->keys[slot].second) continue;
        size_t place = mr_short_table_insert(&larger, table->keys[slot], mr_short_key_hash(table->keys[slot]));
        memcpy(mr_short_value(&larger, place), mr_short_value(table, slot), table->value_size);
    }
    mr_unmap_memory(table->keys, table->mapped);
    *table = larger;
    return true;
}

/* ---- sorting ----------------------------------------------------------------------------------------------------- */

/* The second word of an entry as a number that orders like its bytes: the last of them is the length, so of two keys
 * that are otherwise the same the shorter comes first. */
static uint64_t second_word(const mr_sort_item *item) {
    mr_short_key key;
    memcpy(&key, item->record, sizeof key);
    return __builtin_bswap64(key.second);
}

/* Puts items whose first words are the same in order. */
static void sort_by_second_word(mr_sort_item *items, mr_sort_item *scratch, size_t count) {
    for (size_t i = 0; i < count; i++)
        items[i].prefix = second_word(&items[i]);
    mr_sort_by_prefix(items, scratch, count);
}

void mr_short_table_sort(const mr_short_table *table, mr_sort_item *items, mr_sort_item *scratch) {
    size_t count = 0;
    for (size_t slot = 0; slot < table->slot_count; slot++)
        if (table->keys[slot].second)
            items[count++] =
                (mr_sort_item){__builtin_bswap64(table->keys[slot].first), (const char *)&table->keys[slot]};
    mr_sort_by_prefix(items, scratch, count);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && items[end].prefix == items[start].prefix;)
            end++;
        if (end - start > 1) sort_by_second_word(items + start, scratch, end - start);
    }
}
