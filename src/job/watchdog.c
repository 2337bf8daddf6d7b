#include "job/watchdog.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"

/* A worker pays nothing for being watched: it says where it is anyhow, in shared memory, and who watches looks now and
 * then whether that has changed. A callback that is at the same record at every look is at it since the first. */

enum { PAUSE_LEAST = 1, PAUSE_MOST = 100, LOOKS = 8 /* within a timeout */ };

int mr_watchdog_pause(uint64_t timeout) {
    return (int)mr_between(PAUSE_LEAST, timeout / LOOKS, PAUSE_MOST);
}

/* Whether a signal has stopped the process. One that a debugger holds is not meant. */
static bool is_stopped(pid_t process) {
    char path[64], text[256] = "";
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    const char *state = length > 0 ? strrchr(text, ')') : NULL; /* behind the name, which may hold anything */
    return state && state[1] == ' ' && state[2] == 'T';
}

static bool is_same(const mr_watchdog *watchdog, const mr_where *where, uint64_t task) {
    const mr_place *seen = &watchdog->place, *now = &where->place;
    return watchdog->since > 0 && watchdog->callback == where->callback && watchdog->task == task &&
           seen->kind == now->kind && seen->source == now->source && seen->partition == now->partition &&
           seen->offset == now->offset;
}

/* Time in which nobody looked does not count: who watches may have been stopped as well, as by Ctrl-Z. */
static void leave_out_gap(mr_watchdog *watchdog, double now, double limit) {
    double gap = now - watchdog->looked;
    if (gap < limit / 2) return;
    watchdog->since += gap;
    if (watchdog->stopped > 0) watchdog->stopped += gap;
}

enum mr_alarm mr_watchdog_look(mr_watchdog *watchdog, pid_t process, const mr_where *where, uint64_t task,
                               uint64_t timeout) {
    double now = mr_seconds(), limit = (double)timeout * 1e-3;
    bool stopped = is_stopped(process);
    if (watchdog->since > 0) leave_out_gap(watchdog, now, limit);
    watchdog->looked = now;
    if (!stopped)
        watchdog->stopped = 0;
    else if (watchdog->stopped == 0)
        watchdog->stopped = now;
    bool busy = where->inside && !where->waiting && where->place.kind != MR_PLACE_NONE;
    if (stopped || !busy || !is_same(watchdog, where, task)) {
        watchdog->callback = where->callback;
        watchdog->place = where->place;
        watchdog->task = task;
        watchdog->since = now;
    }
    if (stopped) return now - watchdog->stopped > limit ? MR_ALARM_STOPPED : MR_ALARM_NONE;
    return now - watchdog->since > limit ? MR_ALARM_STUCK : MR_ALARM_NONE;
}

void mr_watchdog_ask(pid_t process) {
    (void)kill(process,
               mr_fault_timeout_signal()); /* it may have ended: nobody else has its number before it is collected */
}
