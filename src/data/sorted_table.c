#include "data/sorted_table.h"

/* The two tables are sorted each on its own, in the way that suits its keys, and are merged as their entries are asked
 * for. Each sort needs as many items again for scratch. */

size_t mr_sorted_table_items(const mr_fold_table *table) {
    size_t longs = table->longs.heap_mapped / mr_entry_size(&table->longs, MR_SHORT_KEY_MAX + 1);
    return 2 * (table->shorts.slot_limit + longs);
}

static void sort_longs(const mr_table *table, mr_sort_item *items) {
    const mr_key_order by_bytes = {.compare = NULL};
    size_t count = 0, key_offset = sizeof(mr_entry) + table->value_size;
    for (mr_entry *entry = mr_table_next(table, NULL); entry; entry = mr_table_next(table, entry)) {
        uint64_t prefix = mr_prefix_at(mr_entry_key(table, entry), entry->key_length, 0);
        items[count++] = (mr_sort_item){prefix, (char *)entry};
    }
    mr_sort_items(items, items + count, count, key_offset, &by_bytes);
}

void mr_sorted_table_open(mr_sorted_table *sorted, const mr_fold_table *table, mr_sort_item *items) {
    size_t short_count = table->shorts.entry_count;
    mr_sort_item *longs = items + 2 * short_count;
    mr_short_table_sort(&table->shorts, items, items + short_count);
    sort_longs(&table->longs, longs);
    *sorted = (mr_sorted_table){.table = table,
                                .shorts = items,
                                .longs = longs,
                                .short_count = short_count,
                                .long_count = table->longs.entry_count};
}
