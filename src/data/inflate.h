/* inflate.h - undoing deflate: members of gzip files, and blocks of BGZF files. Any process.
 *
 * The one place that knows which library does it: ISA-L where it was found when mr was built, which is two to three
 * times as fast, otherwise zlib. Nothing else can tell them apart.
 */
#ifndef MR_DATA_INFLATE_H
#define MR_DATA_INFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The state of one decompression. */
typedef struct mr_inflater mr_inflater;

/* NULL with error set when there is no memory. Free with mr_inflater_free, which takes NULL. */
mr_inflater *mr_inflater_new(mr_error *error);
void mr_inflater_free(mr_inflater *inflater);

/* The next bytes are the header of a gzip member. */
void mr_inflater_begin(mr_inflater *inflater);

/* What became of some coded bytes. */
enum mr_inflated {
    MR_INFLATED_SOME,   /* it goes on, with more input or more room */
    MR_INFLATED_MEMBER, /* the member is complete, and its checksum and length are right */
    MR_INFLATED_WRONG   /* what came is no gzip member, or a damaged one */
};

/* Decodes from *in, up to in_end, to *out, up to out_end, and moves both on. */
enum mr_inflated mr_inflate(mr_inflater *inflater, const char **in, const char *in_end, char **out, char *out_end);

/* Decodes deflated bytes without any header, all at once: true when they are exactly length bytes with this CRC. */
bool mr_inflate_block(mr_inflater *inflater, const char *coded, size_t coded_length, char *bytes, size_t length,
                      uint32_t crc);

#endif
