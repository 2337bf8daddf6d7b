/* file.h - whole reads and writes, and temporary files that cannot be left behind. Any process. */
#ifndef MR_BASE_FILE_H
#define MR_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads length bytes at offset, going on after interrupts and short reads. Returns the bytes read, less than length
 * only at the end of the file; -1 with errno set on error. */
int64_t mr_read_at(int file, void *buffer, size_t length, uint64_t offset);

/* Writes length bytes at offset, going on after interrupts and short writes. False with errno set on error. */
bool mr_write_at(int file, const void *bytes, size_t length, uint64_t offset);

/* Opens a private file (mode 0600, close-on-exec) in folder that has no name, so that no crash can leave it behind.
 * Returns its descriptor, or -1 with errno set. */
int mr_open_unnamed(const char *folder);

#endif
