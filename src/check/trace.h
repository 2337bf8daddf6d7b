/* trace.h - what a plugin has emitted, written and rejected, in order: what the laws compare. Any process. */
#ifndef MR_CHECK_TRACE_H
#define MR_CHECK_TRACE_H

#include <stdio.h>

#include "base/error.h"
#include "mr.h"

enum mr_trace_kind {
    MR_TRACE_PAIR = 1, /* a pair of key and value */
    MR_TRACE_WRITTEN,  /* bytes of mr_write: the value; what is written at a time and then more is one */
    MR_TRACE_REJECTED, /* the record was rejected; the value says why */
    MR_TRACE_FAILED    /* the plugin failed; the value says why */
};

/* One thing that the plugin did. */
typedef struct mr_trace_entry {
    uint32_t kind; /* enum mr_trace_kind */
    mr_slice key;  /* borrowed from the trace */
    mr_slice value;
} mr_trace_entry;

/* All of it. Initialise with {0}. */
typedef struct mr_trace {
    char *bytes; /* entries, one behind the other; owned */
    size_t used; /* bytes */
    size_t size; /* bytes allocated */
    size_t last; /* where the last entry begins */
} mr_trace;

/* Adds an entry. False with error set when there is no memory. */
bool mr_trace_add(mr_trace *trace, uint32_t kind, mr_slice key, mr_slice value, mr_error *error);

/* Forgets all entries, and keeps the memory. */
static inline void mr_trace_clear(mr_trace *trace) {
    trace->used = trace->last = 0;
}
void mr_trace_free(mr_trace *trace);

/* Reads the entry at *at and moves there behind it; false at the end, also when what follows is no whole entry. */
bool mr_trace_next(const mr_trace *trace, size_t *at, mr_trace_entry *entry);

uint64_t mr_trace_hash(const mr_trace *trace);
bool mr_trace_same(const mr_trace *a, const mr_trace *b);

/* Writes where two traces differ first, as lines that name them by what stands before them, and the bytes that differ
 * in entries of the same length. */
void mr_trace_show_difference(FILE *to, const mr_trace *a, const char *a_name, const mr_trace *b, const char *b_name);

/* Writes bytes so that they are readable in a line: escaped, and cut behind most bytes. */
void mr_show_bytes(FILE *to, mr_slice bytes, size_t most);

#endif
