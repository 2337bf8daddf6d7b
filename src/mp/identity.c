#include "mp/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
    STAT_SIZE = 1024,        /* bytes; more than the fields up to the start time can take */
    FIELDS_BEFORE_START = 20 /* between the ')' behind the name and the start time, see proc(5) */
};

/* Start time of a process, 0 when /proc cannot tell. */
static uint64_t start_of(pid_t id) {
    char path[64], text[STAT_SIZE];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return 0;
    text[length] = '\0';
    const char *field = strrchr(text, ')'); /* the name may contain anything, also ')' */
    for (int i = 0; i < FIELDS_BEFORE_START && field != NULL; i++) {
        field = strchr(field + 1, ' ');
    }
    return field != NULL ? strtoull(field, NULL, 10) : 0;
}

Identity mp_identity_self(void) {
    static _Thread_local Identity self;
    pid_t id = getpid();
    if (self.id != id) self = (Identity){.id = id, .start = start_of(id)};
    return self;
}

/* True when a pidfd says that its process has ended. */
static bool has_ended(int pidfd) {
    struct pollfd watched = {.fd = pidfd, .events = POLLIN};
    int ready;
    do {
        ready = poll(&watched, 1, 0);
    } while (ready < 0 && errno == EINTR);
    return ready > 0;
}

bool mp_identity_alive(const Identity *identity) {
    int pidfd = pidfd_open(identity->id, 0);
    if (pidfd < 0) return errno != ESRCH;
    bool ended = has_ended(pidfd);
    close(pidfd);
    if (ended) return false;
    uint64_t start = start_of(identity->id);
    return start == 0 || identity->start == 0 || start == identity->start;
}

Identity mp_identity_of(pid_t id) {
    Identity identity = {.id = id, .start = start_of(id)};
    if (!mp_identity_alive(&identity)) identity.id = 0;
    return identity;
}
