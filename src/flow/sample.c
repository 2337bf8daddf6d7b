#include "flow/sample.h"

#include <stdlib.h>

/* Partitions are ranges of keys, so that sorting them one by one sorts everything; where the ranges end must be known
 * before the first record is written. Small pieces spread over the input are mapped for their keys alone, and the
 * quantiles of these become the splitters. A fold stores a key once for each table that is full, not once for each
 * occurrence, so there a key counts once a piece.
 *
 * How often keys are emitted is of interest by itself: one that comes very often makes a partition that is larger than
 * the others. So with each key stands the number of its pairs. */

enum { SEEN_BUDGET = 256 << 10, KEY_MAX = MR_SPLITTER_MAX };

/* A sampled key in the arena; the key follows, padded to 8 bytes. */
typedef struct sampled_key {
    uint32_t key_length; /* bytes; first, as mr_sort_items wants it */
    uint32_t pairs;      /* that had this key, in its piece */
} sampled_key;

bool mr_sampler_open(mr_sampler *sampler, mr_context *context, mr_arena *arena, bool distinct, mr_error *error) {
    *sampler = (mr_sampler){.context = context, .arena = arena, .distinct = distinct};
    return !distinct || mr_table_open(&sampler->seen, SEEN_BUDGET, sizeof(uint64_t), error);
}

void mr_sampler_close(mr_sampler *sampler) {
    mr_table_close(&sampler->seen);
}

void mr_sampler_begin(mr_sampler *sampler) {
    if (sampler->distinct) mr_table_clear(&sampler->seen);
}

/* Counts a pair whose key has been seen in this piece. False when it has not, or the table is full: the key is about to
 * be put down in the arena. */
static bool count_again(mr_sampler *sampler, mr_slice key) {
    bool is_new;
    uint64_t hash = mr_hash_bytes(key.data, key.length), place = sampler->used;
    char *value = mr_table_find(&sampler->seen, key.data, key.length, hash, &is_new);
    if (value && is_new) memcpy(value, &place, sizeof place);
    if (!value || is_new) return false;
    memcpy(&place, value, sizeof place);
    if (place >= sampler->used) return true; /* there was no room for it */
    sampled_key header;
    memcpy(&header, sampler->arena->base + place, sizeof header);
    if (header.pairs < UINT32_MAX) header.pairs++;
    memcpy(sampler->arena->base + place, &header, sizeof header);
    return true;
}

/* The part of a key that names its group: where ranges end there, no group is divided. */
static mr_slice group_of(mr_slice key) {
    const char *zero = key.length ? memchr(key.data, 0, key.length) : NULL;
    return zero ? mr_bytes(key.data, (size_t)(zero - key.data)) : key;
}

bool mr_sample_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_sampler *sampler = receiver;
    while (pairs < end) {
        mr_slice key, value;
        pairs = mr_pair_read(pairs, &key, &value);
        key = mr_context_full_key(sampler->context, key);
        if (!mr_context_ok(sampler->context, error)) return false;
        if (key.length > KEY_MAX || (sampler->distinct && count_again(sampler, key))) continue;
        if (sampler->context->loaded.plugin.together == MR_TOGETHER_GROUP) key = group_of(key);
        size_t size = sizeof(sampled_key) + mr_padded(key.length);
        if (size > sampler->arena->size - sampler->used) continue;
        sampled_key header = {.key_length = (uint32_t)key.length, .pairs = 1};
        char *to = sampler->arena->base + sampler->used;
        memcpy(to, &header, sizeof header);
        mr_put_padded(to + sizeof header, key.data, key.length);
        sampler->used += size;
    }
    return true;
}

static const char *next_key(const char *at) {
    return at + sizeof(sampled_key) + mr_padded(mr_load_u32(at));
}

/* Takes notice of a key. What is skipped at its front is no part of what the plugin calls its key. */
static void add_key(mr_hot_keys *hot_keys, mr_slice key, size_t skip, uint64_t pairs) {
    skip = skip < key.length ? skip : key.length;
    mr_hot_keys_add(hot_keys, mr_bytes(key.data + skip, key.length - skip), pairs);
}

/* Finds the most frequent of keys that are sorted. */
static void find_hot_keys(mr_hot_keys *hot_keys, const mr_sort_item *items, size_t count, size_t skip) {
    mr_slice key = {0};
    uint64_t pairs = 0;
    *hot_keys = (mr_hot_keys){0};
    for (size_t i = 0; i < count; i++) {
        mr_slice next = mr_record_key(items[i].record, sizeof(sampled_key));
        sampled_key header;
        memcpy(&header, items[i].record, sizeof header);
        bool same = i && next.length == key.length && !memcmp(next.data, key.data, key.length);
        if (i && !same) add_key(hot_keys, key, skip, pairs);
        pairs = header.pairs + (same ? pairs : 0);
        key = next;
    }
    if (count) add_key(hot_keys, key, skip, pairs);
    mr_hot_keys_finish(hot_keys);
}

bool mr_sample_split(mr_splitters *splitters, mr_hot_keys *hot_keys, const mr_sample *samples, size_t sample_count,
                     uint32_t partitions, const mr_key_order *order, mr_error *error) {
    size_t count = 0, filled = 0;
    for (size_t i = 0; i < sample_count; i++)
        for (const char *at = samples[i].keys; at < samples[i].keys + samples[i].used; at = next_key(at))
            count++;
    mr_sort_item *items = malloc((2 * count + 1) * sizeof *items);
    if (!items) return mr_error_memory(error, 2 * count * sizeof *items, "sorting the sample of keys");
    for (size_t i = 0; i < sample_count; i++)
        for (const char *at = samples[i].keys; at < samples[i].keys + samples[i].used; at = next_key(at)) {
            mr_slice key = mr_record_key(at, sizeof(sampled_key));
            items[filled++] = (mr_sort_item){mr_prefix_at(key.data, key.length, 0), at};
        }
    mr_sort_items(items, items + count, count, sizeof(sampled_key), order);
    mr_splitters_choose(splitters, items, count, sizeof(sampled_key), partitions, order);
    find_hot_keys(hot_keys, items, count, order->skip);
    free(items);
    return true;
}
