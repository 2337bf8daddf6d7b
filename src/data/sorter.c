#include "data/sorter.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/units.h"

/* A record in the heap; key and value follow. */
typedef struct held_record {
    uint32_t key_length;   /* first, as mr_sort_items wants it */
    uint32_t value_length; /* bytes */
    uint64_t rank;         /* second key */
} held_record;

enum {
    SMALLEST_RECORD = sizeof(held_record) + 8,
    ITEM_COST = 2 * sizeof(mr_sort_item), /* an item and its scratch */
    SMALLEST_BLOCK = 4096,
    LARGEST_BLOCK = 256 << 10,
    BLOCKS_PER_BUDGET = 32, /* a block is this part of the budget, so that half of them can be merged at once */
};

bool mr_sorter_open(mr_sorter *sorter, size_t budget, const mr_key_order *order, mr_spill *spill, mr_error *error) {
    budget = mr_larger(budget, 16 * SMALLEST_BLOCK);
    *sorter = (mr_sorter){.order = *order, .spill = spill, .budget = budget, .heap_size = budget};
    sorter->item_limit = budget / (SMALLEST_RECORD + ITEM_COST) + 1;
    sorter->heap = mr_map_memory(sorter->heap_size, "sorting", error);
    if (sorter->heap) sorter->items = mr_map_memory(sorter->item_limit * ITEM_COST, "sorting", error);
    if (sorter->items) sorter->scratch = sorter->items + sorter->item_limit;
    if (!sorter->items) mr_sorter_close(sorter);
    return sorter->items;
}

static void end_merge(mr_sorter *sorter) {
    for (uint32_t i = 0; i < sorter->source_count; i++) {
        mr_run_reader_close(&sorter->sources[i].reader);
        mr_spill_release(sorter->spill, sorter->finished[i].offset, sorter->finished[i].length);
    }
    if (sorter->sources) mr_loser_tree_close(&sorter->tree);
    free(sorter->sources);
    free(sorter->finished);
    sorter->sources = NULL;
    sorter->finished = NULL;
    sorter->source_count = 0;
}

void mr_sorter_reset(mr_sorter *sorter) {
    end_merge(sorter);
    for (uint32_t i = 0; i < sorter->run_count; i++)
        mr_spill_release(sorter->spill, sorter->runs[i].offset, sorter->runs[i].length);
    sorter->run_count = 0;
    sorter->heap_used = 0;
    sorter->item_count = 0;
    sorter->taken = 0;
    sorter->ranked = false;
    sorter->started = false;
}

void mr_sorter_close(mr_sorter *sorter) {
    if (sorter->spill) mr_sorter_reset(sorter);
    mr_unmap_memory(sorter->heap, sorter->heap_size);
    mr_unmap_memory(sorter->items, sorter->item_limit * ITEM_COST);
    free(sorter->runs);
    *sorter = (mr_sorter){0};
}

static mr_sorted held(const char *record) {
    held_record header;
    memcpy(&header, record, sizeof header);
    const char *key = record + sizeof header;
    return (mr_sorted){mr_bytes(key, header.key_length), mr_bytes(key + header.key_length, header.value_length),
                       header.rank};
}

/* Sorts what the heap holds. */
static void sort_heap(mr_sorter *sorter) {
    if (sorter->ranked) {
        mr_sort_items_by_rank(sorter->items, sorter->scratch, sorter->item_count, offsetof(held_record, rank));
        for (size_t i = 0; i < sorter->item_count; i++) {
            mr_sorted record = held(sorter->items[i].record);
            sorter->items[i].prefix = mr_prefix_at(record.key.data, record.key.length, 0);
        }
    }
    mr_sort_items(sorter->items, sorter->scratch, sorter->item_count, sizeof(held_record), &sorter->order);
}

static size_t block_size(const mr_sorter *sorter) {
    return mr_between(SMALLEST_BLOCK, sorter->budget / BLOCKS_PER_BUDGET, LARGEST_BLOCK);
}

static bool remember_run(mr_sorter *sorter, mr_extent extent, mr_error *error) {
    if (sorter->run_count == sorter->run_room) {
        uint32_t room = sorter->run_room ? 2 * sorter->run_room : 16;
        mr_extent *larger = realloc(sorter->runs, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "a list of runs");
        sorter->runs = larger;
        sorter->run_room = room;
    }
    sorter->runs[sorter->run_count++] = extent;
    return true;
}

/* In runs a record is three numbers (length of key, length of value, rank), key and value. */
static bool write_record(mr_run_writer *writer, const mr_sorted *record, mr_error *error) {
    size_t most = 3 * MR_VARINT_MAX + record->key.length + record->value.length;
    char *start = mr_run_reserve(writer, most, error);
    if (!start) return false;
    char *to = mr_put_varint(start, record->key.length);
    to = mr_put_varint(to, record->value.length);
    to = mr_put_varint(to, record->rank);
    if (record->key.length) memcpy(to, record->key.data, record->key.length);
    to += record->key.length;
    if (record->value.length) memcpy(to, record->value.data, record->value.length);
    mr_run_commit(writer, (size_t)(to - start) + record->value.length);
    return true;
}

static bool spill_heap(mr_sorter *sorter, mr_error *error) {
    sort_heap(sorter);
    mr_run_writer writer;
    mr_extent extent;
    if (!mr_run_writer_open(&writer, sorter->spill, block_size(sorter), error)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < sorter->item_count; i++) {
        mr_sorted record = held(sorter->items[i].record);
        ok = write_record(&writer, &record, error);
    }
    ok = ok && mr_run_writer_finish(&writer, &extent, error) && remember_run(sorter, extent, error);
    mr_run_writer_close(&writer);
    sorter->heap_used = 0;
    sorter->item_count = 0;
    sorter->ranked = false;
    return ok;
}

/* Makes the empty heap large enough for one very large record. */
static bool enlarge_heap(mr_sorter *sorter, size_t size, mr_error *error) {
    void *larger = mr_map_memory(size, "a large record", error);
    if (!larger) return false;
    mr_unmap_memory(sorter->heap, sorter->heap_size);
    sorter->heap = larger;
    sorter->heap_size = size;
    return true;
}

bool mr_sorter_add(mr_sorter *sorter, mr_slice key, mr_slice value, uint64_t rank, mr_error *error) {
    size_t size = mr_padded(sizeof(held_record) + key.length + value.length);
    size_t cost = sorter->heap_used + size + (sorter->item_count + 1) * ITEM_COST;
    if ((cost > sorter->budget || sorter->item_count == sorter->item_limit) && sorter->item_count &&
        !spill_heap(sorter, error))
        return false;
    if (size > sorter->heap_size - sorter->heap_used && !enlarge_heap(sorter, size, error)) return false;
    char *record = sorter->heap + sorter->heap_used;
    held_record header = {(uint32_t)key.length, (uint32_t)value.length, rank};
    memcpy(record, &header, sizeof header);
    if (key.length) memcpy(record + sizeof header, key.data, key.length);
    if (value.length) memcpy(record + sizeof header + key.length, value.data, value.length);
    if (sorter->item_count && held(sorter->items[sorter->item_count - 1].record).rank > rank) sorter->ranked = true;
    sorter->items[sorter->item_count++] = (mr_sort_item){mr_prefix_at(key.data, key.length, 0), record};
    sorter->heap_used += size;
    return true;
}

static int compare_heads(const void *context, uint32_t a, uint32_t b) {
    const mr_sorter *sorter = context;
    const mr_sorted *left = &sorter->sources[a].head, *right = &sorter->sources[b].head;
    int order = mr_compare_keys(&sorter->order, left->key, right->key);
    return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

/* Moves a source to its next record; *more is false at the end of its run. */
static bool advance_source(mr_merge_source *source, bool *more, mr_error *error) {
    if (source->next == source->end) {
        if (!mr_run_next_block(&source->reader, more, error)) return false;
        if (!*more) return true;
        source->next = source->reader.records;
        source->end = source->next + source->reader.block.used;
    }
    *more = true;
    uint64_t key_length, value_length;
    mr_sorted *head = &source->head;
    if (!mr_get_varint(&source->next, source->end, &key_length) ||
        !mr_get_varint(&source->next, source->end, &value_length) ||
        !mr_get_varint(&source->next, source->end, &head->rank) || key_length > (size_t)(source->end - source->next) ||
        value_length > (size_t)(source->end - source->next) - key_length)
        return mr_error_damage(error, "a sorted run in %s is damaged", source->reader.spill->folder);
    head->key = mr_bytes(source->next, key_length);
    head->value = mr_bytes(source->next + key_length, value_length);
    source->next += key_length + value_length;
    return true;
}

/* Starts merging the first count runs, which leave the list. */
static bool begin_merge(mr_sorter *sorter, uint32_t count, mr_error *error) {
    sorter->sources = calloc(count, sizeof *sorter->sources);
    sorter->finished = calloc(count, sizeof *sorter->finished);
    bool *alive = calloc(count, sizeof *alive);
    bool ok = (sorter->sources && sorter->finished && alive) ||
              mr_error_memory(error, count * sizeof *sorter->sources, "a merge");
    for (uint32_t i = 0; ok && i < count; i++) {
        sorter->finished[i] = sorter->runs[i];
        mr_run_reader_open(&sorter->sources[i].reader, sorter->spill, sorter->runs[i]);
        sorter->source_count = i + 1;
        ok = advance_source(&sorter->sources[i], &alive[i], error);
    }
    if (ok) {
        memmove(sorter->runs, sorter->runs + count, (sorter->run_count - count) * sizeof *sorter->runs);
        sorter->run_count -= count;
        ok = mr_loser_tree_open(&sorter->tree, count, alive, compare_heads, sorter, error);
    }
    free(alive);
    return ok;
}

static bool next_merged(mr_sorter *sorter, mr_sorted *sorted, bool *more, mr_error *error) {
    uint32_t winner;
    if (sorter->started && mr_loser_tree_winner(&sorter->tree, &winner)) {
        bool alive;
        if (!advance_source(&sorter->sources[winner], &alive, error)) return false;
        mr_loser_tree_advance(&sorter->tree, alive);
    }
    sorter->started = true;
    *more = mr_loser_tree_winner(&sorter->tree, &winner);
    if (*more) *sorted = sorter->sources[winner].head;
    return true;
}

/* Merges the first count runs into one, which goes to the end of the list. */
static bool merge_runs(mr_sorter *sorter, uint32_t count, mr_error *error) {
    mr_run_writer writer;
    mr_extent extent;
    if (!begin_merge(sorter, count, error)) return false;
    if (!mr_run_writer_open(&writer, sorter->spill, block_size(sorter), error)) return false;
    mr_sorted record;
    bool more = true, ok = true;
    while (ok && (ok = next_merged(sorter, &record, &more, error)) && more)
        ok = write_record(&writer, &record, error);
    ok = ok && mr_run_writer_finish(&writer, &extent, error) && remember_run(sorter, extent, error);
    mr_run_writer_close(&writer);
    end_merge(sorter);
    sorter->started = false;
    return ok;
}

/* One pass over all runs, in groups of at most the given size. Every group leaves the front of the list and its result
 * joins the end, so after the pass the runs are in order again. */
static bool merge_pass(mr_sorter *sorter, uint32_t most, mr_error *error) {
    for (uint32_t left = sorter->run_count, count; left; left -= count) {
        count = (uint32_t)mr_smaller(most, left);
        if (!merge_runs(sorter, count, error)) return false;
    }
    return true;
}

bool mr_sorter_finish(mr_sorter *sorter, mr_error *error) {
    if (!sorter->run_count) {
        sort_heap(sorter);
        return true;
    }
    if (sorter->item_count && !spill_heap(sorter, error)) return false;
    /* The blocks of the runs being merged take the place of the heap. */
    mr_empty_memory(sorter->heap, sorter->heap_size);
    mr_empty_memory(sorter->items, sorter->item_limit * ITEM_COST);
    uint32_t most = (uint32_t)mr_larger(2, sorter->budget / block_size(sorter) - 1);
    while (sorter->run_count > most)
        if (!merge_pass(sorter, most, error)) return false;
    return begin_merge(sorter, sorter->run_count, error);
}

bool mr_sorter_next(mr_sorter *sorter, mr_sorted *sorted, bool *more, mr_error *error) {
    if (sorter->sources) return next_merged(sorter, sorted, more, error);
    *more = sorter->taken < sorter->item_count;
    if (*more) *sorted = held(sorter->items[sorter->taken++].record);
    return true;
}
