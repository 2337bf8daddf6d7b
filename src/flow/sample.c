#include "flow/sample.h"

#include <stdlib.h>

/* Partitions are ranges of keys, so that sorting them one by one sorts everything; where the ranges end must be known
 * before the first record is written. Small pieces spread over the input are mapped for their keys alone, and the
 * quantiles of these become the splitters. A fold stores a key once for each table that is full, not once for each
 * occurrence, so there a key counts once a piece. */

enum { SEEN_BUDGET = 256 << 10, KEY_MAX = MR_SPLITTER_MAX };

/* A sampled key in the arena; the key follows, padded to 8 bytes. */
typedef struct sampled_key {
    uint32_t key_length; /* bytes; first, as mr_sort_items wants it */
    uint32_t unused;     /* keeps keys aligned */
} sampled_key;

bool mr_sampler_open(mr_sampler *sampler, mr_context *context, mr_arena *arena, bool distinct, mr_error *error) {
    *sampler = (mr_sampler){.context = context, .arena = arena, .distinct = distinct};
    return !distinct || mr_table_open(&sampler->seen, SEEN_BUDGET, 0, error);
}

void mr_sampler_close(mr_sampler *sampler) {
    mr_table_close(&sampler->seen);
}

void mr_sampler_begin(mr_sampler *sampler) {
    if (sampler->distinct) mr_table_clear(&sampler->seen);
}

/* Whether the key has been seen in this piece; a full table has simply not seen it. */
static bool seen_before(mr_sampler *sampler, mr_slice key) {
    bool is_new;
    uint64_t hash = mr_hash_bytes(key.data, key.length);
    return mr_table_find(&sampler->seen, key.data, key.length, hash, &is_new) && !is_new;
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
        if (key.length > KEY_MAX || (sampler->distinct && seen_before(sampler, key))) continue;
        if (sampler->context->loaded.plugin.together == MR_TOGETHER_GROUP) key = group_of(key);
        size_t size = sizeof(sampled_key) + mr_padded(key.length);
        if (size > sampler->arena->size - sampler->used) continue;
        sampled_key header = {.key_length = (uint32_t)key.length};
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

bool mr_sample_split(mr_splitters *splitters, const mr_sample *samples, size_t sample_count, uint32_t partitions,
                     const mr_key_order *order, mr_error *error) {
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
    free(items);
    return true;
}
