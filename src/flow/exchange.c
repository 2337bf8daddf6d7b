#include "flow/exchange.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/memory.h"
#include "base/units.h"

/* Writing. Each partition fills blocks of its own, taken one after the other from the worker's arena. Sealing writes an
 * index (one mr_run_entry for each partition) behind the blocks and announces the run; from then on nobody writes
 * there. When the arena is full, what is not sealed goes to the spill file, partition by partition, so that a reader
 * finds each partition of a run in one place; the arena is then used again. A run that is announced but whose chunks
 * are never committed, because the worker died, is dropped by the coordinator.
 *
 * Records of fold jobs: length of the key + 1, key, coded accumulator. Records of group jobs: length of the key + 1,
 * length of the value, key, value; before them, wherever the chunk changes and at the start of each block, a marker: 0
 * and the position of the chunk in 8 bytes. Numbers are varints. */

enum {
    FIRST_BLOCK = 1 << 10,
    MARKER = 9,
    POPULATE_LEAST = 64 << 10,
    POPULATE_MOST = 1 << 20,
    ARENA_START = 64 /* offset 0 means none */
};

/* What is not sealed is no longer in use. */
static void forget_unsealed(mr_exchange *exchange) {
    exchange->used = mr_larger(exchange->sealed, ARENA_START);
}

bool mr_exchange_open(mr_exchange *exchange, uint64_t used, mr_error *error) {
    exchange->sealed = used;
    forget_unsealed(exchange);
    exchange->populated = used;
    uint32_t count = exchange->index->count + 1;
    exchange->partitions = calloc(count, sizeof *exchange->partitions);
    return exchange->partitions || mr_error_memory(error, count * sizeof *exchange->partitions, "partitions");
}

void mr_exchange_close(mr_exchange *exchange) {
    free(exchange->partitions);
    exchange->partitions = NULL;
}

static uint32_t partition_count(const mr_exchange *exchange) {
    return exchange->index->count + 1;
}

/* Takes bytes from the arena; NULL when it is full. Pages are asked for many at a time, which is cheaper than a fault
 * for each: as many as are in use already, so that a small job does not pay for pages that it never needs. */
static void *take(mr_exchange *exchange, uint64_t bytes) {
    if (bytes > exchange->arena.size - exchange->used) return NULL;
    void *memory = exchange->arena.base + exchange->used;
    exchange->used += bytes;
    if (exchange->used > exchange->populated) {
        uint64_t page = mr_round_up(exchange->populated, 4096);
        uint64_t step = mr_between(POPULATE_LEAST, page, POPULATE_MOST);
        uint64_t end = mr_smaller(exchange->arena.size, mr_larger(mr_round_up(exchange->used, 4096), page + step));
        /* Only a matter of speed: kernels before 5.14 do not know it. */
        if (end > page && exchange->arena.size >= 4 * POPULATE_MOST)
            (void)!madvise(exchange->arena.base + page, end - page, MADV_POPULATE_WRITE);
        exchange->populated = end;
    }
    return memory;
}

/* ---- sealing ----------------------------------------------------------------------------------------------------- */

/* Closes the block of a partition and adds it to its entry. */
static void close_block(mr_exchange *exchange, mr_partition_writer *partition) {
    mr_block *block = partition->block;
    if (!block) return;
    block->used = (uint64_t)(partition->next - mr_block_records(block));
    block->records = partition->records;
    block->next = 0;
    mr_block_seal(block);
    uint64_t offset = (uint64_t)((char *)block - exchange->arena.base);
    if (partition->last)
        partition->last->next = offset;
    else
        partition->entry.blocks.offset = offset;
    partition->last = block;
    partition->entry.blocks.length += sizeof *block + block->used;
    partition->entry.blocks.checksum = mr_block_chain(partition->entry.blocks.checksum, block);
    partition->entry.records += partition->records;
    partition->records = 0;
    partition->block = NULL;
    partition->next = partition->end = NULL;
}

static void close_blocks(mr_exchange *exchange) {
    for (uint32_t i = 0; i < partition_count(exchange); i++)
        close_block(exchange, &exchange->partitions[i]);
}

/* Appends the blocks of one partition to the spill file; its entry then says where they are there. */
static bool spill_partition(mr_exchange *exchange, mr_partition_writer *partition, mr_error *error) {
    uint64_t start = exchange->spill->end;
    uint64_t offset = partition->last ? partition->entry.blocks.offset : 0;
    while (offset) {
        mr_block *block = (mr_block *)(void *)(exchange->arena.base + offset);
        offset = block->next;
        if (!mr_spill_append(exchange->spill, block, sizeof *block + block->used, NULL, error)) return false;
    }
    partition->entry.blocks.offset = start;
    return true;
}

/* The sealed entries of all partitions, in order, which are forgotten. */
static void take_index(mr_exchange *exchange, mr_run_entry *entries) {
    for (uint32_t i = 0; i < partition_count(exchange); i++) {
        entries[i] = exchange->partitions[i].entry;
        entries[i].seal = mr_run_entry_seal(&entries[i], i);
        exchange->partitions[i] = (mr_partition_writer){0};
    }
    exchange->records = 0;
}

/* Moves everything that is not sealed to the spill file, as a run of its own. */
static bool spill_all(mr_exchange *exchange, mr_error *error) {
    close_blocks(exchange);
    uint32_t count = partition_count(exchange);
    for (uint32_t i = 0; i < count; i++)
        if (!spill_partition(exchange, &exchange->partitions[i], error)) return false;
    mr_run_entry *entries = calloc(count + 1, sizeof *entries);
    if (!entries) return mr_error_memory(error, count * sizeof *entries, "an index");
    take_index(exchange, entries);
    mr_run run = {.worker = exchange->worker, .in_file = 1};
    bool ok = mr_spill_append(exchange->spill, entries, count * sizeof *entries, &run.index_offset, error);
    free(entries);
    forget_unsealed(exchange);
    return ok && exchange->announce(exchange->receiver, &run, error);
}

static bool seal(mr_exchange *exchange, mr_error *error) {
    uint64_t index_size = partition_count(exchange) * sizeof(mr_run_entry);
    /* Sealed runs stay in the arena for good: they may take half of it, the other half is for writing. */
    if (mr_round_up(exchange->used + index_size, MR_PAGE) > exchange->arena.size / 2) return spill_all(exchange, error);
    close_blocks(exchange);
    exchange->used = mr_round_up(exchange->used, sizeof(uint64_t));
    mr_run_entry *entries = take(exchange, index_size);
    if (!entries) return spill_all(exchange, error);
    take_index(exchange, entries);
    mr_run run = {.worker = exchange->worker, .index_offset = (uint64_t)((char *)entries - exchange->arena.base)};
    /* What is sealed has pages of its own, which can be made read-only. */
    exchange->sealed = mr_smaller(mr_round_up(exchange->used, MR_PAGE), exchange->arena.size);
    forget_unsealed(exchange);
    return exchange->announce(exchange->receiver, &run, error);
}

bool mr_exchange_seal(mr_exchange *exchange, mr_error *error) {
    if (!exchange->records) return true;
    enum mr_activity before = mr_stopwatch_change(exchange->watch, MR_ACTIVITY_EXCHANGE);
    bool ok = seal(exchange, error);
    mr_stopwatch_change(exchange->watch, before);
    return ok;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/* Bytes for the next block of a partition. Blocks double until they have the usual size: where many workers see the
 * same few keys, each of them has little for every partition, and mostly empty blocks would be most of the memory. */
static uint64_t next_block_size(const mr_exchange *exchange, const mr_partition_writer *partition, uint64_t need) {
    uint64_t usual = mr_round_up(mr_between(FIRST_BLOCK, partition->entry.blocks.length, exchange->block_size), 64);
    return mr_larger(usual, mr_round_up(sizeof(mr_block) + need, 64));
}

static bool start_block(mr_exchange *exchange, mr_partition_writer *partition, uint64_t need, mr_error *error) {
    if (need > exchange->block_size) exchange->longest = mr_larger(exchange->longest, need);
    uint64_t size = next_block_size(exchange, partition, need);
    mr_block *block = take(exchange, size);
    if (!block) {
        if (!spill_all(exchange, error)) return false;
        size = next_block_size(exchange, partition, need);
        block = take(exchange, size);
    }
    if (!block)
        return mr_error_set(error,
                            "a record of %llu bytes does not fit into the memory of a worker; give more "
                            "--memory or fewer --jobs",
                            (unsigned long long)need);
    partition->block = block;
    partition->next = mr_block_records(block);
    partition->end = (char *)block + size;
    return true;
}

static char *put_marker(char *to, uint64_t position) {
    *to++ = 0;
    mr_store_u64(to, position);
    return to + sizeof position;
}

/* Room for a record of at most need bytes in a partition; NULL on error. */
static inline char *reserve(mr_exchange *exchange, mr_partition_writer *partition, uint64_t need, mr_error *error) {
    need += MARKER;
    bool fresh = false;
    if ((uint64_t)(partition->end - partition->next) < need) {
        close_block(exchange, partition);
        if (!start_block(exchange, partition, need, error)) return NULL;
        fresh = true;
    }
    if (!exchange->fold && (fresh || partition->position != exchange->position)) {
        partition->next = put_marker(partition->next, exchange->position);
        partition->position = exchange->position;
    }
    return partition->next;
}

static inline void commit(mr_exchange *exchange, mr_partition_writer *partition, char *end) {
    partition->next = end;
    partition->records++; /* and not in the block, whose head may be far from the cache */
    exchange->records++;
}

static inline char *put_bytes(char *to, mr_slice bytes) {
    if (bytes.length) memcpy(to, bytes.data, bytes.length);
    return to + bytes.length;
}

static bool write_short_keys(mr_exchange *exchange, const mr_short_table *table, mr_error *error) {
    uint64_t most = 1 + sizeof(mr_short_key) + mr_fold_encoded_max(exchange->fold);
    for (size_t slot = 0; slot < table->slot_count; slot++) {
        mr_short_key key = table->keys[slot];
        if (!key.second) continue;
        size_t length = mr_short_key_length(key);
        uint32_t number =
            mr_partition_of_prefix(exchange->index, mr_short_slot_key(table, slot), __builtin_bswap64(key.first));
        mr_partition_writer *partition = &exchange->partitions[number];
        char *to = reserve(exchange, partition, most, error);
        if (!to) return false;
        *to++ = (char)(length + 1);
        memcpy(to, &key, sizeof key); /* all of it: what is too much is written over */
        commit(exchange, partition, mr_fold_encode(exchange->fold, to + length, mr_short_value(table, slot)));
    }
    return true;
}

static bool write_long_keys(mr_exchange *exchange, const mr_table *table, mr_error *error) {
    uint64_t most = MR_VARINT_MAX + mr_fold_encoded_max(exchange->fold);
    for (mr_entry *entry = mr_table_next(table, NULL); entry; entry = mr_table_next(table, entry)) {
        mr_slice key = mr_bytes(mr_entry_key(table, entry), entry->key_length);
        mr_partition_writer *partition = &exchange->partitions[mr_partition_of(exchange->index, key)];
        char *to = reserve(exchange, partition, most + key.length, error);
        if (!to) return false;
        to = put_bytes(mr_put_varint(to, key.length + 1), key);
        commit(exchange, partition, mr_fold_encode(exchange->fold, to, mr_entry_value(entry)));
    }
    return true;
}

bool mr_exchange_table(void *receiver, const mr_fold_table *table, mr_error *error) {
    mr_exchange *exchange = receiver;
    enum mr_activity before = mr_stopwatch_change(exchange->watch, MR_ACTIVITY_EXCHANGE);
    bool ok = write_short_keys(exchange, &table->shorts, error) && write_long_keys(exchange, &table->longs, error);
    mr_stopwatch_change(exchange->watch, before);
    return ok;
}

static bool write_pairs(mr_exchange *exchange, const char *pairs, const char *end, mr_error *error) {
    while (pairs < end) {
        mr_slice key, value;
        pairs = mr_pair_read(pairs, &key, &value);
        key = mr_context_full_key(exchange->context, key);
        if (!mr_context_ok(exchange->context, error)) return false;
        mr_partition_writer *partition = &exchange->partitions[mr_partition_of(exchange->index, key)];
        char *to = reserve(exchange, partition, 2 * MR_VARINT_MAX + key.length + value.length, error);
        if (!to) return false;
        to = mr_put_varint(mr_put_varint(to, key.length + 1), value.length);
        commit(exchange, partition, put_bytes(put_bytes(to, key), value));
    }
    return true;
}

bool mr_exchange_pairs(void *receiver, const char *pairs, const char *end, mr_error *error) {
    mr_exchange *exchange = receiver;
    enum mr_activity before = mr_stopwatch_change(exchange->watch, MR_ACTIVITY_EXCHANGE);
    bool ok = write_pairs(exchange, pairs, end, error);
    mr_stopwatch_change(exchange->watch, before);
    return ok;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void mr_partition_reader_open(mr_partition_reader *reader, const mr_run *runs, size_t run_count, const mr_arena *arenas,
                              const mr_spill *spills, uint32_t partition) {
    *reader = (mr_partition_reader){
        .runs = runs, .run_count = run_count, .arenas = arenas, .spills = spills, .partition = partition};
}

void mr_partition_reader_close(mr_partition_reader *reader) {
    mr_run_reader_close(&reader->reader);
}

static bool damaged(const mr_partition_reader *reader, mr_error *error) {
    return mr_error_damage(error, "the records are damaged: %s",
                           reader->in_file ? "the disk returned other bytes than were written"
                                           : "a plugin has written where it may not");
}

/* The block at an offset of the arena at hand; NULL when no block can be there. */
static mr_block *block_at(const mr_partition_reader *reader, uint64_t offset) {
    const mr_arena *arena = &reader->arenas[reader->worker];
    if (offset % sizeof(uint64_t) || offset > arena->size - sizeof(mr_block)) return NULL;
    return (mr_block *)(void *)(arena->base + offset);
}

/* The partition's entry in the run at hand, as it is stored. */
static bool read_entry(const mr_partition_reader *reader, const mr_run *run, mr_run_entry *entry, mr_error *error) {
    const mr_arena *arena = &reader->arenas[run->worker];
    uint64_t offset = run->index_offset + reader->partition * sizeof *entry;
    if (run->in_file) return mr_spill_read(&reader->spills[run->worker], entry, sizeof *entry, offset, error);
    if (offset > arena->size - sizeof *entry) return damaged(reader, error);
    memcpy(entry, arena->base + offset, sizeof *entry);
    return true;
}

/* Finds the partition's blocks in the next run. */
static bool open_run(mr_partition_reader *reader, mr_error *error) {
    const mr_run *run = &reader->runs[reader->next_run++];
    mr_run_entry entry;
    reader->worker = run->worker;
    reader->in_file = run->in_file;
    if (!read_entry(reader, run, &entry, error)) return false;
    if (entry.seal != mr_run_entry_seal(&entry, reader->partition)) return damaged(reader, error);
    reader->chain = 0;
    reader->rest = entry.blocks;
    reader->bytes += entry.blocks.length;
    reader->records += entry.records;
    if (run->in_file)
        mr_run_reader_restart(&reader->reader, &reader->spills[run->worker], entry.blocks);
    else if (entry.blocks.length && entry.blocks.length <= reader->arenas[run->worker].size)
        reader->block = block_at(reader, entry.blocks.offset);
    return run->in_file || !entry.blocks.length || reader->block || damaged(reader, error);
}

/* The next block of a run in memory. Where its header leads to, there have to be just as many bytes as the index says,
 * so that no block can be left out, or be read again and again; and in the end it has to have been these blocks. */
static bool next_in_memory(mr_partition_reader *reader, mr_slice *records, mr_error *error) {
    mr_block *block = reader->block;
    const mr_arena *arena = &reader->arenas[reader->worker];
    uint64_t offset = (uint64_t)((char *)block - arena->base) + sizeof *block;
    mr_extent *rest = &reader->rest;
    if (rest->length < sizeof *block || block->used > mr_smaller(arena->size - offset, rest->length - sizeof *block) ||
        !mr_block_intact(block, mr_block_records(block)))
        return damaged(reader, error);
    rest->length -= sizeof *block + block->used;
    reader->chain = mr_block_chain(reader->chain, block);
    *records = mr_bytes(mr_block_records(block), block->used);
    reader->block = block->next ? block_at(reader, block->next) : NULL;
    if (rest->length ? !reader->block : block->next || reader->chain != rest->checksum) return damaged(reader, error);
    return true;
}

static bool next_block(void *source, mr_slice *records, bool *more, mr_error *error) {
    mr_partition_reader *reader = source;
    for (;;) {
        *more = true;
        if (reader->block) return next_in_memory(reader, records, error);
        if (reader->in_file) {
            if (!mr_run_next_block(&reader->reader, more, error)) return false;
            *records = mr_bytes(reader->reader.records, reader->reader.block.used);
            if (*more) return true;
        }
        *more = reader->next_run < reader->run_count;
        reader->ended = !*more;
        if (!*more) {
            mr_run_reader_close(&reader->reader); /* its memory is wanted for sorting now */
            return true;
        }
        if (!open_run(reader, error)) return false;
    }
}

mr_block_stream mr_partition_reader_stream(mr_partition_reader *reader) {
    return (mr_block_stream){.next = next_block, .source = reader};
}

/* ---- giving back ------------------------------------------------------------------------------------------------- */

void mr_partitions_release(const mr_run *runs, size_t run_count, const mr_spill *spills, uint32_t first,
                           uint32_t count) {
    mr_run_entry entries[MR_PARTITIONS_MAX];
    for (size_t i = 0; i < run_count; i++) {
        const mr_spill *spill = &spills[runs[i].worker];
        uint64_t index = runs[i].index_offset + first * sizeof *entries, start = UINT64_MAX, end = 0;
        mr_error ignored = {0}; /* then the space is free when the job ends */
        if (!runs[i].in_file || !mr_spill_read(spill, entries, count * sizeof *entries, index, &ignored)) continue;
        for (uint32_t j = 0; j < count; j++) {
            const mr_extent *blocks = &entries[j].blocks;
            if (!blocks->length || entries[j].seal != mr_run_entry_seal(&entries[j], first + j)) continue;
            start = mr_smaller(start, blocks->offset);
            end = mr_larger(end, blocks->offset + blocks->length);
        }
        if (start < end) mr_spill_release(spill, start, end - start);
    }
}
