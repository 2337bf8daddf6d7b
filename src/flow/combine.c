#include "flow/combine.h"

#include <stdlib.h>

#include "base/units.h"

/* ---- fold jobs --------------------------------------------------------------------------------------------------- */

/* Most pairs find their key in the table and end here: a text of a hundred million words becomes a few million records.
 * Nearly all of them come with short keys, in a form of their own, which a loop in data/fold_shorts.h takes. Of the
 * others, the long ones are taken some at a time: all their hashes first, so that their places in the table are on the
 * way to the cache when they are looked at. A table that is full is sent on as a whole and starts empty; the frequent
 * keys are back in it within a few pairs. */

enum { AHEAD = 32, UNSEEN_ROUNDS = 16 };

bool mr_folder_open(mr_folder *folder, mr_context *context, const mr_fold *fold, size_t budget, mr_table_sink *sink,
                    void *receiver, mr_error *error) {
    *folder = (mr_folder){.context = context, .fold = fold, .sink = sink, .receiver = receiver};
    folder->fold_shorts = mr_fold_shorts_for(context->processor);
    return mr_fold_table_open(&folder->table, budget, fold, error);
}

void mr_folder_close(mr_folder *folder) {
    mr_fold_table_close(&folder->table);
}

/* Each of the two tables is sent on when it is full, without the other, which may hold what is frequent. */
static bool flush_shorts(mr_folder *folder, mr_error *error) {
    if (!folder->table.shorts.entry_count) return true;
    bool ok = folder->sink(folder->receiver, &(mr_fold_table){.shorts = folder->table.shorts}, error);
    mr_short_table_clear(&folder->table.shorts);
    return ok;
}

/* Where keys hardly ever come twice while the table fills, the search is in vain: it is left out for a while, and then
 * tried again. Keys that do come again are folded behind the exchange. */
static void judge_search(mr_folder *folder) {
    uint64_t keys = folder->table.longs.entry_count;
    if (!folder->unseen && keys > folder->long_pairs / 8 * 7) folder->unseen = UNSEEN_ROUNDS * keys;
    folder->long_pairs = 0;
}

static bool flush_longs(mr_folder *folder, mr_error *error) {
    if (!folder->table.longs.entry_count) return true;
    judge_search(folder);
    bool ok = folder->sink(folder->receiver, &(mr_fold_table){.longs = folder->table.longs}, error);
    mr_table_clear(&folder->table.longs);
    return ok;
}

bool mr_folder_flush(mr_folder *folder, mr_error *error) {
    return flush_shorts(folder, error) && flush_longs(folder, error);
}

static void fold_value(const mr_fold *fold, void *accumulator, bool is_new, mr_slice value) {
    if (is_new)
        mr_fold_start(fold, accumulator, value.data, value.length);
    else
        mr_fold_add(fold, accumulator, value.data, value.length);
}

/* Enters a short key that is not in the table; NULL on error. */
static void *enter_short(mr_folder *folder, const mr_short_key *key, uint64_t hash, mr_error *error) {
    mr_short_table *table = &folder->table.shorts;
    if (mr_short_table_crowded(table) && !mr_short_table_grow(table) && !flush_shorts(folder, error)) return NULL;
    return mr_short_value(table, mr_short_table_insert(table, *key, hash));
}

static bool fold_short(mr_folder *folder, mr_slice key, mr_slice value, mr_error *error) {
    mr_short_key short_key = mr_short_key_of(key.data, key.length);
    uint64_t hash = mr_short_key_hash(short_key);
    size_t slot = mr_short_table_find(&folder->table.shorts, &short_key, hash);
    bool is_new = slot == MR_NO_SLOT;
    void *accumulator =
        is_new ? enter_short(folder, &short_key, hash, error) : mr_short_value(&folder->table.shorts, slot);
    if (accumulator) fold_value(folder->fold, accumulator, is_new, value);
    return accumulator;
}

/* Makes a table for one key, which is in it then. */
static void *open_alone(const mr_folder *folder, mr_fold_table *alone, mr_slice key, mr_error *error) {
    size_t size = 8 * mr_entry_size(&folder->table.longs, key.length) + 65536;
    *alone = (mr_fold_table){0};
    if (!mr_fold_table_open(alone, size, folder->fold, error)) return NULL;
    void *accumulator = mr_table_append(&alone->longs, key.data, key.length);
    if (!accumulator) mr_error_set(error, "a key of %zu bytes is too long", key.length);
    return accumulator;
}

/* A pair whose key does not even fit into the empty table goes on in a table of its own. */
static bool send_alone(mr_folder *folder, mr_slice key, mr_slice value, mr_error *error) {
    mr_fold_table alone;
    void *accumulator = open_alone(folder, &alone, key, error);
    if (accumulator) fold_value(folder->fold, accumulator, true, value);
    bool ok = accumulator && folder->sink(folder->receiver, &alone, error);
    mr_fold_table_close(&alone);
    return ok;
}

/* There are few of these: each goes on in a table of its own, and they meet behind the exchange. */
bool mr_folder_take(void *receiver, mr_slice key, const void *accumulator, mr_error *error) {
    mr_folder *folder = receiver;
    mr_fold_table alone;
    key = mr_context_full_key(folder->context, key);
    if (!mr_context_ok(folder->context, error)) return false;
    void *copy = open_alone(folder, &alone, key, error);
    if (copy) memcpy(copy, accumulator, folder->fold->size);
    bool ok = copy && folder->sink(folder->receiver, &alone, error);
    mr_fold_table_close(&alone);
    return ok;
}

/* A pair with a long key. */
typedef struct long_pair {
    mr_slice key;
    mr_slice value;
    uint64_t hash; /* of the key */
} long_pair;

/* Whether the next pair with a long key goes in without a search. */
static bool goes_unseen(const mr_folder *folder) {
    return folder->unseen > 0;
}

static void *enter_long(mr_folder *folder, const long_pair *pair, bool *is_new) {
    mr_table *table = &folder->table.longs;
    if (!goes_unseen(folder)) return mr_table_find(table, pair->key.data, pair->key.length, pair->hash, is_new);
    *is_new = true;
    return mr_table_append(table, pair->key.data, pair->key.length);
}

static bool fold_long(mr_folder *folder, const long_pair *pair, mr_error *error) {
    bool is_new;
    void *accumulator = enter_long(folder, pair, &is_new);
    if (!accumulator) {
        if (!flush_longs(folder, error)) return false;
        accumulator = enter_long(folder, pair, &is_new);
        if (!accumulator) return send_alone(folder, pair->key, pair->value, error);
    }
    folder->long_pairs++;
    folder->unseen -= goes_unseen(folder);
    fold_value(folder->fold, accumulator, is_new, pair->value);
    return true;
}

static bool wrong_size(const mr_folder *folder, size_t length, mr_error *error) {
    const mr_context *context = folder->context;
    return mr_error_set(error, "plugin %s emitted a value of %zu bytes in %s; its fold takes values of %u bytes",
                        context->loaded.plugin.name, length, context->where->callback, folder->fold->emitted_size);
}

/* Reads the next pair and folds it, when its key is short; a long one is left in *ahead, with its slot on the way to
 * the cache. */
static const char *take_pair(mr_folder *folder, const char *pairs, long_pair *ahead, bool *is_long, mr_error *error) {
    mr_slice key, value;
    pairs = mr_pair_read(pairs, &key, &value);
    if (!mr_fold_accepts(folder->fold, value.length)) {
        wrong_size(folder, value.length, error);
        return NULL;
    }
    key = mr_context_full_key(folder->context, key);
    if (!mr_context_ok(folder->context, error)) return NULL;
    *is_long = key.length > MR_SHORT_KEY_MAX;
    if (!*is_long) return fold_short(folder, key, value, error) ? pairs : NULL;
    *ahead = (long_pair){.key = key, .value = value};
    if (folder->unseen > AHEAD) return pairs; /* those before it may use up some */
    ahead->hash = mr_hash_bytes(key.data, key.length);
    mr_table_prefetch(&folder->table.longs, ahead->hash);
    return pairs;
}

bool mr_fold_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_folder *folder = receiver;
    long_pair ahead[AHEAD];
    /* Where the plugin partitions, there is only one place for the key with its partition: no looking ahead. */
    size_t most = mr_context_key_skip(folder->context) ? 1 : AHEAD;
    while (pairs < end) {
        size_t count = 0;
        while (count < most && pairs < end) {
            bool is_long;
            pairs = take_pair(folder, pairs, &ahead[count], &is_long, error);
            if (!pairs) return false;
            count += is_long;
        }
        for (size_t i = 0; i < count; i++)
            if (!fold_long(folder, &ahead[i], error)) return false;
    }
    return mr_context_ok(folder->context, error);
}

bool mr_fold_shorts(void *receiver, const char *pairs, size_t count, mr_error *error) {
    mr_folder *folder = receiver;
    mr_short_table *table = &folder->table.shorts;
    size_t pair_size = sizeof(mr_short_pair) + mr_padded(folder->fold->emitted_size);
    for (;;) {
        size_t taken = folder->fold_shorts(table, folder->fold, pairs, count);
        if (taken == count) return mr_context_ok(folder->context, error);
        pairs += taken * pair_size;
        count -= taken;
        if (!mr_short_table_grow(table) && !flush_shorts(folder, error)) return false;
    }
}

void mr_folder_listen(mr_folder *folder) {
    mr_context_emit_to(folder->context, mr_fold_pairs, folder);
    /* Where the plugin partitions, keys become longer by their partition. */
    if (!mr_context_key_skip(folder->context))
        mr_context_emit_shorts_to(folder->context, mr_fold_shorts, folder->fold->emitted_size);
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
        mr_end_if_forked();
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
