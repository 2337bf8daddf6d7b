#include "mp/watch.h"

#include "mp/mp.h"

#include <errno.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The lifeline of this process: inherited by what it forks, so children that it starts let go of it. A process that it
 * forks in another way, and that outlives it, would hide its end; therefore the parent also asks for the status of its
 * child from time to time, and only others rely on the lifeline alone. */
static int own_lifeline = -1;

/* No child has the number 0: a kernel that knows pidfds finds that invalid. */
static bool knows_pidfds(void) {
    return pidfd_open(0, 0) >= 0 || errno != ENOSYS;
}

int mp_watch_prepare(Watch *watch) {
    *watch = (Watch){.starter = getpid(), .fd = -1, .child_end = -1};
    if (knows_pidfds()) return 0;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -errno;
    watch->is_lifeline = true;
    watch->fd = ends[0];
    watch->child_end = ends[1];
    return 0;
}

int mp_process_lifeline(void) {
    return own_lifeline;
}

void mp_watch_enter_child(Watch *watch) {
    if (own_lifeline >= 0) close(own_lifeline);
    own_lifeline = watch->child_end;
    if (watch->fd >= 0) close(watch->fd);
}

int mp_watch_begin(Watch *watch, pid_t child) {
    watch->id = child;
    if (watch->is_lifeline) {
        close(watch->child_end); /* before anything else is forked */
        watch->child_end = -1;
    } else {
        watch->fd = pidfd_open(child, 0);
    }
    return watch->fd >= 0 ? 0 : -errno;
}

void mp_watch_close(Watch *watch) {
    if (watch->fd >= 0) close(watch->fd);
    if (watch->child_end >= 0) close(watch->child_end);
}

/* Waits for the descriptor: 1 when it is readable, 0 when the time is over or a signal came. */
static int poll_descriptor(const Watch *watch, int timeout_ms) {
    struct pollfd watched = {.fd = watch->fd, .events = POLLIN};
    int ready = poll(&watched, 1, timeout_ms);
    return ready < 0 ? (errno == EINTR ? 0 : -errno) : ready;
}

/* Whether the status of a child with a lifeline is there, or gone to somebody else. */
static bool has_status(const Watch *watch) {
    siginfo_t status = {0};
    if (watch->starter != getpid()) return poll_descriptor(watch, 0) > 0;
    if (waitid(P_PID, (id_t)watch->id, &status, WEXITED | WNOHANG | WNOWAIT) != 0) return true;
    return status.si_pid != 0;
}

/* The end of the lifeline comes a moment before the status does. */
static bool has_ended(const Watch *watch) {
    enum { MOMENTS = 20, MOMENT_NS = 500000 };
    bool torn = poll_descriptor(watch, 0) > 0;
    for (int i = 0; i < MOMENTS; i++) {
        if (has_status(watch)) return true;
        if (!torn) return false;
        nanosleep(&(struct timespec){.tv_nsec = MOMENT_NS}, NULL);
    }
    return false; /* it has closed its end, and lives */
}

static int wait_for_status(const Watch *watch, Deadline *deadline) {
    while (!has_ended(watch)) {
        int64_t slice = mp_deadline_next_slice(deadline);
        if (slice == 0) return -ETIMEDOUT;
        int ready = poll_descriptor(watch, (int)((slice + MP_NANOSECONDS_PER_MS - 1) / MP_NANOSECONDS_PER_MS));
        if (ready < 0) return ready;
    }
    return 0;
}

int mp_watch_wait(const Watch *watch, Deadline *deadline) {
    if (watch->is_lifeline) return wait_for_status(watch, deadline);
    for (;;) {
        int left = mp_deadline_left_ms(deadline);
        int ready = poll_descriptor(watch, left);
        if (ready != 0) return ready > 0 ? 0 : ready;
        if (mp_deadline_left(deadline) == 0) return -ETIMEDOUT;
    }
}

int mp_watch_collect(const Watch *watch, siginfo_t *status) {
    int error;
    do {
        error = watch->is_lifeline ? waitid(P_PID, (id_t)watch->id, status, WEXITED)
                                   : waitid(P_PIDFD, (id_t)watch->fd, status, WEXITED);
    } while (error != 0 && errno == EINTR);
    return error == 0 ? 0 : -errno;
}

int mp_watch_signal(const Watch *watch, int signal_number) {
    /* Until the status has been collected, the number of a child is not given to another process. */
    if (watch->is_lifeline && has_status(watch)) return 0;
    int error =
        watch->is_lifeline ? kill(watch->id, signal_number) : pidfd_send_signal(watch->fd, signal_number, NULL, 0);
    return error == 0 || errno == ESRCH ? 0 : -errno;
}
