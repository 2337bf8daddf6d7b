/* mp.h - processes that work together: start them, pass messages between them, share values and locks.
 *
 * A small library for Linux after the model of Python's multiprocessing. It needs nothing but the C library.
 *
 *   Process     runs a function in a forked child; join it, kill it, let it die with its parent
 *   Orphans     what such children leave running when they end: adopt it, kill it
 *   Queue       carries messages of any length between any number of processes
 *   Value       a number (or some bytes) that all processes see; Array is many of them
 *   Lock        lets one process at a time do something; Semaphore lets a number of them
 *   Event       something that happens, and others wait for it
 *   Barrier     where a number of processes wait for each other
 *   Pool        workers that apply a function to many items
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
    MP_PROCESS_DAEMON = 1,       /* the child is killed when the thread that started it ends (so: with its parent) */
    MP_PROCESS_KEEP_BUFFERS = 2, /* what is in stdio buffers stays there, and is for the parent to write */
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
 * What is in the stdio buffers of the parent is written out first, so that it does not appear twice. In a program with
 * threads that would wait for one that reads from a stream: with MP_PROCESS_KEEP_BUFFERS nothing is written, and the
 * child drops its copy of stdout and stderr; for what it has of other streams `entry` has to see to it.
 *
 * Sets `*process` in the parent, to be freed with mp_process_free. Returns 0, -EINVAL for unknown flags, -ENOMEM, or
 * what fork (-EAGAIN: too many processes) or pidfd_open (-EMFILE: too many files) report; then no child is left.
 *
 * Works on any Linux. Before 5.3, which has no pidfds, and under valgrind, mp_process_fd tells the end late when the
 * child has forked children of its own without mp_process_start and they outlive it; mp_process_join does not. */
int mp_process_start(mp_process **process, const mp_process_options *options, int (*entry)(void *argument),
                     void *argument);

/* In a child that mp_process_start has started, and that closes descriptors which are not its own: the one that has to
 * stay open, since its parent notices its end by that; -1: there is none, as on Linux 5.3 and newer. */
int mp_process_lifeline(void);

/* Waits until the child has ended. Returns 0, -EAGAIN or -ETIMEDOUT while it is still running, or what poll reports
 * (-ENOMEM). */
int mp_process_join(mp_process *process, int timeout_ms);

/* 1 while the child is running, also in doubt, 0 when it has ended. */
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

/* ---- Orphans ---------------------------------------------------------------------------------------------------- */

/* Children may fork in their turn, and what they leave running when they end becomes a child of init. These functions
 * are for a program that starts code which it does not trust, and shall leave no process behind. They belong to its
 * main thread. */

/* From now on a process whose parent ends becomes a child of the caller, if it descends from it. Not inherited by
 * children. Returns 0; -EBUSY when the caller has children already: what they leave shall perhaps live; -ENOSYS when
 * the kernel does not list children (CONFIG_PROC_CHILDREN). */
int mp_orphans_adopt(void);

/* Whether a child is one that the caller has started, and no orphan: 1 or 0. NULL stands for a function that always
 * returns 0. context: as it was passed on. */
typedef int mp_is_known(const void *context, pid_t child);

/* Collects the orphans that have ended, so that no zombies remain. Returns how many are running, one when
 * that cannot be told just now. Does nothing and returns 0, as the next one does, unless the caller has called
 * mp_orphans_adopt. */
int mp_orphans_collect(mp_is_known *is_known, const void *context);

/* Kills all orphans, and what they leave behind, and collects them. Returns 0; -EAGAIN or -ETIMEDOUT when some have not
 * ended, such as one that has changed its user; -EAGAIN, with a timeout of 0, also when some have only just ended. */
int mp_orphans_kill(mp_is_known *is_known, const void *context, int timeout_ms);

/* ---- Queue ------------------------------------------------------------------------------------------------------ */

/* A bounded queue of messages, for any number of processes that put and any number that get.
 *
 * A message is a string of bytes of any length, also none. Messages come out in the order in which their puts were
 * completed, each to one get. A put is completed when it returns 0: from then on the message is delivered, no matter
 * who dies. When a process is killed inside a put, the message is there whole or not at all. When a process is killed
 * inside a get, the message is either still first in the queue, or gone as if the get had returned.
 *
 * Messages of up to a quarter of the capacity lie in the shared memory of the queue; longer ones go through an unnamed
 * file in memory, which is slower. At most as many bytes as the capacity wait there, or a single message that is
 * longer. The offsets in the file only grow, so a limit on the size of files (ulimit -f) limits what can pass that way
 * in all. */
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
 * for more than 2^62 bytes; -ENOMEM or -ENOSPC when a long message found no memory; -EBADF when somebody has closed the
 * descriptor of a pollable queue in this process. On failure nothing was put. */
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

/* ---- Lock ------------------------------------------------------------------------------------------------------- */

/* What the functions that acquire something return when they succeeded, but a process that held it has died. */
enum {
    MP_OWNER_DIED = 1,
};

/* Lets one thread at a time, of all processes, into a piece of code. It belongs to the thread that acquired it.
 *
 * When its owner dies (or its thread ends) without releasing it, the next one to acquire it is told by MP_OWNER_DIED:
 * it owns the lock, and what the lock protects may be half changed; the one after that gets 0 again. */
typedef struct mp_lock mp_lock;

/* Sets `*lock`, to be freed with mp_lock_free. Returns 0, -ENOMEM, or -ENOTSUP. */
int mp_lock_create(mp_lock **lock);

/* Returns 0 or MP_OWNER_DIED (1) when the caller owns the lock now; -EAGAIN or -ETIMEDOUT when another one kept it;
 * -EDEADLK when the calling thread owns it already. So failure is `< 0`, not `!= 0`. */
int mp_lock_acquire(mp_lock *lock, int timeout_ms);

/* Returns 0, or -EPERM when the calling thread does not own the lock. */
int mp_lock_release(mp_lock *lock);

/* Frees the handle of the calling process, which must not own the lock. */
void mp_lock_free(mp_lock *lock);

/* ---- Semaphore -------------------------------------------------------------------------------------------------- */

/* A number of equal units, of which a process may hold some: at most so many do something at a time.
 *
 * Units belong to the process that acquired them, which alone can release them; to signal other processes, use an Event
 * or a Queue. When a process dies, its units return: the one who gets such a unit is told by MP_OWNER_DIED. Those
 * who wait notice a death within about 100 ms. A forked child starts without units. */
typedef struct mp_semaphore mp_semaphore;

/* A semaphore of `units` (1 to 65536). Sets `*semaphore`, to be freed with mp_semaphore_free. Returns 0, -EINVAL,
 * -ENOMEM or -ENOSYS. Acquire and release take time in proportion to `units`. */
int mp_semaphore_create(mp_semaphore **semaphore, unsigned units);

/* Takes one unit. Returns 0 or MP_OWNER_DIED (1) when the caller has it; -EAGAIN or -ETIMEDOUT when none was free. */
int mp_semaphore_acquire(mp_semaphore *semaphore, int timeout_ms);

/* Gives one unit back. Returns 0, or -EPERM when the calling process holds none. */
int mp_semaphore_release(mp_semaphore *semaphore);

/* How many units are free; those of the dead count as free only when somebody has missed them. */
unsigned mp_semaphore_free_units(mp_semaphore *semaphore);

/* Frees the handle of the calling process; its units stay taken until it ends. */
void mp_semaphore_free(mp_semaphore *semaphore);

/* ---- Event ------------------------------------------------------------------------------------------------------ */

/* A flag that processes can wait for. Nobody owns it, so nothing happens to it when somebody dies. */
typedef struct mp_event mp_event;

/* A flag that is not set. Sets `*event`, to be freed with mp_event_free. Returns 0 or -ENOMEM. */
int mp_event_create(mp_event **event);

/* Sets the flag and lets everybody go who waits for it. Returns 0. */
int mp_event_set(mp_event *event);

/* Clears the flag. Returns 0. */
int mp_event_clear(mp_event *event);

/* 1 when the flag is set, else 0. */
int mp_event_is_set(const mp_event *event);

/* Waits until the flag is set. It is enough that it was set at some time during the wait, even if it was cleared at
 * once. Returns 0, -EAGAIN or -ETIMEDOUT. */
int mp_event_wait(mp_event *event, int timeout_ms);

/* Frees the handle of the calling process. */
void mp_event_free(mp_event *event);

/* ---- Barrier ---------------------------------------------------------------------------------------------------- */

/* A place where `parties` processes wait until all of them have come; then all go on, and it starts anew.
 *
 * A process is known to the barrier from its first wait on, or after mp_barrier_expect. When a known one dies before
 * a round is complete, the barrier breaks within about 100 ms: those who wait, and those who come later, get
 * -EOWNERDEAD. The death of a process that the barrier never heard of cannot be noticed; only a timeout ends that wait.
 * A broken barrier stays broken until mp_barrier_reset. */
typedef struct mp_barrier mp_barrier;

/* A barrier for `parties` (1 to 65536) threads of any processes. Sets `*barrier`, to be freed with mp_barrier_free.
 * Returns 0, -EINVAL, -ENOMEM or -ENOSYS. */
int mp_barrier_create(mp_barrier **barrier, unsigned parties);

/* Makes a process known before it waits for the first time: its parent calls this after starting it. Returns 0; -ESRCH
 * when there is no such process any more; -EUSERS when `parties` processes are known already. */
int mp_barrier_expect(mp_barrier *barrier, pid_t process);

/* Waits for the others. Returns 1 to the last one to come and 0 to the others; -EOWNERDEAD when the barrier broke
 * because somebody died; -ECANCELED when it broke because somebody's time was over; -EUSERS when `parties` other
 * processes are known. -ETIMEDOUT when the caller's time is over, which breaks the barrier. With timeout 0: -EAGAIN
 * unless the caller is the last one to come; that does not count as having come. */
int mp_barrier_wait(mp_barrier *barrier, int timeout_ms);

/* Makes the barrier as new: not broken, and knowing nobody. Those who wait get -ECANCELED. Returns 0. */
int mp_barrier_reset(mp_barrier *barrier);

/* Frees the handle of the calling process. */
void mp_barrier_free(mp_barrier *barrier);

/* ---- Value and Array -------------------------------------------------------------------------------------------- */

typedef enum {
    MP_INT64,
    MP_UINT64,
    MP_DOUBLE,
    MP_BYTES, /* single bytes, without atomic operations: for everything else, such as a struct */
} mp_type;

/* Shared elements of one type, all 0 at first. They are plain memory: a pointer to them holds in every process. Single
 * numbers are read and changed with the atomic operations below; for anything larger there is the lock of the array. */
typedef struct mp_array mp_array;

/* A single shared number, or `size` bytes. */
typedef struct mp_value mp_value;

/* An array of `count` elements. Sets `*array`, to be freed with mp_array_free. Returns 0; -EINVAL for an unknown type
 * or no elements; -EOVERFLOW when they exceed the address space; -ENOMEM. */
int mp_array_create(mp_array **array, mp_type type, size_t count);

/* The number of elements. */
size_t mp_array_count(const mp_array *array);

/* The element at `index`; the following ones lie behind it. NULL when the index is out of range, or when the array has
 * another type. The pointer is valid until mp_array_free. */
int64_t *mp_array_int64(mp_array *array, size_t index);
uint64_t *mp_array_uint64(mp_array *array, size_t index);
double *mp_array_double(mp_array *array, size_t index);
unsigned char *mp_array_bytes(mp_array *array, size_t index);

/* The lock that comes with the array; nothing is locked by itself. Return as mp_lock_acquire (MP_OWNER_DIED!) and
 * mp_lock_release. */
int mp_array_lock(mp_array *array, int timeout_ms);
int mp_array_unlock(mp_array *array);

/* Frees the handle and the mapping of the calling process. */
void mp_array_free(mp_array *array);

/* A value of the given type; `size` is the number of bytes for MP_BYTES and 1 otherwise. Sets `*value`, to be freed
 * with mp_value_free. Errors as mp_array_create. */
int mp_value_create(mp_value **value, mp_type type, size_t size);

/* The value itself; NULL when it has another type. Valid until mp_value_free. */
int64_t *mp_value_int64(mp_value *value);
uint64_t *mp_value_uint64(mp_value *value);
double *mp_value_double(mp_value *value);
unsigned char *mp_value_bytes(mp_value *value);

/* As for arrays. */
int mp_value_lock(mp_value *value, int timeout_ms);
int mp_value_unlock(mp_value *value);
void mp_value_free(mp_value *value);

/* Atomic operations on numbers in shared memory, sequentially consistent and complete at once: a process that is killed
 * has done all of one or nothing. `add` returns the number before it; integers wrap around. `compare_exchange` stores
 * `desired` if the number is `*expected` and returns 1, else it sets `*expected` to the number and returns 0; it
 * compares doubles bit by bit. */
static inline int64_t mp_load_int64(const int64_t *number) {
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static inline void mp_store_int64(int64_t *number, int64_t desired) {
    __atomic_store_n(number, desired, __ATOMIC_SEQ_CST);
}

static inline int64_t mp_add_int64(int64_t *number, int64_t addend) {
    return __atomic_fetch_add(number, addend, __ATOMIC_SEQ_CST);
}

static inline int mp_compare_exchange_int64(int64_t *number, int64_t *expected, int64_t desired) {
    return __atomic_compare_exchange_n(number, expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline uint64_t mp_load_uint64(const uint64_t *number) {
    return __atomic_load_n(number, __ATOMIC_SEQ_CST);
}

static inline void mp_store_uint64(uint64_t *number, uint64_t desired) {
    __atomic_store_n(number, desired, __ATOMIC_SEQ_CST);
}

static inline uint64_t mp_add_uint64(uint64_t *number, uint64_t addend) {
    return __atomic_fetch_add(number, addend, __ATOMIC_SEQ_CST);
}

static inline int mp_compare_exchange_uint64(uint64_t *number, uint64_t *expected, uint64_t desired) {
    return __atomic_compare_exchange_n(number, expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline double mp_load_double(const double *number) {
    double loaded;
    __atomic_load(number, &loaded, __ATOMIC_SEQ_CST);
    return loaded;
}

static inline void mp_store_double(double *number, double desired) {
    __atomic_store(number, &desired, __ATOMIC_SEQ_CST);
}

static inline int mp_compare_exchange_double(double *number, double *expected, double desired) {
    return __atomic_compare_exchange(number, expected, &desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static inline double mp_add_double(double *number, double addend) {
    double before = mp_load_double(number);
    while (!mp_compare_exchange_double(number, &before, before + addend)) {
    }
    return before;
}

/* ---- Pool ------------------------------------------------------------------------------------------------------- */

/* Workers that apply one function to many items. Items and results are strings of bytes.
 *
 * The pool is driven by its creator, in mp_pool_map and mp_pool_next: there is no thread behind it. Only the creating
 * process may use it, one thread at a time. Workers are daemons (see MP_PROCESS_DAEMON). A worker that dies is
 * replaced, and the item that it worked on is given to another one, `retries` times; after that the item has failed,
 * and says so. */
typedef struct mp_pool mp_pool;

/* The item at hand, seen from the function that works on it. */
typedef struct mp_pool_task mp_pool_task;

/* Works on one item, in a worker. The `length` bytes at `item` belong to the pool and are valid during the call,
 * aligned to 8; `argument` is what mp_pool_create got. Hands its result to mp_pool_return and returns 0, or returns
 * anything else when it failed, best by `return mp_pool_error(task, "why")`. */
typedef int (*mp_pool_function)(mp_pool_task *task, const void *item, size_t length, void *argument);

typedef struct {
    unsigned workers;          /* how many; 0 = one per processor that this process may use */
    unsigned tasks_per_worker; /* a worker is replaced by a fresh one after so many items; 0 = never */
    unsigned retries;          /* how often an item is tried again when its worker died */
    const char *name;          /* of the worker processes; NULL = that of the parent */
} mp_pool_options;

/* Borrowed bytes. */
typedef struct {
    const void *data; /* NULL only if there are none */
    size_t length;    /* bytes */
} mp_bytes;

/* What became of an item. */
typedef struct {
    size_t index; /* of the item, counted from 0 in each map or imap */
    int status;   /* 0 = done; -EOWNERDEAD = its workers died; else what the function returned */
    void *data; /* the result, or (status not 0) the text of the error, ended by a NUL; free with mp_pool_result_free */
    size_t length; /* bytes in the result, or in the text without the NUL */
} mp_pool_result;

/* Supplies items: fills `*item` and returns 1, or returns 0 at the end, or a negative errno value that mp_pool_next
 * will return. The bytes have to be valid until the next call. Called in the creating process, inside mp_pool_next. */
typedef int (*mp_pool_source)(void *context, mp_bytes *item);

/* Starts a pool. `options` NULL means all defaults; it is not needed after the call. Sets `*pool`, to be freed with
 * mp_pool_free. Returns 0, -EINVAL for more than 4096 workers, or the errors of mp_queue_create and
 * mp_process_start. */
int mp_pool_create(mp_pool **pool, const mp_pool_options *options, mp_pool_function function, void *argument);

/* In the function of the pool: sets the result of this item to a copy of `length` bytes; the last call counts. Without
 * a call the result is empty. Returns 0 or -ENOMEM. */
int mp_pool_return(mp_pool_task *task, const void *data, size_t length);

/* In the function of the pool: sets the text of the error, as printf would print it; at most 1023 bytes of it are kept.
 * Returns 1. */
int mp_pool_error(mp_pool_task *task, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Works on `count` items and fills as many `results`, in the order of the items; each is to be freed with
 * mp_pool_result_free. Returns the number of items that failed (0 is perfect); the results are valid then. Negative,
 * and then there are no results: -EPIPE when the pool is closed, -EBUSY during an imap, -EMSGSIZE for an item of more
 * than 2^62 bytes, and as mp_pool_next. */
int64_t mp_pool_map(mp_pool *pool, const mp_bytes *items, size_t count, mp_pool_result *results);

enum {
    MP_POOL_UNORDERED = 1, /* results come as they are ready; otherwise in the order of the items */
};

/* Begins to work on the items of a source; the results come from mp_pool_next. Items are taken from the source only a
 * few at a time, so that it may be endless. Returns 0; -EINVAL for unknown flags, -EPIPE when the pool is closed,
 * -EBUSY when the last imap has not come to its end. */
int mp_pool_imap(mp_pool *pool, mp_pool_source source, void *context, unsigned flags);

/* The next result. Returns 1 and fills `*result`; 0 at the end, when every item has had its result; -EAGAIN or
 * -ETIMEDOUT, when it may be called again. Other errors end the imap: those of the source; of mp_process_start when no
 * worker is left and none can be started; -ECHILD when workers keep dying without having got an item; -ENOMEM; -EBADMSG
 * as mp_queue_get. */
int mp_pool_next(mp_pool *pool, mp_pool_result *result, int timeout_ms);

/* Frees what a result holds, not the struct. */
void mp_pool_result_free(mp_pool_result *result);

/* The process id of a worker (0 to workers - 1), or -ESRCH when it is not running at the moment. */
pid_t mp_pool_worker_id(const mp_pool *pool, unsigned worker);

/* Says that there will be no more items: the workers end. Returns 0, or -EBUSY during an imap. */
int mp_pool_close(mp_pool *pool);

/* Kills the workers and gives up an imap that is under way; the pool is closed then. Returns 0. */
int mp_pool_terminate(mp_pool *pool);

/* Waits until all workers have ended, after mp_pool_close or mp_pool_terminate. Returns 0; -EAGAIN or -ETIMEDOUT;
 * -EBUSY when the pool is not closed. */
int mp_pool_join(mp_pool *pool, int timeout_ms);

/* Kills the workers that are left and frees the pool. */
void mp_pool_free(mp_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
