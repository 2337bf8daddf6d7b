/* forked.h - telling a process that was meant to run on from a copy that a plugin has made of it. Any process.
 *
 * A plugin may call fork. When the child returns from the callback it would go on as if it were the worker: write to
 * the same shared memory, take tasks, report twice. So every place where the host comes back from code of the plugin
 * calls mr_end_if_forked, which costs one look at a byte of memory.
 */
#ifndef MR_BASE_FORKED_H
#define MR_BASE_FORKED_H

/* Points to a byte that is not 0, except in children that were forked after mr_watch_forks. Read by mr_end_if_forked
 * only. */
extern const unsigned char *mr_unforked;

/* From now on children of this process are to be told from it; again in a child, to make that one the original. */
void mr_watch_forks(void);

/* Ends the process at once, without a word and with status 0: what its parent sees is a child that is done. */
_Noreturn void mr_end_forked(void);

/* To be called wherever code of the plugin returns to the host, before anything is written that others can see. */
static inline void mr_end_if_forked(void) {
    if (__builtin_expect(!*mr_unforked, 0)) mr_end_forked();
}

#endif
