#include "mp/identity.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

enum {
    STAT_SIZE = 1024,        /* bytes; more than the fields up to the start time can take */
    FIELDS_BEFORE_START = 20 /* between the ')' behind the name and the start time, see proc(5) */
};

/* What /proc says of a process. */
typedef struct {
    uint64_t start; /* see Identity; 0 when /proc cannot tell */
    bool ended;     /* it only waits to be collected */
} Life;

static Life life_of(pid_t id) {
    char path[64], text[STAT_SIZE];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)id);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return (Life){0};
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return (Life){0};
    text[length] = '\0';
    const char *field = strrchr(text, ')'); /* the name may contain anything, also ')' */
    bool ended = field != NULL && (strncmp(field, ") Z", 3) == 0 || strncmp(field, ") X", 3) == 0);
    for (int i = 0; i < FIELDS_BEFORE_START && field != NULL; i++) {
        field = strchr(field + 1, ' ');
    }
    return (Life){.start = field != NULL ? strtoull(field, NULL, 10) : 0, .ended = ended};
}

/* Start time of a process, 0 when /proc cannot tell. */
static uint64_t start_of(pid_t id) {
    return life_of(id).start;
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

/* Whether there is a process with this id that has not ended: asked of the kernel, where it has pidfds. */
static bool is_running(pid_t id) {
    int pidfd = pidfd_open(id, 0);
    if (pidfd < 0 && errno == ENOSYS) return !(kill(id, 0) != 0 && errno == ESRCH) && !life_of(id).ended;
    if (pidfd < 0) return errno != ESRCH;
    bool ended = has_ended(pidfd);
    close(pidfd);
    return !ended;
}

bool mp_identity_alive(const Identity *identity) {
    if (!is_running(identity->id)) return false;
    uint64_t start = start_of(identity->id);
    return start == 0 || identity->start == 0 || start == identity->start;
}

Identity mp_identity_of(pid_t id) {
    Identity identity = {.id = id, .start = start_of(id)};
    if (!mp_identity_alive(&identity)) identity.id = 0;
    return identity;
}
