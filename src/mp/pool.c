/* pool.c - the side of a pool that runs in its creator.
 *
 * The creator keeps every item in a slot until its result has been handed out; there are a few slots per worker. Each
 * worker has a queue of its own, into which at most two items are put, one to work on and one to go on with at once;
 * all workers answer into one queue. So at any time it is known which items a worker may have. When a worker has died,
 * the answers that it completed are read first; what is still in its queue was never begun and is given to others; what
 * remains was begun and not answered, and counts as one more attempt.
 *
 * An item that comes back late cannot be taken for another: the answer repeats the number of the attempt.
 */
#include "mp/pool.h"
#include "mp/futex.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_WORKERS = 4096,
    SLOTS_PER_WORKER = 4,
    ITEMS_PER_WORKER = 2,       /* in the hands of a worker at a time */
    TASKS_CAPACITY = 64 * 1024, /* bytes in the queue to a worker */
    RESULTS_CAPACITY = 1 << 20, /* bytes in the queue of the answers */
    BARREN_DEATHS = 8,          /* workers that may die in a row, per worker, without having begun an item */
    NO_WORKER = -1,
};

typedef enum {
    SLOT_FREE,
    SLOT_READY, /* holds an item that no worker has */
    SLOT_SENT,  /* a worker has the item */
    SLOT_DONE,  /* holds a result */
} SlotState;

/* An item, and later its result. */
typedef struct {
    SlotState state;
    size_t index;           /* of the item */
    unsigned char *message; /* a TaskHeader and the item; freed when the result is there */
    size_t length;          /* bytes in the message */
    uint64_t attempt;       /* its number, as in the header */
    unsigned deaths;        /* of workers that had begun it */
    int worker;             /* who has it, when sent */
    mp_pool_result result;  /* when done */
} Slot;

typedef struct {
    mp_process *process; /* NULL = not running */
    WorkerPlan plan;     /* with the queue to it; that is NULL when not running */
    unsigned held;       /* items sent and not answered */
    unsigned given;      /* items sent since it was started */
} Worker;

struct mp_pool {
    mp_pool_options options; /* with the number of workers filled in; the name is a copy */
    mp_pool_function function;
    void *argument;      /* for the function */
    mp_queue *results;   /* from all workers; pollable */
    Worker *worker;      /* options.workers of them */
    Slot *slot;          /* slot_count of them */
    struct pollfd *poll; /* for the results and for every worker */
    size_t slot_count;
    uint64_t attempts;      /* number of the last attempt */
    unsigned barren_deaths; /* workers that died in a row without having begun an item */
    bool closed;            /* no more items */
    mp_pool_source source;  /* of the imap that is under way; NULL = none */
    void *context;          /* for the source */
    bool ordered;           /* results go out in the order of the items */
    bool exhausted;         /* the source has come to its end */
    size_t taken;           /* items from the source so far */
    size_t delivered;       /* results handed out so far */
};

/* ---- Workers ---- */

static int start_worker(mp_pool *pool, Worker *worker) {
    worker->plan = (WorkerPlan){.function = pool->function,
                                .argument = pool->argument,
                                .tasks_per_worker = pool->options.tasks_per_worker,
                                .results = pool->results};
    worker->held = worker->given = 0;
    int error = mp_queue_create(&worker->plan.tasks, TASKS_CAPACITY, 0);
    if (error != 0) return error;
    mp_process_options options = {.name = pool->options.name, .flags = MP_PROCESS_DAEMON};
    error = mp_process_start(&worker->process, &options, mp_pool_worker, &worker->plan);
    if (error != 0) {
        mp_queue_free(worker->plan.tasks);
        worker->plan.tasks = NULL;
    }
    return error;
}

static void forget_worker(Worker *worker) {
    mp_process_free(worker->process);
    mp_queue_free(worker->plan.tasks);
    worker->process = NULL;
    worker->plan.tasks = NULL;
    worker->held = 0;
}

/* Sees to it that all workers run. It is enough when one does; an error means that none does. */
static int start_missing_workers(mp_pool *pool) {
    int error = 0;
    bool running = false;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        Worker *worker = &pool->worker[i];
        if (worker->process == NULL && error == 0) error = start_worker(pool, worker);
        running = running || worker->process != NULL;
    }
    return running ? 0 : error;
}

/* ---- Items and their results ---- */

static void clear_slot(Slot *slot) {
    free(slot->message);
    mp_pool_result_free(&slot->result);
    *slot = (Slot){.worker = NO_WORKER};
}

/* Puts a result into the slot of its item. `data` becomes the slot's. */
static void finish_slot(Slot *slot, int status, void *data, size_t length) {
    free(slot->message);
    slot->message = NULL;
    slot->result = (mp_pool_result){.index = slot->index, .status = status, .data = data, .length = length};
    slot->state = SLOT_DONE;
}

/* Moves items from the source into free slots. */
static int take_items(mp_pool *pool) {
    for (size_t i = 0; i < pool->slot_count && !pool->exhausted; i++) {
        Slot *slot = &pool->slot[i];
        if (slot->state != SLOT_FREE) continue;
        mp_bytes item = {0};
        int more = pool->source(pool->context, &item);
        if (more < 0) return more;
        pool->exhausted = more == 0;
        if (pool->exhausted) break;
        if (__builtin_add_overflow(item.length, sizeof(TaskHeader), &slot->length)) return -EMSGSIZE;
        slot->message = malloc(slot->length);
        if (slot->message == NULL) return -ENOMEM;
        if (item.length > 0) memcpy(slot->message + sizeof(TaskHeader), item.data, item.length);
        slot->index = pool->taken++;
        slot->state = SLOT_READY;
    }
    return 0;
}

/* The waiting item with the lowest index, NULL when there is none. */
static Slot *next_ready(mp_pool *pool) {
    Slot *found = NULL;
    for (size_t i = 0; i < pool->slot_count; i++) {
        Slot *slot = &pool->slot[i];
        if (slot->state == SLOT_READY && (found == NULL || slot->index < found->index)) found = slot;
    }
    return found;
}

/* The worker with the fewest items that can take one more, NO_WORKER when there is none. */
static int next_worker(const mp_pool *pool) {
    int found = NO_WORKER;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        const Worker *worker = &pool->worker[i];
        unsigned limit = pool->options.tasks_per_worker;
        if (worker->process == NULL || worker->held >= ITEMS_PER_WORKER || (limit != 0 && worker->given >= limit))
            continue;
        if (found == NO_WORKER || worker->held < pool->worker[found].held) found = (int)i;
    }
    return found;
}

/* Gives items to workers as long as there are both. */
static int send_items(mp_pool *pool) {
    for (;;) {
        int number = next_worker(pool);
        Slot *slot = number == NO_WORKER ? NULL : next_ready(pool);
        if (slot == NULL) return 0;
        Worker *worker = &pool->worker[number];
        TaskHeader header = {.slot = (uint64_t)(slot - pool->slot), .attempt = pool->attempts + 1};
        memcpy(slot->message, &header, sizeof header);
        int error = mp_queue_put(worker->plan.tasks, slot->message, slot->length, 0);
        if (error == -EAGAIN) return 0; /* long items: there is room when the worker has taken the last one */
        if (error != 0) return error;
        pool->attempts++;
        slot->attempt = header.attempt;
        slot->worker = number;
        slot->state = SLOT_SENT;
        worker->held++;
        worker->given++;
    }
}

/* The slot to which a header belongs, NULL when it is not (or no longer) one that a worker has. */
static Slot *sent_slot(mp_pool *pool, const TaskHeader *header) {
    if (header->slot >= pool->slot_count) return NULL;
    Slot *slot = &pool->slot[header->slot];
    return slot->state == SLOT_SENT && slot->attempt == header->attempt ? slot : NULL;
}

/* Reads all answers that have come. */
static int receive_results(mp_pool *pool) {
    for (;;) {
        void *message;
        ssize_t length = mp_queue_get_alloc(pool->results, &message, 0);
        if (length == -EAGAIN || length == -EPIPE) return 0;
        if (length < 0) return (int)length;
        ResultHeader header = {0};
        if ((size_t)length >= sizeof header) memcpy(&header, message, sizeof header);
        Slot *slot = sent_slot(pool, &header.task);
        if ((size_t)length < sizeof header || slot == NULL) {
            free(message);
            continue;
        }
        size_t result = (size_t)length - sizeof header;
        pool->worker[slot->worker].held--;
        pool->barren_deaths = 0;
        memmove(message, (unsigned char *)message + sizeof header, result);
        ((unsigned char *)message)[result] = '\0'; /* there is room, since the header has gone */
        finish_slot(slot, (int)header.status, message, result);
    }
}

/* ---- Death of a worker ---- */

/* Takes back the items that are still in the queue to a dead worker: they were never begun. */
static int take_back_unbegun(mp_pool *pool, Worker *worker) {
    for (;;) {
        void *message;
        ssize_t length = mp_queue_get_alloc(worker->plan.tasks, &message, 0);
        if (length == -ENOMEM) return -ENOMEM;
        if (length < 0) return 0; /* empty; or overwritten, then the rest counts as begun */
        TaskHeader header;
        memcpy(&header, message, sizeof header);
        free(message);
        Slot *slot = sent_slot(pool, &header);
        if (slot != NULL) slot->state = SLOT_READY;
    }
}

/* Ends an item that has killed its workers: its result is what happened. */
static int fail_slot(Slot *slot, Worker *worker) {
    char text[160], how[64];
    int code = 0;
    if (mp_process_exit_code(worker->process, &code) != 0) {
        snprintf(how, sizeof how, "ended in an unknown way");
    } else if (code < 0) {
        snprintf(how, sizeof how, "was killed by signal %d (%s)", -code, strsignal(-code));
    } else {
        snprintf(how, sizeof how, "ended with exit status %d", code);
    }
    int length =
        snprintf(text, sizeof text, "the worker %s while it worked on this item (attempts: %u)", how, slot->deaths);
    char *copy = strdup(text);
    if (copy == NULL) return -ENOMEM;
    finish_slot(slot, -EOWNERDEAD, copy, (size_t)length);
    return 0;
}

/* Decides about the items that a dead worker had begun: another attempt, or failure. */
static int settle_begun(mp_pool *pool, int number) {
    bool begun = false;
    for (size_t i = 0; i < pool->slot_count; i++) {
        Slot *slot = &pool->slot[i];
        if (slot->state != SLOT_SENT || slot->worker != number) continue;
        begun = true;
        slot->deaths++;
        slot->state = SLOT_READY;
        int error = slot->deaths > pool->options.retries ? fail_slot(slot, &pool->worker[number]) : 0;
        if (error != 0) return error;
    }
    if (!begun) pool->barren_deaths++;
    return 0;
}

/* Deals with the workers that have ended. */
static int bury_dead_workers(mp_pool *pool) {
    for (unsigned i = 0; i < pool->options.workers; i++) {
        Worker *worker = &pool->worker[i];
        if (worker->process == NULL || mp_process_alive(worker->process)) continue;
        /* In this order: what it answered before its death is in the queue by now. */
        int error = receive_results(pool);
        if (error == 0) error = take_back_unbegun(pool, worker);
        if (error == 0) error = settle_begun(pool, (int)i);
        if (error != 0) return error;
        forget_worker(worker);
    }
    return pool->barren_deaths > BARREN_DEATHS * pool->options.workers ? -ECHILD : 0;
}

/* ---- The loop ---- */

/* Hands out a result if there is one whose turn it is. */
static bool deliver(mp_pool *pool, mp_pool_result *result) {
    for (size_t i = 0; i < pool->slot_count; i++) {
        Slot *slot = &pool->slot[i];
        if (slot->state != SLOT_DONE || (pool->ordered && slot->index != pool->delivered)) continue;
        *result = slot->result;
        slot->result = (mp_pool_result){0};
        clear_slot(slot);
        pool->delivered++;
        return true;
    }
    return false;
}

/* Sleeps until an answer has come or a worker has ended, for one slice at most. */
static int wait_for_workers(mp_pool *pool, Deadline *deadline) {
    pool->poll[0] = (struct pollfd){.fd = mp_queue_fd(pool->results), .events = POLLIN};
    for (unsigned i = 0; i < pool->options.workers; i++) {
        const mp_process *process = pool->worker[i].process;
        pool->poll[i + 1] = (struct pollfd){.fd = process != NULL ? mp_process_fd(process) : -1, .events = POLLIN};
    }
    int64_t slice = mp_deadline_next_slice(deadline);
    if (slice == 0) return deadline->timeout_ms == 0 ? -EAGAIN : -ETIMEDOUT;
    int timeout_ms = (int)((slice + MP_NANOSECONDS_PER_MS - 1) / MP_NANOSECONDS_PER_MS);
    int ready = poll(pool->poll, (nfds_t)pool->options.workers + 1, timeout_ms);
    return ready < 0 && errno != EINTR ? -errno : 0;
}

/* Everything that can be done without waiting. */
static int make_progress(mp_pool *pool) {
    int error = receive_results(pool);
    if (error == 0) error = bury_dead_workers(pool);
    if (error == 0) error = take_items(pool);
    if (error == 0 && next_ready(pool) != NULL) error = start_missing_workers(pool);
    if (error == 0) error = send_items(pool);
    return error;
}

/* Forgets the items of an imap. Answers that come later find no slot. */
static void end_imap(mp_pool *pool) {
    for (size_t i = 0; i < pool->slot_count; i++) {
        Slot *slot = &pool->slot[i];
        if (slot->state == SLOT_SENT) pool->worker[slot->worker].held--;
        clear_slot(slot);
    }
    pool->source = NULL;
}

int mp_pool_next(mp_pool *pool, mp_pool_result *result, int timeout_ms) {
    if (pool->source == NULL) return 0;
    Deadline deadline = mp_deadline(timeout_ms);
    for (;;) {
        int error = make_progress(pool);
        if (error == 0 && deliver(pool, result)) return 1;
        if (error != 0 || (pool->exhausted && pool->delivered == pool->taken)) {
            end_imap(pool);
            return error;
        }
        error = wait_for_workers(pool, &deadline);
        if (error != 0) return error;
    }
}

int mp_pool_imap(mp_pool *pool, mp_pool_source source, void *context, unsigned flags) {
    if (flags & ~(unsigned)MP_POOL_UNORDERED) return -EINVAL;
    if (pool->closed) return -EPIPE;
    if (pool->source != NULL) return -EBUSY;
    pool->source = source;
    pool->context = context;
    pool->ordered = (flags & MP_POOL_UNORDERED) == 0;
    pool->exhausted = false;
    pool->taken = pool->delivered = 0;
    pool->barren_deaths = 0;
    return 0;
}

/* Where mp_pool_map is in its items. */
typedef struct {
    const mp_bytes *next; /* the next item to hand out */
    size_t left;          /* items from there on */
} MapSource;

static int next_map_item(void *context, mp_bytes *item) {
    MapSource *source = context;
    if (source->left == 0) return 0;
    *item = *source->next++;
    source->left--;
    return 1;
}

int64_t mp_pool_map(mp_pool *pool, const mp_bytes *items, size_t count, mp_pool_result *results) {
    MapSource source = {items, count};
    int more = mp_pool_imap(pool, next_map_item, &source, 0);
    if (more != 0) return more;
    size_t done = 0;
    int64_t failed = 0;
    do {
        mp_pool_result none; /* for the last turn, which finds the end and no result */
        more = mp_pool_next(pool, done < count ? &results[done] : &none, -1);
        if (more == 1) failed += results[done++].status != 0;
    } while (more == 1);
    if (more == 0) return failed;
    while (done > 0) {
        mp_pool_result_free(&results[--done]);
    }
    return more;
}

void mp_pool_result_free(mp_pool_result *result) {
    free(result->data);
    result->data = NULL;
    result->length = 0;
}

pid_t mp_pool_worker_id(const mp_pool *pool, unsigned worker) {
    if (worker >= pool->options.workers || pool->worker[worker].process == NULL) return -ESRCH;
    return mp_process_id(pool->worker[worker].process);
}

/* ---- Life of a pool ---- */

/* How many processors this process may use. */
static unsigned processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (unsigned)count : 1;
}

static int allocate(mp_pool *pool, const mp_pool_options *options) {
    if (options != NULL) pool->options = *options;
    pool->options.name = NULL;
    if (pool->options.workers == 0) pool->options.workers = processor_count();
    if (pool->options.workers > MOST_WORKERS) return -EINVAL;
    size_t workers = pool->options.workers;
    pool->slot_count = workers * SLOTS_PER_WORKER;
    pool->worker = calloc(workers, sizeof *pool->worker);
    pool->poll = calloc(workers + 1, sizeof *pool->poll);
    pool->slot = calloc(pool->slot_count, sizeof *pool->slot);
    if (pool->worker == NULL || pool->poll == NULL || pool->slot == NULL) return -ENOMEM;
    if (options == NULL || options->name == NULL) return 0;
    pool->options.name = strdup(options->name);
    return pool->options.name != NULL ? 0 : -ENOMEM;
}

int mp_pool_create(mp_pool **pool, const mp_pool_options *options, mp_pool_function function, void *argument) {
    mp_pool *created = calloc(1, sizeof *created);
    if (created == NULL) return -ENOMEM;
    created->function = function;
    created->argument = argument;
    int error = allocate(created, options);
    if (error == 0) error = mp_queue_create(&created->results, RESULTS_CAPACITY, MP_QUEUE_POLLABLE);
    if (error == 0) error = start_missing_workers(created);
    if (error != 0) {
        mp_pool_free(created);
        return error;
    }
    *pool = created;
    return 0;
}

int mp_pool_close(mp_pool *pool) {
    if (pool->source != NULL) return -EBUSY;
    pool->closed = true;
    for (unsigned i = 0; i < pool->options.workers; i++) {
        mp_queue *tasks = pool->worker[i].plan.tasks;
        if (tasks != NULL) mp_queue_close(tasks);
    }
    return 0;
}

int mp_pool_terminate(mp_pool *pool) {
    end_imap(pool);
    for (unsigned i = 0; i < pool->options.workers; i++) {
        if (pool->worker[i].process != NULL) mp_process_kill(pool->worker[i].process);
    }
    return mp_pool_close(pool);
}

int mp_pool_join(mp_pool *pool, int timeout_ms) {
    if (!pool->closed) return -EBUSY;
    Deadline deadline = mp_deadline(timeout_ms);
    for (unsigned i = 0; i < pool->options.workers; i++) {
        Worker *worker = &pool->worker[i];
        int error = worker->process == NULL ? 0 : mp_process_join(worker->process, mp_deadline_left_ms(&deadline));
        if (error != 0) return timeout_ms == 0 ? -EAGAIN : -ETIMEDOUT;
        forget_worker(worker);
    }
    return 0;
}

void mp_pool_free(mp_pool *pool) {
    if (pool == NULL) return;
    if (pool->slot != NULL && pool->worker != NULL) end_imap(pool);
    for (unsigned i = 0; i < pool->options.workers && pool->worker != NULL; i++) {
        forget_worker(&pool->worker[i]);
    }
    mp_queue_free(pool->results);
    free((char *)pool->options.name);
    free(pool->worker);
    free(pool->poll);
    free(pool->slot);
    free(pool);
}
