/* compile.h - running a compiler: from the source of a plugin to a shared object in memory. [coordinator] */
#ifndef MR_HOST_COMPILE_H
#define MR_HOST_COMPILE_H

#include "host/compiler.h"

/* What a compiler has made: files in memory, without a name. */
typedef struct mr_compiled {
    int image; /* the shared object, read-only from now on; owned */
    int needs; /* which files went into it, as a rule of make; owned */
} mr_compiled;

/* Compiles; what the compiler says goes to standard error as it is. Waits for its end, or for a signal that ends
 * programs and is not ignored (SIGINT, SIGTERM, SIGHUP): then the compiler and all that it has started are killed, and
 * the signal takes its course; where it is blocked the function returns, with it pending. Nothing is left behind, also
 * when the calling process is killed meanwhile. False with error set when there is no shared object. */
bool mr_compile(const mr_compiler *compiler, mr_compiled *compiled, mr_error *error);

/* Closes both. */
void mr_compiled_close(mr_compiled *compiled);

/* Prints the command to standard error, in a form that a shell would take; output: the path of the shared object. */
void mr_compile_show(const mr_compiler *compiler, const char *output);

#endif
