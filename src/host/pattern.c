#include "host/pattern.h"

#include <string.h>

#include "host/find.h"

/* A pattern is read item by item. What is not listed here as known makes the whole pattern unknown: nothing is said
 * about it then, and it is matched line by line, which is slower but needs no knowledge. So options within the pattern,
 * back references, recursion, verbs, code points by number and quoting are simply left out. */

enum item_kind { END, UNKNOWN, LITERAL, SET, ANCHOR, GROUP, LOOK, CLOSE, OR, REPEAT };

typedef struct item {
    enum item_kind kind;
    const char *start; /* its text in the pattern */
    size_t length;     /* of it; 0 for END and UNKNOWN */
    char byte;         /* LITERAL: what it matches */
    bool newline;      /* SET: may match a newline. It matches one byte */
    bool optional;     /* REPEAT: no time at all will do */
} item;

static bool is_digit(char byte) {
    return byte >= '0' && byte <= '9';
}

static bool is_letter(char byte) {
    return (unsigned char)((byte | 0x20) - 'a') < 26;
}

static item known(enum item_kind kind, const char *start, size_t length) {
    return (item){.kind = kind, .start = start, .length = length};
}

static item literal(const char *start, size_t length, char byte) {
    return (item){.kind = LITERAL, .start = start, .length = length, .byte = byte};
}

static item set(const char *start, size_t length, bool newline) {
    return (item){.kind = SET, .start = start, .length = length, .newline = newline};
}

static const item unknown = {.kind = UNKNOWN};

static item read_escape(const char *at) {
    char byte = at[1];
    if (byte > ' ' && byte < 127 && !is_digit(byte) && !is_letter(byte)) return literal(at, 2, byte);
    switch (byte) {
    case ' ':
        return literal(at, 2, ' ');
    case 't':
        return literal(at, 2, '\t');
    case 'r':
        return literal(at, 2, '\r');
    case 'd':
    case 'w':
    case 'h':
    case 'N':
    case 'S':
        return set(at, 2, false);
    case 'D':
    case 'W':
    case 's':
        return set(at, 2, true);
    case 'b':
    case 'B':
    case 'A':
    case 'z':
    case 'Z':
        return known(ANCHOR, at, 2);
    default:
        return unknown;
    }
}

/* The length of a name such as [:alpha:] within a class; 0 when there is none. */
static size_t class_name(const char *at) {
    size_t length = 2;
    if (at[1] != ':') return 0;
    if (at[length] == '^') length++;
    while (is_letter(at[length]))
        length++;
    return at[length] == ':' && at[length + 1] == ']' ? length + 2 : 0;
}

static item read_class(const char *start) {
    bool negated = start[1] == '^', newline = negated;
    const char *at = start + 1 + negated;
    if (*at == ']') return unknown;
    while (*at != ']') {
        size_t length = 1;
        if (*at == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
            length = class_name(at);
            newline = true;
        } else if (*at == '\\') {
            item escape = read_escape(at);
            if (escape.kind == ANCHOR) return unknown;
            length = escape.length;
            newline |= escape.newline || escape.byte < ' ';
        } else if ((unsigned char)*at < ' ') { /* a range may begin there */
            length = *at != 0;
            newline = true;
        }
        if (!length) return unknown;
        at += length;
    }
    return set(start, (size_t)(at + 1 - start), newline);
}

static item read_group(const char *at) {
    static const struct {
        const char *text;
        enum item_kind kind;
    } openings[] = {{"(?:", GROUP}, {"(?>", GROUP}, {"(?=", LOOK}, {"(?!", LOOK}, {"(?<=", LOOK}, {"(?<!", LOOK}};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        size_t length = strlen(openings[i].text);
        if (!strncmp(at, openings[i].text, length)) return known(openings[i].kind, at, length);
    }
    return at[1] == '?' || at[1] == '*' ? unknown : known(GROUP, at, 1);
}

/* How often: *, +, ? or {least,most}; each also with ? or + behind it, which say in which order to try. */
static item read_repeat(const char *start) {
    const char *at = start + 1;
    bool optional = *start != '+';
    if (*start == '{') {
        if (!is_digit(*at)) return unknown;
        for (; is_digit(*at); at++)
            if (*at != '0') optional = false;
        if (*at == ',') at++;
        while (is_digit(*at))
            at++;
        if (*at++ != '}') return unknown;
    }
    if (*at == '?' || *at == '+') at++;
    return (item){.kind = REPEAT, .start = start, .length = (size_t)(at - start), .optional = optional};
}

static item read_item(const char *at) {
    switch (*at) {
    case 0:
        return known(END, at, 0);
    case '\n':
        return unknown;
    case '\\':
        return read_escape(at);
    case '[':
        return read_class(at);
    case '(':
        return read_group(at);
    case ')':
        return known(CLOSE, at, 1);
    case '|':
        return known(OR, at, 1);
    case '*':
    case '+':
    case '?':
    case '{':
        return read_repeat(at);
    case '^':
    case '$':
        return known(ANCHOR, at, 1);
    case '.':
        return set(at, 1, false);
    default:
        return literal(at, 1, *at);
    }
}

/* ---- texts that every match contains ----------------------------------------------------------------------------- */

/* A sequence of items is gone through for runs of plain bytes. Each run that has to be matched is a text that every
 * match contains; so is one of the texts of the branches of a group, if every branch has one. Of all these the rarest
 * are kept. What can be left out ends a run, and what is repeated does so behind its first time. */

enum { DEEPEST = 40 /* groups within groups */, LEAST_RARITY = 7 /* bits: commoner texts do not pay */ };

/* How rare texts are, in bits, as if bytes knew nothing of each other: the commonest of them counts. */
static unsigned rarity(const mr_literals *literals) {
    unsigned least = literals->count ? 1000 : 0;
    for (size_t i = 0; i < literals->count; i++) {
        unsigned bits = 0;
        for (size_t j = 0; j < literals->list[i].length; j++)
            bits += mr_byte_rarity((unsigned char)literals->list[i].bytes[j]);
        if (bits < least) least = bits;
    }
    return least;
}

static void keep_rarer(mr_literals *best, const mr_literals *others) {
    if (rarity(others) > rarity(best)) *best = *others;
}

static void end_run(mr_literals *best, mr_literals *run) {
    run->count = run->list[0].length > 0;
    keep_rarer(best, run);
    run->list[0].length = 0;
}

/* Reads the repeats behind an item: whether the item may be left out, and whether there are any. */
static bool read_repeats(const char **at, bool *optional) {
    *optional = false;
    const char *start = *at;
    for (item next; (next = read_item(*at)).kind == REPEAT; *at += next.length)
        *optional |= next.optional;
    return *at > start;
}

static void read_literal(const char **at, char byte, mr_literals *best, mr_literals *run) {
    bool optional, repeated = read_repeats(at, &optional);
    mr_literal *text = &run->list[0];
    if (text->length == MR_LITERAL_LENGTH) end_run(best, run);
    if (!optional) text->bytes[text->length++] = byte;
    if (repeated) end_run(best, run);
}

static bool read_branches(const char **at, mr_literals *literals, int depth);

/* The branches of a group, and its end. */
static bool read_inside(const char **at, bool counts, mr_literals *best, int depth) {
    mr_literals inside;
    bool optional;
    if (depth == DEEPEST || !read_branches(at, &inside, depth + 1) || **at != ')') return false;
    ++*at;
    read_repeats(at, &optional);
    if (counts && !optional) keep_rarer(best, &inside);
    return true;
}

/* Reads items up to the end of a branch; false when one is unknown. */
static bool read_branch(const char **at, mr_literals *best, int depth) {
    mr_literals run = {0};
    best->count = 0;
    for (;;) {
        item item = read_item(*at);
        *at += item.length;
        switch (item.kind) {
        case UNKNOWN:
            return false;
        case LITERAL:
            read_literal(at, item.byte, best, &run);
            break;
        case GROUP:
        case LOOK:
            end_run(best, &run);
            if (!read_inside(at, item.kind == GROUP, best, depth)) return false;
            break;
        case SET:
            end_run(best, &run);
            break;
        case ANCHOR:
        case REPEAT:
            break;
        default:
            *at -= item.length;
            end_run(best, &run);
            return true;
        }
    }
}

/* Reads branches up to the end of their group; their texts together, if each has some. */
static bool read_branches(const char **at, mr_literals *literals, int depth) {
    bool each = true;
    literals->count = 0;
    for (;;) {
        mr_literals branch;
        if (!read_branch(at, &branch, depth)) return false;
        each &= branch.count && literals->count + branch.count <= MR_LITERALS_MAX;
        for (size_t i = 0; each && i < branch.count; i++)
            literals->list[literals->count++] = branch.list[i];
        if (**at != '|') break;
        ++*at;
    }
    if (!each) literals->count = 0;
    return true;
}

bool mr_pattern_literals(const char *pattern, mr_literals *literals) {
    return read_branches(&pattern, literals, 0) && !*pattern && rarity(literals) >= LEAST_RARITY;
}

/* ---- a pattern for many lines ------------------------------------------------------------------------------------ */

/* When no item of a pattern can match a newline, and ^ and $ match at newlines, then a line in a text looks to the
 * pattern just as it would alone: it goes nowhere beyond the newline, as it would go nowhere beyond the end. So what
 * might match a newline is replaced by something that does not. */

static size_t put(char *to, const char *text, size_t length) {
    memcpy(to, text, length);
    return length;
}

static size_t put_set(char *to, const item *item) {
    const char *text = item->start;
    size_t length = 0;
    if (!item->newline) return put(to, text, item->length);
    if (*text == '\\') { /* the opposite of the opposite, without newlines */
        length += put(to, "[^\\", 3);
        to[length++] = (char)(text[1] ^ 0x20);
        return length + put(to + length, "\\n]", 3);
    }
    if (text[1] == '^' && text[2] != '-') { /* a class of what it does not match */
        length += put(to, "[^\\n", 4);
        return length + put(to + length, text + 2, item->length - 2);
    }
    length += put(to, "(?:(?!\\n)", 9);
    length += put(to + length, text, item->length);
    return length + put(to + length, ")", 1);
}

static size_t put_anchor(char *to, const item *item) {
    char kind = item->length == 2 ? item->start[1] : 0;
    if (kind == 'A') return put(to, "^", 1);
    if (kind == 'z' || kind == 'Z') return put(to, "$", 1);
    return put(to, item->start, item->length);
}

size_t mr_pattern_for_lines(const char *pattern, char *to) {
    size_t length = 0;
    for (;;) {
        item item = read_item(pattern);
        if (item.kind == END) return length;
        if (item.kind == UNKNOWN) return 0;
        if (item.kind == SET)
            length += put_set(to + length, &item);
        else if (item.kind == ANCHOR)
            length += put_anchor(to + length, &item);
        else
            length += put(to + length, item.start, item.length);
        pattern += item.length;
    }
}
