/* isolation.h - makes a process that was forked from somebody else's program one of our own. [coordinator] */
#ifndef MR_EMBED_ISOLATION_H
#define MR_EMBED_ISOLATION_H

#include "base/error.h"

/* The most descriptors that are kept; more make mr_isolate fail. */
enum { MR_KEPT_MAX = 1 << 16 };

/* Lets go of everything that the program had: signals have their usual effects and are not held back, but those that a
 * terminal sends to all processes of the program are ignored; descriptors are closed, and what waits in stdio buffers
 * is dropped, which is for the program to write; its exit handlers do not run. Stay: the standard streams, and the
 * count descriptors that kept points to, which get other numbers. messages becomes standard error, output standard
 * output; -1: nothing is to come of the one, and the other stays. */
bool mr_isolate(int **kept, size_t count, int output, int messages, mr_error *error);

#endif
