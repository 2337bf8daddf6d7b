/* watch.h - noticing the end of a child. Private to mp.
 *
 * Where the kernel has them (from 5.3 on) a child is watched through a pidfd. Elsewhere, also under valgrind, a pair of
 * connected sockets takes its place, the "lifeline": the child alone holds one end, the kernel closes it however the
 * child ends, and the other end becomes readable.
 */
#ifndef MP_WATCH_H
#define MP_WATCH_H

#include "mp/futex.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

typedef struct {
    pid_t id;         /* of the child */
    pid_t starter;    /* the process that forked it */
    int fd;           /* becomes readable (POLLIN) when the child ends: a pidfd, or our end of the lifeline */
    int child_end;    /* the child's end of the lifeline, until the fork is over; -1 = none */
    bool is_lifeline; /* fd is no pidfd */
} Watch;

/* To be called before the fork. Returns 0, or what socketpair reports; then there is nothing to close. */
int mp_watch_prepare(Watch *watch);

/* To be called in the child, first thing. */
void mp_watch_enter_child(Watch *watch);

/* To be called in the parent, after the fork. Returns 0, or what pidfd_open reports; then there is nothing to close. */
int mp_watch_begin(Watch *watch, pid_t child);

/* Closes what is open. */
void mp_watch_close(Watch *watch);

/* Waits until the child has ended: 0, or -ETIMEDOUT, or what poll reports. Does not ask for the status. */
int mp_watch_wait(const Watch *watch, Deadline *deadline);

/* Asks for the status of a child that has ended, which is forgotten by the kernel: 0, or -ECHILD when the caller cannot
 * have it. */
int mp_watch_collect(const Watch *watch, siginfo_t *status);

/* Sends a signal, but never to another process that has got the child's number: 0, also when the child has ended, or
 * -EPERM. */
int mp_watch_signal(const Watch *watch, int signal_number);

#endif
