#include "host/fault.h"

#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/units.h"

/* What happens in the handler must not depend on anything that the plugin may have broken, or may hold: no allocation,
 * no lock, no stdio. So all that can be known before is put down when the process starts: which files are loaded, where
 * the stack ends, and the unwinder, which libgcc loads at its first use. What is most certain is written first: should
 * the stack be in such a state that unwinding it crashes too, the signal and the address are there already. */

enum { HANDLER_STACK = 64 << 10, NEAR_STACK = 64 << 10 };

/* A file that is loaded. */
typedef struct module {
    uint64_t start; /* addresses of its first and behind its last byte */
    uint64_t end;
    uint64_t bias; /* what has been added to the addresses in its symbols */
} module;

/* There is one per process: signal handlers take no argument. */
static struct {
    mr_fault *fault; /* where to; NULL: not catching */
    const mr_where *where;
    const char *path;                 /* of the plugin */
    uint64_t code;                    /* an address in the plugin */
    pid_t process;                    /* whose faults these are; its first thread runs the callbacks */
    uint64_t stack;                   /* lowest address of that thread's stack */
    module modules[MR_FAULT_MODULES]; /* as in fault->modules */
} catching;

static atomic_int handling; /* the thread that tells its fault */

int mr_fault_timeout_signal(void) {
    return SIGXCPU;
}

/* ---- what is loaded ---------------------------------------------------------------------------------------------- */

static void name_module(char *name, const char *path) {
    if (!*path && readlink("/proc/self/exe", name, MR_FAULT_MODULE_PATH - 1) > 0) return;
    strncpy(name, path, MR_FAULT_MODULE_PATH - 1);
}

/* Notes one loaded file; the plugin has the first place. */
static int note_module(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    mr_fault *fault = catching.fault;
    module found = {.start = UINT64_MAX, .bias = info->dlpi_addr};
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
        uint64_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        found.start = mr_smaller(found.start, start);
        found.end = mr_larger(found.end, start + info->dlpi_phdr[i].p_memsz);
    }
    bool is_plugin = found.start <= catching.code && catching.code < found.end;
    if (!is_plugin && fault->module_count == MR_FAULT_MODULES) return 0;
    uint32_t place = is_plugin ? 0 : fault->module_count++;
    catching.modules[place] = found;
    name_module(fault->modules[place], is_plugin ? catching.path : info->dlpi_name);
    return 0;
}

/* ---- when it happens --------------------------------------------------------------------------------------------- */

static mr_frame frame_at(uint64_t address) {
    for (uint32_t i = 0; i < catching.fault->module_count; i++) {
        const module *at = &catching.modules[i];
        if (at->start <= address && address < at->end) return (mr_frame){.address = address - at->bias, .module = i};
    }
    return (mr_frame){.address = address, .module = MR_FAULT_MODULES};
}

/* Writes down who called whom. At the top of the stack are the functions of this file and the kernel's; fault_address
 * is that of the instruction where the signal struck, 0 when there was none. */
static void tell_frames(uint64_t fault_address) {
    void *addresses[MR_FAULT_FRAMES];
    mr_fault *fault = catching.fault;
    fault->frame_count = 0; /* those of a process on trial may be there */
    int count = backtrace(addresses, MR_FAULT_FRAMES), first = 0;
    while (first < count && fault_address && (uint64_t)addresses[first] != fault_address)
        first++;
    if (first == count) first = 0;
    for (int i = first; i < count; i++) {
        uint64_t address = (uint64_t)addresses[i];
        bool is_return = !fault_address || address != fault_address; /* an address behind the call */
        fault->frames[fault->frame_count++] = frame_at(address - is_return);
    }
}

/* Where a process was when a signal came; zeros where that is not known. */
typedef struct position {
    uint64_t instruction; /* its address */
    uint64_t stack;       /* address of the end of the stack */
} position;

static position position_of(const ucontext_t *context) {
#if defined(__x86_64__)
    return (position){(uint64_t)context->uc_mcontext.gregs[REG_RIP], (uint64_t)context->uc_mcontext.gregs[REG_RSP]};
#elif defined(__aarch64__)
    return (position){context->uc_mcontext.pc, context->uc_mcontext.sp};
#else
    (void)context;
    return (position){0, 0};
#endif
}

/* Whether what happened at an address is that the stack has come to its end. A local variable may be so large that the
 * stack pointer is far beyond it. */
static bool is_stack_overflow(uint64_t address, const ucontext_t *context) {
    uint64_t end = catching.stack, pointer = position_of(context).stack;
    bool near = address + NEAR_STACK > end && address < end + NEAR_STACK;
    bool beyond = pointer && pointer < end && address + NEAR_STACK > pointer && address < end;
    return near || (beyond && gettid() == catching.process);
}

static void tell_place(void) {
    mr_fault *fault = catching.fault;
    const mr_where *where = catching.where;
    fault->thread = gettid() != catching.process;
    fault->key_length = 0;
    if (where->place.kind != MR_PLACE_GROUP || !where->key) return;
    fault->key_length = where->key_length;
    memcpy(fault->key, where->key, mr_smaller(where->key_length, MR_FAULT_KEY));
}

static void tell(int signal, const siginfo_t *info, const ucontext_t *context) {
    mr_fault *fault = catching.fault;
    fault->signal = signal;
    fault->code = info->si_code;
    fault->address = (uint64_t)info->si_addr;
    fault->outside = info->si_code == SI_USER && info->si_pid != catching.process;
    fault->stack = signal == SIGSEGV && is_stack_overflow(fault->address, context);
    fault->told = 1;
    tell_place();
    tell_frames(position_of(context).instruction);
}

/* The signal takes its course when the handler returns: it is raised again, and nobody handles it any more. Another
 * thread that gets here meanwhile waits for that. */
static void handle(int signal, siginfo_t *info, void *context) {
    int nobody = 0;
    if (catching.fault && getpid() == catching.process) {
        if (!atomic_compare_exchange_strong(&handling, &nobody, gettid()))
            while (nobody != gettid())
                pause();
        else
            tell(signal, info, context);
    }
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal, &action, NULL);
    raise(signal);
}

/* exit runs this. The plugin has called it: a worker itself ends by _exit. */
static void leave(int status, void *unused) {
    (void)unused;
    mr_fault *fault = catching.fault;
    if (!fault || getpid() != catching.process || fault->told) return;
    fault->signal = 0;
    fault->code = status;
    fault->told = 1;
    tell_place();
    tell_frames(0);
}

/* ---- being prepared ---------------------------------------------------------------------------------------------- */

static bool find_stack(mr_error *error) {
    pthread_attr_t attributes;
    void *base;
    size_t size;
    int code = pthread_getattr_np(pthread_self(), &attributes);
    if (code) return mr_error_system(error, code, "could not look at the stack");
    code = pthread_attr_getstack(&attributes, &base, &size);
    pthread_attr_destroy(&attributes);
    catching.stack = (uint64_t)base;
    return code == 0 || mr_error_system(error, code, "could not look at the stack");
}

static bool take_signals(mr_error *error) {
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGXCPU};
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = HANDLER_STACK};
    stack.ss_sp = mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED) return mr_error_memory(error, HANDLER_STACK, "the stack of the crash handler");
    if (sigaltstack(&stack, NULL) < 0) return mr_error_system(error, errno, "could not set a stack for signals");
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], &action, NULL) < 0)
            return mr_error_system(error, errno, "could not take signal %d", signals[i]);
    return true;
}

bool mr_fault_catch(mr_fault *fault, const mr_where *where, const mr_loaded *loaded, const char *path,
                    mr_error *error) {
    void *unused[1];
    memset(fault, 0, sizeof *fault);
    fault->module_count = 1;
    catching.fault = fault;
    catching.where = where;
    catching.path = path;
    catching.process = getpid();
    catching.code = loaded->plugin.map ? (uint64_t)loaded->plugin.map : (uint64_t)loaded->plugin.map_chunk;
    (void)backtrace(unused, 1); /* loads the unwinder */
    dl_iterate_phdr(note_module, NULL);
    if (on_exit(leave, NULL)) return mr_error_memory(error, 1, "the crash handler");
    return find_stack(error) && take_signals(error);
}

void mr_fault_catch_again(void) {
    mr_fault *fault = catching.fault;
    if (!fault) return;
    fault->told = fault->frame_count = fault->key_length = fault->stack = fault->thread = fault->outside = 0;
    fault->address = 0;
    catching.process = getpid();
    atomic_store(&handling, 0);
}

void mr_fault_release(void) {
    catching.fault = NULL;
}
