#include "base/json_place.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *skip_space(const char *at, const char *end) {
    while (at < end && (unsigned char)*at <= ' ')
        at++;
    return at;
}

/* From the quote that begins a string to behind the one that ends it. */
static const char *skip_string(const char *at, const char *end) {
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\') at++;
    return at < end ? at + 1 : end;
}

size_t mr_json_word(const char *at, const char *end) {
    const char *start = at;
    while (at < end && (unsigned char)*at > ' ' && !strchr(",]}", *at))
        at++;
    return (size_t)(at - start);
}

/* From the first byte of a value to behind its last. */
static const char *skip_value(const char *at, const char *end) {
    size_t depth = 0;
    do {
        at = skip_space(at, end);
        if (at == end) return end;
        if (*at == '"')
            at = skip_string(at, end);
        else if (strchr("[{", *at))
            depth++, at++;
        else if (strchr("]}", *at))
            depth--, at++;
        else if (strchr(",:", *at))
            at++;
        else
            at += mr_json_word(at, end);
    } while (depth > 0 && at < end);
    return at;
}

/* The value of the member or element with this index; at is where the object or array begins. */
static const char *find_child(const char *at, const char *end, size_t index) {
    if (at == end || (*at != '{' && *at != '[')) return NULL;
    char last = *at++ == '{' ? '}' : ']';
    for (size_t i = 0;; i++) {
        at = skip_space(at, end);
        if (at == end || *at == last) return NULL;
        if (last == '}') {
            at = skip_space(skip_string(at, end), end);
            at = skip_space(at < end ? at + 1 : end, end); /* the colon */
        }
        if (i == index) return at < end ? at : NULL;
        at = skip_space(skip_value(at, end), end);
        if (at < end && *at == ',') at++;
    }
}

const char *mr_json_find(const char *text, size_t length, const mr_json_place *place) {
    const char *end = text + length;
    if (!place->parent) {
        static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, which cJSON passes over */
        bool marked = length >= 3 && !memcmp(text, mark, 3);
        return skip_space(text + (marked ? 3 : 0), end);
    }
    const char *parent = mr_json_find(text, length, place->parent);
    return parent ? find_child(parent, end, place->index) : NULL;
}

size_t mr_json_line(const char *text, const char *at) {
    size_t line = 1;
    for (const char *byte = text; byte < at; byte++)
        line += *byte == '\n';
    return line;
}

const char *mr_json_place_name(const mr_json_place *place, char *name) {
    if (!place->parent) {
        name[0] = 0;
        return name;
    }
    mr_json_place_name(place->parent, name);
    size_t used = strlen(name);
    if (place->key)
        snprintf(name + used, MR_PLACE_TEXT - used, "%s%s", used ? "." : "", place->key);
    else
        snprintf(name + used, MR_PLACE_TEXT - used, "[%zu]", place->index);
    return name;
}
