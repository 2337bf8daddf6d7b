/* generate_edges - a graph of any size as a list of edges, with the degrees of its nodes and a known number of
 * triangles.
 *
 * A line is an edge: two numbers of nodes, source and target, with a tab between them. Degrees follow a power law: a
 * few nodes have very many edges. The same options give the same bytes on every machine: all that decides is computed
 * with unsigned integers.
 *
 * The graph has two parts. The first one has two sides, and its edges only go from one side to the other, in either
 * direction, so that there is no triangle among them. For each node of the left side its number of edges is drawn by
 * Zipf's law, and then so many different nodes of the right side, also by Zipf's law. The second part consists of
 * cliques, groups of nodes each of which is connected with each other; n of them make n * (n - 1) * (n - 2) / 6
 * triangles. Each clique is as large as the wanted number of triangles allows, but at most 64, and one edge connects it
 * with the first part, which makes no triangle either. Numbers of nodes say nothing about the part or the degree: they
 * are permuted.
 *
 *     options -> degrees of the left side -> edges -> output
 *                                       \-> cliques /     \-> answer, summary
 *
 * No edge comes twice, nor in both directions, unless --duplicates repeats lines; no edge is a loop, unless --loops
 * adds some. Neither counts in the answers:
 *
 *     --answer   a line for each node that has edges: node, edges that leave it, edges that enter it, triangles that it
 * is a part of, with tabs between them, sorted by the bytes of the node
 *     --summary  three lines: "nodes", "edges", "triangles", each with a tab and a number behind it */

#include "generator.h"
#include "options.h"
#include "random.h"
#include "zipf.h"

enum {
    NODES_MAX = 2 * ZIPF_RANKS_MAX,
    CLIQUE_MAX = 64,
};
#define EDGES_MAX     (UINT64_C(1) << 31)
#define TRIANGLES_MAX (UINT64_C(1) << 40)

static const char *const separators[] = {"tab", "space", "comma", NULL};
static const char separator_bytes[] = {'\t', ' ', ','};

struct Settings {
    uint64_t nodes;                 /* of the first part, of both sides together */
    uint64_t edges;                 /* of the first part */
    uint64_t triangles;             /* of the second part */
    uint64_t exponent_millionths;   /* exponent of Zipf's law */
    uint64_t duplicates_millionths; /* share of edges that are written twice, in millionths of a percent */
    uint64_t loops_millionths;      /* share of edges behind which a loop is written, the same */
    uint64_t seed;                  /* of the random numbers */
    unsigned separator;             /* index into separators */
    const char *output_path;        /* "-" is the standard output */
    const char *answer_path;        /* NULL: nobody wants the answer */
    const char *summary_path;       /* NULL: nobody wants the summary */
};

/* What the answer says of a node. */
struct Degrees {
    uint32_t out, in; /* edges that leave and enter it */
    uint32_t clique;  /* nodes of its clique; 0: it belongs to none */
};

/* A node of the right side. */
struct RightNode {
    uint32_t chosen; /* index of the last node of the left side that it was chosen for, + 1 */
    uint32_t number; /* that is written for it */
};

/* Nodes have an index: first the left side, then the right side, then the cliques one after the other. What is written
 * is a number that is made of it. */
struct Graph {
    const struct Settings *settings;
    uint64_t left, right;   /* nodes of the two sides */
    uint64_t cliques;       /* how many there are */
    uint64_t clique_nodes;  /* nodes in all of them */
    uint32_t *left_degrees; /* of the nodes of the left side */
    struct RightNode *right_nodes;
    struct Zipf right_draws;          /* chooses nodes of the right side */
    uint32_t right_ranks[ZIPF_BATCH]; /* that it has chosen */
    unsigned right_taken;             /* how many of them have been used */
    struct Degrees *degrees;          /* by number - 1; NULL when nobody wants the answers */
    uint64_t distinct_edges;          /* so far */
    uint64_t triangles_left;          /* that the cliques to come have to make */
    uint64_t next_clique;             /* index of the first node of the next clique */
    uint64_t random;                  /* state of the random numbers */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Preparing. */

static uint64_t triangles_of(uint64_t nodes) {
    return nodes < 3 ? 0 : nodes * (nodes - 1) * (nodes - 2) / 6;
}

/* The largest clique with no more triangles than these, of which there is at least one. */
static unsigned largest_clique(uint64_t triangles) {
    unsigned nodes = 3;
    while (nodes < CLIQUE_MAX && triangles_of(nodes + 1) <= triangles)
        nodes++;
    return nodes;
}

static void plan_cliques(struct Graph *graph) {
    uint64_t triangles = graph->settings->triangles;
    while (triangles > 0) {
        unsigned nodes = largest_clique(triangles);
        graph->cliques++;
        graph->clique_nodes += nodes;
        triangles -= triangles_of(nodes);
    }
}

static uint64_t node_count(const struct Graph *graph) {
    return graph->left + graph->right + graph->clique_nodes;
}

/* Draws how many edges each node of the left side has, but no more than half of the right side: so there is always one
 * to be found at random that was not chosen yet. What is too much goes to the other nodes in turn. */
static bool draw_left_degrees(struct Graph *graph) {
    struct Zipf draws;
    uint32_t most = (uint32_t)((graph->right + 1) / 2), next = 0;
    graph->left_degrees = calloc(graph->left, sizeof *graph->left_degrees);
    bool is_good = zipf_build(&draws, (uint32_t)graph->left, graph->settings->exponent_millionths);
    is_good = is_good && graph->left_degrees != NULL;
    for (uint64_t left = graph->settings->edges; is_good && left > 0;) {
        uint32_t ranks[ZIPF_BATCH];
        unsigned count = left < ZIPF_BATCH ? (unsigned)left : ZIPF_BATCH;
        zipf_draw_batch(&draws, &graph->random, ranks, count);
        for (unsigned i = 0; i < count; i++) {
            uint32_t node = ranks[i];
            while (graph->left_degrees[node] == most)
                node = next = (next + 1) % (uint32_t)graph->left;
            graph->left_degrees[node]++;
        }
        left -= count;
    }
    zipf_free(&draws);
    return is_good;
}

/* Returns false when memory does not suffice. */
static bool prepare_graph(struct Graph *graph, const struct Settings *settings) {
    *graph = (struct Graph){.settings = settings,
                            .random = settings->seed,
                            .triangles_left = settings->triangles,
                            .right_taken = ZIPF_BATCH};
    graph->left = settings->nodes / 2;
    graph->right = settings->nodes - graph->left;
    graph->next_clique = settings->nodes;
    plan_cliques(graph);
    uint64_t nodes = node_count(graph);
    graph->right_nodes = calloc(graph->right, sizeof *graph->right_nodes);
    for (uint64_t i = 0; graph->right_nodes != NULL && i < graph->right; i++)
        graph->right_nodes[i].number = (uint32_t)permute_below(graph->left + i, nodes);
    bool has_answers = settings->answer_path != NULL || settings->summary_path != NULL;
    if (has_answers) graph->degrees = calloc(nodes, sizeof *graph->degrees);
    return graph->right_nodes != NULL && (!has_answers || graph->degrees != NULL) && draw_left_degrees(graph) &&
           zipf_build(&graph->right_draws, (uint32_t)graph->right, settings->exponent_millionths);
}

static void free_graph(struct Graph *graph) {
    free(graph->left_degrees);
    free(graph->right_nodes);
    free(graph->degrees);
    zipf_free(&graph->right_draws);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Edges. */

/* What is written for the node with this index, less 1. */
static inline uint64_t number_of(const struct Graph *graph, uint64_t index) {
    return permute_below(index, node_count(graph));
}

static inline char *put_edge(const struct Graph *graph, uint64_t source, uint64_t target, char *to) {
    to = put_whole(to, source + 1);
    *to++ = separator_bytes[graph->settings->separator];
    to = put_whole(to, target + 1);
    *to++ = '\n';
    return to;
}

/* Writes an edge between the nodes with these numbers, in a random direction. */
static inline bool write_edge(struct Graph *graph, uint64_t one, uint64_t other, struct Output *output) {
    uint64_t turn = -(next_random(&graph->random) & 1) & (one ^ other);
    uint64_t source = one ^ turn, target = other ^ turn;
    if (!output_reserve(output)) return false;
    char *to = put_edge(graph, source, target, output_end(output));
    if (random_happens(&graph->random, graph->settings->duplicates_millionths))
        to = put_edge(graph, source, target, to);
    if (random_happens(&graph->random, graph->settings->loops_millionths)) to = put_edge(graph, source, source, to);
    output_advance(output, to);
    graph->distinct_edges++;
    if (graph->degrees != NULL) {
        graph->degrees[source].out++;
        graph->degrees[target].in++;
    }
    return true;
}

/* The next node of the right side that is drawn. Nodes are asked for early, as they may be far from the processor. */
static inline struct RightNode *next_right(struct Graph *graph) {
    if (graph->right_taken == ZIPF_BATCH) {
        zipf_draw_batch(&graph->right_draws, &graph->random, graph->right_ranks, ZIPF_BATCH);
        graph->right_taken = 0;
        for (unsigned i = 0; i < ZIPF_BATCH; i++)
            __builtin_prefetch(&graph->right_nodes[graph->right_ranks[i]], 1);
    }
    return &graph->right_nodes[graph->right_ranks[graph->right_taken++]];
}

/* The number of a node of the right side that has no edge with this left node yet, and then has one. */
static inline uint64_t draw_right(struct Graph *graph, uint64_t left) {
    uint32_t mark = (uint32_t)left + 1;
    struct RightNode *node = next_right(graph);
    while (node->chosen == mark)
        node = &graph->right_nodes[random_below(next_random(&graph->random), graph->right)];
    node->chosen = mark;
    return node->number;
}

static bool write_clique(struct Graph *graph, struct Output *output) {
    unsigned nodes = largest_clique(graph->triangles_left);
    uint64_t first = graph->next_clique;
    for (uint64_t i = 0; i < nodes; i++) {
        uint64_t number = number_of(graph, first + i);
        if (graph->degrees != NULL) graph->degrees[number].clique = nodes;
        for (uint64_t j = 0; j < i; j++)
            if (!write_edge(graph, number, number_of(graph, first + j), output)) return false;
    }
    graph->triangles_left -= triangles_of(nodes);
    graph->next_clique += nodes;
    uint32_t left = random_below(next_random(&graph->random), graph->left);
    return write_edge(graph, number_of(graph, first), number_of(graph, left), output);
}

/* The nodes of the left side come in an order that says nothing about their degrees, and the cliques among them. */
static bool write_graph(struct Graph *graph, struct Output *output) {
    uint64_t rest = 0;
    for (uint64_t i = 0; i < graph->left; i++) {
        uint64_t left = permute_below(i, graph->left), number = number_of(graph, left);
        for (uint32_t j = 0; j < graph->left_degrees[left]; j++)
            if (!write_edge(graph, number, draw_right(graph, left), output)) return false;
        uint64_t cliques = 0;
        add_share(&cliques, &rest, graph->cliques, graph->left);
        for (; cliques > 0; cliques--)
            if (!write_clique(graph, output)) return false;
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answers. */

/* The number that comes next among 1 to last when they are sorted as text: 1, 10, 100, 101, 102, ... */
static uint64_t next_as_text(uint64_t number, uint64_t last) {
    if (number * 10 <= last) return number * 10;
    while (number % 10 == 9 || number == last)
        number /= 10;
    return number + 1;
}

static char *put_degrees(uint64_t number, const struct Degrees *degrees, char *to) {
    uint64_t others = degrees->clique > 0 ? degrees->clique - 1 : 0; /* any two of them make a triangle with it */
    to = put_whole(to, number);
    *to++ = '\t';
    to = put_whole(to, degrees->out);
    *to++ = '\t';
    to = put_whole(to, degrees->in);
    *to++ = '\t';
    to = put_whole(to, others * (others - (others > 0)) / 2);
    *to++ = '\n';
    return to;
}

static bool write_answer(const struct Graph *graph, struct Output *output) {
    uint64_t nodes = node_count(graph), number = 1;
    for (uint64_t i = 0; i < nodes; i++) {
        const struct Degrees *degrees = &graph->degrees[number - 1];
        if (!output_reserve(output)) return false;
        if (degrees->out + degrees->in > 0) output_advance(output, put_degrees(number, degrees, output_end(output)));
        number = next_as_text(number, nodes);
    }
    return true;
}

static bool write_summary(const struct Graph *graph, struct Output *output) {
    uint64_t nodes = 0;
    for (uint64_t i = 0; i < node_count(graph); i++)
        nodes += graph->degrees[i].out + graph->degrees[i].in > 0;
    char *to = output_end(output);
    to += sprintf(to, "nodes\t%" PRIu64 "\nedges\t%" PRIu64 "\ntriangles\t%" PRIu64 "\n", nodes, graph->distinct_edges,
                  graph->settings->triangles);
    output_advance(output, to);
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Graph graph;
    struct Output output;
    bool is_good = prepare_graph(&graph, settings) || report_no_memory();
    if (is_good) is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_graph(&graph, &output));
    if (is_good && settings->answer_path != NULL)
        is_good = output_open(&output, settings->answer_path) && output_close(&output, write_answer(&graph, &output));
    if (is_good && settings->summary_path != NULL)
        is_good = output_open(&output, settings->summary_path) && output_close(&output, write_summary(&graph, &output));
    free_graph(&graph);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_edges [OPTION]...\n"
    "Write a graph as a list of edges: source, tab, target. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --nodes N             connect N nodes, up to 67108864 (default 1000)\n"
    "  -m, --edges N             with N edges among which there are no triangles (default 10000)\n"
    "  -t, --triangles N         add nodes and edges that make exactly N triangles (default 0)\n"
    "  -e, --exponent NUMBER     draw nodes by Zipf's law with this exponent, 0 to 4 with up to 6 decimals (default "
    "0.8)\n"
    "      --duplicates PERCENT  share of the edges that are written twice (default 0)\n"
    "      --loops PERCENT       share of the edges behind which an edge from a node to itself is written (default 0)\n"
    "      --separator WHICH     'tab' (default), 'space' or 'comma'\n"
    "      --seed N              choose another graph (default 1)\n"
    "  -o, --output FILE         write the edges to FILE instead of the standard output\n"
    "  -a, --answer FILE         also write, for each node that has edges: node, edges that leave it, edges that enter "
    "it and\n"
    "                            triangles that it is a part of, with tabs between them, sorted by the bytes of the "
    "node\n"
    "      --summary FILE        also write how many nodes, edges and triangles there are\n"
    "  -h, --help                show this help\n"
    "\n"
    "Duplicates and loops do not count in the answers. There can be at most N * N / 16 edges for N nodes.\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

static bool check_edges(const struct Settings *settings) {
    if (settings->edges <= settings->nodes * settings->nodes / 16) return true;
    char value[24];
    snprintf(value, sizeof value, "%" PRIu64, settings->edges);
    return report_usage("--edges", value, "at most a sixteenth of the square of --nodes");
}

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .nodes = 1000, .edges = 10000, .exponent_millionths = 800000, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("nodes", 'n', &settings.nodes, 2, NODES_MAX),
        option_whole("edges", 'm', &settings.edges, 0, EDGES_MAX),
        option_whole("triangles", 't', &settings.triangles, 0, TRIANGLES_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_decimal("duplicates", 0, &settings.duplicates_millionths, 100),
        option_decimal("loops", 0, &settings.loops_millionths, 100),
        option_choice("separator", &settings.separator, separators),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_path("summary", 0, &settings.summary_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    if (!check_edges(&settings)) return EXIT_USAGE;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
