/* stringmatch - which of many strings occur, how often, in how many lines, or where. A model of a job that all workers
 * need the same file for, besides their input.
 *
 *     mr run stringmatch --set strings=names.txt big.txt
 *
 * All strings are looked for at once, by the algorithm of Aho and Corasick. The strings make a tree, in which a way
 * from the root down spells the beginning of a string. Reading the text, one is always at the node of the longest
 * beginning that the text read so far ends with. Where no child has the next byte, one goes on from the node of the
 * next shorter beginning, to which each node has a link; so the text is read once, however many strings there are.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"strings", MR_OPTION_FILE, 0, NULL, NULL, "a file with a string in each line"},
    {"what", MR_OPTION_CHOICE, 0, "count", "count|lines|where",
     "how often each string occurs, in how many lines, or each place: the file and the offset of the byte"},
    {"ignore-case", MR_OPTION_FLAG, 0, "no", NULL, "yes: ASCII letters are the same in upper and lower case"},
    {0}};

enum { COUNT, LINES, WHERE };

/* A node of the tree. They are numbered level by level, so that the children of one have numbers in a row. */
typedef struct node {
    uint32_t children; /* the first of them; they end where those of the next node begin */
    uint32_t shorter;  /* the node of the longest beginning that this one ends with, but for itself */
    uint32_t found;    /* the node of the longest whole string that this one ends with, or is; 0: none */
    uint32_t first;    /* the first of the sorted strings that begin so: this one, if it is whole */
} node;

/* A string that is looked for. */
typedef struct string {
    mr_slice text;        /* in lower case, where case is ignored */
    const char *shown;    /* as it stands in the file */
    const char *line_end; /* LINES: of the last line that it was counted in; NULL: none in this piece */
    uint64_t count;       /* in this piece */
} string;

enum {
    QUICK = 4 << 20, /* bytes of tables of what follows each byte, for the first nodes */
    FEW = 8,         /* so many strings are looked for by mr_find, when none has begun */
    FOUND = 1 << 30  /* in the tables: this node has found something */
};

static int64_t what;
static unsigned char lower[256]; /* each byte, in lower case where case is ignored */
static char *folded;             /* the file of strings, in lower case where case is ignored */
static string *strings;          /* sorted, all different */
static size_t string_count;
static node *nodes;
static unsigned char *labels;      /* the class of the last byte of what each node spells */
static uint32_t *quick;            /* the node that follows each of the first nodes and each class of bytes */
static uint32_t quick_count;       /* nodes that have this */
static unsigned class_bits;        /* how many bits make a class */
static unsigned char classes[256]; /* of each byte: 0 for those in no string, different for others */
static mr_needles *needles;        /* the strings, if they are few; otherwise NULL */
static const char *line_end;       /* LINES: of the line at hand; NULL: not looked for yet */
static uint32_t *seen;             /* numbers of strings whose count is not zero */
static size_t seen_count;

/* ---- the strings ------------------------------------------------------------------------------------------------- */

static int compare_strings(const void *a, const void *b) {
    const string *x = a, *y = b;
    size_t shorter = x->text.length < y->text.length ? x->text.length : y->text.length;
    int order = shorter ? memcmp(x->text.data, y->text.data, shorter) : 0;
    if (order == 0) order = (x->text.length > y->text.length) - (x->text.length < y->text.length);
    return order ? order : (x->shown > y->shown) - (x->shown < y->shown);
}

/* Sorts the strings and leaves each once. */
static void sort_strings(void) {
    size_t kept = 0;
    qsort(strings, string_count, sizeof *strings, compare_strings);
    for (size_t i = 0; i < string_count; i++) {
        const mr_slice *text = &strings[i].text, *last = kept ? &strings[kept - 1].text : NULL;
        if (!last || text->length != last->length || memcmp(text->data, last->data, text->length) != 0)
            strings[kept++] = strings[i];
    }
    string_count = kept;
}

/* Reads the strings from the lines of the file. How many bytes they have, or SIZE_MAX when there is no memory. */
static size_t read_strings(mr_slice file) {
    const char *end = file.data + file.length;
    size_t lines = 1, total = 0;
    for (size_t i = 0; i < file.length; i++)
        lines += file.data[i] == '\n';
    folded = malloc(file.length + 1);
    strings = calloc(lines, sizeof *strings);
    seen = malloc(lines * sizeof *seen);
    if (!folded || !strings || !seen) return SIZE_MAX;
    for (size_t i = 0; i < file.length; i++)
        folded[i] = (char)lower[(unsigned char)file.data[i]];
    for (const char *line = file.data, *next; line < end; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (!next) next = end;
        size_t length = (size_t)(next - line);
        if (!length) continue;
        strings[string_count].text = mr_bytes(folded + (line - file.data), length);
        strings[string_count++].shown = line;
        total += length;
    }
    sort_strings();
    return total;
}

/* ---- the tree ---------------------------------------------------------------------------------------------------- */

/* The node that follows a node and a byte. Nodes that are not quick are looked up in the tree. */
static uint32_t next_node(uint32_t at, unsigned char class) {
    while (at >= quick_count) {
        uint32_t children = nodes[at].children, count = nodes[at + 1].children - children;
        const unsigned char *child = count ? memchr(labels + children, class, count) : NULL;
        if (child) {
            uint32_t next = (uint32_t)(child - labels);
            return next | (nodes[next].found ? FOUND : 0);
        }
        at = nodes[at].shorter;
    }
    return quick[(at << class_bits) + class];
}

/* Links a new child of a node to shorter beginnings, which are above it and have their links already. */
static void link_child(uint32_t parent, uint32_t child, size_t depth) {
    node *added = &nodes[child];
    added->shorter = parent ? next_node(nodes[parent].shorter, labels[child]) & ~FOUND : 0;
    added->found = strings[added->first].text.length == depth ? child : nodes[added->shorter].found;
}

/* Adds the children of a node, which spells depth bytes, behind the count nodes that there are. Returns how many there
 * are then. The strings that begin as a node does are a row: from nodes[at].first to ends[at]. */
static uint32_t add_children(uint32_t at, size_t depth, uint32_t *ends, uint32_t count) {
    uint32_t end = ends[at];
    nodes[at].children = count;
    for (uint32_t i = nodes[at].first; i < end; i++) {
        if (strings[i].text.length == depth) continue;
        unsigned char class = classes[(unsigned char)strings[i].text.data[depth]];
        if (count == nodes[at].children || labels[count - 1] != class) {
            labels[count] = class;
            nodes[count++].first = i;
        }
        ends[count - 1] = i + 1;
    }
    for (uint32_t child = nodes[at].children; child < count; child++)
        link_child(at, child, depth + 1);
    return count;
}

static void fill_quick(uint32_t at) {
    uint32_t *row = quick + ((size_t)at << class_bits), *shorter = quick + ((size_t)nodes[at].shorter << class_bits);
    if (at) memcpy(row, shorter, sizeof *row << class_bits);
    for (uint32_t child = nodes[at].children; child < nodes[at + 1].children; child++)
        row[labels[child]] = child | (nodes[child].found ? FOUND : 0);
}

/* Bytes that no string has are all the same to the tree, which makes its tables small. */
static void classify_bytes(void) {
    unsigned count = 1;
    for (size_t i = 0; i < string_count; i++)
        for (size_t j = 0; j < strings[i].text.length; j++) {
            unsigned char *class = &classes[(unsigned char)strings[i].text.data[j]];
            if (!*class) *class = (unsigned char)count++;
        }
    for (int byte = 0; byte < 256; byte++)
        classes[byte] = classes[lower[byte]];
    while (1u << class_bits < count)
        class_bits++;
    quick_count = QUICK / (uint32_t)sizeof *quick >> class_bits;
}

/* Makes the tree of strings that have total bytes. 0 when there is no memory. */
static int make_tree(size_t total) {
    classify_bytes();
    uint32_t *ends = malloc((total + 1) * sizeof *ends);
    nodes = calloc(total + 2, sizeof *nodes);
    labels = malloc(total + 1);
    quick = calloc(1, QUICK);
    if (ends && nodes && labels && quick) {
        uint32_t count = 1, level_end = 1;
        size_t depth = 0;
        ends[0] = (uint32_t)string_count;
        for (uint32_t at = 0; at < count; at++) {
            if (at == level_end) {
                level_end = count;
                depth++;
            }
            count = add_children(at, depth, ends, count);
            nodes[at + 1].children = count;
            if (at < quick_count) fill_quick(at);
        }
    }
    free(ends);
    return ends && nodes && labels && quick;
}

static void find_few(mr_ctx *ctx) {
    mr_slice few[FEW];
    for (size_t i = 0; i < string_count; i++)
        few[i] = strings[i].text;
    needles = mr_needles_of(ctx, few, string_count, mr_option_flag(ctx, "ignore-case") ? MR_IGNORE_CASE : 0);
}

static void configure(mr_ctx *ctx, mr_plugin *self) {
    what = mr_option_int(ctx, "what");
    if (what != WHERE) return;
    self->kind = MR_MAP;
    self->fold_type = 0;
}

static void open(mr_ctx *ctx) {
    mr_slice file;
    for (int byte = 0; byte < 256; byte++)
        lower[byte] =
            (unsigned char)(mr_option_flag(ctx, "ignore-case") && byte >= 'A' && byte <= 'Z' ? byte + 32 : byte);
    if (!mr_side(ctx, "strings", &file)) {
        mr_fail(ctx, "strings has to be set to a file");
        return;
    }
    size_t total = file.length < FOUND ? read_strings(file) : 0;
    if (file.length >= FOUND)
        mr_fail(ctx, "strings of 1 GiB and more are too many");
    else if (total == SIZE_MAX || !make_tree(total))
        mr_fail(ctx, "out of memory");
    else if (string_count == 0)
        mr_fail(ctx, "there is no string in %s", mr_option_text(ctx, "strings"));
    else if (string_count <= FEW)
        find_few(ctx);
}

/* ---- looking for them -------------------------------------------------------------------------------------------- */

/* Takes note of a string that ends at a place in a text. */
static void note(mr_ctx *ctx, string *string, const char *text, const char *place, const char *end) {
    if (what == WHERE) {
        char offset[32];
        uint64_t begin = ctx->offset + (uint64_t)(place - text) - string->text.length;
        mr_append(ctx, mr_text(mr_source_name(ctx, ctx->source)));
        mr_append(ctx, mr_bytes(offset, (size_t)snprintf(offset, sizeof offset, ":%llu", (unsigned long long)begin)));
        mr_emit(ctx, mr_bytes(string->shown, string->text.length), mr_appended(ctx));
        return;
    }
    if (what == LINES) {
        if (!line_end || place > line_end) line_end = memchr(place, '\n', (size_t)(end - place));
        if (!line_end) line_end = end;
        if (string->line_end == line_end) return;
        string->line_end = line_end;
    }
    if (string->count++ == 0) seen[seen_count++] = (uint32_t)(string - strings);
}

/* Strings have no newlines, so lines need not be told apart here. */
static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    const char *place = text, *end = text + length;
    uint32_t at = 0;
    line_end = NULL;
    while (place < end) {
        if (at == 0 && needles) {
            place = mr_find(ctx, needles, mr_bytes(place, (size_t)(end - place)));
            if (!place) break;
        }
        at = next_node(at, classes[(unsigned char)*place++]);
        if (!(at & FOUND)) continue;
        at &= ~FOUND;
        for (uint32_t found = nodes[at].found; found; found = nodes[nodes[found].shorter].found)
            note(ctx, &strings[nodes[found].first], text, place, end);
    }
    while (seen_count) {
        string *string = &strings[seen[--seen_count]];
        mr_count_many(ctx, mr_bytes(string->shown, string->text.length), string->count);
        string->count = 0;
        string->line_end = NULL;
    }
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    free(folded);
    free(strings);
    free(seen);
    free(nodes);
    free(labels);
    free(quick);
}

MR_PLUGIN(.name = "stringmatch", .summary = "which of many strings occur, how often, in how many lines, or where",
          .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure, .open = open,
          .close = close, .map_chunk = map_chunk)
