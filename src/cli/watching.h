/* watching.h - what the user wants to see of a job while it runs. [coordinator] */
#ifndef MR_CLI_WATCHING_H
#define MR_CLI_WATCHING_H

#include "job/progress.h"
#include "job/status_server.h"

/* What the command line says of it. */
typedef struct mr_watch_wish {
    enum mr_progress_mode progress;
    uint64_t progress_file; /* JSON: descriptor; 0: standard error */
    bool serve;             /* with a page at status_port */
    uint64_t status_port;   /* 0: any that is free */
} mr_watch_wish;

/* Those who look on, for one job after the other. */
typedef struct mr_watching {
    mr_progress progress;
    mr_status_server server;                  /* if serving */
    bool serving;                             /* it is open, and has to be closed */
    mr_onlooker *onlookers[MR_ONLOOKERS_MAX]; /* borrowed from above */
    size_t count;
} mr_watching;

/* From now on SIGUSR1 does not end this process, but waits until a job can answer it. */
void mr_watching_hold_requests(void);

/* Makes everything ready that is wanted; stays where it is until it is closed. */
bool mr_watching_open(mr_watching *watching, const mr_watch_wish *wish, mr_error *error);
void mr_watching_close(mr_watching *watching);

/* Lets it look on at a job. title: what is run, borrowed for the job; NULL: the plugin says enough. */
void mr_watching_join(mr_watching *watching, mr_job_settings *settings, const char *title);

#endif
