/* process.c - children that run a function. Their end is noticed through a descriptor (watch.h), so joining is polling,
 * and a timeout needs no signal.
 */
#include "mp/futex.h"
#include "mp/mp.h"
#include "mp/watch.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct mp_process {
    Watch watch;  /* over the child; its starter is the only process that can collect the child's status */
    bool ended;   /* the child has ended and its status has been asked for */
    int code;     /* valid once ended: exit status, or minus a signal's number */
    bool unknown; /* valid once ended: the status could not be had */
};

/* The life of the child; never returns. The handle is the parent's; `flushed` tells whether the buffers that the child
 * has inherited are empty. */
static _Noreturn void run_child(mp_process *handle, const mp_process_options *options, bool flushed,
                                int (*entry)(void *argument), void *argument) {
    pid_t parent = handle->watch.starter;
    mp_watch_enter_child(&handle->watch);
    free(handle);
    if (options->flags & MP_PROCESS_DAEMON) {
        /* The parent may have died before the kernel knew about our wish. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(128 + SIGKILL);
    }
    if (options->name != NULL) prctl(PR_SET_NAME, options->name);
    if (!flushed) {
        __fpurge(stdout);
        __fpurge(stderr);
    }
    int code = entry(argument);
    fflush(NULL);
    _exit(code);
}

/* Kills and collects a child that cannot be handed to the caller. */
static void give_up_child(pid_t id) {
    kill(id, SIGKILL);
    while (waitpid(id, NULL, 0) < 0 && errno == EINTR) {
    }
}

/* Forks, with the watch prepared; closes it again on error. */
static int fork_child(mp_process *process, const mp_process_options *options, int (*entry)(void *argument),
                      void *argument) {
    /* If it fails, the data stays with the parent, and the child drops its copy. */
    bool flushed = !(options->flags & MP_PROCESS_KEEP_BUFFERS) && fflush(NULL) == 0;
    pid_t id = fork();
    if (id == 0) run_child(process, options, flushed, entry, argument);
    if (id < 0) {
        int error = errno;
        mp_watch_close(&process->watch);
        return -error;
    }
    int error = mp_watch_begin(&process->watch, id);
    if (error != 0) give_up_child(id);
    return error;
}

int mp_process_start(mp_process **process, const mp_process_options *options, int (*entry)(void *argument),
                     void *argument) {
    static const mp_process_options no_options;
    if (options == NULL) options = &no_options;
    if (options->flags & ~(unsigned)(MP_PROCESS_DAEMON | MP_PROCESS_KEEP_BUFFERS)) return -EINVAL;
    mp_process *started = calloc(1, sizeof *started);
    if (started == NULL) return -ENOMEM;

    int error = mp_watch_prepare(&started->watch);
    if (error == 0) error = fork_child(started, options, entry, argument);
    if (error == 0)
        *process = started;
    else
        free(started);
    return error;
}

/* Asks for the status of a child that has ended. */
static void collect(mp_process *process) {
    siginfo_t status = {0};
    process->unknown = mp_watch_collect(&process->watch, &status) != 0;
    process->ended = true;
    process->code = status.si_code == CLD_EXITED ? status.si_status : -status.si_status;
}

int mp_process_join(mp_process *process, int timeout_ms) {
    if (process->ended) return 0;
    Deadline deadline = mp_deadline(timeout_ms);
    int error = mp_watch_wait(&process->watch, &deadline);
    if (error == 0) collect(process);
    return error == -ETIMEDOUT && timeout_ms == 0 ? -EAGAIN : error;
}

int mp_process_alive(mp_process *process) {
    return mp_process_join(process, 0) != 0; /* in doubt it lives */
}

int mp_process_exit_code(mp_process *process, int *code) {
    int error = mp_process_join(process, 0);
    if (error != 0) return error;
    if (process->unknown) return -ECHILD;
    *code = process->code;
    return 0;
}

static int send_signal(mp_process *process, int signal_number) {
    return process->ended ? 0 : mp_watch_signal(&process->watch, signal_number);
}

int mp_process_terminate(mp_process *process) {
    return send_signal(process, SIGTERM);
}

int mp_process_kill(mp_process *process) {
    return send_signal(process, SIGKILL);
}

pid_t mp_process_id(const mp_process *process) {
    return process->watch.id;
}

int mp_process_fd(const mp_process *process) {
    return process->watch.fd;
}

void mp_process_free(mp_process *process) {
    if (process == NULL) return;
    /* Asking for the status waits for the end, so it needs no watch that may fail. */
    if (process->watch.starter == getpid() && !process->ended && mp_process_kill(process) == 0) collect(process);
    mp_watch_close(&process->watch);
    free(process);
}
