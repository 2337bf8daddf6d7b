#include "data/sort.h"

#include "base/forked.h"

/* Byte order is sorted eight bytes of the key at a time. One level sorts items by their prefix, a 64-bit number: small
 * groups by insertion, larger ones by a radix sort (least significant byte first, stable), which counts all eight bytes
 * in one pass and skips those in which no two items differ; in a key range of a partition the leading bytes are mostly
 * the same. Runs of equal prefixes are then sorted by their next eight bytes. Keys that end inside the prefix come
 * first in such a run, shorter ones before longer ones, because the prefix shows missing bytes as zeros. From DEEP
 * bytes on, and for an order of the plugin's own, a merge sort that compares whole keys takes over. */

enum { DIGITS = 8, RADIX = 256, SMALL = 24, DEEP = 64 };

int mr_compare_keys(const mr_key_order *order, mr_slice a, mr_slice b) {
    if (!order->compare) return mr_compare_bytes(a, b);
    uint32_t skip = order->skip;
    int result = skip ? memcmp(a.data, b.data, skip) : 0;
    if (!result) {
        result = order->compare(order->ctx, mr_bytes(a.data + skip, a.length - skip),
                                mr_bytes(b.data + skip, b.length - skip));
        mr_end_if_forked();
    }
    return result ? result : mr_compare_bytes(a, b);
}

static int compare_items(const mr_sort_item *a, const mr_sort_item *b, size_t key_offset, const mr_key_order *order) {
    return mr_compare_keys(order, mr_record_key(a->record, key_offset), mr_record_key(b->record, key_offset));
}

static void insertion_sort(mr_sort_item *items, size_t count, size_t key_offset, const mr_key_order *order) {
    int by_bytes = !order->compare;
    for (size_t i = 1; i < count; i++) {
        mr_sort_item item = items[i];
        size_t place = i;
        for (; place; place--) {
            const mr_sort_item *before = &items[place - 1];
            if (by_bytes && before->prefix != item.prefix) {
                if (before->prefix < item.prefix) break;
            } else if (compare_items(before, &item, key_offset, order) <= 0) {
                break;
            }
            items[place] = *before;
        }
        items[place] = item;
    }
}

/* Merges the sorted halves of items, [0, middle) and [middle, count), through scratch. */
static void merge_halves(mr_sort_item *items, mr_sort_item *scratch, size_t middle, size_t count, size_t key_offset,
                         const mr_key_order *order) {
    memcpy(scratch, items, middle * sizeof *items);
    size_t left = 0, right = middle, out = 0;
    while (left < middle && right < count) {
        if (compare_items(&items[right], &scratch[left], key_offset, order) < 0)
            items[out++] = items[right++];
        else
            items[out++] = scratch[left++];
    }
    memcpy(items + out, scratch + left, (middle - left) * sizeof *items);
}

static void merge_sort(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t key_offset,
                       const mr_key_order *order) {
    if (count <= SMALL) {
        insertion_sort(items, count, key_offset, order);
        return;
    }
    size_t middle = count / 2;
    merge_sort(items, scratch, middle, key_offset, order);
    merge_sort(items + middle, scratch, count - middle, key_offset, order);
    if (compare_items(&items[middle - 1], &items[middle], key_offset, order) > 0)
        merge_halves(items, scratch, middle, count, key_offset, order);
}

static void radix_sort(mr_sort_item *items, mr_sort_item *scratch, size_t count) {
    size_t counts[DIGITS][RADIX] = {{0}};
    for (size_t i = 0; i < count; i++)
        for (int digit = 0; digit < DIGITS; digit++)
            counts[digit][items[i].prefix >> (8 * digit) & 255]++;
    mr_sort_item *from = items, *to = scratch;
    for (int digit = 0; digit < DIGITS; digit++) {
        size_t *places = counts[digit];
        if (places[from[0].prefix >> (8 * digit) & 255] == count) continue;
        for (size_t value = 0, place = 0; value < RADIX; value++) {
            size_t size = places[value];
            places[value] = place;
            place += size;
        }
        for (size_t i = 0; i < count; i++)
            to[places[from[i].prefix >> (8 * digit) & 255]++] = from[i];
        mr_sort_item *other = from;
        from = to;
        to = other;
    }
    if (from != items) memcpy(items, from, count * sizeof *items);
}

void mr_sort_by_prefix(mr_sort_item *items, mr_sort_item *scratch, size_t count) {
    if (count > SMALL) {
        radix_sort(items, scratch, count);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        mr_sort_item item = items[i];
        size_t place = i;
        for (; place && items[place - 1].prefix > item.prefix; place--)
            items[place] = items[place - 1];
        items[place] = item;
    }
}

static void sort_level(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t depth, size_t key_offset,
                       const mr_key_order *order);

/* Sorts items whose keys agree in all bytes before depth + 8, as far as they have them. */
static void sort_equal_prefixes(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t depth,
                                size_t key_offset, const mr_key_order *order) {
    size_t longer = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t length = mr_load_u32(items[i].record);
        items[i].prefix = length <= depth + 8 ? length : UINT64_MAX;
        longer += length > depth + 8;
    }
    if (longer < count) mr_sort_by_prefix(items, scratch, count);
    if (longer > 1) sort_level(items + count - longer, scratch, longer, depth + 8, key_offset, order);
}

/* Sorts by the key's bytes from depth on. */
static void sort_level(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t depth, size_t key_offset,
                       const mr_key_order *order) {
    if (depth >= DEEP) {
        merge_sort(items, scratch, count, key_offset, order);
        return;
    }
    if (depth)
        for (size_t i = 0; i < count; i++) {
            mr_slice key = mr_record_key(items[i].record, key_offset);
            items[i].prefix = mr_prefix_at(key.data, key.length, depth);
        }
    if (count <= SMALL) {
        insertion_sort(items, count, key_offset, order);
        return;
    }
    radix_sort(items, scratch, count);
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && items[end].prefix == items[start].prefix;)
            end++;
        if (end - start > 1) sort_equal_prefixes(items + start, scratch, end - start, depth, key_offset, order);
    }
}

void mr_sort_items(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t key_offset,
                   const mr_key_order *order) {
    if (count < 2) return;
    if (order->compare)
        merge_sort(items, scratch, count, key_offset, order);
    else
        sort_level(items, scratch, count, 0, key_offset, order);
}

void mr_sort_items_by_rank(mr_sort_item *items, mr_sort_item *scratch, size_t count, size_t rank_offset) {
    for (size_t i = 0; i < count; i++)
        items[i].prefix = mr_load_u64(items[i].record + rank_offset);
    mr_sort_by_prefix(items, scratch, count);
}
