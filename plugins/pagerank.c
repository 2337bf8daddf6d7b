/* pagerank - how important the nodes of a graph are: the share of time that somebody spends at each who follows links
 * at random, and now and then begins anew anywhere. A model of an iterative job, whose stages pagerank.json puts
 * together:
 *
 *     mr job pagerank --set edges=edges.txt
 *
 * step=links makes lines of a node and all nodes that it links to: a group job. step=round sends the rank of each node
 * along its links: a fold. What a node received in the last round stands in a side file, in the same order as the
 * links, so that both are gone through together. A node without links spreads its rank over all nodes; what those
 * spread in all is known only at the end of the round, so it stands in the first line of the state, and is added to
 * ranks when they are read. step=ranks does that for the last time. Ranks are integers of 2^-60, which can be added up
 * in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"step", MR_OPTION_CHOICE, 0, "links", "links|round|ranks", "edges to links, links to a state, or that to ranks"},
    {"state", MR_OPTION_FILE, 0, "", NULL, "state before the round, or of the ranks; a round without it is the start"},
    {"damping", MR_OPTION_NUMBER, 0, "0.85", NULL, "how often a link is followed, 0 to 1"},
    {"epsilon", MR_OPTION_NUMBER, 0, "1e-6", NULL,
     "a node has moved if what it received has changed by more, in average ranks"},
    {0}};

static const int64_t one = (int64_t)1 << 60; /* the rank of all nodes together */

static double damping, epsilon;
static mr_slice state;        /* all lines but the first: node, tab, what it received; no data: the start */
static const char *next_line; /* of the state: where the next node is expected */
static int64_t spread;        /* what nodes without links spread over all */
static int64_t node_count;
static uint64_t *moved; /* counter: nodes that received another amount than the round before */

/* ---- from edges to links ----------------------------------------------------------------------------------------- */

/* A line has two words, and further ones, such as a weight, that do not matter; a word alone is a node. Lines that
 * begin with # are comments. A node that others link to has to be there, too. */
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    mr_slice from, to;
    if (!mr_next(&words, &from) || *from.data == '#') return;
    if (mr_next(&words, &to)) {
        mr_emit(ctx, from, to);
        mr_emit(ctx, to, mr_text(""));
    } else {
        mr_emit(ctx, from, mr_text(""));
    }
}

/* Joins the nodes that one links to, with blanks between them: those of a chunk, then those of all chunks. */
static void join(mr_ctx *ctx, mr_slice node, mr_values *values) {
    int count = 0;
    for (mr_slice value; mr_next_value(values, &value);) {
        if (value.length == 0) continue;
        if (count++) mr_append(ctx, mr_text(" "));
        mr_append(ctx, value);
    }
    mr_emit(ctx, node, mr_appended(ctx));
}

/* ---- the state --------------------------------------------------------------------------------------------------- */

/* Reads the first line: a tab, what is spread, a blank, how many nodes there are. */
static void read_state(mr_ctx *ctx, mr_slice side) {
    const char *end = side.length ? memchr(side.data, '\n', side.length) : NULL;
    const char *blank = end ? memchr(side.data, ' ', (size_t)(end - side.data)) : NULL;
    state = side; /* empty: that of no nodes */
    next_line = side.data;
    if (side.length == 0) return;
    if (!blank || *side.data != '\t' || !mr_int_of(mr_bytes(side.data + 1, (size_t)(blank - side.data) - 1), &spread) ||
        !mr_int_of(mr_bytes(blank + 1, (size_t)(end - blank) - 1), &node_count) || node_count < 1) {
        mr_fail(ctx, "the state does not begin like one that step=round has printed");
        return;
    }
    state = mr_bytes(end + 1, side.length - (size_t)(end + 1 - side.data));
    next_line = state.data;
}

/* A line of the state. */
typedef struct state_line {
    mr_slice node;     /* no data: there is no such line */
    mr_slice received; /* a number */
    const char *next;  /* the line behind it */
} state_line;

static state_line line_at(const char *at) {
    const char *end = state.data + state.length, *newline = memchr(at, '\n', (size_t)(end - at));
    if (!newline) newline = end;
    const char *tab = memchr(at, '\t', (size_t)(newline - at));
    if (!tab) tab = newline;
    return (state_line){.node = mr_bytes(at, (size_t)(tab - at)),
                        .received = mr_bytes(tab + (tab < newline), (size_t)(newline - tab) - (tab < newline)),
                        .next = newline + (newline < end)};
}

static int compare_nodes(mr_slice a, mr_slice b) {
    int difference = memcmp(a.data, b.data, a.length < b.length ? a.length : b.length);
    return difference ? difference : (a.length > b.length) - (a.length < b.length);
}

/* Finds the line of a node by halving the state again and again. */
static state_line search(mr_slice node) {
    const char *low = state.data, *high = state.data + state.length;
    while (low < high) {
        const char *middle = low + (high - low) / 2;
        while (middle > low && middle[-1] != '\n')
            middle--;
        state_line line = line_at(middle);
        int order = compare_nodes(node, line.node);
        if (order == 0) return line;
        if (order < 0) high = middle;
        if (order > 0) low = line.next;
    }
    return (state_line){0};
}

/* What a node has received. Nodes come in the order of the state, so that most often the next line is the one. */
static int64_t received_by(mr_ctx *ctx, mr_slice node) {
    int64_t received = 0;
    state_line line = {0};
    if (next_line < state.data + state.length) line = line_at(next_line);
    if (!line.node.data || compare_nodes(node, line.node) != 0) line = search(node);
    if (!line.node.data || !mr_int_of(line.received, &received))
        mr_fail(ctx, "the state has no line for '%.*s', or a wrong one", (int)node.length, node.data);
    else
        next_line = line.next;
    return received;
}

/* The rank of a node that has received so much, in units. */
static double rank_of(int64_t received) {
    double everybody = (1 - damping) * (double)one + damping * (double)spread;
    return everybody / (double)node_count + damping * (double)received;
}

/* ---- a round ----------------------------------------------------------------------------------------------------- */

/* How many nodes stand in a list. */
static int64_t count_links(mr_slice list) {
    int64_t count = list.length > 0;
    for (size_t i = 0; i < list.length; i++)
        count += list.data[i] == ' ';
    return count;
}

/* Sends the rank of a node in equal parts along its links; what cannot be divided is lost, less than 2^-60 for each. */
static void send(mr_ctx *ctx, double rank, mr_slice list) {
    mr_words words = mr_words_of(ctx, (char *)list.data, list.length, MR_WORDS_SPACE);
    int64_t part = (int64_t)(rank / (double)count_links(list));
    for (mr_slice to; mr_next(&words, &to);)
        mr_emit_int64(ctx, to, part);
}

/* Each node is emitted itself, too, so that those to which nothing is sent stay. The key without a name, which comes
 * first in the output, is for what is spread; at the start, for how many nodes there are. */
static void map_links(mr_ctx *ctx, char *text, size_t length) {
    mr_rows lines = mr_rows_of(ctx, text, length, '\t');
    int64_t nobody = 0;
    for (mr_slice node, list; mr_next_row(&lines, &node, &list);) {
        mr_emit_int64(ctx, node, 0);
        if (!state.data) {
            nobody++;
            continue;
        }
        double rank = rank_of(received_by(ctx, node));
        if (list.length)
            send(ctx, rank, list);
        else
            nobody += (int64_t)rank;
    }
    if (length) mr_emit_int64(ctx, mr_text(""), nobody);
}

static void finish(mr_ctx *ctx, mr_slice node, const void *value) {
    int64_t sum = *(const int64_t *)value, before = sum;
    double most = epsilon * (double)one; /* change of what is spread */
    char text[64];
    if (state.data) before = node.length ? received_by(ctx, node) : spread;
    if (state.data && node.length) most /= (double)node_count;
    if (node.length) {
        snprintf(text, sizeof text, "%lld", (long long)sum);
    } else if (state.data) {
        snprintf(text, sizeof text, "%lld %lld", (long long)sum, (long long)node_count);
    } else {
        snprintf(text, sizeof text, "%lld %lld", (long long)one, (long long)sum);
    }
    if ((double)(sum > before ? sum - before : before - sum) > most) *moved += 1;
    mr_emit(ctx, node, mr_text(text));
}

/* ---- ranks ------------------------------------------------------------------------------------------------------- */

/* The lines of the state. Each node comes once, so that any fold will do. */
static void map_state(mr_ctx *ctx, char *text, size_t length) {
    mr_rows lines = mr_rows_of(ctx, text, length, '\t');
    int64_t received;
    for (mr_slice node, number; mr_next_row(&lines, &node, &number);) {
        if (node.length == 0) continue;
        if (mr_int_of(number, &received))
            mr_emit_double(ctx, node, rank_of(received) / (double)one);
        else
            mr_skip_line(ctx, node, "this is no line of a state");
    }
}

/* ---- all steps --------------------------------------------------------------------------------------------------- */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    int step = (int)mr_option_int(ctx, "step");
    if (step == 0) return;
    self->kind = MR_FOLD;
    self->fold_type = step == 1 ? MR_FOLD_SUM_INT64 : MR_FOLD_MAX_DOUBLE;
    self->map = NULL;
    self->map_chunk = step == 1 ? map_links : map_state;
    self->combine = NULL;
    self->reduce = NULL;
    self->finish = step == 1 ? finish : NULL;
    self->columns = step == 1 ? "node\treceived:number" : "node\trank:number";
}

static void open(mr_ctx *ctx) {
    mr_slice side;
    damping = mr_option_number(ctx, "damping");
    epsilon = mr_option_number(ctx, "epsilon");
    moved = mr_counter(ctx, "moved");
    if (!(damping >= 0 && damping <= 1)) mr_fail(ctx, "damping has to be from 0 to 1, not %g", damping);
    if (mr_side(ctx, "state", &side))
        read_state(ctx, side);
    else if (mr_option_int(ctx, "step") == 2)
        mr_fail(ctx, "step=ranks needs a state");
}

MR_PLUGIN(.name = "pagerank",
          .summary = "how important nodes of a graph are, by the links between them, for 'mr job pagerank'",
          .options = options, .kind = MR_GROUP, .configure = configure, .open = open, .map = map, .combine = join,
          .reduce = join, .columns = "node\tlinks")
