/* place.h - where something stands in an order, as a string of bytes: bytewise these strings order as what they are
 * made of, and none is the beginning of another. Any process.
 */
#ifndef MR_DATA_PLACE_H
#define MR_DATA_PLACE_H

#include "data/bytes.h"

/* The most bytes of a place that is made of length bytes. */
static inline size_t mr_place_max(size_t length) {
    return 2 * length + 16;
}

/* Writes the place of a text in the order of bytes; returns its end. */
char *mr_place_of_bytes(char *to, mr_slice text);

/* Writes the place of a text in the order of numbers; returns its end. A number is a decimal one of any length, with an
 * optional sign, point and exponent, or inf or infinity, in upper or lower case. Equal numbers have the same place,
 * however they are written (1.5, 15e-1); no digit is lost. What is no number comes first, all of it in the same place,
 * then nan. */
char *mr_place_of_number(char *to, mr_slice text);

/* Turns a place, from start to end, around: what came first in the order comes last. */
void mr_place_reverse(char *start, char *end);

#endif
