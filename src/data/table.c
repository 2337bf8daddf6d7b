#include "data/table.h"

#include "base/memory.h"
#include "base/units.h"

enum { FIRST_SLOTS = 512, SLOT_SHARE = 4 /* of the budget, one part in this many is for slots */ };

bool mr_table_open(mr_table *table, size_t budget, uint32_t value_size, mr_error *error) {
    *table = (mr_table){.value_size = value_size};
    size_t slots = FIRST_SLOTS;
    while (slots * 2 * sizeof(uint64_t) <= budget / SLOT_SHARE)
        slots *= 2;
    table->slot_limit = slots;
    table->slot_count = mr_smaller(slots, FIRST_SLOTS);
    table->slots_mapped = slots * sizeof(uint64_t);
    /* Entries are named by 32 bits, in units of 8 bytes. */
    table->heap_mapped = mr_between(4096, budget - budget / SLOT_SHARE, 8ull << 31) & ~(size_t)4095;
    table->heap_size = table->heap_mapped;
    table->slots = mr_map_memory(table->slots_mapped, "a hash table", error);
    if (table->slots) table->heap = mr_map_memory(table->heap_mapped, "a hash table", error);
    if (!table->heap) mr_table_close(table);
    return table->heap;
}

void mr_table_close(mr_table *table) {
    mr_unmap_memory(table->slots, table->slots_mapped);
    mr_unmap_memory(table->heap, table->heap_mapped);
    *table = (mr_table){0};
}

/* Whether so many slots are too few for one entry more. */
static bool too_few(const mr_table *table, size_t slots) {
    return table->entry_count * 8 >= slots * 5;
}

/* Doubles the slots, more than once where many entries were appended meanwhile, and enters every entry anew; false when
 * the budget does not allow so many. */
static bool grow_slots(mr_table *table) {
    size_t count = table->slot_count;
    for (; too_few(table, count); count *= 2)
        if (count == table->slot_limit) return false;
    table->slot_count = count;
    memset(table->slots, 0, table->slot_count * sizeof(uint64_t));
    size_t mask = table->slot_count - 1;
    for (mr_entry *entry = mr_table_next(table, NULL); entry; entry = mr_table_next(table, entry)) {
        /* The slot comes from the low half of the hash, which the entry does not keep. */
        uint64_t hash = mr_hash_bytes(mr_entry_key(table, entry), entry->key_length);
        size_t slot = hash & mask;
        while (table->slots[slot])
            slot = (slot + 1) & mask;
        table->slots[slot] = (uint64_t)entry->hash << 32 | ((uint64_t)((char *)entry - table->heap) / 8 + 1);
    }
    return true;
}

/* Copies a key and pads it. Most long keys have up to 32 bytes, and are copied without a look at how many: what is too
 * much is written over by the next entry. */
static void copy_key(char *to, const char *key, size_t length) {
    if (length - 16 > 16) {
        mr_put_padded(to, key, length);
        return;
    }
    uint64_t last = mr_load_u64(key + length - 8);
    memcpy(to, key, 32);
    memset(to + length, 0, 8);
    mr_store_u64(to + length - 8, last);
}

/* Puts an entry at the end of the heap; NULL when it does not fit. */
static mr_entry *put_entry(mr_table *table, const char *key, size_t length, uint64_t hash) {
    size_t size = mr_entry_size(table, length);
    if (size + MR_READ_SLACK > table->heap_size - table->heap_used) return NULL;
    mr_entry *entry = (mr_entry *)(void *)(table->heap + table->heap_used);
    entry->key_length = (uint32_t)length;
    entry->hash = (uint32_t)(hash >> 32);
    copy_key(mr_entry_key(table, entry), key, length);
    table->heap_used += size;
    table->entry_count++;
    return entry;
}

void *mr_table_append(mr_table *table, const char *key, size_t length) {
    mr_entry *entry = put_entry(table, key, length, 0);
    return entry ? mr_entry_value(entry) : NULL;
}

static void *add_entry(mr_table *table, const char *key, size_t length, uint64_t hash, size_t slot) {
    if (too_few(table, table->slot_count)) {
        if (!grow_slots(table)) return NULL;
        size_t mask = table->slot_count - 1;
        for (slot = hash & mask; table->slots[slot];)
            slot = (slot + 1) & mask;
    }
    uint64_t place = table->heap_used / 8 + 1;
    mr_entry *entry = put_entry(table, key, length, hash);
    if (!entry) return NULL;
    table->slots[slot] = (uint64_t)entry->hash << 32 | place;
    return mr_entry_value(entry);
}

void *mr_table_find(mr_table *table, const char *key, size_t length, uint64_t hash, bool *is_new) {
    size_t mask = table->slot_count - 1;
    uint64_t tag = hash & 0xffffffff00000000ull;
    size_t slot = hash & mask;
    for (uint64_t found; (found = table->slots[slot]) != 0; slot = (slot + 1) & mask) {
        if ((found & 0xffffffff00000000ull) != tag) continue;
        mr_entry *entry = (mr_entry *)(void *)(table->heap + 8 * ((found & 0xffffffff) - 1));
        if (entry->key_length != length || !mr_same_bytes(mr_entry_key(table, entry), key, length)) continue;
        *is_new = false;
        return mr_entry_value(entry);
    }
    *is_new = true;
    return add_entry(table, key, length, hash, slot);
}

void mr_table_clear(mr_table *table) {
    memset(table->slots, 0, table->slot_count * sizeof(uint64_t));
    table->heap_used = 0;
    table->entry_count = 0;
}
