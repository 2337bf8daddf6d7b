#include "embed/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "mp/mp.h"

/* What the program has open is not for us: the writing end of a pipe, inherited and never closed, would keep its reader
 * waiting for ever, and so would a lock. But its stdio buffers may hold bytes that are to go there, and the next
 * fflush(NULL), of which this process has some, would write them once more; or, worse, into a file of ours that has got
 * the same number. So all its descriptors are made to lead nowhere first, then the buffers are emptied, then the
 * descriptors are closed. Those that the job was given are kept under other numbers, since there may be buffers for
 * them, too. */

/* ---- signals and exit handlers ----------------------------------------------------------------------------------- */

/* A handler of the program, run here, would believe to be there. */
static void forget_handlers(void) {
    static const int of_terminal[] = {SIGINT, SIGQUIT, SIGHUP};
    struct sigaction action;
    for (int number = 1; number < NSIG; number++)
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
            signal(number, SIG_DFL);
    for (size_t i = 0; i < sizeof of_terminal / sizeof *of_terminal; i++)
        signal(of_terminal[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* who ignores it never hears how a child ended */
    signal(SIGTERM, SIG_DFL); /* by which the program ends the job */
    mr_bear_file_limit();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What was registered last runs first. */
static void leave_at_once(int status, void *unused) {
    (void)unused;
    fflush(NULL); /* what a plugin has printed */
    _exit(status);
}

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static void raise_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &limit); /* where it is refused, opening will tell */
}

/* Gives a descriptor that is to stay another number, and notes which. */
static bool keep(int *descriptor, bool *stays, mr_error *error) {
    int copy = fcntl(*descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (copy < 0) return mr_error_system(error, errno, "could not use descriptor %d", *descriptor);
    if (copy >= MR_KEPT_MAX) return mr_error_set(error, "there are more than %d open files", MR_KEPT_MAX);
    stays[copy] = true;
    *descriptor = copy;
    return true;
}

/* Closes all descriptors that do not stay; or lets them lead nowhere, if that is not -1. */
static bool close_others(const bool *stays, int nowhere, mr_error *error) {
    DIR *list = opendir("/proc/self/fd");
    if (!list) return mr_error_system(error, errno, "could not list the open files in /proc/self/fd");
    for (const struct dirent *entry; (entry = readdir(list));) {
        int number = atoi(entry->d_name);
        bool ours = number <= STDERR_FILENO || number == dirfd(list) || (number < MR_KEPT_MAX && stays[number]);
        if (ours) continue;
        /* What cannot be done here is the business of a tool that watches this process, such as valgrind. */
        if (nowhere < 0)
            close(number);
        else
            (void)!dup3(nowhere, number, O_CLOEXEC);
    }
    closedir(list);
    return true;
}

static bool drop_buffers(mr_error *error) {
    __fpurge(stdout);
    __fpurge(stderr);
    return fflush(NULL) == 0 || mr_error_system(error, errno, "could not empty the buffers of the program");
}

/* Puts the standard streams in their places. */
static bool take_standard(int output, int messages, int nowhere, mr_error *error) {
    if ((output < 0 || dup2(output, STDOUT_FILENO) >= 0) && dup2(messages < 0 ? nowhere : messages, STDERR_FILENO) >= 0)
        return true;
    return mr_error_system(error, errno, "could not redirect output");
}

static bool isolate(bool *stays, int **kept, size_t count, int output, int messages, mr_error *error) {
    for (size_t i = 0; i < count; i++)
        if (!keep(kept[i], stays, error)) return false;
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere < 0 || nowhere >= MR_KEPT_MAX) return mr_error_system(error, errno, "could not open /dev/null");
    if (!take_standard(output, messages, nowhere, error)) return false;
    stays[nowhere] = true;
    int lifeline = mp_process_lifeline();
    if (lifeline >= 0 && lifeline < MR_KEPT_MAX) stays[lifeline] = true;
    if (!close_others(stays, nowhere, error) || !drop_buffers(error)) return false;
    stays[nowhere] = false;
    return close_others(stays, -1, error);
}

bool mr_isolate(int **kept, size_t count, int output, int messages, mr_error *error) {
    forget_handlers();
    if (on_exit(leave_at_once, NULL)) return mr_error_memory(error, 1, "an exit handler");
    if (!mr_hold_standard_streams()) return mr_error_system(error, errno, "could not open /dev/null");
    raise_limit();
    bool *stays = calloc(MR_KEPT_MAX, sizeof *stays);
    if (!stays) return mr_error_memory(error, MR_KEPT_MAX, "descriptors");
    bool ok = isolate(stays, kept, count, output, messages, error);
    free(stays);
    return ok;
}
