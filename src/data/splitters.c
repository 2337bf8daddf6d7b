#include "data/splitters.h"

static mr_slice splitter(const mr_splitters *splitters, uint32_t i) {
    return mr_bytes(splitters->keys[i], splitters->lengths[i]);
}

/* Byte order may cut a long splitter short: any string is a splitter. An order of the plugin's own gets whole keys
 * only. */
static bool add_splitter(mr_splitters *splitters, mr_slice key, const mr_key_order *order) {
    uint32_t count = splitters->partitions - 1;
    if (key.length > MR_SPLITTER_MAX) {
        if (order->compare) return false;
        key.length = MR_SPLITTER_MAX;
    }
    if (count && mr_compare_keys(order, splitter(splitters, count - 1), key) >= 0) return false;
    splitters->lengths[count] = (uint32_t)key.length;
    if (key.length) memcpy(splitters->keys[count], key.data, key.length);
    splitters->partitions++;
    return true;
}

void mr_splitters_choose(mr_splitters *splitters, const mr_sort_item *items, size_t count, size_t key_offset,
                         uint32_t partitions, const mr_key_order *order) {
    splitters->partitions = 1;
    for (uint32_t i = 1; i < partitions && count; i++) {
        size_t quantile = (size_t)((double)count * i / partitions);
        add_splitter(splitters, mr_record_key(items[quantile].record, key_offset), order);
    }
}

void mr_splitter_index_build(mr_splitter_index *index, const mr_splitters *splitters, const mr_key_order *order) {
    index->splitters = splitters;
    index->order = *order;
    index->count = splitters->partitions - 1;
    for (uint32_t i = 0; i < index->count; i++)
        index->prefixes[i] = mr_prefix_at(splitters->keys[i], splitters->lengths[i], 0);
    for (uint32_t lead = 0, i = 0; lead <= 65536; lead++) {
        while (i < index->count && index->prefixes[i] >> 48 < lead)
            i++;
        index->below[lead] = (uint16_t)i;
    }
    index->halvings = 0;
    for (uint32_t lead = 0; lead < 65536; lead++)
        while ((index->below[lead + 1] - index->below[lead]) >> index->halvings)
            index->halvings++;
}

/* How many splitters from low on are not above the key, comparing whole keys. */
static uint32_t search_keys(const mr_splitter_index *index, mr_slice key, uint32_t low, uint32_t high) {
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (mr_compare_keys(&index->order, splitter(index->splitters, middle), key) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The two leading bytes of the key narrow the search to the few splitters that share them. */
uint32_t mr_partition_of_prefix(const mr_splitter_index *index, mr_slice key, uint64_t prefix) {
    if (index->order.compare) return search_keys(index, key, 0, index->count);
    /* The same number of halvings for every key, without a branch on what they find: it could not be predicted. */
    uint32_t low = index->below[prefix >> 48], left = index->below[(prefix >> 48) + 1] - low;
    for (uint32_t i = index->halvings; i; i--) {
        uint32_t half = left / 2, above = (left != 0) & (index->prefixes[low + half] < prefix);
        low += above * (half + 1);
        left = above ? left - half - 1 : half;
    }
    uint32_t high = low;
    while (high < index->count && index->prefixes[high] == prefix)
        high++;
    return high == low ? low : search_keys(index, key, low, high);
}

uint32_t mr_partition_of(const mr_splitter_index *index, mr_slice key) {
    return mr_partition_of_prefix(index, key, mr_prefix_at(key.data, key.length, 0));
}
