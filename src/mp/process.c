/* process.c - children that run a function.
 *
 * A child is watched through a pidfd, which cannot be confused with a later process of the same id, and which becomes
 * readable when the child ends; so joining is polling, and a timeout needs no signal.
 */
#include "mp/futex.h"
#include "mp/mp.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct mp_process {
    pid_t id;      /* of the child */
    pid_t starter; /* the only process that can collect the child's status */
    int fd;        /* pidfd of the child */
    bool ended;    /* the child has ended and its status has been asked for */
    int code;      /* valid once ended: exit status, or minus a signal's number */
    bool unknown;  /* valid once ended: the status could not be had */
};

/* The life of the child; never returns. `flushed` tells whether the buffers that it inherited are empty. */
static _Noreturn void run_child(const mp_process_options *options, pid_t parent, bool flushed,
                                int (*entry)(void *argument), void *argument) {
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

int mp_process_start(mp_process **process, const mp_process_options *options, int (*entry)(void *argument),
                     void *argument) {
    static const mp_process_options no_options;
    if (options == NULL) options = &no_options;
    if (options->flags & ~(unsigned)MP_PROCESS_DAEMON) return -EINVAL;
    mp_process *started = calloc(1, sizeof *started);
    if (started == NULL) return -ENOMEM;

    pid_t parent = getpid();
    bool flushed = fflush(NULL) == 0; /* if it fails, the data stays with the parent, and the child drops its copy */
    pid_t id = fork();
    if (id == 0) run_child(options, parent, flushed, entry, argument);
    int error = errno;
    if (id > 0) {
        *started = (mp_process){.id = id, .starter = parent, .fd = pidfd_open(id, 0)};
        error = errno;
        if (started->fd >= 0) {
            *process = started;
            return 0;
        }
        give_up_child(id);
    }
    free(started);
    return -error;
}

/* Waits until the child has ended, without asking for its status. */
static int wait_for_end(mp_process *process, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    for (;;) {
        struct pollfd watched = {.fd = process->fd, .events = POLLIN};
        int ready = poll(&watched, 1, mp_deadline_left_ms(&deadline));
        if (ready > 0) return 0;
        if (ready < 0 && errno != EINTR) return -errno;
        if (ready == 0) return timeout_ms == 0 ? -EAGAIN : -ETIMEDOUT;
    }
}

/* Asks for the status of a child that has ended. */
static void collect(mp_process *process) {
    siginfo_t status = {0};
    int error;
    do {
        error = waitid(P_PIDFD, (id_t)process->fd, &status, WEXITED) == 0 ? 0 : errno;
    } while (error == EINTR);
    process->ended = true;
    process->unknown = error != 0;
    process->code = status.si_code == CLD_EXITED ? status.si_status : -status.si_status;
}

int mp_process_join(mp_process *process, int timeout_ms) {
    if (process->ended) return 0;
    int error = wait_for_end(process, timeout_ms);
    if (error == 0) collect(process);
    return error;
}

int mp_process_alive(mp_process *process) {
    return mp_process_join(process, 0) == -EAGAIN;
}

int mp_process_exit_code(mp_process *process, int *code) {
    int error = mp_process_join(process, 0);
    if (error != 0) return error;
    if (process->unknown) return -ECHILD;
    *code = process->code;
    return 0;
}

static int send_signal(mp_process *process, int signal_number) {
    if (process->ended || pidfd_send_signal(process->fd, signal_number, NULL, 0) == 0) return 0;
    return errno == ESRCH ? 0 : -errno;
}

int mp_process_terminate(mp_process *process) {
    return send_signal(process, SIGTERM);
}

int mp_process_kill(mp_process *process) {
    return send_signal(process, SIGKILL);
}

pid_t mp_process_id(const mp_process *process) {
    return process->id;
}

int mp_process_fd(const mp_process *process) {
    return process->fd;
}

void mp_process_free(mp_process *process) {
    if (process == NULL) return;
    if (process->starter == getpid() && !process->ended && mp_process_kill(process) == 0) mp_process_join(process, -1);
    close(process->fd);
    free(process);
}
