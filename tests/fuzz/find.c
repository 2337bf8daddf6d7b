/* Fuzzes finding strings in a text, with the instructions of every kind of processor, against a reference that tries
 * one place after the other. */
#include "fuzzing.h"

#include "host/find.h"

enum { STRINGS = 5, LONGEST = 100 };

static char lower(char byte) {
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + ('a' - 'A')) : byte;
}

static bool begins_with(mr_slice text, mr_slice string, bool ignore_case) {
    if (string.length > text.length) return false;
    for (size_t i = 0; i < string.length; i++) {
        char a = text.data[i], b = string.data[i];
        if (ignore_case ? lower(a) != lower(b) : a != b) return false;
    }
    return true;
}

static const char *find_slowly(const mr_slice *strings, size_t count, bool ignore_case, mr_slice text) {
    for (size_t at = 0; at <= text.length; at++)
        for (size_t i = 0; i < count; i++)
            if (begins_with(mr_bytes(text.data + at, text.length - at), strings[i], ignore_case)) return text.data + at;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    mr_slice strings[STRINGS];
    bool ignore_case = take_bool(&in);
    size_t count = take_number(&in, STRINGS);
    for (size_t i = 0; i < count; i++)
        strings[i] = take_bytes(&in, take_number(&in, LONGEST));
    mr_needles *first = mr_needles_new(strings, count, 0, NULL);
    mr_needles *needles = mr_needles_new(strings, count, ignore_case ? MR_IGNORE_CASE : 0, first);
    require(first && needles);
    mr_slice text = take_bytes(&in, SIZE_MAX); /* ends where the input ends: nothing behind it can be read */
    const char *expected = find_slowly(strings, count, ignore_case, text);
    for (int processor = 0; processor < MR_PROCESSORS; processor++) {
        if (!mr_processor_has((mr_processor)processor)) continue;
        mr_find_use((mr_processor)processor);
        require(mr_needles_find(needles, text.data, text.length) == expected);
    }
    mr_needles_close(needles);
    return 0;
}
