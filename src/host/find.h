/* find.h - finds byte strings in a text: what stands behind mr_needles_of and mr_find. [worker] */
#ifndef MR_HOST_FIND_H
#define MR_HOST_FIND_H

#include <stdbool.h>

#include "base/processor.h"
#include "mr.h"

/* From now on, in this process, strings are looked for with these instructions, which the processor must have. Until
 * then with none in particular. */
void mr_find_use(mr_processor processor);

/* Prepares count strings, which are copied. flags: bits of enum mr_needle_flags. next: what was prepared before (NULL:
 * nothing), to be closed together with it. NULL: out of memory. */
mr_needles *mr_needles_new(const mr_slice *strings, size_t count, uint32_t flags, mr_needles *next);

/* Frees what was prepared, and all that was before it. */
void mr_needles_close(mr_needles *needles);

/* The first place in the text where one of the strings begins that lies in it as a whole; NULL when there is none.
 * Reads the length bytes from text on and nothing else. An empty string is found at once, also in an empty text. */
const char *mr_needles_find(const mr_needles *needles, const char *text, size_t length);

/* How rare a byte is in text, in bits: it is about every 2^bits-th byte. A rough guess, for choosing between bytes. */
unsigned mr_byte_rarity(unsigned char byte);

#endif
