/* shrink.h - making what shows a fault as small as possible: delta debugging. Any process. */
#ifndef MR_CHECK_SHRINK_H
#define MR_CHECK_SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether some of the items still show it. */
typedef bool mr_still_shows(void *receiver, const uint32_t *items, size_t count);

/* Takes out of items, which show the fault, as many as can be missed, and keeps the order of the others. Asks shows
 * again and again, with fewer and fewer, until deadline (in mr_seconds). Returns how many are left: no one of them can
 * be missed, if there was time. On no memory nothing is taken out. */
size_t mr_shrink(uint32_t *items, size_t count, mr_still_shows *shows, void *receiver, double deadline);

/* A deadline for it: the end of the time that there is, in mr_seconds, or so many seconds from now if that is later. */
double mr_shrink_until(double end, double seconds);

#endif
