#include "data/loser_tree.h"

#include <stdlib.h>
#include <string.h>

/* Whether source a comes out before source b. Leaves beyond the sources count as exhausted. */
static bool comes_first(const mr_loser_tree *tree, uint32_t a, uint32_t b) {
    bool a_alive = a < tree->source_count && tree->alive[a];
    bool b_alive = b < tree->source_count && tree->alive[b];
    if (!a_alive || !b_alive) return a_alive || (!b_alive && a < b);
    int order = tree->compare(tree->context, a, b);
    return order ? order < 0 : a < b;
}

/* Plays all matches below a node and returns the winner; losers stay in the nodes. */
static uint32_t play(mr_loser_tree *tree, uint32_t node) {
    if (node >= tree->leaf_count) return node - tree->leaf_count;
    uint32_t left = play(tree, 2 * node), right = play(tree, 2 * node + 1);
    bool left_wins = comes_first(tree, left, right);
    tree->nodes[node] = left_wins ? right : left;
    return left_wins ? left : right;
}

bool mr_loser_tree_open(mr_loser_tree *tree, uint32_t source_count, const bool *alive, mr_compare_sources *compare,
                        const void *context, mr_error *error) {
    *tree = (mr_loser_tree){.source_count = source_count, .leaf_count = 1, .compare = compare, .context = context};
    while (tree->leaf_count < source_count)
        tree->leaf_count *= 2;
    tree->nodes = calloc(tree->leaf_count, sizeof *tree->nodes);
    tree->alive = calloc(tree->leaf_count, sizeof *tree->alive);
    if (!tree->nodes || !tree->alive) {
        mr_loser_tree_close(tree);
        return mr_error_memory(error, tree->leaf_count * sizeof *tree->nodes, "a merge");
    }
    if (source_count) memcpy(tree->alive, alive, source_count * sizeof *alive);
    tree->nodes[0] = play(tree, 1);
    return true;
}

void mr_loser_tree_close(mr_loser_tree *tree) {
    free(tree->nodes);
    free(tree->alive);
    tree->nodes = NULL;
    tree->alive = NULL;
}

bool mr_loser_tree_winner(const mr_loser_tree *tree, uint32_t *source) {
    *source = tree->nodes[0];
    return *source < tree->source_count && tree->alive[*source];
}

void mr_loser_tree_advance(mr_loser_tree *tree, bool alive) {
    uint32_t winner = tree->nodes[0];
    tree->alive[winner] = alive;
    for (uint32_t node = (winner + tree->leaf_count) / 2; node; node /= 2) {
        uint32_t challenger = tree->nodes[node];
        if (!comes_first(tree, challenger, winner)) continue;
        tree->nodes[node] = winner;
        winner = challenger;
    }
    tree->nodes[0] = winner;
}
