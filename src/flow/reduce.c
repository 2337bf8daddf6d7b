#include "flow/reduce.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/units.h"
#include "data/sorted_table.h"

/* Fold jobs: the accumulators of all workers meet in a table, whose entries are then sorted by key. A partition was
 * chosen so that its table stays in the cache. When the sample was wrong and the table is full, its entries go to the
 * external sorter, coded as they were in the exchange, the table starts anew, and in the end equal keys are folded as
 * they come out of the sorter. Of the memory for a partition the table has a quarter, sorting its entries at most as
 * much, and the sorter half.
 *
 * Group jobs: all records go to the sorter by key, ranked by the position of their chunk, so that the values of a key
 * come in input order. The plugin's reduce then pulls the values of one key after the other out of the sorter: they are
 * never all in memory. */

static bool damaged(mr_error *error) {
    return mr_error_damage(error, "the records are no records: a plugin has written where it may not, before they were "
                                  "sealed");
}

/* Records are read some at a time: first the keys are hashed, so that their places in the table are on the way to the
 * cache when they are looked at. */
enum { AHEAD = 16 };

/* Bytes from one decoded accumulator to the next. */
static size_t decoded_size(const mr_fold *fold) {
    return mr_round_up(fold->size, 16);
}

bool mr_reducer_open(mr_reducer *reducer, mr_error *error) {
    const mr_fold *fold = reducer->fold;
    if (!fold) return true;
    if (!mr_fold_table_open(&reducer->table, reducer->budget / 4, fold, error)) return false;
    reducer->items_mapped = mr_sorted_table_items(&reducer->table) * sizeof *reducer->items;
    reducer->items = mr_map_memory(reducer->items_mapped, "sorting a partition", error);
    if (!reducer->items) return false;
    /* Large accumulators are read one by one when more of them would be a good part of the memory. */
    reducer->ahead = mr_between(1, reducer->budget / 64 / decoded_size(fold), AHEAD);
    reducer->decoded = aligned_alloc(16, reducer->ahead * decoded_size(fold));
    reducer->coded = malloc(mr_fold_encoded_max(fold));
    return (reducer->decoded && reducer->coded) || mr_error_memory(error, fold->size, "an accumulator");
}

void mr_reducer_close(mr_reducer *reducer) {
    mr_fold_table_close(&reducer->table);
    mr_unmap_memory(reducer->items, reducer->items_mapped);
    reducer->items = NULL;
    free(reducer->decoded);
    free(reducer->coded);
    if (reducer->sorter_open) mr_sorter_close(&reducer->sorter);
    reducer->sorter_open = false;
}

/* The sorter, made when it is first needed. */
static bool need_sorter(mr_reducer *reducer, mr_error *error) {
    if (reducer->sorter_open) return true;
    size_t budget = reducer->fold ? reducer->budget / 2 : reducer->budget;
    reducer->sorter_open = mr_sorter_open(&reducer->sorter, budget, &reducer->order, reducer->spill, error);
    return reducer->sorter_open;
}

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* A mr_pair_sink for what finish and reduce emit; the receiver is the reducer. */
static bool take_emitted(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_reducer *reducer = receiver;
    while (pairs < end) {
        mr_result result = {0};
        pairs = mr_pair_read(pairs, &result.key, &result.value);
        if (!reducer->sink(reducer->receiver, &result, error)) return false;
    }
    return true;
}

static mr_slice plain_key(const mr_reducer *reducer, mr_slice key) {
    uint32_t skip = reducer->order.skip;
    return mr_bytes(key.data + skip, key.length - skip);
}

/* Whether the group at hand is to be left out. */
static bool is_bad(const mr_reducer *reducer) {
    size_t low = 0, high = reducer->bad_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const mr_place *place = &reducer->bad[middle];
        if (place->partition < reducer->partition ||
            (place->partition == reducer->partition && place->offset < reducer->group))
            low = middle + 1;
        else
            high = middle;
    }
    return low < reducer->bad_count && reducer->bad[low].partition == reducer->partition &&
           reducer->bad[low].offset == reducer->group;
}

static mr_place group_place(const mr_reducer *reducer) {
    return (mr_place){.kind = MR_PLACE_GROUP, .partition = reducer->partition, .offset = reducer->group};
}

/* Keeps the group at hand, what is folded of it, if it is bad. */
static bool keep_folded(mr_reducer *reducer, mr_slice key, const void *accumulator, mr_error *error) {
    const mr_group_keeper *keeper = reducer->keeper;
    mr_place place = group_place(reducer);
    if (!is_bad(reducer)) return true;
    char *coded = malloc(mr_fold_encoded_max(reducer->fold));
    if (!coded) return mr_error_memory(error, mr_fold_encoded_max(reducer->fold), "a bad key");
    size_t length = (size_t)(mr_fold_encode(reducer->fold, coded, accumulator) - coded);
    bool ok = keeper->begin(keeper->receiver, &place, key, error) &&
              keeper->value(keeper->receiver, mr_bytes(coded, length), error) && keeper->end(keeper->receiver, error);
    free(coded);
    return ok;
}

/* A callback is about to be called for the group at hand. */
static void enter_group(mr_reducer *reducer, const char *callback, mr_slice key) {
    mr_where *where = reducer->context->where;
    where->callback = callback;
    where->place = group_place(reducer);
    where->key = key.data;
    where->key_length = key.length;
    where->inside = 1;
}

/* The callback has returned; false when it has failed. A group that it has rejected is no failure. */
static bool leave_group(mr_reducer *reducer, const mr_emit_mark *mark, mr_error *error) {
    mr_context *context = reducer->context;
    context->where->inside = 0;
    mr_context_forget_words(context);
    bool ok = !MR_UNLIKELY(context->error.set) || mr_context_undo(context, mark, error);
    context->where->place.kind = MR_PLACE_NONE;
    context->where->key = NULL; /* its memory is used for the next one, or freed */
    return ok;
}

/* Lets the plugin print a finished accumulator. */
static bool finish_by_plugin(mr_reducer *reducer, mr_slice key, const void *value, mr_error *error) {
    mr_context *context = reducer->context;
    if (reducer->bad_count && is_bad(reducer)) return true;
    if (MR_UNLIKELY(context->rejects) && !mr_context_make_room(context, error)) return false;
    mr_emit_mark mark = mr_context_mark(context);
    enter_group(reducer, "finish", key);
    context->loaded.plugin.finish(&context->ctx, key, value);
    return leave_group(reducer, &mark, error);
}

static void accept_nothing(mr_context *context) {
    mr_context_emit_to(context, NULL, NULL);
    mr_context_write_to(context, NULL, NULL, NULL);
}

/* From now on the plugin may emit and write; false when it has done so before, where it may not. */
static bool accept_emitted(mr_reducer *reducer, mr_error *error) {
    if (!mr_context_flush(reducer->context, error)) return false;
    mr_context_emit_to(reducer->context, take_emitted, reducer);
    mr_context_write_to(reducer->context, reducer->write, reducer->receiver, reducer->write_refusal);
    return true;
}

/* Prints a finished accumulator, or lets the plugin do it. */
static bool finish_key(mr_reducer *reducer, mr_slice key, const void *accumulator, mr_error *error) {
    mr_context *context = reducer->context;
    const mr_fold *fold = reducer->fold;
    mr_result result = {.key = plain_key(reducer, key)};
    mr_folded folded;
    const void *value;
    if (reducer->keeper) {
        bool ok = keep_folded(reducer, result.key, accumulator, error);
        reducer->group++;
        return ok;
    }
    if (!mr_fold_result(fold, accumulator, &folded, &value, error))
        return mr_error_context(error, "plugin %s, key '%.*s'", context->loaded.plugin.name,
                                (int)mr_smaller(result.key.length, 100), result.key.data);
    if (context->loaded.plugin.finish) {
        bool ok = finish_by_plugin(reducer, result.key, value, error);
        reducer->group++;
        return ok;
    }
    char text[MR_FOLD_TEXT], order[MR_FOLD_ORDER];
    if (fold->type == MR_FOLD_CUSTOM) {
        result.value = mr_bytes(value, fold->emitted_size);
    } else {
        result.value = mr_bytes(text, mr_fold_text(fold, &folded, text));
        mr_fold_order(fold, &folded, order);
        result.order = order;
    }
    return reducer->sink(reducer->receiver, &result, error);
}

/* ---- fold jobs --------------------------------------------------------------------------------------------------- */

/* Sends a key and its accumulator to the sorter. */
static bool sort_entry(mr_reducer *reducer, mr_slice key, const void *accumulator, mr_error *error) {
    char *end = mr_fold_encode(reducer->fold, reducer->coded, accumulator);
    mr_slice value = mr_bytes(reducer->coded, (size_t)(end - reducer->coded));
    return mr_sorter_add(&reducer->sorter, key, value, 0, error);
}

/* Sends all entries of the full table to the sorter. */
static bool empty_table(mr_reducer *reducer, mr_error *error) {
    const mr_short_table *shorts = &reducer->table.shorts;
    const mr_table *longs = &reducer->table.longs;
    if (!need_sorter(reducer, error)) return false;
    for (size_t slot = 0; slot < shorts->slot_count; slot++)
        if (shorts->keys[slot].second &&
            !sort_entry(reducer, mr_short_slot_key(shorts, slot), mr_short_value(shorts, slot), error))
            return false;
    for (mr_entry *entry = mr_table_next(longs, NULL); entry; entry = mr_table_next(longs, entry)) {
        mr_slice key = mr_bytes(mr_entry_key(longs, entry), entry->key_length);
        if (!sort_entry(reducer, key, mr_entry_value(entry), error)) return false;
    }
    mr_fold_table_clear(&reducer->table);
    return true;
}

/* A record that has been read. */
typedef struct read_record {
    mr_fold_key key;
    char *value; /* its accumulator, decoded */
} read_record;

static bool fold_record(mr_reducer *reducer, const read_record *record, mr_error *error) {
    bool is_new;
    size_t value_size = reducer->fold->size;
    if (record->key.bytes.length < reducer->order.skip) return damaged(error);
    void *accumulator = mr_fold_table_find(&reducer->table, &record->key, &is_new);
    if (!accumulator) {
        if (!empty_table(reducer, error)) return false;
        accumulator = mr_fold_table_find(&reducer->table, &record->key, &is_new);
    }
    if (!accumulator) /* a key that is larger than the whole table */
        return sort_entry(reducer, record->key.bytes, record->value, error);
    if (is_new)
        memcpy(accumulator, record->value, value_size);
    else
        mr_fold_merge(reducer->fold, accumulator, record->value);
    return true;
}

/* Reads the next record of a block; record->value says where its accumulator is to go. */
static bool read_next(const mr_fold *fold, const char **at, const char *end, read_record *record) {
    uint64_t length;
    if (!mr_get_varint(at, end, &length) || length == 0 || length - 1 > (uint64_t)(end - *at)) return false;
    record->key.bytes = mr_bytes(*at, length - 1);
    *at += record->key.bytes.length;
    return mr_fold_decode(fold, at, end, record->value);
}

static bool fold_block(mr_reducer *reducer, mr_slice records, mr_error *error) {
    const char *at = records.data, *end = at + records.length;
    read_record ahead[AHEAD];
    while (at < end) {
        size_t count = 0;
        for (; count < reducer->ahead && at < end; count++) {
            ahead[count].value = reducer->decoded + count * decoded_size(reducer->fold);
            if (!read_next(reducer->fold, &at, end, &ahead[count])) return damaged(error);
            mr_fold_table_prefetch(&reducer->table, &ahead[count].key);
        }
        for (size_t i = 0; i < count; i++)
            if (!fold_record(reducer, &ahead[i], error)) return false;
    }
    return true;
}

/* Everything fitted into the table: sorts its entries and prints them. The order of a plugin's own is left to the
 * sorter. */
static bool finish_table(mr_reducer *reducer, mr_error *error) {
    mr_sorted_table sorted;
    mr_slice key;
    const void *accumulator;
    mr_sorted_table_open(&sorted, &reducer->table, reducer->items);
    if (!accept_emitted(reducer, error)) return false;
    while (mr_sorted_table_next(&sorted, &key, &accumulator))
        if (!finish_key(reducer, key, accumulator, error)) return false;
    return true;
}

/* The key at hand while equal keys come out of the sorter. */
typedef struct folded_key {
    char *bytes;       /* the key, owned, with the accumulator in front of it */
    size_t size;       /* bytes allocated */
    size_t key_length; /* bytes */
    bool set;          /* there is one */
} folded_key;

/* Decodes the accumulator of a record that comes out of the sorter. */
static bool decode_sorted(mr_reducer *reducer, const mr_sorted *record, char *accumulator, mr_error *error) {
    const char *from = record->value.data;
    return mr_fold_decode(reducer->fold, &from, from + record->value.length, accumulator) || damaged(error);
}

static bool start_key(mr_reducer *reducer, folded_key *current, const mr_sorted *record, mr_error *error) {
    size_t value_size = reducer->fold->size, need = value_size + record->key.length;
    if (need > current->size || !current->bytes) {
        free(current->bytes);
        current->size = 0;
        current->bytes = malloc(2 * need + 1);
        if (!current->bytes) return mr_error_memory(error, 2 * need, "a key");
        current->size = 2 * need;
    }
    if (!decode_sorted(reducer, record, current->bytes, error)) return false;
    if (record->key.length) memcpy(current->bytes + value_size, record->key.data, record->key.length);
    current->key_length = record->key.length;
    current->set = true;
    return true;
}

/* Finishes a key between calls of the plugin's fold, which may not emit. */
static bool finish_between(mr_reducer *reducer, mr_slice key, const void *accumulator, mr_error *error) {
    if (!accept_emitted(reducer, error) || !finish_key(reducer, key, accumulator, error)) return false;
    if (!mr_context_flush(reducer->context, error)) return false;
    accept_nothing(reducer->context);
    return true;
}

static bool fold_sorted(mr_reducer *reducer, folded_key *current, mr_error *error) {
    size_t value_size = reducer->fold->size;
    mr_sorted record;
    for (bool more;;) {
        if (!mr_sorter_next(&reducer->sorter, &record, &more, error)) return false;
        mr_slice key = current->set ? mr_bytes(current->bytes + value_size, current->key_length) : mr_bytes(NULL, 0);
        if (more && current->set && key.length == record.key.length &&
            mr_same_bytes(key.data, record.key.data, key.length)) {
            if (!decode_sorted(reducer, &record, reducer->decoded, error)) return false;
            mr_fold_merge(reducer->fold, current->bytes, reducer->decoded);
            continue;
        }
        if (current->set && !finish_between(reducer, key, current->bytes, error)) return false;
        if (!more) return true;
        if (!start_key(reducer, current, &record, error)) return false;
    }
}

static bool reduce_folds(mr_reducer *reducer, const mr_block_stream *stream, mr_error *error) {
    mr_slice records;
    bool more = true;
    mr_fold_table_clear(&reducer->table);
    while (stream->next(stream->source, &records, &more, error) && more)
        if (!fold_block(reducer, records, error)) return false;
    if (error->set) return false;
    if (!reducer->sorter_open && !reducer->order.compare) return finish_table(reducer, error);
    folded_key current = {0};
    bool ok = empty_table(reducer, error) && mr_sorter_finish(&reducer->sorter, error) &&
              fold_sorted(reducer, &current, error);
    free(current.bytes);
    return ok;
}

/* ---- group jobs -------------------------------------------------------------------------------------------------- */

static bool sort_block(mr_reducer *reducer, mr_slice records, mr_error *error) {
    const char *at = records.data, *end = at + records.length;
    uint64_t position = 0;
    while (at < end) {
        uint64_t key_length, value_length;
        if (!mr_get_varint(&at, end, &key_length)) return damaged(error);
        if (key_length == 0) { /* a marker: the records behind it are from another chunk */
            if (end - at < (ptrdiff_t)sizeof position) return damaged(error);
            position = mr_load_u64(at);
            at += sizeof position;
            continue;
        }
        key_length--;
        if (!mr_get_varint(&at, end, &value_length) || key_length > (uint64_t)(end - at) ||
            key_length < reducer->order.skip || value_length > (uint64_t)(end - at) - key_length)
            return damaged(error);
        mr_slice key = mr_bytes(at, key_length), value = mr_bytes(at + key_length, value_length);
        if (!mr_sorter_add(&reducer->sorter, key, value, position, error)) return false;
        at += key_length + value_length;
    }
    return true;
}

/* The values of one key while they come out of the sorter; what reduce sees as its mr_values. */
typedef struct group_values {
    mr_values values; /* first, so that its address is the whole's */
    mr_reducer *reducer;
    char *key;         /* of the group; owned */
    size_t key_size;   /* bytes allocated */
    size_t key_length; /* bytes */
    mr_sorted head;    /* the record at hand */
    bool more;         /* there is one */
    bool fresh;        /* the record at hand has not been given out yet */
    mr_error error;    /* of the sorter */
} group_values;

static bool advance(group_values *group) {
    return mr_sorter_next(&group->reducer->sorter, &group->head, &group->more, &group->error);
}

static bool in_group(const group_values *group) {
    return group->more && group->head.key.length == group->key_length &&
           mr_same_bytes(group->head.key.data, group->key, group->key_length);
}

static int next_value(mr_values *values, mr_slice *value) {
    group_values *group = (group_values *)(void *)values;
    mr_end_if_forked(); /* what has been read is given back to the file system */
    if (group->error.set) return 0;
    if (!group->fresh && in_group(group) && !advance(group)) return 0;
    group->fresh = false;
    if (!in_group(group)) {
        group->fresh = true; /* it belongs to the next group */
        return 0;
    }
    *value = group->head.value;
    return 1;
}

/* Keeps the key of the record at hand, which the sorter's memory will not hold for as long as its group. */
static bool keep_key(group_values *group) {
    mr_slice key = group->head.key;
    if (key.length > group->key_size || !group->key) {
        free(group->key);
        group->key_size = 0;
        group->key = malloc(2 * key.length + 1);
        if (!group->key) return mr_error_memory(&group->error, key.length, "a key");
        group->key_size = 2 * key.length + 1;
    }
    if (key.length) memcpy(group->key, key.data, key.length);
    group->key_length = key.length;
    return true;
}

/* Keeps the group at hand, all its values, if it is bad. */
static bool keep_values(mr_reducer *reducer, group_values *group, mr_slice key, mr_error *error) {
    const mr_group_keeper *keeper = reducer->keeper;
    mr_place place = group_place(reducer);
    mr_slice value;
    if (!is_bad(reducer)) return true;
    if (!keeper->begin(keeper->receiver, &place, key, error)) return false;
    while (next_value(&group->values, &value))
        if (!keeper->value(keeper->receiver, value, error)) return false;
    return keeper->end(keeper->receiver, error);
}

/* Calls the plugin for the group at hand, unless that is bad. */
static bool reduce_group(mr_reducer *reducer, group_values *group, mr_error *error) {
    mr_context *context = reducer->context;
    mr_slice key = plain_key(reducer, mr_bytes(group->key, group->key_length)), rest;
    group->fresh = true;
    if (reducer->keeper) {
        if (!keep_values(reducer, group, key, error)) return false;
    } else if (!reducer->bad_count || !is_bad(reducer)) {
        if (MR_UNLIKELY(context->rejects) && !mr_context_make_room(context, error)) return false;
        mr_emit_mark mark = mr_context_mark(context);
        enter_group(reducer, "reduce", key);
        context->loaded.plugin.reduce(&context->ctx, key, &group->values);
        bool ok = leave_group(reducer, &mark, error);
        if (group->error.set) return true; /* the caller sees it, whatever the plugin made of values that ended early */
        if (!ok) return false;
    }
    while (next_value(&group->values, &rest)) /* what reduce did not want to see */
        continue;
    reducer->group++;
    return true;
}

static bool reduce_sorted(mr_reducer *reducer, group_values *group, mr_error *error) {
    bool ok = advance(group);
    while (ok && group->more && keep_key(group)) {
        if (!reduce_group(reducer, group, error)) return false;
        ok = !group->error.set;
    }
    if (group->error.set) *error = group->error;
    return !group->error.set;
}

static bool reduce_groups(mr_reducer *reducer, const mr_block_stream *stream, mr_error *error) {
    mr_slice records;
    bool more = true;
    if (!need_sorter(reducer, error)) return false;
    while (stream->next(stream->source, &records, &more, error) && more)
        if (!sort_block(reducer, records, error)) return false;
    if (error->set || !mr_sorter_finish(&reducer->sorter, error)) return false;
    group_values group = {.values.next = next_value, .reducer = reducer};
    bool ok = accept_emitted(reducer, error) && reduce_sorted(reducer, &group, error);
    free(group.key);
    return ok;
}

/* Lets the plugin forget what it has seen elsewhere. */
static void begin_by_plugin(mr_reducer *reducer) {
    mr_context *context = reducer->context;
    if (!context->loaded.plugin.begin || reducer->keeper) return;
    context->where->callback = "begin";
    context->loaded.plugin.begin(&context->ctx);
    mr_end_if_forked();
}

/* Lets the plugin print what it has kept back of the last keys. */
static bool end_by_plugin(mr_reducer *reducer, mr_error *error) {
    mr_context *context = reducer->context;
    if (!context->loaded.plugin.end || reducer->keeper) return true;
    if (!accept_emitted(reducer, error)) return false;
    context->where->callback = "end";
    context->loaded.plugin.end(&context->ctx);
    mr_end_if_forked();
    mr_context_forget_words(context);
    return mr_context_ok(context, error);
}

bool mr_reduce_partition(mr_reducer *reducer, const mr_block_stream *stream, mr_error *error) {
    mr_context *context = reducer->context;
    accept_nothing(context);
    context->where->place = (mr_place){.partition = reducer->partition};
    reducer->group = 0;
    begin_by_plugin(reducer);
    context->where->callback = reducer->order.compare ? "compare" : reducer->fold ? "fold" : "reduce";
    bool ok = reducer->fold ? reduce_folds(reducer, stream, error) : reduce_groups(reducer, stream, error);
    ok = ok && end_by_plugin(reducer, error) && mr_context_flush(context, error);
    accept_nothing(context);
    if (reducer->sorter_open && reducer->fold) {
        mr_sorter_close(&reducer->sorter);
        reducer->sorter_open = false;
    } else if (reducer->sorter_open) {
        mr_sorter_reset(&reducer->sorter);
    }
    return ok;
}
