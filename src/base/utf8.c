#include "base/utf8.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

/* Reads the character at the front; returns its length, or 0. */
static size_t read_character(const char *bytes, size_t length, utf8proc_int32_t *character) {
    utf8proc_ssize_t count =
        utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)(length < 4 ? length : 4), character);
    return count > 0 ? (size_t)count : 0;
}

size_t mr_utf8_length(const char *bytes, size_t length) {
    utf8proc_int32_t character;
    return read_character(bytes, length, &character);
}

size_t mr_utf8_visible(const char *bytes, size_t length) {
    utf8proc_int32_t character;
    size_t size = read_character(bytes, length, &character);
    if (!size) return 0;
    utf8proc_category_t category = utf8proc_category(character);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF ? 0 : size;
}

size_t mr_utf8_show(const char *bytes, size_t length, char *text) {
    static const char letters[] = {['\\'] = '\\', ['\t'] = 't', ['\n'] = 'n', ['\r'] = 'r'};
    unsigned char byte = (unsigned char)*bytes;
    size_t size = mr_utf8_visible(bytes, length);
    if (byte < sizeof letters && letters[byte]) {
        snprintf(text, MR_UTF8_SHOWN, "\\%c", letters[byte]);
        return 1;
    }
    if (!size) {
        snprintf(text, MR_UTF8_SHOWN, "\\x%02x", byte);
        return 1;
    }
    memcpy(text, bytes, size);
    text[size] = 0;
    return size;
}

size_t mr_utf8_print(const char *text, char *to, size_t size) {
    size_t length = strlen(text), written = 0;
    for (size_t i = 0, taken; i < length; i += taken) {
        char shown[MR_UTF8_SHOWN] = {text[i]};
        taken = strchr("\n\t\\", text[i]) ? 1 : mr_utf8_show(text + i, length - i, shown);
        size_t more = strlen(shown);
        if (more >= size - written) break;
        memcpy(to + written, shown, more);
        written += more;
    }
    to[written] = 0;
    return written;
}

bool mr_utf8_is_text(const char *bytes, size_t length) {
    size_t size;
    for (size_t i = 0; i < length; i += size) {
        size = (unsigned char)bytes[i] < 128 ? bytes[i] != 0 : mr_utf8_length(bytes + i, length - i);
        if (!size) return false;
    }
    return true;
}
