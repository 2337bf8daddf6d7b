/* block.h - blocks of records, in shared memory and in spill files.
 *
 * Runs are sequences of blocks: a header and records, none of which goes across two blocks; a record that is larger
 * than a usual block gets one of its own. A block is sealed once, with a checksum over its records, and so is the whole
 * sequence, with a checksum over those of its blocks: a block that is missing, or that belongs elsewhere, is noticed
 * although it is intact. Every reader verifies both.
 */
#ifndef MR_DATA_BLOCK_H
#define MR_DATA_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "data/bytes.h"

typedef struct mr_block {
    uint64_t used;     /* bytes of records behind this header */
    uint64_t checksum; /* XXH3 of these bytes, once sealed */
    uint64_t next;     /* in memory: the arena offset of the partition's next block, 0 at the end; in files 0 */
    uint64_t records;  /* records in the block, markers not counted */
} mr_block;

static inline char *mr_block_records(mr_block *block) {
    return (char *)(block + 1);
}

/* Puts the checksum in. */
static inline void mr_block_seal(mr_block *block) {
    block->checksum = mr_hash_bytes(block + 1, block->used);
}

/* Whether a sealed block is as it was sealed; records are block->used bytes. */
static inline bool mr_block_intact(const mr_block *block, const char *records) {
    return block->checksum == mr_hash_bytes(records, block->used);
}

/* The checksum of a sequence of blocks: that of those before it (0 for none), with one more. */
static inline uint64_t mr_block_chain(uint64_t before, const mr_block *block) {
    uint64_t mixed = (before ^ block->checksum) * UINT64_C(0x9E3779B97F4A7C15);
    return mixed ^ (mixed >> 32);
}

#endif
