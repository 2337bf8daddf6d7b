/* pool.h - what the two sides of a pool, its creator and its workers, have in common. Private to mp. */
#ifndef MP_POOL_H
#define MP_POOL_H

#include "mp/mp.h"

/* Goes before the bytes of an item on its way to a worker. */
typedef struct {
    uint64_t slot;    /* where the creator keeps the item */
    uint64_t attempt; /* number of this attempt in the life of the pool; the answer repeats it */
} TaskHeader;

/* Goes before the bytes of the result on its way back. */
typedef struct {
    TaskHeader task; /* as it came */
    int64_t status;  /* 0, or what the function returned */
} ResultHeader;

/* What a worker needs to know; in the creator's memory, copied by the fork. */
typedef struct {
    mp_pool_function function;
    void *argument;            /* for the function */
    unsigned tasks_per_worker; /* items after which the worker ends; 0 = none */
    mp_queue *tasks;           /* items for this worker only */
    mp_queue *results;         /* results of all workers */
} WorkerPlan;

/* The life of a worker: the entry function of its process; `argument` is its WorkerPlan. */
int mp_pool_worker(void *argument);

#endif
