/* deflate.h - making gzip files of many small members, as BGZF has them, each of which can be made on its own: bgzf.h
 * reads them. Any process.
 */
#ifndef MR_DATA_DEFLATE_H
#define MR_DATA_DEFLATE_H

#include <stddef.h>

#include "base/error.h"

enum {
    MR_DEFLATE_TEXT = 0xff00,     /* the most bytes that go into one member */
    MR_DEFLATE_MEMBER = 64 << 10, /* the most bytes of a member */
    MR_DEFLATE_LEVEL = 6,         /* how hard to try, when nothing else is wanted: 1 to 9 */
    MR_DEFLATE_END = 28           /* bytes of mr_deflate_end */
};

/* What is behind the last member: an empty one, by which readers know that nothing is missing. */
extern const char mr_deflate_end[MR_DEFLATE_END];

/* The state of a compression. */
typedef struct mr_deflater mr_deflater;

/* level: 1 (fast) to 9 (small). NULL with error set when there is no memory. Free with mr_deflater_free, which takes
 * NULL. */
mr_deflater *mr_deflater_new(int level, mr_error *error);
void mr_deflater_free(mr_deflater *deflater);

/* Makes a member of a text of 1 to MR_DEFLATE_TEXT bytes. to has MR_DEFLATE_MEMBER bytes; returns how many were used.
 * The same text makes the same member. */
size_t mr_deflate_member(mr_deflater *deflater, const char *text, size_t length, char *to);

/* Makes members of a text of any length: allocated, *coded bytes. NULL with error set when there is no memory. */
char *mr_deflate_text(int level, const char *text, size_t length, size_t *coded, mr_error *error);

#endif
