/* orphans.c - what children leave behind when they end: processes that they have forked and nobody waits for. The
 * kernel gives them a new parent: init, or the nearest ancestor that asks for them ("child subreaper"), which sees them
 * among its children in /proc. There they are told from the children that mp_process_start has started.
 */
#include "mp/futex.h"
#include "mp/mp.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    LIST_SIZE = 64 << 10, /* bytes of the list that are read; if there are more children, the others come next time */
    BETWEEN_LOOKS_NS = 500000 /* while orphans that were killed come to their end */
};

/* The process that has asked for orphans; a forked child of it has not. */
static pid_t adopter;

/* Reads the numbers of the children, with a blank behind each, as a string: 0, or what open or read report. */
static int list_children(char list[LIST_SIZE]) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -errno;
    size_t length = 0;
    ssize_t count;
    while ((count = read(file, list + length, LIST_SIZE - 1 - length)) > 0) {
        length += (size_t)count;
    }
    int error = count < 0 ? -errno : 0;
    close(file);
    list[length] = '\0';
    return error;
}

/* Collects the orphans that have ended, and kills the others if so desired. Returns how many are left: in doubt, when
 * they cannot be listed just now, one. Of those who are killed all count, for even who has ended by now may have left
 * orphans, who are not on the list yet. */
static int visit_orphans(bool deadly, mp_is_known *is_known, const void *context) {
    char list[LIST_SIZE];
    int left = 0;
    if (adopter != getpid()) return 0;
    if (list_children(list) != 0) return 1;
    for (char *at = list, *blank; (blank = strchr(at, ' ')) != NULL; at = blank + 1) {
        pid_t id = (pid_t)strtol(at, NULL, 10);
        if (id <= 0 || (is_known != NULL && is_known(context, id))) continue;
        if (deadly) kill(id, SIGKILL); /* nobody else gets the number as long as it is our child */
        left += waitpid(id, NULL, WNOHANG) == 0 || deadly;
    }
    return left;
}

int mp_orphans_adopt(void) {
    char list[LIST_SIZE];
    if (adopter == getpid()) return 0;
    int error = list_children(list);
    if (error != 0) return error == -ENOENT ? -ENOSYS : error;
    if (list[0] != '\0') return -EBUSY;
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return -errno;
    adopter = getpid();
    return 0;
}

int mp_orphans_collect(mp_is_known *is_known, const void *context) {
    return visit_orphans(false, is_known, context);
}

int mp_orphans_kill(mp_is_known *is_known, const void *context, int timeout_ms) {
    Deadline deadline = mp_deadline(timeout_ms);
    for (;;) {
        if (visit_orphans(true, is_known, context) == 0) return 0;
        if (mp_deadline_left(&deadline) == 0) return timeout_ms == 0 ? -EAGAIN : -ETIMEDOUT;
        nanosleep(&(struct timespec){.tv_nsec = BETWEEN_LOOKS_NS}, NULL);
    }
}
