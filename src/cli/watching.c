#include "cli/watching.h"

#include <signal.h>
#include <unistd.h>

void mr_watching_hold_requests(void) {
    struct sigaction action;
    sigset_t set;
    /* Who wants it to be ignored, as by trap '' USR1, does not want it to be answered. */
    if (sigaction(SIGUSR1, NULL, &action) < 0 || action.sa_handler == SIG_IGN) return;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

bool mr_watching_open(mr_watching *watching, const mr_watch_wish *wish, mr_error *error) {
    int file = wish->progress_file ? (int)wish->progress_file : STDERR_FILENO;
    *watching = (mr_watching){.count = 1};
    watching->onlookers[0] = &watching->progress.onlooker;
    if (!mr_progress_open(&watching->progress, wish->progress, file, error)) return false;
    if (!wish->serve) return true;
    watching->serving = true;
    watching->onlookers[watching->count++] = &watching->server.onlooker;
    if (mr_status_server_open(&watching->server, (uint16_t)wish->status_port, error)) return true;
    mr_watching_close(watching);
    return false;
}

void mr_watching_close(mr_watching *watching) {
    if (watching->serving) mr_status_server_close(&watching->server);
    *watching = (mr_watching){0};
}

void mr_watching_join(mr_watching *watching, mr_job_settings *settings, const char *title) {
    watching->progress.title = watching->server.title = title;
    settings->onlookers = watching->onlookers;
    settings->onlooker_count = watching->count;
}
