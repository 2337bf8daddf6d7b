/* paths.h - which files the inputs of a job are, when directories and lists of files are among them. [coordinator] */
#ifndef MR_JOB_PATHS_H
#define MR_JOB_PATHS_H

#include "flow/flow.h"

/* What to take of directories, and how lists are written. Texts are borrowed. */
typedef struct mr_path_choice {
    const char *const *includes; /* globs of which a file has to match one; NULL: any file will do */
    size_t include_count;
    const char *const
        *excludes; /* globs; files that match one are left out, and directories with all that is in them */
    size_t exclude_count;
    bool null; /* paths in lists end with a zero byte, not with a newline */
} mr_path_choice;

/* The files. Initialise with {0}. */
typedef struct mr_paths {
    char **list;   /* in order; owned, and so is each */
    mr_held *held; /* for each what it is, when it is no path but only a name; owned */
    size_t count;
    size_t room; /* for so many in list */
} mr_paths;

/* Adds the files that the inputs stand for, in order:
 *   FILE       itself, and so is -, standard input
 *   DIRECTORY  all files in and below it, ordered by the bytes of their paths; not those whose name begins with . or _,
 * nor what is in such directories, or in directories behind symbolic links
 *   @LIST      the files and directories that are named in LIST, one a line; @- reads the list from standard input
 * held: for each input what it is, when it is none of these but only a name; NULL: there is no such input.
 * A glob with a slash has to match the path below the directory, one without it the name. False when a directory or
 * list cannot be read, or when there is no file at all. */
bool mr_paths_find(mr_paths *paths, const char *const *inputs, const mr_held *held, size_t count,
                   const mr_path_choice *choice, mr_error *error);
void mr_paths_close(mr_paths *paths);

#endif
