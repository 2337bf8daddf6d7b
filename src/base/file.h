/* file.h - whole reads and writes, and temporary files that cannot be left behind. Any process. */
#ifndef MR_BASE_FILE_H
#define MR_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads length bytes at offset, going on after interrupts and short reads. Returns the bytes read, less than length
 * only at the end of the file; -1 with errno set on error. */
int64_t mr_read_at(int file, void *buffer, size_t length, uint64_t offset);

/* Writes length bytes at offset, going on after interrupts and short writes. False with errno set on error. */
bool mr_write_at(int file, const void *bytes, size_t length, uint64_t offset);

/* Opens a private file (mode 0600, close-on-exec) in folder that has no name, so that no crash can leave it behind.
 * Returns its descriptor, or -1 with errno set. */
int mr_open_unnamed(const char *folder);

/* Takes the places of closed standard streams, so that no file of ours gets one of their numbers by chance. False with
 * errno set when that fails. */
bool mr_hold_standard_streams(void);

/* Where files may not grow as they like (ulimit -f): makes it a failure like a full disk, and no signal, when one
 * cannot. Otherwise the signal remains, for a plugin that sets such a limit itself. */
void mr_bear_file_limit(void);

/* Which file a descriptor stands for. */
typedef struct mr_file_identity {
    dev_t device; /* where it is; with inode 0 as well: not known */
    ino_t inode;  /* its number there */
} mr_file_identity;

/* The identity of an open file; not known when the descriptor is none. */
mr_file_identity mr_file_identify(int file);

/* Whether a descriptor still stands for the file that it was identified as: code that closes descriptors which are not
 * its own, such as a plugin's, may have put another file in its place. True when one of the two is not known. */
bool mr_file_is(int file, mr_file_identity identity);

#endif
