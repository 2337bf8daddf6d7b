/* loser_tree.h - merging many sorted sources, after Knuth (The Art of Computer Programming, vol. 3, 5.4.1).
 *
 * Each inner node remembers the source that lost there; taking the smallest and replacing it costs one comparison a
 * level. Sources are numbers from 0; equal heads come out in the order of their numbers. Private to one process.
 */
#ifndef MR_DATA_LOSER_TREE_H
#define MR_DATA_LOSER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Compares the heads of two sources that are not exhausted. */
typedef int mr_compare_sources(const void *context, uint32_t a, uint32_t b);

typedef struct mr_loser_tree {
    uint32_t *nodes;             /* nodes[0] is the winner, the others hold losers; 2 * leaf_count places with alive */
    bool *alive;                 /* for each source, whether it has a head */
    uint32_t source_count;       /* sources */
    uint32_t leaf_count;         /* source_count rounded up to a power of two */
    mr_compare_sources *compare; /* of two heads */
    const void *context;         /* for compare */
} mr_loser_tree;

/* Makes a tree over source_count sources; alive[i] tells whether source i has a head. alive is copied. */
bool mr_loser_tree_open(mr_loser_tree *tree, uint32_t source_count, const bool *alive, mr_compare_sources *compare,
                        const void *context, mr_error *error);
void mr_loser_tree_close(mr_loser_tree *tree);

/* The source with the smallest head; false when all are exhausted. */
bool mr_loser_tree_winner(const mr_loser_tree *tree, uint32_t *source);

/* The winner has a new head now, or (alive false) none any more. */
void mr_loser_tree_advance(mr_loser_tree *tree, bool alive);

#endif
