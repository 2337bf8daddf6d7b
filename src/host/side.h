/* side.h - side files: files with a name that every process of a job reads as a whole, such as a small table to join
 * with. They are read once, before the first fork, into memory that all processes share and none may write to. */
#ifndef MR_HOST_SIDE_H
#define MR_HOST_SIDE_H

#include "base/error.h"
#include "mr.h"

enum { MR_SIDES_MAX = 64, MR_SIDE_NAME = 64 };

/* A file that is wanted. */
typedef struct mr_side_wish {
    const char *name; /* what plugins ask for */
    const char *path; /* where it is; for messages when it is held */
    int held;         /* descriptor of a file of our own that holds it, borrowed; 0: it is read from path */
    bool option;      /* the plugin's option of that name is set to path */
} mr_side_wish;

/* A file that has been read. */
typedef struct mr_side_file {
    char *name;     /* what plugins ask for; owned */
    char *path;     /* as in the wish; owned */
    bool option;    /* as in the wish */
    mr_slice bytes; /* its content, never NULL; zeros behind it up to the end of the mapping, at least one */
    size_t mapped;  /* bytes of the mapping */
} mr_side_file;

/* All side files of a job. Initialise with {.limit = ...}. */
typedef struct mr_sides {
    mr_side_file list[MR_SIDES_MAX];
    size_t count;
    uint64_t bytes; /* of memory that they take together */
    uint64_t limit; /* the most that they may take */
} mr_sides;

/* Reads a file. It is a usage error if there is one of that name, or if the name is none (letters, digits, dashes); an
 * error if it cannot be read, is no regular file, is compressed, is too large or changes meanwhile. [coordinator] */
bool mr_sides_add(mr_sides *sides, const mr_side_wish *wish, mr_error *error);

/* Puts a file among them whose content is not there yet, to see whether everything else is right. [coordinator] */
bool mr_sides_promise(mr_sides *sides, const mr_side_wish *wish, mr_error *error);

/* The file of that name; NULL when there is none. sides may be NULL. Any process. */
const mr_side_file *mr_sides_find(const mr_sides *sides, const char *name);

void mr_sides_close(mr_sides *sides);

/* Whether a name of an option or a side file is one: letters, digits and dashes. Any process. */
bool mr_is_option_name(const char *name);

#endif
