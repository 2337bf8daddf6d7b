/* cache.h - shared objects that were compiled before: in the folder mr of XDG_CACHE_HOME, or of ~/.cache. [coordinator]
 *
 * The folder is the user's alone (mode 0700), and so are its files (0600). A shared object is called by a digest of all
 * that decides what the compiler makes: the source, its path, the working folder, the command, the compiler's
 * executable, variables that compilers heed, the machine, the interface of plugins, libraries and other files that the
 * command names (but for those of the system), and each header with its path. Which headers these are only the compiler
 * knows; so for each source there is also a list of them, called by a digest of the rest. Files appear whole or not at
 * all, and may be written by several processes at once. Those that have not been used for the longest time go when
 * there are too many; one that is in use stays.
 *
 * A source with __has_include or .incbin, in itself or in its headers, is compiled every time. What nobody tells is not
 * noticed: a new header of the system that stands before another, and another compiler behind one that is a script, or
 * a link to a program such as ccache.
 */
#ifndef MR_HOST_CACHE_H
#define MR_HOST_CACHE_H

#include <time.h>

#include "host/compile.h"
#include "host/digest.h"

/* The cache, and what is looked for in it. */
typedef struct mr_cache {
    char *folder;                /* NULL: there is none to be used; owned */
    const mr_compiler *compiler; /* borrowed */
    char key[MR_DIGEST_TEXT];    /* the digest of all but the headers */
    struct timespec since;       /* when looking began: what is newer may not be what was compiled */
} mr_cache;

/* The path of the folder, whether it is there or not; allocated. NULL: neither variable names one. */
char *mr_cache_folder(void);

/* Opens the cache for a compiler and a source whose text is given. Where there cannot be one it is empty and takes
 * nothing; when that is because others could write to it, or nothing can be loaded from there, it says so to the user.
 */
void mr_cache_open(mr_cache *cache, const mr_compiler *compiler, mr_slice text);

/* Opens the shared object, which stays in the cache as long as the descriptor is open; its path goes to *path,
 * allocated. -1: there is none, or with error set when root may not use it because others can change a header. */
int mr_cache_find(const mr_cache *cache, char **path, mr_error *error);

/* Puts what has been compiled into the cache, and opens it as mr_cache_find does. -1: it cannot be kept. */
int mr_cache_keep(const mr_cache *cache, const mr_compiled *compiled, char **path, mr_error *error);

void mr_cache_close(mr_cache *cache);

#endif
