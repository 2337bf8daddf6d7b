/* queue.c - the message queue.
 *
 * The messages lie in a ring of bytes. `tail` is where the next message goes and `head` where the first one begins;
 * both are 64-bit numbers that only grow, so tail - head is what is in use. Producers share one lock and consumers
 * another, so that one producer and one consumer never wait for each other. A put copies the message behind the tail
 * and then commits it with ONE store of `tail`; a get copies the first message out and then commits with ONE store of
 * `head`. Whoever is killed before its store has done nothing, and after it everything: nothing has ever to be
 * repaired, and the lock of a dead holder can simply be taken over (see robust.h). The number of messages is kept in
 * the low bits of the same two words, so that it cannot differ from the messages themselves.
 *
 * A record is a header of 8 bytes followed by the message, rounded up to 8 bytes. A message of more than a quarter of
 * the ring goes out of line: its bytes into a file in memory, at an offset that only grows, and its record holds the
 * offset. Regions of the file are reserved (`file_end`) before they are written, so a producer that dies in between
 * leaves a gap that nobody uses; after its get a consumer gives back everything from the end of the last region up to
 * the end of its own (`file_start`), which includes such gaps and the regions of consumers that died before giving them
 * back.
 *
 * Waiting is a short spin, then a doorbell (see futex.h). A consumer that makes space rings only when the ring is at
 * most half full (any record fits then), so that a full queue does not cost a system call per message.
 *
 * The descriptor of a pollable queue is an eventfd that is readable whenever the queue is not empty. This holds at
 * every instant because a put that finds the queue empty makes it readable BEFORE its commit, and because it is emptied
 * only by somebody who holds the producers' lock, so that no put can be under way, and sees the queue empty.
 */
#include "mp/memory.h"
#include "mp/mp.h"
#include "mp/robust.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    UNIT = 8,             /* bytes; records begin at multiples of it */
    COUNT_BITS = 28,      /* low bits of a position: messages so far, modulo 2^28 */
    LOCK_PATIENCE = 10,   /* milliseconds; the least time to wait for another process that is copying */
    SPINS = 200,          /* pauses at an empty or full ring before sleeping */
    LONGEST_PAUSE = 16,   /* of these pauses between two looks */
    FILE_ALIGNMENT = 4096 /* bytes; regions of the file begin at multiples of it, so that they share no page */
};

#define SMALLEST_RING   ((size_t)4096)
#define LARGEST_RING    ((size_t)1 << 30)
#define LONGEST_MESSAGE ((uint64_t)1 << 62)
#define COUNT_MASK      (((uint64_t)1 << COUNT_BITS) - 1)
#define UNITS_MASK      (((uint64_t)1 << (64 - COUNT_BITS)) - 1)
#define OUT_OF_LINE     ((uint64_t)1 << 63) /* in a header: the record holds an offset in the file, not the message */

/* The shared part. Each group has cache lines of its own. */
typedef struct {
    /* Written only by the holder of `put_lock`. */
    alignas(MP_CACHE_LINE_PAIR) RobustLock put_lock;
    _Atomic bool announced;    /* the eventfd may be readable; read by anyone */
    uint64_t head_seen;        /* a value that `head` had; saves looking at the consumers' line */
    _Atomic uint64_t file_end; /* bytes; where the next out-of-line message goes; read by anyone */
    _Atomic uint64_t tail;     /* position behind the last message; its store commits a put; read by anyone */

    /* Written only by the holder of `get_lock`. */
    alignas(MP_CACHE_LINE_PAIR) RobustLock get_lock;
    uint64_t tail_seen;          /* a value that `tail` had; saves looking at the producers' line */
    _Atomic uint64_t file_start; /* bytes; the file is empty before it; read by producers */
    _Atomic uint64_t head;       /* position of the first message; its store commits a get; read by anyone */

    /* Written only by those who sleep and those who wake them; `closed` by the holder of `put_lock`. */
    alignas(MP_CACHE_LINE_PAIR) Doorbell messages; /* rung when there is something to get */
    _Atomic bool closed;                           /* no put is completed any more; read by anyone */
    alignas(MP_CACHE_LINE_PAIR) Doorbell space;    /* rung when there is space again */

    alignas(MP_CACHE_LINE_PAIR) unsigned char ring[]; /* behind the tail: the holder of `put_lock` writes */
} Shared;

struct mp_queue {
    Shared *shared;   /* mapped before the fork */
    size_t ring_size; /* bytes; a power of two */
    size_t in_line;   /* bytes; the longest message that goes into the ring */
    int file;         /* memfd of the out-of-line messages */
    int event;        /* eventfd of a pollable queue, else -1 */
};

/* The first record, as its header describes it. */
typedef struct {
    uint64_t head;    /* position of the record */
    uint64_t length;  /* bytes in the message */
    uint64_t units;   /* what the record takes in the ring */
    uint64_t offset;  /* of an out-of-line message in the file */
    bool out_of_line; /* the message is in the file */
} Record;

/* ---- Positions ---- */

static inline uint64_t advance(uint64_t position, uint64_t units) {
    return ((position >> COUNT_BITS) + units) << COUNT_BITS | ((position + 1) & COUNT_MASK);
}

/* Units between two positions. */
static inline uint64_t distance(uint64_t from, uint64_t to) {
    return ((to >> COUNT_BITS) - (from >> COUNT_BITS)) & UNITS_MASK;
}

/* Byte in the ring, `skip` units after a position. */
static inline size_t ring_offset(const mp_queue *queue, uint64_t position, uint64_t skip) {
    return (((position >> COUNT_BITS) + skip) * UNIT) & (queue->ring_size - 1);
}

static inline uint64_t units_of(uint64_t bytes) {
    return (bytes + UNIT - 1) / UNIT;
}

static inline uint64_t *ring_word(const mp_queue *queue, uint64_t position, uint64_t skip) {
    return (uint64_t *)(queue->shared->ring + ring_offset(queue, position, skip));
}

static inline uint64_t load_head(const mp_queue *queue) {
    return atomic_load_explicit(&queue->shared->head, memory_order_acquire);
}

static inline uint64_t load_tail(const mp_queue *queue) {
    return atomic_load_explicit(&queue->shared->tail, memory_order_acquire);
}

/* Copies into the ring, around its end if need be. */
static inline void copy_in(mp_queue *queue, uint64_t position, const unsigned char *bytes, size_t length) {
    size_t start = ring_offset(queue, position, 1), until_end = queue->ring_size - start;
    if (length <= until_end) {
        if (length > 0) memcpy(queue->shared->ring + start, bytes, length);
        return;
    }
    memcpy(queue->shared->ring + start, bytes, until_end);
    memcpy(queue->shared->ring, bytes + until_end, length - until_end);
}

static inline void copy_out(const mp_queue *queue, uint64_t position, unsigned char *bytes, size_t length) {
    size_t start = ring_offset(queue, position, 1), until_end = queue->ring_size - start;
    if (length <= until_end) {
        if (length > 0) memcpy(bytes, queue->shared->ring + start, length);
        return;
    }
    memcpy(bytes, queue->shared->ring + start, until_end);
    memcpy(bytes + until_end, queue->shared->ring, length - until_end);
}

/* ---- The file of the out-of-line messages ---- */

static int write_file(int file, const unsigned char *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t written = pwrite(file, bytes, length, (off_t)offset);
        if (written < 0 && errno != EINTR) return -errno;
        if (written <= 0) continue;
        bytes += written;
        length -= (size_t)written;
        offset += (uint64_t)written;
    }
    return 0;
}

static int read_file(int file, unsigned char *bytes, size_t length, uint64_t offset) {
    while (length > 0) {
        ssize_t count = pread(file, bytes, length, (off_t)offset);
        if (count == 0) return -EBADMSG;
        if (count < 0 && errno != EINTR) return -errno;
        if (count < 0) continue;
        bytes += count;
        length -= (size_t)count;
        offset += (uint64_t)count;
    }
    return 0;
}

static inline uint64_t end_of_region(uint64_t offset, uint64_t length) {
    return (offset + length + FILE_ALIGNMENT - 1) / FILE_ALIGNMENT * FILE_ALIGNMENT;
}

/* Gives the memory of a region back. A failure costs memory and nothing else, and cannot be helped. */
static void empty_file(int file, uint64_t start, uint64_t end) {
    int result;
    do {
        result = fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start));
    } while (result < 0 && errno == EINTR);
}

/* ---- Locks and waiting ---- */

/* Waits for a lock until the deadline, but gives another process the time to finish its copy. */
static inline int lock(RobustLock *which, const Deadline *deadline) {
    Deadline patience = *deadline;
    if (deadline->timeout_ms >= 0 && deadline->timeout_ms < LOCK_PATIENCE) patience = mp_deadline(LOCK_PATIENCE);
    int error = mp_robust_lock(which, &patience);
    return error == -ETIMEDOUT && deadline->timeout_ms == 0 ? -EAGAIN : error;
}

static bool message_waits(const mp_queue *queue) {
    return load_tail(queue) != load_head(queue);
}

static bool is_closed(const mp_queue *queue) {
    return atomic_load(&queue->shared->closed);
}

/* Is there space for a record of `units`, with `length` bytes in the file? A message that is longer than what the file
 * may hold is let in when there is no other one. Reads what consumers write, so the answer can only get better. */
static bool has_space(const mp_queue *queue, uint64_t units, uint64_t length) {
    const Shared *shared = queue->shared;
    uint64_t head = load_head(queue), tail = load_tail(queue);
    if (distance(head, tail) + units > queue->ring_size / UNIT) return false;
    if (length == 0 || head == tail) return true;
    uint64_t outstanding = atomic_load(&shared->file_end) - atomic_load(&shared->file_start);
    return outstanding == 0 || outstanding + length <= queue->ring_size;
}

/* Pauses before the next look at the ring, the longer the more pauses there have been; returns how many there are now.
 * Every look takes a cache line from the other side, which slows it down: looking rarely makes messages come sooner. */
static inline int pause_longer(int spins) {
    int end = spins + (spins < LONGEST_PAUSE ? spins + 1 : LONGEST_PAUSE);
    while (spins < end) {
        mp_relax();
        spins++;
    }
    return spins;
}

static int wait_for_space(mp_queue *queue, uint64_t units, uint64_t length, Deadline *deadline) {
    for (int spins = 0; spins < SPINS; spins = pause_longer(spins)) {
        if (has_space(queue, units, length) || is_closed(queue)) return 0;
    }
    uint32_t sequence = mp_doorbell_announce(&queue->shared->space);
    if (has_space(queue, units, length) || is_closed(queue)) return 0;
    return mp_doorbell_wait(&queue->shared->space, sequence, deadline);
}

static int wait_for_message(mp_queue *queue, Deadline *deadline) {
    for (int spins = 0; spins < SPINS; spins = pause_longer(spins)) {
        if (message_waits(queue) || is_closed(queue)) return 0;
    }
    uint32_t sequence = mp_doorbell_announce(&queue->shared->messages);
    if (message_waits(queue) || is_closed(queue)) return 0;
    return mp_doorbell_wait(&queue->shared->messages, sequence, deadline);
}

/* Makes the eventfd readable: 0, or -EBADF when somebody has closed it. It is non-blocking; if its counter is full, it
 * is readable already. */
static int announce(mp_queue *queue) {
    uint64_t one = 1;
    ssize_t written;
    atomic_store_explicit(&queue->shared->announced, true, memory_order_relaxed);
    do {
        written = write(queue->event, &one, sizeof one);
    } while (written < 0 && errno == EINTR);
    return written < 0 && errno != EAGAIN ? -errno : 0;
}

/* Makes the eventfd unreadable, unless the queue is closed or a message has come; see the top of the file. Returns
 * whether one has come: the put that has announced it is often still under way when its reader looks. */
static bool withdraw_announcement(mp_queue *queue) {
    Deadline deadline = mp_deadline(0);
    if (!atomic_load_explicit(&queue->shared->announced, memory_order_relaxed)) return false;
    if (lock(&queue->shared->put_lock, &deadline) != 0) return false;
    bool message_came = message_waits(queue);
    if (!message_came && !is_closed(queue)) {
        uint64_t count;
        while (read(queue->event, &count, sizeof count) < 0 && errno == EINTR) {
        }
        atomic_store_explicit(&queue->shared->announced, false, memory_order_relaxed);
    }
    mp_robust_unlock(&queue->shared->put_lock);
    return message_came;
}

/* ---- Putting ---- */

/* Writes an out-of-line message and its record behind the tail. */
static int put_out_of_line(mp_queue *queue, uint64_t tail, const void *message, size_t length) {
    uint64_t offset = atomic_load_explicit(&queue->shared->file_end, memory_order_relaxed);
    uint64_t end = end_of_region(offset, length);
    atomic_store(&queue->shared->file_end, end);
    int error = write_file(queue->file, message, length, offset);
    if (error != 0) {
        empty_file(queue->file, offset, end);
        atomic_store(&queue->shared->file_end, offset);
        return error;
    }
    *ring_word(queue, tail, 0) = length | OUT_OF_LINE;
    *ring_word(queue, tail, 1) = offset;
    return 0;
}

/* Puts under the lock: 0, -EAGAIN when there is no space, or an error. */
static inline int put_locked(mp_queue *queue, const void *message, size_t length, uint64_t units) {
    Shared *shared = queue->shared;
    uint64_t tail = atomic_load_explicit(&shared->tail, memory_order_relaxed);
    bool out_of_line = length > queue->in_line;
    if (atomic_load_explicit(&shared->closed, memory_order_relaxed)) return -EPIPE;
    if (out_of_line || queue->event >= 0 || distance(shared->head_seen, tail) + units > queue->ring_size / UNIT) {
        if (!has_space(queue, units, out_of_line ? length : 0)) return -EAGAIN;
        shared->head_seen = load_head(queue);
    }
    if (queue->event >= 0 && shared->head_seen == tail) {
        int error = announce(queue);
        if (error != 0) return error;
    }
    if (out_of_line) {
        int error = put_out_of_line(queue, tail, message, length);
        if (error != 0) return error;
    } else {
        *ring_word(queue, tail, 0) = length;
        copy_in(queue, tail, message, length);
    }
    atomic_store_explicit(&shared->tail, advance(tail, units), memory_order_release);
    return 0;
}

int mp_queue_put(mp_queue *queue, const void *message, size_t length, int timeout_ms) {
    if (length > LONGEST_MESSAGE) return -EMSGSIZE;
    bool out_of_line = length > queue->in_line;
    uint64_t units = 1 + (out_of_line ? 1 : units_of(length));
    Deadline deadline = mp_deadline(timeout_ms);
    for (;;) {
        int error = lock(&queue->shared->put_lock, &deadline);
        if (error != 0) return error;
        error = put_locked(queue, message, length, units);
        mp_robust_unlock(&queue->shared->put_lock);
        if (error == 0) mp_doorbell_ring(&queue->shared->messages, 1);
        if (error != -EAGAIN || timeout_ms == 0) return error;
        error = wait_for_space(queue, units, out_of_line ? length : 0, &deadline);
        if (error != 0) return error;
    }
}

/* ---- Getting ---- */

/* Can there be such a record? A process that has gone wild may have written into the ring, so what is found there is
 * checked against what is in use. */
static inline bool is_sensible(const mp_queue *queue, const Record *record) {
    if (record->units > distance(record->head, queue->shared->tail_seen)) return false;
    if (!record->out_of_line) return record->length <= queue->in_line;
    uint64_t file_end = atomic_load(&queue->shared->file_end);
    return record->offset <= file_end && record->length <= file_end - record->offset;
}

/* Reads the header of the first record, under the lock. */
static inline int read_record(mp_queue *queue, Record *record) {
    Shared *shared = queue->shared;
    uint64_t head = atomic_load_explicit(&shared->head, memory_order_relaxed);
    if (shared->tail_seen == head) {
        shared->tail_seen = load_tail(queue);
        if (shared->tail_seen == head) return -EAGAIN;
    }
    uint64_t header = *ring_word(queue, head, 0);
    bool out_of_line = header & OUT_OF_LINE;
    uint64_t length = header & ~OUT_OF_LINE;
    *record = (Record){.head = head, .length = length, .out_of_line = out_of_line};
    record->units = 1 + (out_of_line ? 1 : units_of(length));
    if (out_of_line) record->offset = *ring_word(queue, head, 1);
    return is_sensible(queue, record) ? 0 : -EBADMSG;
}

/* Locks the consumers' side with a message there and fills `record`. On failure nothing is locked. */
static inline int begin_get(mp_queue *queue, Record *record, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    for (;;) {
        int error = lock(&queue->shared->get_lock, &deadline);
        if (error != 0) return error;
        error = read_record(queue, record);
        if (error == 0) return 0;
        mp_robust_unlock(&queue->shared->get_lock);
        if (error != -EAGAIN) return error;
        /* In this order: once closed is seen, the tail does not move any more. */
        if (is_closed(queue) && !message_waits(queue)) return -EPIPE;
        if (queue->event >= 0 && withdraw_announcement(queue)) continue;
        if (timeout_ms == 0) return -EAGAIN;
        error = wait_for_message(queue, &deadline);
        if (error != 0) return error;
    }
}

/* Ends a get that leaves the message where it is. It may have been woken for that message, so it wakes another one. */
static void leave_message(mp_queue *queue) {
    mp_robust_unlock(&queue->shared->get_lock);
    mp_doorbell_ring(&queue->shared->messages, 1);
}

/* Commits a get. */
static inline void take_message(mp_queue *queue, const Record *record) {
    Shared *shared = queue->shared;
    uint64_t head = advance(record->head, record->units);
    atomic_store_explicit(&shared->head, head, memory_order_release);
    if (record->out_of_line) {
        uint64_t end = end_of_region(record->offset, record->length);
        empty_file(queue->file, atomic_load_explicit(&shared->file_start, memory_order_relaxed), end);
        atomic_store(&shared->file_start, end);
    }
    bool roomy = distance(head, shared->tail_seen) <= queue->ring_size / UNIT / 2;
    mp_robust_unlock(&shared->get_lock);
    if (roomy || record->out_of_line) mp_doorbell_ring(&shared->space, INT_MAX);
}

static inline int copy_message(mp_queue *queue, const Record *record, void *buffer) {
    if (record->out_of_line) return read_file(queue->file, buffer, record->length, record->offset);
    copy_out(queue, record->head, buffer, record->length);
    return 0;
}

/* Copies and commits, or leaves the message and returns an error. */
static inline ssize_t finish_get(mp_queue *queue, const Record *record, void *buffer) {
    int error = copy_message(queue, record, buffer);
    if (error != 0) {
        leave_message(queue);
        return error;
    }
    take_message(queue, record);
    return (ssize_t)record->length;
}

ssize_t mp_queue_get(mp_queue *queue, void *buffer, size_t size, int timeout_ms) {
    Record record;
    int error = begin_get(queue, &record, timeout_ms);
    if (error != 0) return error;
    if (record.length > size) {
        leave_message(queue);
        return -EMSGSIZE;
    }
    return finish_get(queue, &record, buffer);
}

ssize_t mp_queue_get_alloc(mp_queue *queue, void **message, int timeout_ms) {
    Record record;
    int error = begin_get(queue, &record, timeout_ms);
    if (error != 0) return error;
    void *copy = malloc(record.length > 0 ? record.length : 1);
    if (copy == NULL) {
        leave_message(queue);
        return -ENOMEM;
    }
    ssize_t length = finish_get(queue, &record, copy);
    if (length < 0) {
        free(copy);
    } else {
        *message = copy;
    }
    return length;
}

ssize_t mp_queue_next_length(mp_queue *queue, int timeout_ms) {
    Record record;
    int error = begin_get(queue, &record, timeout_ms);
    if (error != 0) return error;
    leave_message(queue);
    return (ssize_t)record.length;
}

ssize_t mp_queue_drain(mp_queue *queue) {
    ssize_t count = 0;
    for (;;) {
        Record record;
        int error = begin_get(queue, &record, 0);
        if (error == -EAGAIN || error == -EPIPE) return count;
        if (error != 0) return error;
        take_message(queue, &record);
        count++;
    }
}

/* ---- Life of a queue ---- */

static size_t ring_size_for(size_t capacity) {
    size_t size = SMALLEST_RING;
    while (size < capacity) {
        size *= 2;
    }
    return size;
}

static int open_files(mp_queue *queue, unsigned flags) {
    queue->file = memfd_create("mp_queue", MFD_CLOEXEC);
    if (queue->file < 0) return -errno;
    if ((flags & MP_QUEUE_POLLABLE) == 0) return 0;
    queue->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return queue->event < 0 ? -errno : 0;
}

int mp_queue_create(mp_queue **queue, size_t capacity_bytes, unsigned flags) {
    if (capacity_bytes > LARGEST_RING || (flags & ~(unsigned)MP_QUEUE_POLLABLE)) return -EINVAL;
    mp_queue *created = malloc(sizeof *created);
    if (created == NULL) return -ENOMEM;
    size_t ring_size = ring_size_for(capacity_bytes);
    *created = (mp_queue){.ring_size = ring_size, .in_line = ring_size / 4, .file = -1, .event = -1};
    void *memory = NULL;
    int error = mp_robust_prepare();
    if (error == 0) error = mp_memory_map(&memory, sizeof(Shared) + ring_size);
    created->shared = memory;
    if (error == 0) error = open_files(created, flags);
    if (error != 0) {
        mp_queue_free(created);
        return error;
    }
    *queue = created;
    return 0;
}

int mp_queue_fd(const mp_queue *queue) {
    return queue->event >= 0 ? queue->event : -EINVAL;
}

int mp_queue_close(mp_queue *queue) {
    /* Under the producers' lock, so that no put can commit after a consumer has seen that the queue is closed. */
    Deadline deadline = mp_deadline(-1);
    int error = lock(&queue->shared->put_lock, &deadline);
    if (error != 0) return error;
    if (queue->event >= 0) (void)!announce(queue); /* those who do not poll hear of it all the same */
    atomic_store(&queue->shared->closed, true);
    mp_robust_unlock(&queue->shared->put_lock);
    mp_doorbell_ring(&queue->shared->messages, INT_MAX);
    mp_doorbell_ring(&queue->shared->space, INT_MAX);
    return 0;
}

size_t mp_queue_count(const mp_queue *queue) {
    uint64_t head = load_head(queue);
    return (size_t)((load_tail(queue) - head) & COUNT_MASK);
}

void mp_queue_free(mp_queue *queue) {
    if (queue == NULL) return;
    mp_memory_unmap(queue->shared, sizeof(Shared) + queue->ring_size);
    if (queue->file >= 0) close(queue->file);
    if (queue->event >= 0) close(queue->event);
    free(queue);
}
