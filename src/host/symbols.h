/* symbols.h - names for the addresses that a fault left behind: functions, files, lines. [coordinator]
 *
 * Debug information is read by libdw (elfutils), in a process of its own with a time limit: it comes from files that
 * anybody may have written. libdw is loaded when something has crashed and not before; without it, and for files
 * without symbols, an address is all there is.
 */
#ifndef MR_HOST_SYMBOLS_H
#define MR_HOST_SYMBOLS_H

#include "host/fault.h"

enum { MR_SYMBOL_NAME = 128, MR_SYMBOL_PLACE = 200, MR_BACKTRACE_MAX = 96 };

/* One function on the stack. */
typedef struct mr_symbol {
    char function[MR_SYMBOL_NAME]; /* its name; empty: unknown */
    char file[MR_SYMBOL_PLACE]; /* its source file, relative to the working folder if it lies there; empty: unknown */
    uint32_t line;              /* in that file; 0: unknown */
    uint32_t frame;             /* index in mr_fault.frames */
    bool inlined;               /* the compiler has put it into the next one, which has the same frame */
} mr_symbol;

typedef struct mr_backtrace {
    uint32_t count;
    mr_symbol symbols[MR_BACKTRACE_MAX]; /* innermost first */
} mr_backtrace;

/* Names all frames of a fault, of which some may stay without a name. Cannot fail. */
void mr_backtrace_of(const mr_fault *fault, mr_backtrace *backtrace);

/* Where a symbol is, as people write it: "words.c:12", or "words.so+0x1234". Returns text (size bytes). */
const char *mr_symbol_place(const mr_symbol *symbol, const mr_fault *fault, char *text, size_t size);

/* How many symbols from the innermost on are the plugin's business: what its code called and its own callback, without
 * the host below. All when the plugin is not among them. */
uint32_t mr_backtrace_of_plugin(const mr_backtrace *backtrace, const mr_fault *fault);

#endif
