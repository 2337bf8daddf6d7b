#include "job/wording.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { NEAR_NULL = 64 << 10 };

const char *mr_death_cause_name(uint32_t cause) {
    static const char *const names[] = {
        [MR_DEATH_CRASH] = "crash",         [MR_DEATH_EXIT] = "exit",       [MR_DEATH_KILLED] = "killed",
        [MR_DEATH_NO_MEMORY] = "no-memory", [MR_DEATH_TIMEOUT] = "timeout", [MR_DEATH_TOO_LARGE] = "too-large",
        [MR_DEATH_REJECTED] = "rejected",
    };
    return cause >= MR_DEATH_CRASH && cause <= MR_DEATH_REJECTED ? names[cause] : "unknown";
}

int mr_death_signal(const mr_death *death) {
    if (death->fault.told && death->fault.signal) return death->fault.signal;
    return death->code < 0 ? -death->code : 0;
}

const char *mr_signal_name(int number, char *text) {
    const char *name = sigabbrev_np(number);
    if (name)
        snprintf(text, MR_SIGNAL_NAME, "SIG%s", name);
    else
        snprintf(text, MR_SIGNAL_NAME, "signal %d", number);
    return text;
}

/* What an access to memory that ended in SIGSEGV was about. */
static void tell_access(const mr_fault *fault, char *text, size_t size) {
    unsigned long long address = fault->address;
    if (fault->stack)
        snprintf(text, size, ", the stack overflowed (a recursion without end, or a very large local variable)");
    else if (fault->code == SI_KERNEL)
        snprintf(text, size, ", access by a pointer that cannot be one");
    else if (address < NEAR_NULL)
        snprintf(text, size, ", access to address %#llx: a NULL pointer%s", address,
                 address ? ", or something behind one" : "");
    else
        snprintf(text, size, ", access to address %#llx, %s", address,
                 fault->code == SEGV_ACCERR ? "where that is not allowed" : "where no memory is");
}

/* What is known of a signal beyond its name. */
static void tell_signal(const mr_fault *fault, char *text, size_t size) {
    text[0] = 0;
    if (fault->code == SI_USER || fault->code == SI_TKILL || fault->code == SI_QUEUE) {
        snprintf(text, size, fault->signal == SIGABRT ? ", abort was called" : ", sent by kill or raise");
        return;
    }
    switch (fault->signal) {
    case SIGSEGV:
        tell_access(fault, text, size);
        break;
    case SIGBUS:
        snprintf(text, size, ", access to address %#llx, behind the end of a mapped file or not aligned",
                 (unsigned long long)fault->address);
        break;
    case SIGFPE:
        snprintf(text, size, fault->code == FPE_INTDIV ? ", division by zero" : ", a calculation without a result");
        break;
    case SIGILL:
        snprintf(text, size,
                 ", an instruction that the processor does not know: compilers put one where the result is undefined, "
                 "as of a division by zero");
        break;
    }
}

static void tell_crash(const mr_death *death, char *text, size_t size) {
    char name[MR_SIGNAL_NAME], details[MR_DEATH_TEXT];
    const mr_fault *fault = &death->fault;
    tell_signal(fault, details, sizeof details);
    snprintf(text, size, "%s%s%s", mr_signal_name(mr_death_signal(death), name), fault->told ? details : "",
             fault->told && fault->thread ? " (in a thread of the plugin's own)" : "");
}

const char *mr_death_words(const mr_death *death, char *text) {
    char name[MR_SIGNAL_NAME];
    const size_t size = MR_DEATH_TEXT;
    int status = death->fault.told && !death->fault.signal ? death->fault.code : death->code;
    switch (death->cause) {
    case MR_DEATH_CRASH:
        tell_crash(death, text, size);
        break;
    case MR_DEATH_EXIT:
        snprintf(text, size, "it ended the process with status %d", status);
        break;
    case MR_DEATH_KILLED:
        snprintf(text, size, "killed from outside by %s", mr_signal_name(mr_death_signal(death), name));
        break;
    case MR_DEATH_NO_MEMORY:
        snprintf(text, size, "killed by the system, because memory ran out");
        break;
    case MR_DEATH_TIMEOUT:
        snprintf(text, size, "it took longer than %s (--timeout)", death->reason);
        break;
    case MR_DEATH_TOO_LARGE:
        snprintf(text, size, "it used more than %s (--worker-memory)", death->reason);
        break;
    default:
        snprintf(text, size, "%s", death->reason);
    }
    return text;
}

void mr_name_damaged_part(const mr_part *part, uint64_t unit, mr_error *error) {
    mr_error_context(error, "part %llu of the output, in %s of worker %u", (unsigned long long)unit + 1,
                     part->in_file ? "the spill file" : "the memory", part->worker);
}
