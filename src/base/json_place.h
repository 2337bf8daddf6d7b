/* json_place.h - where in a text of JSON a value is, so that messages can name its line and its field. Any process.
 *
 * cJSON does not keep where its values came from. A place is the way to a value from the root, and following it through
 * the text once more finds the value there. Members count in the order of the text, as they do in cJSON.
 */
#ifndef MR_BASE_JSON_PLACE_H
#define MR_BASE_JSON_PLACE_H

#include <stddef.h>

enum { MR_PLACE_TEXT = 200 };

/* A local variable of whoever looks at the value; parents live longer than children. */
typedef struct mr_json_place {
    const struct mr_json_place *parent; /* of the object or array that it is in; NULL: it is the root */
    const char *key;                    /* of a member; NULL: it is an element of an array */
    size_t index;                       /* of the member or element, from 0 */
} mr_json_place;

/* Where the value begins in length bytes of text that cJSON has accepted; NULL when it is not there. */
const char *mr_json_find(const char *text, size_t length, const mr_json_place *place);

/* How many bytes from at on belong to a value that is no object, array or string: a number, say. */
size_t mr_json_word(const char *at, const char *end);

/* The line that a byte of text is in, from 1. */
size_t mr_json_line(const char *text, const char *at);

/* Writes the way to a value, such as stages[2].set.words, cut when it is too long. The root has the empty name. Returns
 * name, which has MR_PLACE_TEXT bytes. */
const char *mr_json_place_name(const mr_json_place *place, char *name);

#endif
