/* status_server.h - a job that runs, for browsers and programs on the same machine. [coordinator]
 *
 * The server listens on the loopback interface alone, 127.0.0.1 and ::1, and answers GET and HEAD of / (a page that is
 * asked for again every two seconds), /?still (the same, once) and /status.json (progress.schema.json, with all
 * members). It ends with the job.
 *
 * It works in the coordinator's thread, between its turns: whatever a client does, the job goes on. What is shown is
 * made anew a few times a second at most, however often it is asked for; connections are few, and slow ones are closed.
 */
#ifndef MR_JOB_STATUS_SERVER_H
#define MR_JOB_STATUS_SERVER_H

#include "job/outlook.h"

enum { MR_STATUS_CONNECTIONS = 32, MR_STATUS_ADDRESSES = 2, MR_STATUS_VIEWS = 3 };

/* What is shown, as it was made last. */
typedef struct mr_status_text {
    char *text; /* NULL: nothing yet; owned */
    size_t length;
    double at; /* when, in mr_seconds */
} mr_status_text;

typedef struct mr_status_server {
    mr_onlooker onlooker;                            /* for mr_job_settings.onlookers */
    const char *title;                               /* what is run; may be changed between jobs; NULL: the plugin */
    uint16_t port;                                   /* on which it listens */
    int listeners[MR_STATUS_ADDRESSES];              /* sockets; -1: none */
    struct MHD_Daemon *daemons[MR_STATUS_ADDRESSES]; /* the library's; NULL: none; owned */
    int watch;                                       /* epoll descriptor for those of the daemons; -1: none */
    int connections[MR_STATUS_CONNECTIONS];          /* sockets of clients; -1: none */
    mr_outlook outlook;
    const mr_view *view;                   /* while it is looked at; NULL: it is not */
    mr_status_text views[MR_STATUS_VIEWS]; /* the page, the page that stands still, JSON */
} mr_status_server;

/* Begins to listen, and says where. port 0: any that is free. server stays where it is until it is closed. */
bool mr_status_server_open(mr_status_server *server, uint16_t port, mr_error *error);
void mr_status_server_close(mr_status_server *server);

#endif
