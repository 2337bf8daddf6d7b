/* Fuzzes how results are written and records are coded: escaped text has to be what a reference makes of it one byte at
 * a time, and to read back as what it was; varints have to read back too, and hostile ones must end within their
 * bytes; comparisons of strings have to agree with those of the C library. */
#include "fuzzing.h"

#include "data/escape.h"

/* The reference: one byte after the other. */
static size_t escape_slowly(char *to, mr_slice text, const char *specials) {
    size_t length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        bool special = byte && strchr(specials, byte);
        if (special) to[length++] = '\\';
        to[length++] = !special ? byte : byte == '\n' ? 'n' : byte == '\r' ? 'r' : byte == '\t' ? 't' : '\\';
    }
    return length;
}

static size_t unescape(char *to, const char *from, size_t length) {
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        require(from[i] != '\n' && from[i] != '\r');
        if (from[i] != '\\') {
            to[written++] = from[i];
            continue;
        }
        require(++i < length && strchr("\\tnr", from[i]));
        to[written++] = from[i] == 't' ? '\t' : from[i] == 'n' ? '\n' : from[i] == 'r' ? '\r' : '\\';
    }
    return written;
}

/* specials: the bytes that are escaped. */
static void check_escape(mr_slice text, char *(*escape)(char *, mr_slice), const char *specials) {
    size_t room = mr_escaped_max(text.length) + 8;
    char *escaped = fuzz_allocate(room), *expected = fuzz_allocate(room), *back = fuzz_allocate(room);
    char *end = escape(escaped, text);
    size_t length = (size_t)(end - escaped);
    require(length <= mr_escaped_max(text.length));
    require(same_slice(mr_bytes(escaped, length), expected, escape_slowly(expected, text, specials)));
    if (strchr(specials, '\\')) require(same_slice(text, back, unescape(back, escaped, length)));
    free(escaped);
    free(expected);
    free(back);
}

static void check_varint(mr_slice hostile) {
    const char *at = hostile.data, *end = at + hostile.length;
    char coded[MR_VARINT_MAX];
    for (uint64_t value, again; mr_get_varint(&at, end, &value);) {
        require(at <= end);
        const char *from = coded, *behind = mr_put_varint(coded, value);
        require(behind <= coded + MR_VARINT_MAX);
        require(mr_get_varint(&from, behind, &again) && again == value && from == behind);
        for (const char *cut = coded; cut < behind; cut++) {
            from = coded;
            require(!mr_get_varint(&from, cut, &again));
        }
    }
    require(at <= end);
}

static int sign(int order) {
    return (order > 0) - (order < 0);
}

static void check_comparisons(mr_slice a, mr_slice b) {
    size_t common = a.length < b.length ? a.length : b.length;
    int order = sign(memcmp(a.data, b.data, common));
    if (!order) order = (a.length > b.length) - (a.length < b.length);
    require(sign(mr_compare_bytes(a, b)) == order && sign(mr_compare_bytes(b, a)) == -order);
    require(mr_same_bytes(a.data, b.data, common) == !memcmp(a.data, b.data, common));
    for (size_t depth = 0; depth <= common; depth++) {
        uint64_t prefix = mr_prefix_at(a.data, a.length, depth), other = mr_prefix_at(b.data, b.length, depth);
        if (!memcmp(a.data, b.data, depth) && prefix != other) require((prefix < other) == (order < 0));
    }
}

/* A copy of its own, so that nothing lies beside it. */
static mr_slice copy_of(mr_slice bytes) {
    char *copy = fuzz_allocate(bytes.length + (bytes.length == 0));
    if (bytes.length) memcpy(copy, bytes.data, bytes.length);
    return mr_bytes(copy, bytes.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    mr_slice first = copy_of(take_bytes(&in, take_number(&in, 255))), second = copy_of(take_bytes(&in, SIZE_MAX));
    check_escape(first, mr_escape_columns, "\\\n\r");
    check_escape(second, mr_escape_columns, "\\\n\r");
    check_escape(second, mr_escape, "\\\t\n\r");
    check_escape(second, mr_escape_breaks, "\n\r");
    check_varint(first);
    check_comparisons(first, second);
    free((char *)first.data);
    free((char *)second.data);
    return 0;
}
