/* identity.h - which process it was, so that its death can be noticed. Private to mp.
 *
 * The number of a process is used again after its death; together with the time of its start it is unique.
 */
#ifndef MP_IDENTITY_H
#define MP_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    pid_t id;       /* process id; 0 = nobody */
    uint64_t start; /* clock ticks since boot, as in /proc/PID/stat; 0 when /proc cannot tell */
} Identity;

/* The calling process. */
Identity mp_identity_self(void);

/* The process with this id; its `id` is 0 when there is none. */
Identity mp_identity_of(pid_t id);

/* False once the process has ended, also before its parent has collected it. True in doubt. */
bool mp_identity_alive(const Identity *identity);

static inline bool mp_identity_equal(const Identity *a, const Identity *b) {
    return a->id == b->id && a->start == b->start;
}

#endif
