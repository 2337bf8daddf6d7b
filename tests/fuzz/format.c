/* Fuzzes how results are written: random columns, in every format, have to read back as what they were, by readers that
 * are written here in the simplest way, and to fit into the room that was asked for. */
#include "fuzzing.h"

#include "data/format.h"

enum { COLUMNS_MAX = 6 };

/* A line that is read back. */
typedef struct reading {
    const char *at, *end;
    char *to; /* where the text of the next column goes */
} reading;

static char next_byte(reading *in) {
    require(in->at < in->end);
    return *in->at++;
}

static void expect(reading *in, const char *text) {
    for (; *text; text++)
        require(next_byte(in) == *text);
}

static bool follows(const reading *in, char byte) {
    return in->at < in->end && *in->at == byte;
}

static mr_slice read_csv(reading *in) {
    char *start = in->to;
    if (!follows(in, '"')) {
        while (!follows(in, ',') && !follows(in, '\n')) {
            require(!follows(in, '"') && !follows(in, '\r'));
            *in->to++ = next_byte(in);
        }
        return mr_bytes(start, (size_t)(in->to - start));
    }
    next_byte(in);
    for (;;) {
        char byte = next_byte(in);
        if (byte == '"' && !follows(in, '"')) return mr_bytes(start, (size_t)(in->to - start));
        if (byte == '"') next_byte(in);
        *in->to++ = byte;
    }
}

static int hex_digit(char byte) {
    const char *digits = "0123456789abcdef", *digit = strchr(digits, byte);
    require(byte && digit);
    return (int)(digit - digits);
}

static char read_hex(reading *in) {
    int high = hex_digit(next_byte(in));
    return (char)(16 * high + hex_digit(next_byte(in)));
}

static char read_json_byte(reading *in) {
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    char byte = next_byte(in);
    require((unsigned char)byte >= 0x20);
    if (byte != '\\') return byte;
    byte = next_byte(in);
    if (byte == 'u') {
        expect(in, "00");
        return read_hex(in);
    }
    require(byte && strchr(letters, byte));
    return meant[strchr(letters, byte) - letters];
}

static mr_slice read_json(reading *in) {
    char *start = in->to;
    if (follows(in, '{')) {
        expect(in, "{\"hex\":\"");
        while (!follows(in, '"'))
            *in->to++ = read_hex(in);
        expect(in, "\"}");
    } else if (follows(in, '"')) {
        next_byte(in);
        while (!follows(in, '"'))
            *in->to++ = read_json_byte(in);
        next_byte(in);
    } else {
        while (!follows(in, ',') && !follows(in, '}'))
            *in->to++ = next_byte(in);
        require(in->to > start && strchr("-0123456789", *start));
    }
    return mr_bytes(start, (size_t)(in->to - start));
}

static mr_slice read_tsv(reading *in) {
    char *start = in->to;
    while (!follows(in, '\t') && !follows(in, '\n'))
        *in->to++ = next_byte(in);
    return mr_unescape(mr_bytes(start, (size_t)(in->to - start)));
}

/* Reads a line and compares its columns. */
static void read_back(const mr_format *format, mr_slice line, const mr_slice *columns, size_t count) {
    char *room = fuzz_allocate(line.length + 1);
    reading in = {line.data, line.data + line.length, room};
    bool json = format->kind == MR_FORMAT_JSONL;
    for (size_t i = 0; i < count; i++) {
        char label[32];
        snprintf(label, sizeof label, i < format->count ? "\"n%zu\":" : "\"column%zu\":", i + 1);
        expect(&in, i ? format->kind == MR_FORMAT_TSV ? "\t" : "," : json ? "{" : "");
        if (json) expect(&in, label);
        mr_slice text = json ? read_json(&in) : format->kind == MR_FORMAT_CSV ? read_csv(&in) : read_tsv(&in);
        require(same_slice(columns[i], text.data, text.length));
    }
    expect(&in, json ? "}\n" : "\n");
    require(in.at == in.end);
    free(room);
}

/* Appends a column as a plugin does. */
static char *put_column(char *to, bool first, bool escaped, mr_slice text) {
    if (!first) *to++ = '\t';
    for (size_t i = 0; i < text.length; i++) {
        static const char specials[] = "\\\t\n\r", letters[] = "\\tnr";
        const char *special = escaped && text.data[i] ? strchr(specials, text.data[i]) : NULL;
        if (special) *to++ = '\\';
        *to++ = special ? letters[special - specials] : text.data[i];
    }
    return to;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"n1\tn2", "n1:number\tn2\tn3:number", "n1\tn2\tn3\tn4\tn5\tn6\tn7"};
    fuzz_input in = {data, data + size};
    uint32_t kind = (uint32_t)take_number(&in, MR_FORMAT_KINDS - 1);
    uint32_t mode = take_bool(&in) ? MR_COLUMNS_OF_ALL : MR_COLUMNS_NONE;
    mr_format format;
    mr_error error = {0};
    require(mr_format_open(&format, kind, mode, names[take_number(&in, 2)], &error));
    bool split = mode == MR_COLUMNS_OF_ALL;
    size_t key_columns = split ? 1 + take_number(&in, 2) : 1,
           count = key_columns + (split ? 1 + take_number(&in, 2) : 1);
    mr_slice columns[COLUMNS_MAX];
    char *bytes = fuzz_allocate(2 * size + COLUMNS_MAX), *behind_key = bytes, *end = bytes;
    for (size_t i = 0; i < count; i++) {
        columns[i] = take_bytes(&in, i + 1 == count ? SIZE_MAX : take_number(&in, 40));
        end = put_column(end, i == 0 || i == key_columns, split, columns[i]);
        if (i + 1 == key_columns) behind_key = end;
    }
    mr_slice key = mr_bytes(bytes, (size_t)(behind_key - bytes)),
             value = mr_bytes(behind_key, (size_t)(end - behind_key));
    size_t most = mr_formatted_max(&format, key, value);
    char *line = fuzz_allocate(most);
    size_t length = (size_t)(mr_format_result(&format, line, key, value) - line);
    require(length <= most);
    if (kind == MR_FORMAT_BINARY) {
        mr_slice read_key, read_value;
        require(mr_pair_of(mr_bytes(line, length), &read_key, &read_value));
        require(same_slice(key, read_key.data, read_key.length) &&
                same_slice(value, read_value.data, read_value.length));
        for (size_t cut = 0; cut < length; cut += 1 + cut / 16)
            require(!mr_pair_of(mr_bytes(line, cut), &read_key, &read_value));
    } else if (kind != MR_FORMAT_RAW) {
        read_back(&format, mr_bytes(line, length), columns, count);
    }
    mr_format_close(&format);
    free(line);
    free(bytes);
    return 0;
}
