#include "flow/combine.h"

#include <stdlib.h>

/* ---- fold jobs --------------------------------------------------------------------------------------------------- */

/* Most pairs find their key in the table and end here: a text of a hundred million words becomes a few million records.
 * Pairs are taken a few at a time: all their hashes first, so that the slots are on their way to the cache when the
 * second loop looks into them. A table that is full is sent on as a whole and starts empty; the frequent keys are back
 * in it within a few pairs. */

enum { AHEAD = 32 };

typedef struct pending_pair {
    mr_slice key;
    mr_slice value;
    uint64_t hash; /* of the key */
} pending_pair;

bool mr_folder_open(mr_folder *folder, mr_context *context, const mr_fold *fold, size_t budget, mr_table_sink *sink,
                    void *receiver, mr_error *error) {
    *folder = (mr_folder){.context = context, .fold = fold, .sink = sink, .receiver = receiver};
    return mr_table_open(&folder->table, budget, fold->size, error);
}

void mr_folder_close(mr_folder *folder) {
    mr_table_close(&folder->table);
}

bool mr_folder_flush(mr_folder *folder, mr_error *error) {
    if (!folder->table.entry_count) return true;
    bool ok = folder->sink(folder->receiver, &folder->table, error);
    mr_table_clear(&folder->table);
    return ok;
}

/* A pair whose key does not even fit into the empty table goes on in a table of its own. */
static bool send_alone(mr_folder *folder, const pending_pair *pair, mr_error *error) {
    mr_table large;
    bool is_new;
    size_t size = 2 * mr_entry_size(&folder->table, pair->key.length) + 8192;
    if (!mr_table_open(&large, size, folder->fold->size, error)) return false;
    void *accumulator = mr_table_find(&large, pair->key.data, pair->key.length, pair->hash, &is_new);
    bool ok = accumulator || mr_error_set(error, "a key of %zu bytes is too long", pair->key.length);
    if (ok) {
        mr_fold_start(folder->fold, accumulator, pair->value.data, pair->value.length);
        ok = folder->sink(folder->receiver, &large, error);
    }
    mr_table_close(&large);
    return ok;
}

static bool fold_pair(mr_folder *folder, const pending_pair *pair, mr_error *error) {
    bool is_new;
    void *accumulator = mr_table_find(&folder->table, pair->key.data, pair->key.length, pair->hash, &is_new);
    if (!accumulator) {
        if (!mr_folder_flush(folder, error)) return false;
        accumulator = mr_table_find(&folder->table, pair->key.data, pair->key.length, pair->hash, &is_new);
        if (!accumulator) return send_alone(folder, pair, error);
    }
    if (is_new)
        mr_fold_start(folder->fold, accumulator, pair->value.data, pair->value.length);
    else
        mr_fold_add(folder->fold, accumulator, pair->value.data, pair->value.length);
    return true;
}

static bool wrong_size(const mr_folder *folder, size_t length, mr_error *error) {
    const mr_context *context = folder->context;
    return mr_error_set(error, "plugin %s emitted a value of %zu bytes in %s; its fold takes values of %u bytes",
                        context->loaded.plugin.name, length, context->where->callback, folder->fold->emitted_size);
}

/* Plugins that partition: the full key has only one place, so pairs go one by one. */
static bool fold_partitioned(mr_folder *folder, const char *pairs, const char *end, mr_error *error) {
    while (pairs < end) {
        pending_pair pair;
        pairs = mr_pair_read(pairs, &pair.key, &pair.value);
        if (!mr_fold_accepts(folder->fold, pair.value.length)) return wrong_size(folder, pair.value.length, error);
        pair.key = mr_context_full_key(folder->context, pair.key);
        pair.hash = mr_hash_bytes(pair.key.data, pair.key.length);
        if (!mr_context_ok(folder->context, error) || !fold_pair(folder, &pair, error)) return false;
    }
    return true;
}

bool mr_fold_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_folder *folder = receiver;
    pending_pair ahead[AHEAD];
    if (mr_context_key_skip(folder->context)) return fold_partitioned(folder, pairs, end, error);
    while (pairs < end) {
        size_t count = 0;
        for (; count < AHEAD && pairs < end; count++) {
            pending_pair *pair = &ahead[count];
            pairs = mr_pair_read(pairs, &pair->key, &pair->value);
            if (!mr_fold_accepts(folder->fold, pair->value.length))
                return wrong_size(folder, pair->value.length, error);
            pair->hash = mr_hash_bytes(pair->key.data, pair->key.length);
            mr_table_prefetch(&folder->table, pair->hash);
        }
        for (size_t i = 0; i < count; i++)
            if (!fold_pair(folder, &ahead[i], error)) return false;
    }
    return mr_context_ok(folder->context, error);
}

/* ---- group jobs -------------------------------------------------------------------------------------------------- */

/* The values of a key are a list in the order in which they came; the table knows its ends. */
typedef struct value_list {
    uint64_t first; /* offset in values of the first */
    uint64_t last;  /* and of the last */
} value_list;

typedef struct value_node {
    uint64_t next;   /* offset of the key's next value; 0 at the end */
    uint64_t length; /* bytes that follow */
} value_node;

enum { TABLE_SHARE = 2 /* of the budget, one part in this many is for the table, the rest for values */ };

bool mr_combiner_open(mr_combiner *combiner, mr_context *context, size_t budget, mr_pair_sink *sink, void *receiver,
                      mr_error *error) {
    *combiner = (mr_combiner){.context = context, .sink = sink, .receiver = receiver};
    combiner->values_size = budget - budget / TABLE_SHARE;
    combiner->values = malloc(combiner->values_size);
    if (!combiner->values) return mr_error_memory(error, combiner->values_size, "combining");
    combiner->values_used = sizeof(value_node); /* so that no offset is 0 */
    return mr_table_open(&combiner->table, budget / TABLE_SHARE, sizeof(value_list), error);
}

void mr_combiner_close(mr_combiner *combiner) {
    free(combiner->values);
    mr_table_close(&combiner->table);
    *combiner = (mr_combiner){0};
}

/* What combine sees as its mr_values. */
typedef struct combine_values {
    mr_values values; /* first, so that its address is the whole's */
    const mr_combiner *combiner;
    uint64_t next; /* offset of the next value; 0 at the end */
} combine_values;

static int next_value(mr_values *values, mr_slice *value) {
    combine_values *list = (combine_values *)(void *)values;
    if (!list->next) return 0;
    value_node node;
    const char *at = list->combiner->values + list->next;
    memcpy(&node, at, sizeof node);
    *value = mr_bytes(at + sizeof node, node.length);
    list->next = node.next;
    return 1;
}

bool mr_combiner_flush(mr_combiner *combiner, mr_error *error) {
    mr_context *context = combiner->context;
    mr_table *table = &combiner->table;
    if (!table->entry_count) return true;
    const char *callback = context->where->callback;
    context->where->callback = "combine";
    mr_context_begin_nested(context, combiner->sink, combiner->receiver);
    for (mr_entry *entry = mr_table_next(table, NULL); entry && !context->error.set;
         entry = mr_table_next(table, entry)) {
        value_list *list = mr_entry_value(entry);
        combine_values values = {.values.next = next_value, .combiner = combiner, .next = list->first};
        context->loaded.plugin.combine(&context->ctx, mr_bytes(mr_entry_key(table, entry), entry->key_length),
                                       &values.values);
    }
    bool ok = mr_context_end_nested(context, error);
    context->where->callback = callback;
    mr_table_clear(table);
    combiner->values_used = sizeof(value_node);
    return ok;
}

/* Adds a value to the list of its key; false when there is no room. */
static bool hold_value(mr_combiner *combiner, mr_slice key, mr_slice value) {
    size_t need = sizeof(value_node) + mr_padded(value.length);
    if (need > combiner->values_size - combiner->values_used) return false;
    bool is_new;
    value_list *list =
        mr_table_find(&combiner->table, key.data, key.length, mr_hash_bytes(key.data, key.length), &is_new);
    if (!list) return false;
    uint64_t offset = combiner->values_used;
    value_node node = {.next = 0, .length = value.length};
    memcpy(combiner->values + offset, &node, sizeof node);
    if (value.length) memcpy(combiner->values + offset + sizeof node, value.data, value.length);
    combiner->values_used += need;
    if (is_new)
        list->first = offset;
    else
        memcpy(combiner->values + list->last, &offset, sizeof offset);
    list->last = offset;
    return true;
}

bool mr_combine_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_combiner *combiner = receiver;
    while (pairs < end) {
        mr_slice key, value;
        const char *next = mr_pair_read(pairs, &key, &value);
        if (!hold_value(combiner, key, value)) {
            if (!mr_combiner_flush(combiner, error)) return false;
            /* What does not even fit into the empty memory goes on as it is. */
            if (!hold_value(combiner, key, value) && !combiner->sink(combiner->receiver, pairs, next, error))
                return false;
        }
        pairs = next;
    }
    return true;
}
