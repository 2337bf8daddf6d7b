/* fault.h - what a process that runs plugin code leaves behind when it dies: the signal, the address, the stack.
 *
 * A handler on a stack of its own (so that an overflowing one does not matter) writes an mr_fault into memory that
 * outlives the process, and lets the signal take its course. It allocates nothing and takes no lock. Addresses are
 * turned into names later, by another process: host/symbols.h.
 */
#ifndef MR_HOST_FAULT_H
#define MR_HOST_FAULT_H

#include <stdint.h>

#include "base/error.h"
#include "host/context.h"

enum {
    MR_FAULT_KEY = 200,        /* bytes of the key that are kept */
    MR_FAULT_FRAMES = 48,      /* the most callers that are kept */
    MR_FAULT_MODULES = 24,     /* the most loaded files that they may lie in */
    MR_FAULT_MODULE_PATH = 240 /* bytes of the path of such a file, with its end */
};

/* One function on the stack. */
typedef struct mr_frame {
    uint64_t address; /* in the file of the module, as its symbols count; of the call, not of what comes after it */
    uint32_t module;  /* index in mr_fault.modules; MR_FAULT_MODULES: unknown, and address is that of the process */
    uint32_t unused;  /* zero */
} mr_frame;

/* How a process died, by its own account. In memory shared with the coordinator. */
typedef struct mr_fault {
    uint32_t told;          /* 1: what follows has been filled in, by the process itself while it died */
    int32_t signal;         /* which; 0: the plugin called exit */
    int32_t code;           /* si_code of the signal, or the exit status */
    uint32_t stack;         /* 1: the stack overflowed */
    uint64_t address;       /* that was accessed (SIGSEGV, SIGBUS), or of the instruction (SIGFPE, SIGILL) */
    uint64_t key_length;    /* bytes of where.key */
    char key[MR_FAULT_KEY]; /* the first of them */
    uint32_t outside;       /* 1: another process has sent the signal */
    uint32_t thread;        /* 1: it was not the thread that runs the callbacks */
    uint32_t frame_count;   /* callers, innermost first; frames of the host itself are at the end */
    mr_frame frames[MR_FAULT_FRAMES];
    uint32_t module_count;
    uint32_t unused;                                      /* zero */
    char modules[MR_FAULT_MODULES][MR_FAULT_MODULE_PATH]; /* files that were loaded; [0] is the plugin */
} mr_fault;

/* The signal that asks a process that takes too long to say where it is and to die. */
int mr_fault_timeout_signal(void);

/* From now on this process leaves its fault behind when it dies. fault: shared memory, cleared here; where: read when
 * it dies; loaded: the plugin, and path where its file is. All borrowed until the end of the process. [worker] */
bool mr_fault_catch(mr_fault *fault, const mr_where *where, const mr_loaded *loaded, const char *path, mr_error *error);

/* To be called in a process forked from one that catches its faults: it does the same, and into the same memory, which
 * is cleared. [worker] */
void mr_fault_catch_again(void);

/* A normal end follows: exit is no fault any more. [worker] */
void mr_fault_release(void);

#endif
