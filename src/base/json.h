/* json.h - JSON that keeps every byte and every digit, on top of cJSON. Any process.
 *
 * JSON has text in Unicode and no other bytes. Bytes that are such text go into a member "name"; others, and text with
 * a zero byte, into "name_hex" as hexadecimal digits. Numbers of 64 bits are written exactly.
 */
#ifndef MR_BASE_JSON_H
#define MR_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/error.h"

/* Loads cJSON, if it has not been loaded yet. Called by mr_json_new and mr_json_read, before which nothing of JSON may
 * be used; a process that will write JSON late can see early whether it can. */
bool mr_json_load(mr_error *error);

/* An empty object, to be released with cJSON_Delete; NULL with error set. */
cJSON *mr_json_new(mr_error *error);

/* Adds a member to an object, or (name NULL) an element to an array, of which bytes that are no text become an object
 * {"hex": ...}. False when there is no memory; the object is then to be deleted. Bytes are copied. */
bool mr_json_add_bytes(cJSON *object, const char *name, const char *bytes, size_t length);

/* Adds "text" or "hex" to an object: how an element of an array is written that has more members. */
bool mr_json_add_element(cJSON *object, const char *bytes, size_t length);

/* Adds "name_hex" whatever the bytes are. */
bool mr_json_add_hex(cJSON *object, const char *name, const char *bytes, size_t length);

/* Adds a C string as mr_json_add_bytes does; NULL becomes null. */
bool mr_json_add_text(cJSON *object, const char *name, const char *text);

bool mr_json_add_number(cJSON *object, const char *name, uint64_t number);

/* Adds an empty object to an array, to which it belongs from then on; NULL when there is no memory, or array is NULL.
 */
cJSON *mr_json_add_object(cJSON *array);

/* Reads an object from length bytes of text, which need not end with a zero byte. NULL with error set when they are no
 * JSON, more than one value, no object, or hold a zero byte or its escape, which cJSON would take for the end of a
 * string. To be released with cJSON_Delete. */
cJSON *mr_json_read(const char *text, size_t length, mr_error *error);

/* The same; *stopped is where it went wrong. */
cJSON *mr_json_parse(const char *text, size_t length, size_t *stopped, mr_error *error);

/* What "name" or "name_hex" of an object holds: *bytes is allocated (never NULL when true is returned) and followed by
 * a zero byte that does not count. *present is false, and *bytes NULL, when there is neither. False with error set when
 * the member is no such thing, or both are there. */
bool mr_json_get_bytes(const cJSON *object, const char *name, bool *present, char **bytes, size_t *length,
                       mr_error *error);

/* What an element of an array holds: a string, or an object with "text" or "hex". name: of the array, for messages. */
bool mr_json_element_bytes(const cJSON *element, const char *name, char **bytes, size_t *length, mr_error *error);

/* A whole number from 0 to 2^53 that a member holds; fallback when there is none. */
bool mr_json_get_number(const cJSON *object, const char *name, uint64_t fallback, uint64_t *number, mr_error *error);

/* Whether a member is there and true. False with error set when it is neither true nor false. */
bool mr_json_get_flag(const cJSON *object, const char *name, bool *flag, mr_error *error);

#endif
