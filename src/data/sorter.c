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
    ITEM_COST = 2 * sizeof(mr_sort_item), /* an item and its scratch */
    SMALLEST_BLOCK = 4096,
    LARGEST_BLOCK = 256 << 10,
    BLOCKS_PER_BUDGET = 32,   /* a block is this part of the budget, so that nearly as many runs are merged at once */
    RELEASE_STEP = 256 << 10, /* bytes of a run that are given back together while it is read */
    AHEAD = 16,               /* records that are asked for before they are given out */
};

/* Collecting. All that is collected lies in one piece of memory, so that records of any size fill exactly the budget:
 * records from its front, their items from its end downward, and between them room for the scratch space of sorting.
 *
 * Merging. How many runs can be read at once depends on their blocks, which are large where records are. As long as not
 * all of them can, the neighbours that are cheapest to merge become one run; only neighbours, because records that are
 * equal come out in the order of the runs. So little more than necessary is written again. Blocks that have been read
 * are given back to the file system, so that a merge needs hardly more space on disk than what it merges. */

/* Replaces the memory, which is empty, by another of size bytes. */
static bool set_memory(mr_sorter *sorter, size_t size, mr_error *error) {
    size &= ~(sizeof(uint64_t) - 1);
    mr_unmap_memory(sorter->memory, sorter->memory_size);
    sorter->memory = mr_map_memory(size, "sorting", error);
    sorter->memory_size = size;
    return sorter->memory;
}

bool mr_sorter_open(mr_sorter *sorter, size_t budget, const mr_key_order *order, mr_spill *spill, mr_error *error) {
    budget = mr_larger(budget, 16 * SMALLEST_BLOCK);
    *sorter = (mr_sorter){.order = *order, .spill = spill, .budget = budget};
    if (set_memory(sorter, budget, error)) return true;
    mr_sorter_close(sorter);
    return false;
}

/* Gives back a run, or the rest of one from a page on: it has its pages for itself. */
static void release_run(mr_sorter *sorter, mr_extent extent) {
    mr_spill_release(sorter->spill, extent.offset, mr_round_up(extent.length, MR_PAGE));
}

/* Gives back what has been read of the run of a source, in steps of whole pages. */
static void release_read(mr_sorter *sorter, mr_merge_source *source) {
    uint64_t read = source->reader.rest.offset & ~(uint64_t)(MR_PAGE - 1);
    if (read < source->released + RELEASE_STEP) return;
    mr_spill_release(sorter->spill, source->released, read - source->released);
    source->released = read;
}

/* Gives back what is left of it. */
static void release_end(mr_sorter *sorter, mr_merge_source *source) {
    uint64_t end = source->reader.rest.offset + source->reader.rest.length;
    release_run(sorter, (mr_extent){.offset = source->released, .length = end - source->released});
    source->released = end;
}

static void end_merge(mr_sorter *sorter) {
    for (uint32_t i = 0; i < sorter->source_count; i++) {
        mr_merge_source *source = &sorter->sources[i];
        release_end(sorter, source);
        mr_run_reader_close(&source->reader);
    }
    if (sorter->sources) mr_loser_tree_close(&sorter->tree);
    free(sorter->sources);
    sorter->sources = NULL;
    sorter->source_count = 0;
    sorter->started = false;
}

static void forget_items(mr_sorter *sorter) {
    sorter->used = 0;
    sorter->items = NULL;
    sorter->item_count = 0;
    sorter->ranked = false;
}

void mr_sorter_reset(mr_sorter *sorter) {
    end_merge(sorter);
    for (uint32_t i = 0; i < sorter->run_count; i++)
        release_run(sorter, sorter->runs[i].extent);
    sorter->run_count = 0;
    sorter->taken = 0;
    forget_items(sorter);
}

void mr_sorter_close(mr_sorter *sorter) {
    if (sorter->spill) mr_sorter_reset(sorter);
    mr_unmap_memory(sorter->memory, sorter->memory_size);
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

/* Brings the items into the order of arrival. */
static void reverse_items(mr_sorter *sorter) {
    for (mr_sort_item *first = sorter->items, *last = first + sorter->item_count - 1; first < last; first++, last--) {
        mr_sort_item item = *first;
        *first = *last;
        *last = item;
    }
}

/* Sorts what has been collected. */
static void sort_held(mr_sorter *sorter) {
    if (!sorter->item_count) return;
    mr_sort_item *scratch = sorter->items - sorter->item_count;
    reverse_items(sorter);
    if (sorter->ranked) {
        mr_sort_items_by_rank(sorter->items, scratch, sorter->item_count, offsetof(held_record, rank));
        for (size_t i = 0; i < sorter->item_count; i++) {
            mr_sorted record = held(sorter->items[i].record);
            sorter->items[i].prefix = mr_prefix_at(record.key.data, record.key.length, 0);
        }
    }
    mr_sort_items(sorter->items, scratch, sorter->item_count, sizeof(held_record), &sorter->order);
}

static size_t block_size(const mr_sorter *sorter) {
    return mr_between(SMALLEST_BLOCK, sorter->budget / BLOCKS_PER_BUDGET, LARGEST_BLOCK);
}

/* Puts a run that has been written into the list, before the one at a place. */
static bool remember_run(mr_sorter *sorter, uint32_t place, const mr_run_writer *writer, mr_error *error) {
    if (sorter->run_count == sorter->run_room) {
        uint32_t room = sorter->run_room ? 2 * sorter->run_room : 16;
        mr_sorted_run *larger = realloc(sorter->runs, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "a list of runs");
        sorter->runs = larger;
        sorter->run_room = room;
    }
    mr_sorted_run *run = &sorter->runs[place];
    memmove(run + 1, run, (sorter->run_count - place) * sizeof *run);
    *run = (mr_sorted_run){.extent = writer->extent, .block = writer->largest};
    sorter->run_count++;
    return true;
}

/* In runs a record is three numbers (length of key, length of value, rank), key and value. */
static bool write_record(mr_run_writer *writer, const mr_sorted *record, mr_error *error) {
    char numbers[3 * MR_VARINT_MAX], *end = numbers;
    end = mr_put_varint(end, record->key.length);
    end = mr_put_varint(end, record->value.length);
    end = mr_put_varint(end, record->rank);
    const mr_slice parts[] = {mr_bytes(numbers, (size_t)(end - numbers)), record->key, record->value};
    size_t length = parts[0].length + parts[1].length + parts[2].length;
    if (mr_run_is_large(writer, length)) return mr_run_append_alone(writer, parts, 3, error);
    char *to = mr_run_reserve(writer, length, error);
    if (!to) return false;
    for (size_t i = 0; i < 3; to += parts[i].length, i++)
        if (parts[i].length) memcpy(to, parts[i].data, parts[i].length);
    mr_run_commit(writer, length);
    return true;
}

static bool spill_held(mr_sorter *sorter, mr_error *error) {
    sort_held(sorter);
    mr_run_writer writer;
    mr_extent extent;
    if (!mr_run_writer_open(&writer, sorter->spill, block_size(sorter), error)) return false;
    bool ok = true;
    for (size_t i = 0; ok && i < sorter->item_count; i++) {
        mr_sorted record = held(sorter->items[i].record);
        ok = write_record(&writer, &record, error);
    }
    ok = ok && mr_run_writer_finish(&writer, &extent, error) && remember_run(sorter, sorter->run_count, &writer, error);
    mr_run_writer_close(&writer);
    forget_items(sorter);
    /* One very large record had memory of its own. */
    if (ok && sorter->memory_size > sorter->budget) ok = set_memory(sorter, sorter->budget, error);
    return ok;
}

bool mr_sorter_add(mr_sorter *sorter, mr_slice key, mr_slice value, uint64_t rank, mr_error *error) {
    size_t size = mr_padded(sizeof(held_record) + key.length + value.length);
    size_t cost = sorter->used + size + (sorter->item_count + 1) * ITEM_COST;
    if (cost > sorter->memory_size) {
        if (sorter->item_count && !spill_held(sorter, error)) return false;
        if (size + ITEM_COST > sorter->memory_size && !set_memory(sorter, size + ITEM_COST, error)) return false;
    }
    if (!sorter->item_count) sorter->items = (mr_sort_item *)(void *)(sorter->memory + sorter->memory_size);
    char *record = sorter->memory + sorter->used;
    held_record header = {(uint32_t)key.length, (uint32_t)value.length, rank};
    memcpy(record, &header, sizeof header);
    if (key.length) memcpy(record + sizeof header, key.data, key.length);
    if (value.length) memcpy(record + sizeof header + key.length, value.data, value.length);
    if (sorter->item_count && held(sorter->items->record).rank > rank) sorter->ranked = true;
    *--sorter->items = (mr_sort_item){mr_prefix_at(key.data, key.length, 0), record};
    sorter->item_count++;
    sorter->used += size;
    return true;
}

static int compare_heads(const void *context, uint32_t a, uint32_t b) {
    const mr_sorter *sorter = context;
    const mr_sorted *left = &sorter->sources[a].head, *right = &sorter->sources[b].head;
    int order = mr_compare_keys(&sorter->order, left->key, right->key);
    return order ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

/* Moves a source to its next record; *more is false at the end of its run. */
static bool advance_source(mr_sorter *sorter, mr_merge_source *source, bool *more, mr_error *error) {
    if (source->next == source->end) {
        if (!mr_run_next_block(&source->reader, more, error)) return false;
        if (!*more) {
            release_end(sorter, source);
            return true;
        }
        release_read(sorter, source);
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

/* Starts merging count runs from a place on, which leave the list. */
static bool begin_merge(mr_sorter *sorter, uint32_t place, uint32_t count, mr_error *error) {
    sorter->sources = calloc((size_t)count + 1, sizeof *sorter->sources);
    bool *alive = calloc((size_t)count + 1, sizeof *alive);
    bool ok = (sorter->sources && alive) || mr_error_memory(error, count * sizeof *sorter->sources, "a merge");
    for (uint32_t i = 0; ok && i < count; i++) {
        mr_merge_source *source = &sorter->sources[i];
        mr_extent extent = sorter->runs[place + i].extent;
        mr_run_reader_open(&source->reader, sorter->spill, extent);
        source->released = extent.offset;
        sorter->source_count = i + 1;
        ok = advance_source(sorter, source, &alive[i], error);
    }
    if (ok) {
        mr_sorted_run *first = &sorter->runs[place];
        memmove(first, first + count, (sorter->run_count - place - count) * sizeof *first);
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
        if (!advance_source(sorter, &sorter->sources[winner], &alive, error)) return false;
        mr_loser_tree_advance(&sorter->tree, alive);
    }
    sorter->started = true;
    *more = mr_loser_tree_winner(&sorter->tree, &winner);
    if (*more) *sorted = sorter->sources[winner].head;
    return true;
}

/* Merges count runs from a place on into one, which takes their place. */
static bool merge_runs(mr_sorter *sorter, uint32_t place, uint32_t count, mr_error *error) {
    mr_run_writer writer;
    mr_extent extent;
    if (!begin_merge(sorter, place, count, error)) return false;
    if (!mr_run_writer_open(&writer, sorter->spill, block_size(sorter), error)) return false;
    mr_sorted record;
    bool more = true, ok = true;
    while (ok && (ok = next_merged(sorter, &record, &more, error)) && more)
        ok = write_record(&writer, &record, error);
    ok = ok && mr_run_writer_finish(&writer, &extent, error) && remember_run(sorter, place, &writer, error);
    mr_run_writer_close(&writer);
    end_merge(sorter);
    return ok;
}

/* How many runs from a place on can be merged at once, so that their blocks fit into the budget beside one that is
 * written; two at least, if there are two. */
static uint32_t mergeable(const mr_sorter *sorter, uint32_t place) {
    uint64_t room = sorter->budget - block_size(sorter), taken = 0;
    uint32_t count = 0;
    for (; place + count < sorter->run_count; count++) {
        taken += sorter->runs[place + count].block;
        if (taken > room && count >= 2) break;
    }
    return count;
}

/* Merges those neighbours that cost the fewest bytes for each run that there is then less; no more of them than have
 * to go, when at most so many can stay. */
static bool merge_cheapest(mr_sorter *sorter, uint32_t most, mr_error *error) {
    uint32_t place = 0, count = 0;
    double least = 0;
    for (uint32_t i = 0; i + 1 < sorter->run_count; i++) {
        uint32_t some = (uint32_t)mr_smaller(mergeable(sorter, i), sorter->run_count - most + 1);
        uint64_t bytes = 0;
        for (uint32_t j = 0; j < some; j++)
            bytes += sorter->runs[i + j].extent.length;
        double cost = (double)bytes / (some - 1);
        if (count && cost >= least) continue;
        place = i;
        count = some;
        least = cost;
    }
    return merge_runs(sorter, place, count, error);
}

bool mr_sorter_finish(mr_sorter *sorter, mr_error *error) {
    if (!sorter->run_count) {
        sort_held(sorter);
        return true;
    }
    if (sorter->item_count && !spill_held(sorter, error)) return false;
    /* The blocks of the runs being merged take the place of what was collected. */
    mr_empty_memory(sorter->memory, sorter->memory_size);
    for (uint32_t most; (most = mergeable(sorter, 0)) < sorter->run_count;)
        if (!merge_cheapest(sorter, most, error)) return false;
    return begin_merge(sorter, 0, sorter->run_count, error);
}

bool mr_sorter_next(mr_sorter *sorter, mr_sorted *sorted, bool *more, mr_error *error) {
    if (sorter->sources) return next_merged(sorter, sorted, more, error);
    *more = sorter->taken < sorter->item_count;
    /* In their new order records lie all over the memory. */
    if (sorter->taken + AHEAD < sorter->item_count) __builtin_prefetch(sorter->items[sorter->taken + AHEAD].record);
    if (*more) *sorted = held(sorter->items[sorter->taken++].record);
    return true;
}
