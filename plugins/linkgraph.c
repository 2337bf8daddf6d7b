/* linkgraph - which pages link to each target: the links of HTML pages, turned round. A model of a job whose pairs are
 * keys alone, which are kept together, so that each comes once and in order.
 *
 *     mr run linkgraph site/index.html site/about.html
 */
// mr: -D_GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mr.h"

static const mr_option options[] = {
    {"pages", MR_OPTION_CHOICE, 0, "files", "files|records",
     "a page is a file, or a record: its name, a tab or a newline, HTML"},
    {"fragment", MR_OPTION_CHOICE, 0, "keep", "keep|drop", "drop: a target ends at its first #"},
    {0}};

/* A text in memory that grows when it has to. */
typedef struct text {
    char *bytes;
    size_t length; /* in bytes */
    size_t room;   /* bytes that there is memory for */
} text;

static int of_records, drop_fragment;
static text key;           /* [map] a target, a zero byte, the page that links to it */
static text target, pages; /* [reduce] the target at hand, and the pages that link to it */

static void configure(mr_ctx *ctx, mr_plugin *self) {
    of_records = mr_option_int(ctx, "pages") == 1;
    if (!of_records) self->records = MR_RECORDS_WHOLE;
}

static void open(mr_ctx *ctx) {
    drop_fragment = mr_option_int(ctx, "fragment") == 1;
}

/* Makes a text longer by some bytes. When there is no memory the job has failed, and the text stays as it is. */
static void extend(mr_ctx *ctx, text *text, const char *bytes, size_t length) {
    if (text->room - text->length < length) {
        char *moved = realloc(text->bytes, 2 * (text->length + length));
        if (!moved) {
            mr_fail(ctx, "out of memory");
            return;
        }
        text->bytes = moved;
        text->room = 2 * (text->length + length);
    }
    if (length) memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

/* ---- targets ----------------------------------------------------------------------------------------------------- */

/* Writes a character in UTF-8; it is never longer than the reference that stood for it. */
static char *put_character(char *to, unsigned long code) {
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    }
    return to;
}

/* The character that a reference such as &amp; or &#x41; stands for, and its length; 0 when it is none. */
static unsigned long reference_at(const char *text, const char *end, size_t *length) {
    static const struct {
        const char *name;
        char character;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
    size_t left = (size_t)(end - text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        *length = strlen(names[i].name);
        if (left >= *length && memcmp(text, names[i].name, *length) == 0) return (unsigned char)names[i].character;
    }
    const char *semicolon = left > 3 && text[1] == '#' ? memchr(text, ';', left < 12 ? left : 12) : NULL;
    if (!semicolon) return 0;
    int base = (text[2] | 32) == 'x' ? 16 : 10;
    unsigned long code = 0;
    for (const char *at = text + (base == 16 ? 3 : 2); at < semicolon; at++) {
        int digit = *at >= '0' && *at <= '9'                 ? *at - '0'
                    : (*at | 32) >= 'a' && (*at | 32) <= 'f' ? (*at | 32) - 'a' + 10
                                                             : 16;
        if (digit >= base) return 0;
        code = code * (unsigned)base + (unsigned)digit;
    }
    if (code == 0 || code > 0x10ffff) return 0;
    *length = (size_t)(semicolon - text) + 1;
    return code;
}

/* Turns a value of an attribute into a target, in place: references become characters, line breaks and tabs and the
 * blanks around it vanish. */
static mr_slice target_of(char *text, size_t length) {
    char *end = text + length, *to = text;
    while (text < end && *text == ' ')
        to = ++text;
    char *begin = to;
    while (text < end) {
        size_t taken = 1;
        unsigned long code = *text == '&' ? reference_at(text, end, &taken) : 0;
        if (code)
            to = put_character(to, code);
        else if (!memchr("\t\r\n", *text, 4)) /* nor a zero byte, which ends the string */
            *to++ = *text;
        text += code ? taken : 1;
    }
    while (to > begin && to[-1] == ' ')
        to--;
    const char *fragment = drop_fragment ? memchr(begin, '#', (size_t)(to - begin)) : NULL;
    return mr_bytes(begin, (size_t)((fragment ? fragment : to) - begin));
}

/* ---- pages ------------------------------------------------------------------------------------------------------- */

static int is_blank(char byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f';
}

static int is_named(mr_slice name, const char *wanted) {
    return name.length == strlen(wanted) && strncasecmp(name.data, wanted, name.length) == 0;
}

/* Takes a name, of a tag or of an attribute. */
static mr_slice take_name(char **at, const char *end) {
    const char *begin = *at;
    while (*at < end && !is_blank(**at) && **at != '>' && **at != '/' && (**at != '=' || *at == begin))
        ++*at;
    return mr_bytes(begin, (size_t)(*at - begin));
}

static void skip_blanks(char **at, const char *end) {
    while (*at < end && is_blank(**at))
        ++*at;
}

/* Takes the value of an attribute behind its =. 0 when it does not end. */
static int take_value(char **at, const char *end, mr_slice *value) {
    skip_blanks(at, end);
    char *begin = *at, quote = begin < end ? *begin : 0;
    if (quote == '"' || quote == '\'') {
        begin++;
        char *closing = memchr(begin, quote, (size_t)(end - begin));
        if (!closing) return 0;
        *value = mr_bytes(begin, (size_t)(closing - begin));
        *at = closing + 1;
        return 1;
    }
    while (*at < end && !is_blank(**at) && **at != '>')
        ++*at;
    *value = mr_bytes(begin, (size_t)(*at - begin));
    return 1;
}

/* Takes the attributes of a tag, and what its first href is. Where the tag ends; NULL: it does not. */
static char *take_attributes(char *at, const char *end, mr_slice *href) {
    for (;;) {
        while (at < end && (is_blank(*at) || *at == '/'))
            at++;
        if (at >= end) return NULL;
        if (*at == '>') return at + 1;
        mr_slice name = take_name(&at, end), value = {0};
        skip_blanks(&at, end);
        if (at < end && *at == '=') {
            at++;
            if (!take_value(&at, end, &value)) return NULL;
        }
        if (!href->data && is_named(name, "href")) *href = value;
    }
}

/* Where the text of a script or style sheet ends, in which nothing is a tag. */
static char *end_of_raw(char *at, char *end, mr_slice name) {
    while ((at = memchr(at, '<', (size_t)(end - at)))) {
        if ((size_t)(end - at) > name.length + 1 && at[1] == '/' && strncasecmp(at + 2, name.data, name.length) == 0)
            return at;
        at++;
    }
    return end;
}

static void count_link(mr_ctx *ctx, mr_slice page, mr_slice href) {
    mr_slice to = target_of((char *)(uintptr_t)href.data, href.length);
    if (!to.length) return;
    key.length = 0;
    extend(ctx, &key, to.data, to.length);
    extend(ctx, &key, "", 1);
    extend(ctx, &key, page.data, page.length);
    mr_count(ctx, mr_bytes(key.bytes, key.length));
}

static void map_page(mr_ctx *ctx, mr_slice page, char *at, char *end) {
    while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
        at++;
        if (end - at >= 3 && memcmp(at, "!--", 3) == 0) {
            at = memmem(at + 1, (size_t)(end - at) - 1, "-->", 3);
            if (!at) return;
        }
        if (at >= end || (*at | 32) < 'a' || (*at | 32) > 'z') continue;
        mr_slice name = take_name(&at, end), href = {0};
        at = take_attributes(at, end, &href);
        if (!at) return;
        if (href.data && (is_named(name, "a") || is_named(name, "area"))) count_link(ctx, page, href);
        if (is_named(name, "script") || is_named(name, "style")) at = end_of_raw(at, end, name);
    }
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    size_t name = 0;
    if (!of_records) {
        map_page(ctx, mr_text(mr_source_name(ctx, ctx->source)), record, record + length);
        return;
    }
    while (name < length && record[name] != '\t' && record[name] != '\n')
        name++;
    map_page(ctx, mr_bytes(record, name), record + name, record + length);
}

/* ---- lists of pages ---------------------------------------------------------------------------------------------- */

static void begin(mr_ctx *ctx) {
    (void)ctx;
    target.length = pages.length = 0;
}

static void print_pages(mr_ctx *ctx) {
    if (target.length) mr_emit(ctx, mr_bytes(target.bytes, target.length), mr_bytes(pages.bytes, pages.length));
    target.length = pages.length = 0;
}

static void finish(mr_ctx *ctx, mr_slice pair, const void *value) {
    size_t length = (size_t)((const char *)memchr(pair.data, 0, pair.length) - pair.data);
    (void)value;
    if (length != target.length || memcmp(pair.data, target.bytes, length) != 0) {
        print_pages(ctx);
        extend(ctx, &target, pair.data, length);
    } else {
        extend(ctx, &pages, ",", 1);
    }
    extend(ctx, &pages, pair.data + length + 1, pair.length - length - 1);
}

MR_PLUGIN(.name = "linkgraph", .summary = "which HTML pages link to each target", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_COUNT, .configure = configure, .open = open, .map = map, .finish = finish,
          .together = MR_TOGETHER_GROUP, .begin = begin, .end = print_pages)
