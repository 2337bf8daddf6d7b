/* triangles - how many triangles a graph has: three nodes of which each two are connected. A model of a job of two
 * stages, of which the second has what the first one prints as its input and as a side file; triangles.json puts them
 * together:
 *
 *     mr job triangles --set edges=edges.txt
 *
 * Without a graph the plugin makes one out of edges: a group job that prints each node with its neighbours. With that
 * graph it counts, in these steps. Every edge is given to the one of its ends that has fewer neighbours, of equal ones
 * to the first. So no node is given many edges, not even one that everybody is connected with: at most the square root
 * of twice their number. Of each triangle one node has two edges then, and another one has the third. They are found by
 * marking all that a node u was given, and going through what each of those was given in turn, looking for marks.
 */
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"graph", MR_OPTION_FILE, 0, "", NULL, "what a run without it has printed for the edges, and is the input, too"},
    {0}};

/* ---- from edges to a graph --------------------------------------------------------------------------------------- */

/* Emits an edge in both directions. A line has two words, and further ones, such as a weight, that do not matter; a
 * word alone is a node. Lines that begin with # are comments. */
static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_words words = mr_words_of(ctx, line, length, MR_WORDS_SPACE);
    mr_slice from, to;
    if (!mr_next(&words, &from) || *from.data == '#') return;
    if (mr_next(&words, &to) && (from.length != to.length || memcmp(from.data, to.data, to.length) != 0)) {
        mr_emit(ctx, from, to);
        mr_emit(ctx, to, from);
    } else {
        mr_emit(ctx, from, mr_text(""));
    }
}

static char *names;           /* of the neighbours of a node, one behind the other */
static size_t names_room;     /* in bytes */
static mr_slice *neighbours;  /* slices of names */
static size_t neighbour_room; /* how many there may be */

/* Makes room for so many things of a size, which have been in memory already; 0 when there is none. */
static int grow(mr_ctx *ctx, void *memory, size_t *room, size_t wanted, size_t size) {
    void **at = memory;
    if (wanted <= *room) return 1;
    wanted += wanted / 2 + 1000;
    void *more = realloc(*at, wanted * size);
    if (!more) {
        mr_fail(ctx, "no memory for %zu times %zu bytes", wanted, size);
        return 0;
    }
    *at = more;
    *room = wanted;
    return 1;
}

static int compare_names(const void *a, const void *b) {
    const mr_slice *first = a, *second = b;
    size_t common = first->length < second->length ? first->length : second->length;
    int difference = memcmp(first->data, second->data, common);
    return difference ? difference : (first->length > second->length) - (first->length < second->length);
}

/* Collects the neighbours of a node, and sorts them. How many there are; edges that are there twice count twice yet. */
static size_t collect_neighbours(mr_ctx *ctx, mr_values *values) {
    size_t count = 0, used = 0;
    for (mr_slice value; mr_next_value(values, &value);) {
        if (value.length == 0) continue;
        if (!grow(ctx, &names, &names_room, used + value.length, 1) ||
            !grow(ctx, &neighbours, &neighbour_room, count + 1, sizeof *neighbours))
            return 0;
        memcpy(names + used, value.data, value.length);
        used += value.length;
        neighbours[count++].length = value.length;
    }
    for (size_t i = 0, at = 0; i < count; at += neighbours[i++].length)
        neighbours[i].data = names + at;
    if (count) qsort(neighbours, count, sizeof *neighbours, compare_names);
    return count;
}

/* Prints a node and its neighbours, each once, with blanks between them. */
static void reduce(mr_ctx *ctx, mr_slice node, mr_values *values) {
    size_t count = collect_neighbours(ctx, values);
    for (size_t i = 0; i < count; i++) {
        if (i && compare_names(&neighbours[i - 1], &neighbours[i]) == 0) continue;
        if (i) mr_append(ctx, mr_text(" "));
        mr_append(ctx, neighbours[i]);
    }
    mr_emit(ctx, node, mr_appended(ctx));
}

/* ---- from a graph to its triangles ------------------------------------------------------------------------------- */

/* A place in a hash table. Names of up to 7 bytes are compared without a look at them, which would cost another cache
 * miss. */
typedef struct entry {
    uint64_t word;   /* of the name: see word_of */
    uint32_t number; /* of the node, plus one; 0: free */
} entry;

/* Nodes have numbers, from 0, in the order of their lines in the graph. */
static uint32_t node_count;
static mr_slice *node_names; /* where in the graph they stand */
static uint32_t *degrees;    /* how many neighbours each has */
static entry *table;         /* finds the number of a name */
static size_t table_size;    /* places in it: a power of two */
static size_t *first_edge;   /* of each node, and one more: where the edges that it was given begin in ends */
static uint32_t *ends;       /* the other ends of edges */
static size_t edge_room;     /* how many there may be */
static uint32_t *marks;      /* of each node: the number plus one of the last node that has marked it */

/* Eight bytes for a name: if it has less, all of it and its length, otherwise a hash. */
static uint64_t word_of(mr_slice name) {
    uint64_t word = 0;
    for (size_t i = 0; i < name.length; i++)
        word = name.length < 8 ? word << 8 | (unsigned char)name.data[i]
                               : (word ^ (unsigned char)name.data[i]) * 0x9e3779b97f4a7c15;
    return name.length < 8 ? word | (uint64_t)name.length << 56 : word | (uint64_t)1 << 63;
}

/* The place of a name in the table: where it is, or where it would be. */
static entry *place_of(mr_slice name) {
    uint64_t word = word_of(name);
    for (size_t at = word * 0x9e3779b97f4a7c15 >> 32;; at++) {
        entry *place = &table[at & (table_size - 1)];
        if (!place->number) return place;
        if (place->word == word && (name.length < 8 || compare_names(&node_names[place->number - 1], &name) == 0))
            return place;
    }
}

/* The next line of a graph: a node, and an iterator over its neighbours; 0 at the end. */
static int next_node(mr_ctx *ctx, mr_rows *lines, mr_slice *node, mr_words *words) {
    mr_slice rest;
    if (!mr_next_row(lines, node, &rest)) return 0;
    *words = mr_words_of(ctx, (char *)rest.data, rest.length, MR_WORDS_SPACE);
    return 1;
}

/* Takes all nodes into the table, and counts their neighbours. */
static void number_nodes(mr_ctx *ctx, mr_slice graph) {
    mr_rows lines = mr_rows_of(ctx, (char *)graph.data, graph.length, '\t');
    mr_words words;
    for (mr_slice node, neighbour; next_node(ctx, &lines, &node, &words); node_count++) {
        node_names[node_count] = node;
        *place_of(node) = (entry){word_of(node), node_count + 1};
        while (mr_next(&words, &neighbour))
            degrees[node_count]++;
    }
}

/* Whether an edge from u to v is given to u. */
static int belongs_to(uint32_t u, uint32_t v) {
    return degrees[u] == degrees[v] ? u < v : degrees[u] < degrees[v];
}

/* Gives each edge to one of its ends. */
static void give_edges(mr_ctx *ctx, mr_slice graph) {
    mr_rows lines = mr_rows_of(ctx, (char *)graph.data, graph.length, '\t');
    mr_words words;
    uint32_t u = 0;
    size_t count = 0;
    for (mr_slice node, neighbour; next_node(ctx, &lines, &node, &words); first_edge[++u] = count)
        while (mr_next(&words, &neighbour)) {
            uint32_t v = place_of(neighbour)->number;
            if (!v) {
                mr_fail(ctx, "the graph has no line for '%.*s'", (int)neighbour.length, neighbour.data);
                return;
            }
            if (!belongs_to(u, v - 1)) continue;
            if (count == edge_room) {
                mr_fail(ctx, "the graph has edges that only one of their ends knows of");
                return;
            }
            ends[count++] = v - 1;
        }
}

/* Counts the triangles of which u has two edges: ends that it shares with the other end of one of its edges. */
static uint64_t triangles_at(uint32_t u) {
    uint64_t count = 0;
    for (size_t edge = first_edge[u]; edge < first_edge[u + 1]; edge++)
        marks[ends[edge]] = u + 1;
    for (size_t edge = first_edge[u]; edge < first_edge[u + 1]; edge++) {
        uint32_t v = ends[edge];
        for (size_t other = first_edge[v]; other < first_edge[v + 1]; other++)
            count += marks[ends[other]] == u + 1;
    }
    return count;
}

static void count_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_rows lines = mr_rows_of(ctx, text, length, '\t');
    uint64_t count = 0;
    for (mr_slice node, rest; mr_next_row(&lines, &node, &rest);) {
        uint32_t number = place_of(node)->number;
        if (number)
            count += triangles_at(number - 1);
        else
            mr_skip_line(ctx, node, "the graph has no line for this node");
    }
    mr_count_many(ctx, mr_text("triangles"), count);
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    mr_slice graph;
    if (!mr_side(ctx, "graph", &graph)) return;
    self->kind = MR_FOLD;
    self->fold_type = MR_FOLD_COUNT;
    self->map = NULL;
    self->map_chunk = count_chunk;
    self->reduce = NULL;
    self->columns = "what\tcount:number";
}

static size_t count_of(mr_slice text, char byte) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == byte;
    return count;
}

static void open(mr_ctx *ctx) {
    mr_slice graph;
    if (!mr_side(ctx, "graph", &graph)) return;
    size_t nodes = count_of(graph, '\n') + 1;
    edge_room = (count_of(graph, ' ') + nodes) / 2;
    if (nodes >= UINT32_MAX) {
        mr_fail(ctx, "the graph has more than 2^32 nodes");
        return;
    }
    for (table_size = 1024; table_size < 2 * nodes;)
        table_size *= 2;
    table = calloc(table_size, sizeof *table);
    node_names = calloc(nodes, sizeof *node_names);
    degrees = calloc(nodes, sizeof *degrees);
    marks = calloc(nodes, sizeof *marks);
    first_edge = calloc(nodes + 1, sizeof *first_edge);
    ends = calloc(edge_room + 1, sizeof *ends);
    if (!table || !node_names || !degrees || !marks || !first_edge || !ends) {
        mr_fail(ctx, "no memory for %zu nodes and %zu edges", nodes, edge_room);
        return;
    }
    number_nodes(ctx, graph);
    give_edges(ctx, graph);
}

static void close(mr_ctx *ctx) {
    void *memory[] = {names, neighbours, table, node_names, degrees, marks, first_edge, ends};
    (void)ctx;
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        free(memory[i]);
}

MR_PLUGIN(.name = "triangles",
          .summary = "triangles of a graph, for 'mr job triangles': neighbours from edges, or their number from these",
          .options = options, .kind = MR_GROUP, .configure = configure, .open = open, .close = close, .map = map,
          .reduce = reduce, .columns = "node\tneighbours")
