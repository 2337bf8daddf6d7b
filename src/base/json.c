#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

enum { MEMBER_NAME = 64 };

/* ---- writing ----------------------------------------------------------------------------------------------------- */

cJSON *mr_json_new(mr_error *error) {
    if (!mr_json_load(error)) return NULL;
    cJSON *object = cJSON_CreateObject();
    if (!object) mr_error_memory(error, sizeof *object, "writing JSON");
    return object;
}

/* A string of the bytes as they are, or as hexadecimal digits; NULL when there is no memory. */
static cJSON *string_of(const char *bytes, size_t length, bool hex) {
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(hex ? 2 * length + 1 : length + 1);
    if (!text) return NULL;
    for (size_t i = 0; hex && i < length; i++) {
        text[2 * i] = digits[(unsigned char)bytes[i] >> 4];
        text[2 * i + 1] = digits[(unsigned char)bytes[i] & 15];
    }
    if (!hex && length) memcpy(text, bytes, length);
    text[hex ? 2 * length : length] = 0;
    cJSON *string = cJSON_CreateString(text);
    free(text);
    return string;
}

/* Adds item, which may be NULL, and releases it when that fails. */
static bool add(cJSON *object, const char *name, cJSON *item) {
    if (item && (name ? cJSON_AddItemToObject(object, name, item) : cJSON_AddItemToArray(object, item))) return true;
    cJSON_Delete(item);
    return false;
}

bool mr_json_add_hex(cJSON *object, const char *name, const char *bytes, size_t length) {
    char hex_name[MEMBER_NAME];
    snprintf(hex_name, sizeof hex_name, "%s_hex", name);
    return add(object, hex_name, string_of(bytes, length, true));
}

bool mr_json_add_bytes(cJSON *object, const char *name, const char *bytes, size_t length) {
    if (mr_utf8_is_text(bytes, length)) return add(object, name, string_of(bytes, length, false));
    if (name) return mr_json_add_hex(object, name, bytes, length);
    cJSON *element = cJSON_CreateObject();
    if (element && mr_json_add_element(element, bytes, length)) return add(object, NULL, element);
    cJSON_Delete(element);
    return false;
}

bool mr_json_add_element(cJSON *object, const char *bytes, size_t length) {
    bool hex = !mr_utf8_is_text(bytes, length);
    return add(object, hex ? "hex" : "text", string_of(bytes, length, hex));
}

bool mr_json_add_text(cJSON *object, const char *name, const char *text) {
    return text ? mr_json_add_bytes(object, name, text, strlen(text)) : add(object, name, cJSON_CreateNull());
}

bool mr_json_add_number(cJSON *object, const char *name, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    return add(object, name, cJSON_CreateRaw(text));
}

cJSON *mr_json_add_object(cJSON *array) {
    cJSON *object = cJSON_CreateObject();
    return add(array, NULL, object) ? object : NULL;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Where the text has a zero byte, or the escape of one; NULL when it has none. */
static const char *find_zero(const char *text, size_t length) {
    const char *zero = memchr(text, 0, length);
    for (size_t i = 0; !zero && i + 6 <= length; i++) {
        if (text[i] != '\\') continue;
        if (!memcmp(text + i, "\\u0000", 6)) zero = text + i;
        i++; /* what is escaped begins nothing */
    }
    return zero;
}

cJSON *mr_json_parse(const char *text, size_t length, size_t *stopped, mr_error *error) {
    const char *end = text;
    *stopped = 0;
    if (!mr_json_load(error)) return NULL;
    const char *zero = find_zero(text, length);
    if (zero) {
        *stopped = (size_t)(zero - text);
        mr_error_set(error, "it holds a zero byte; such bytes are given as hexadecimal digits (..._hex)");
        return NULL;
    }
    cJSON *object = cJSON_ParseWithLengthOpts(text, length, &end, false);
    *stopped = (size_t)(end - text);
    if (!object) {
        mr_error_set(error, "this is no JSON, from byte %zu on", (size_t)(end - text) + 1);
        return NULL;
    }
    while (end < text + length && strchr(" \t\r\n", *end))
        end++;
    *stopped = (size_t)(end - text);
    if (cJSON_IsObject(object) && end == text + length) return object;
    mr_error_set(error, cJSON_IsObject(object) ? "something follows the object" : "this is no JSON object");
    cJSON_Delete(object);
    return NULL;
}

cJSON *mr_json_read(const char *text, size_t length, mr_error *error) {
    size_t stopped;
    return mr_json_parse(text, length, &stopped, error);
}

static int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

static bool copy_text(const char *text, char **bytes, size_t *length, mr_error *error) {
    *length = strlen(text);
    *bytes = strdup(text);
    return *bytes || mr_error_memory(error, *length, "reading JSON");
}

static bool read_hex(const char *text, const char *name, char **bytes, size_t *length, mr_error *error) {
    size_t digits = strlen(text);
    *length = digits / 2;
    if (digits % 2) return mr_error_set(error, "\"%s\" has an odd number of hexadecimal digits", name);
    *bytes = malloc(*length + 1);
    if (!*bytes) return mr_error_memory(error, *length, "reading JSON");
    for (size_t i = 0; i < *length; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(*bytes);
            *bytes = NULL;
            return mr_error_set(error, "\"%s\" holds something else than hexadecimal digits", name);
        }
        (*bytes)[i] = (char)(high << 4 | low);
    }
    (*bytes)[*length] = 0;
    return true;
}

bool mr_json_get_bytes(const cJSON *object, const char *name, bool *present, char **bytes, size_t *length,
                       mr_error *error) {
    char hex_name[MEMBER_NAME];
    snprintf(hex_name, sizeof hex_name, "%s_hex", name);
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(object, name);
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(object, hex_name);
    *bytes = NULL;
    *length = 0;
    *present = text || hex;
    if (text && hex) return mr_error_set(error, "there are both \"%s\" and \"%s\"", name, hex_name);
    if (!*present) return true;
    if (!cJSON_IsString(text ? text : hex)) return mr_error_set(error, "\"%s\" is no string", text ? name : hex_name);
    return text ? copy_text(text->valuestring, bytes, length, error)
                : read_hex(hex->valuestring, hex_name, bytes, length, error);
}

bool mr_json_element_bytes(const cJSON *element, const char *name, char **bytes, size_t *length, mr_error *error) {
    const cJSON *hex = cJSON_GetObjectItemCaseSensitive(element, "hex");
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(element, "text");
    *bytes = NULL;
    if (cJSON_IsString(text) && !hex) element = text;
    if (cJSON_IsString(element)) return copy_text(element->valuestring, bytes, length, error);
    if (hex && !text && cJSON_IsString(hex)) return read_hex(hex->valuestring, name, bytes, length, error);
    return mr_error_set(error, "\"%s\" holds something else than strings and {\"hex\": \"...\"}", name);
}

bool mr_json_get_number(const cJSON *object, const char *name, uint64_t fallback, uint64_t *number, mr_error *error) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    *number = fallback;
    if (!member) return true;
    double value = cJSON_IsNumber(member) ? member->valuedouble : -1;
    if (!(value >= 0 && value <= 9007199254740992.0) || value != (double)(uint64_t)value)
        return mr_error_set(error, "\"%s\" is no whole number from 0 to 2^53", name);
    *number = (uint64_t)value;
    return true;
}

bool mr_json_get_flag(const cJSON *object, const char *name, bool *flag, mr_error *error) {
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
    *flag = cJSON_IsTrue(member);
    return !member || cJSON_IsBool(member) || mr_error_set(error, "\"%s\" is neither true nor false", name);
}
