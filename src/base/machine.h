/* machine.h - the machine that this runs on: for people who read about it later, and for forecasts. Any process. */
#ifndef MR_BASE_MACHINE_H
#define MR_BASE_MACHINE_H

#include <stdint.h>

enum { MR_MACHINE_TEXT = 128 };

typedef struct mr_machine {
    char processor[MR_MACHINE_TEXT]; /* its name; empty: the system does not tell */
    char system[MR_MACHINE_TEXT];    /* "Linux 6.1.0 x86_64" */
    uint32_t processors;             /* that this process may use; 0: not known */
    uint32_t all_processors;         /* that the machine has at work; 0: not known */
    uint64_t memory;                 /* bytes of main memory; 0: not known */
} mr_machine;

/* Looks at the machine. */
void mr_machine_look(mr_machine *machine);

/* How much of files fits into memory beside what programs use, at the moment. */
typedef struct mr_page_cache {
    uint64_t available; /* bytes that programs and files can still take; 0: not known */
    uint64_t written;   /* bytes of these that may wait to be written, before who writes more waits for the disk */
} mr_page_cache;

/* Looks at the memory of the machine, and at the limits that the system has for writing. used: bytes of what is
 * available that will be taken for something else. */
mr_page_cache mr_page_cache_look(uint64_t used);

#endif
