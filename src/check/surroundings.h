/* surroundings.h - the clock and the heap as a plugin sees them in an experiment. */
#ifndef MR_CHECK_SURROUNDINGS_H
#define MR_CHECK_SURROUNDINGS_H

#include <stdbool.h>

/* Takes hold of what plugins that are loaded by now ask the C library for: to be called once, before any callback.
 * handle: the plugin's, of dlopen. True: a plugin cannot tell mr_surroundings_later from a later time; false: it may,
 * since it asks the system itself, or before anybody could take hold. */
bool mr_surroundings_take(void *handle);

/* Lets all clocks go wrong from now on, so that another second, minute, hour and day is seen; or right. */
void mr_surroundings_later(bool later);

/* Fills all memory that is allocated from now on with a byte; 0: it stays as it comes. */
void mr_surroundings_fill(unsigned char pattern);

#endif
