/* fold_shorts.h - folding pairs with short keys into their table: the innermost loop of every fold job.
 *
 * Pairs are taken some at a time: all their hashes first, so that the buckets are on their way to the cache when the
 * second loop looks into them. The loops exist once for each kind of processor (fold_shorts_PROCESSOR.c), and once for
 * each of the folds that are common and cheap, so that what these do to an accumulator is part of the loop. [worker]
 */
#ifndef MR_DATA_FOLD_SHORTS_H
#define MR_DATA_FOLD_SHORTS_H

#include "base/processor.h"
#include "data/fold.h"
#include "data/short_table.h"

/* Folds count pairs (mr_short_pair and the emitted value, padded to 8) into the table, until it is crowded; returns how
 * many it has taken. */
typedef size_t mr_fold_shorts_loop(mr_short_table *table, const mr_fold *fold, const char *pairs, size_t count);

mr_fold_shorts_loop mr_fold_shorts_any, mr_fold_shorts_avx2, mr_fold_shorts_avx512;

/* The loop for a processor. All give the same results. */
mr_fold_shorts_loop *mr_fold_shorts_for(mr_processor processor);

#endif
