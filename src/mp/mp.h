/* mp.h - processes that work together: start them, pass messages between them, share values and locks.
 *
 * A small library for Linux after the model of Python's multiprocessing. It needs nothing but the C library.
 *
 *   Process     runs a function in a forked child; join it, kill it, let it die with its parent
 *   Queue       carries messages of any length between any number of processes
 *
 * The one rule: CREATE FIRST, FORK LATER. Everything shared is anonymous memory that a child inherits when it is forked
 * (by mp_process_start or by fork()), at the same address; so an object can be used by the process that created it
 * and by those forked from it afterwards. In exchange nothing has a name, and nothing can be left behind: when the last
 * process has ended, in whatever way, the memory is gone.
 *
 * The second promise: a process may be killed (kill -9) at any instruction, also inside a function of this library, and
 * the others go on. No call waits for ever for somebody who is dead; each object says what happens to what the dead
 * process held.
 *
 *     static int child(void *argument) {
 *         char text[64];
 *         ssize_t length = mp_queue_get(argument, text, sizeof text, -1);
 *         return length < 0;
 *     }
 *
 *     mp_queue *queue;
 *     mp_process *process;
 *     if (mp_queue_create(&queue, 4096, 0) < 0) ...
 *     if (mp_process_start(&process, NULL, child, queue) < 0) ...
 *     mp_queue_put(queue, "hello", 5, -1);
 *     mp_process_join(process, -1);
 *     mp_process_free(process);
 *     mp_queue_free(queue);
 *
 * Conventions of all functions:
 *   - They return 0 or more on success and a negative errno value on failure, such as -ETIMEDOUT; errno itself is not
 *     part of the interface. The errors of each function are listed with it.
 *   - A timeout is in milliseconds of CLOCK_MONOTONIC; negative waits for ever, 0 does not wait. With timeout 0 a call
 *     that would have to wait returns -EAGAIN; with a positive one it returns -ETIMEDOUT when the time is over.
 *     Signals do not interrupt a wait.
 *   - A pointer to an object (a handle) is private to a process: the child has its own copy of every handle of its
 *     parent. The functions that free an object free the caller's handle and mapping; the other processes keep theirs.
 *     All of them ignore NULL. No other function accepts NULL for an object.
 *   - Threads of one process may use the same object at the same time, but not while one of them frees it. No function
 *     may be called from a signal handler. Children have to be made with fork() or mp_process_start, not with
 *     vfork, _Fork or a bare clone.
 */
#ifndef MP_H
#define MP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Process ---------------------------------------------------------------------------------------------------- */

/* A child process, seen from the process that started it. */
typedef struct mp_process mp_process;

enum {
    MP_PROCESS_DAEMON = 1, /* the child is killed when the thread that started it ends (so: with its parent) */
};

typedef struct {
    const char *name; /* what ps shows, the first 15 bytes of it; NULL = the name of the parent */
    unsigned flags;   /* MP_PROCESS_*, or 0 */
} mp_process_options;

/* Forks a child that calls `entry(argument)` and ends with the value it returns (its low 8 bits) as exit status.
 *
 * `argument` may be anything: the child has a copy of the whole memory. `options` NULL means no options; it is not
 * needed after the call. The child inherits signal mask, signal handlers and file descriptors. When `entry` returns,
 * the child writes out its stdio buffers and ends without running what the parent registered with atexit().
 * What is in the stdio buffers of the parent is written out first, so that it does not appear twice.
 *
 * Sets `*process` in the parent, to be freed with mp_process_free. Returns 0, -EINVAL for unknown flags, -ENOMEM, or
 * what fork (-EAGAIN: too many processes) or pidfd_open (-EMFILE: too many files) report; then no child is left. */
int mp_process_start(mp_process **process, const mp_process_options *options, int (*entry)(void *argument),
                     void *argument);

/* Waits until the child has ended. Returns 0, -EAGAIN or -ETIMEDOUT while it is still running. */
int mp_process_join(mp_process *process, int timeout_ms);

/* 1 while the child is running, 0 when it has ended. */
int mp_process_alive(mp_process *process);

/* How the child ended: its exit status (0 to 255) or minus the number of the signal that killed it goes to `*code`.
 * Returns 0, -EAGAIN while it is still running, -ECHILD when the status went elsewhere: the caller is not the process
 * that started the child, it ignores SIGCHLD, or it collected the child with wait() itself. */
int mp_process_exit_code(mp_process *process, int *code);

/* Asks the child to end (SIGTERM), which it may handle or ignore. Returns 0, also when it has ended already; -EPERM
 * when the child has changed its user. */
int mp_process_terminate(mp_process *process);

/* Ends the child at once (SIGKILL). Returns as mp_process_terminate does. */
int mp_process_kill(mp_process *process);

/* The process id of the child; stays the same after its end. */
pid_t mp_process_id(const mp_process *process);

/* A file descriptor that poll() reports as readable (POLLIN) when the child has ended. It belongs to the handle. */
int mp_process_fd(const mp_process *process);

/* Frees the handle. In the process that started it, a child that is still running is killed and collected first: join
 * it before if its work matters. In other processes only the handle goes. */
void mp_process_free(mp_process *process);

/* ---- Queue ------------------------------------------------------------------------------------------------------ */

/* A bounded queue of messages, for any number of processes that put and any number that get.
 *
 * A message is a string of bytes of any length, also none. Messages come out in the order in which their puts were
 * completed, each to one get. A put is completed when it returns 0: from then on the message is delivered, no matter
 * who dies. When a process is killed inside a put, the message is there whole or not at all. When a process is killed
 * inside a get, the message is either still first in the queue, or gone as if the get had returned.
 *
 * Messages of up to a quarter of the capacity lie in the shared memory of the queue; longer ones go through an unnamed
 * file in memory, which is slower but has no limit: longer messages than the capacity are accepted one at a time. */
typedef struct mp_queue mp_queue;

enum {
    MP_QUEUE_POLLABLE = 1, /* mp_queue_fd gives a descriptor for poll(); puts into an empty queue cost a system call */
};

/* Creates a queue for about `capacity_bytes` of waiting messages; each takes 8 bytes more than its length, rounded up
 * to 8. The capacity is rounded up to a power of two, at least 4 KiB. Sets `*queue`, to be freed with mp_queue_free by
 * every process that has it. Returns 0; -EINVAL for unknown flags or a capacity above 1 GiB; -ENOMEM; -EMFILE; -ENOSYS
 * when the system lacks memfd_create, eventfd or robust futexes. */
int mp_queue_create(mp_queue **queue, size_t capacity_bytes, unsigned flags);

/* The descriptor of a queue with MP_QUEUE_POLLABLE: readable (POLLIN) whenever a message waits or the queue is closed.
 * It stays readable until a get (or drain) has found the queue empty, so: after poll(), get until -EAGAIN. Only to be
 * polled, never read; belongs to the queue. -EINVAL for other queues. */
int mp_queue_fd(const mp_queue *queue);

/* Puts a copy of the `length` bytes at `message` (NULL only if there are none) at the end.
 *
 * With timeout 0 the call does not wait for space, but still for another put that is copying at that moment, 10 ms at
 * most. Returns 0; -EAGAIN or -ETIMEDOUT when there was no space in time; -EPIPE when the queue is closed; -EMSGSIZE
 * for more than 2^62 bytes; -ENOMEM or -ENOSPC when a long message found no memory. On failure nothing was put. */
int mp_queue_put(mp_queue *queue, const void *message, size_t length, int timeout_ms);

/* Gets the first message into the `size` bytes at `buffer` and returns its length.
 *
 * Timeout 0 as for put. Otherwise: -EAGAIN or -ETIMEDOUT when no message came in time; -EPIPE when the queue is closed
 * and empty; -EMSGSIZE when the message is longer than `size`, and it stays first; -EBADMSG when the shared memory of
 * the queue was overwritten by somebody and holds no message that makes sense. */
ssize_t mp_queue_get(mp_queue *queue, void *buffer, size_t size, int timeout_ms);

/* Gets the first message into memory of its own: sets `*message`, which the caller frees with free(); it is not NULL
 * even for an empty message. Returns the length or as mp_queue_get does, and -ENOMEM, when the message stays. */
ssize_t mp_queue_get_alloc(mp_queue *queue, void **message, int timeout_ms);

/* The length of the first message, which stays; another process may get it at any time. Errors as mp_queue_get. */
ssize_t mp_queue_next_length(mp_queue *queue, int timeout_ms);

/* Closes the queue for all processes: from now on every put, also one that waits for space, returns -EPIPE; gets
 * deliver what is left and then return -EPIPE too. Closing twice is the same as once. Waits for a put that is copying.
 * Returns 0. */
int mp_queue_close(mp_queue *queue);

/* Throws away what is in the queue; returns how many messages that was, or -EBADMSG as mp_queue_get. */
ssize_t mp_queue_drain(mp_queue *queue);

/* How many messages wait. By the time the caller looks at it, others may have changed it. */
size_t mp_queue_count(const mp_queue *queue);

/* Frees the handle of the calling process. The messages stay for the others; they are gone with the last handle. */
void mp_queue_free(mp_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
