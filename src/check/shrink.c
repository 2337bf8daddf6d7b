#include "check/shrink.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"

/* The items are divided into parts, at first two. Each part in turn is left out: if the rest still shows the fault, the
 * part is gone for good. When no part can be missed any more the parts are made half as large, down to single items.
 * Faults that need a few items of thousands are narrowed down in a number of steps that grows with the logarithm of
 * their number; and what is left cannot be reduced by any one item. */

size_t mr_shrink(uint32_t *items, size_t count, mr_still_shows *shows, void *receiver, double deadline) {
    uint32_t *rest = malloc((count + 1) * sizeof *rest);
    size_t part = (count + 1) / 2;
    while (rest && count > 1 && mr_seconds() < deadline) {
        bool any = false;
        for (size_t at = 0; at < count && count > 1 && mr_seconds() < deadline;) {
            size_t length = mr_smaller(part, count - at);
            memcpy(rest, items, at * sizeof *rest);
            memcpy(rest + at, items + at + length, (count - at - length) * sizeof *rest);
            if (length < count && shows(receiver, rest, count - length)) {
                count -= length;
                memcpy(items, rest, count * sizeof *items);
                any = true;
            } else {
                at += length;
            }
        }
        if (part == 1 && !any) break;
        part = part > 1 ? (part + 1) / 2 : 1;
    }
    free(rest);
    return count;
}

double mr_shrink_until(double end, double seconds) {
    double least = mr_seconds() + seconds;
    return end > least ? end : least;
}
