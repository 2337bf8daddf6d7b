/* machine.h - the machine that this runs on, for people who read about it later. Any process. */
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

#endif
