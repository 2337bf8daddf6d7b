#include "job/status_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "base/library.h"
#include "base/units.h"
#include "job/progress_json.h"
#include "job/status_page.h"

/* The library speaks HTTP; it has no thread of its own, but an epoll descriptor that says when there is something to do
 * (MHD_run). Few jobs have a server, so the library is loaded when one is wanted.
 *
 * Who listens on the loopback interface is not alone with the user: any page in the user's browser may ask, too. It
 * cannot read the answer as long as the browser takes it for a page of another site. A site whose name suddenly stands
 * for 127.0.0.1 would be the same site, but then the browser says that name (Host), and is refused. */

enum {
    REFRESH_SECONDS = 2,
    TIMEOUT_SECONDS = 10,     /* after which a connection is closed on which nothing happens */
    REQUEST_BYTES = 16 << 10, /* the most memory for a request */
    BACKLOG = 16,             /* connections that wait to be taken */
    ATTEMPTS = 20             /* to find a port that is free for both addresses */
};

#define FRESH_SECONDS 0.25 /* for which what is shown is shown again */

#define MHD_FUNCTIONS(name)                                                                                            \
    name(start_daemon) name(stop_daemon) name(run) name(get_daemon_info) name(get_connection_info)                     \
        name(lookup_connection_value) name(lookup_connection_value_n) name(create_response_from_buffer)                \
            name(add_response_header) name(queue_response) name(destroy_response)

static struct {
#define DECLARE(function) __typeof__(MHD_##function) *function;
    MHD_FUNCTIONS(DECLARE)
#undef DECLARE
} library;

static bool load_library(mr_error *error) {
#define PLACE(function) {"MHD_" #function, &library.function},
    static const mr_library_function functions[] = {MHD_FUNCTIONS(PLACE)};
#undef PLACE
    return mr_library_load("libmicrohttpd.so.12", functions, sizeof functions / sizeof *functions) ||
           mr_error_set(error, "--status needs the library libmicrohttpd (libmicrohttpd.so.12), which could not be "
                               "loaded; install it (Debian: libmicrohttpd12), or leave --status out");
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

enum { SHOW_PAGE, SHOW_STILL, SHOW_JSON };

static void make_view(mr_status_server *self, unsigned which) {
    mr_status_text *made = &self->views[which];
    mr_error error = {0};
    mr_html html = {0};
    free(made->text);
    *made = (mr_status_text){.at = mr_seconds()};
    const char *title = self->title ? self->title : self->view->job->settings->plugin;
    if (which == SHOW_JSON) {
        made->text = mr_progress_json(self->view, &self->outlook, self->title, false, true, &error);
        made->length = made->text ? strlen(made->text) : 0;
        return;
    }
    mr_status_page(&html, self->view, &self->outlook, title, which == SHOW_PAGE ? REFRESH_SECONDS : 0);
    if (mr_html_complete(&html, &error)) {
        made->text = html.text;
        made->length = html.length;
        return;
    }
    mr_html_close(&html);
}

/* Sends bytes that are copied. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type, const char *bytes,
                              size_t length) {
    static const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    void *body = (void *)bytes; /* is only read */
    struct MHD_Response *response = library.create_response_from_buffer(length, body, MHD_RESPMEM_MUST_COPY);
    if (!response) return MHD_NO;
    bool ok = library.add_response_header(response, "Content-Type", type);
    for (size_t i = 0; ok && i < sizeof headers / sizeof *headers; i++)
        ok = library.add_response_header(response, headers[i][0], headers[i][1]);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) ok = ok && library.add_response_header(response, "Allow", "GET, HEAD");
    enum MHD_Result result = ok ? library.queue_response(connection, status, response) : MHD_NO;
    library.destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status, const char *why) {
    return answer(connection, status, "text/plain; charset=utf-8", why, strlen(why));
}

/* Whether a client has called the server by one of its own names. */
static bool is_own_name(const mr_status_server *self, const char *host) {
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    char port[16];
    snprintf(port, sizeof port, ":%u", self->port);
    for (size_t i = 0; host && i < sizeof names / sizeof *names; i++) {
        size_t length = strlen(names[i]);
        if (!strncasecmp(host, names[i], length) && (!host[length] || !strcmp(host + length, port))) return true;
    }
    return false;
}

static enum MHD_Result show(mr_status_server *self, struct MHD_Connection *connection, unsigned which) {
    const char *type = which == SHOW_JSON ? "application/json" : "text/html; charset=utf-8";
    mr_status_text *view = &self->views[which];
    bool fresh = view->text && mr_seconds() - view->at < FRESH_SECONDS;
    if (!fresh && self->view) make_view(self, which);
    if (!view->text) return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, "There is nothing to show at present.\n");
    return answer(connection, MHD_HTTP_OK, type, view->text, view->length);
}

/* A client has asked for something: an MHD_AccessHandlerCallback. */
static enum MHD_Result handle(void *receiver, struct MHD_Connection *connection, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state) {
    mr_status_server *self = receiver;
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)state;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "This only shows how a job stands.\n");
    if (!is_own_name(self, library.lookup_connection_value(connection, MHD_HEADER_KIND, "Host")))
        return refuse(connection, MHD_HTTP_FORBIDDEN, "Call this server localhost, 127.0.0.1 or [::1].\n");
    if (!strcmp(path, "/status.json")) return show(self, connection, SHOW_JSON);
    if (strcmp(path, "/") != 0) return refuse(connection, MHD_HTTP_NOT_FOUND, "There are / and /status.json.\n");
    bool still = library.lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND, "still", 5, NULL, NULL);
    return show(self, connection, still ? SHOW_STILL : SHOW_PAGE);
}

/* Keeps count of the sockets of clients: an MHD_NotifyConnectionCallback. */
static void note_connection(void *receiver, struct MHD_Connection *connection, void **state,
                            enum MHD_ConnectionNotificationCode code) {
    mr_status_server *self = receiver;
    (void)state;
    const union MHD_ConnectionInfo *info = library.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    bool started = code == MHD_CONNECTION_NOTIFY_STARTED;
    int client = info ? info->connect_fd : -1, old = started ? -1 : client, new = started ? client : -1;
    for (size_t i = 0; i < MR_STATUS_CONNECTIONS; i++) {
        if (self->connections[i] != old) continue;
        self->connections[i] = new;
        return;
    }
}

/* ---- looking on -------------------------------------------------------------------------------------------------- */

static void look(void *receiver, const mr_view *view, enum mr_moment_kind moment) {
    mr_status_server *self = receiver;
    if (moment == MR_MOMENT_FAILED) return;
    if (moment == MR_MOMENT_BEGIN) self->outlook = (mr_outlook){.fraction = -1, .left = -1};
    if (moment != MR_MOMENT_READY && moment != MR_MOMENT_RESULTS) mr_outlook_update(&self->outlook, view);
    if (moment != MR_MOMENT_READY && moment != MR_MOMENT_TURN) return; /* turns are for those who are too slow */
    self->view = view;
    for (size_t i = 0; i < MR_STATUS_ADDRESSES; i++)
        if (self->daemons[i]) library.run(self->daemons[i]);
    self->view = NULL;
}

static int descriptor_of(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = library.get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info ? info->epoll_fd : -1;
}

/* In a worker, which is to keep neither the port nor clients waiting. The library is not told: it would say goodbye to
 * the clients. */
static void leave(void *receiver) {
    const mr_status_server *self = receiver;
    for (size_t i = 0; i < MR_STATUS_ADDRESSES; i++) {
        if (self->daemons[i]) close(descriptor_of(self->daemons[i]));
        if (self->listeners[i] >= 0) close(self->listeners[i]);
    }
    for (size_t i = 0; i < MR_STATUS_CONNECTIONS; i++)
        if (self->connections[i] >= 0) close(self->connections[i]);
    close(self->watch);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/* A socket that listens on the loopback address of a family; -1 with errno set. */
static int listen_on(int family, uint16_t port) {
    struct sockaddr_in four = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const void *address = family == AF_INET ? (const void *)&four : &six;
    socklen_t length = family == AF_INET ? sizeof four : sizeof six;
    int one = 1, made = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0) return -1;
    bool ok = setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              (family == AF_INET || setsockopt(made, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0) &&
              bind(made, address, length) == 0 && listen(made, BACKLOG) == 0;
    if (ok) return made;
    int failure = errno;
    close(made);
    errno = failure;
    return -1;
}

/* The port of a socket that listens; 0 with errno set when it cannot be told. */
static uint16_t port_of(int listener) {
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    return getsockname(listener, (struct sockaddr *)&address, &length) == 0 ? ntohs(address.sin_port) : 0;
}

/* Listens on both addresses; where the machine has no IPv6, on one. False with errno set. */
static bool listen_on_both(mr_status_server *self, uint16_t port) {
    self->listeners[0] = listen_on(AF_INET, port);
    if (self->listeners[0] < 0) return false;
    self->port = port_of(self->listeners[0]);
    if (self->port) self->listeners[1] = listen_on(AF_INET6, self->port);
    if (self->port && (self->listeners[1] >= 0 || errno != EADDRINUSE)) return true;
    int failure = errno;
    close(self->listeners[0]);
    self->listeners[0] = -1;
    errno = failure;
    return false;
}

static bool find_port(mr_status_server *self, uint16_t port, mr_error *error) {
    for (int i = 0; i < (port ? 1 : ATTEMPTS); i++)
        if (listen_on_both(self, port)) return true;
    return mr_error_system(error, errno,
                           "--status: could not listen on port %u of the loopback interface; choose another, or :0 for "
                           "any that is free",
                           port);
}

static bool start_daemon(mr_status_server *self, size_t index, mr_error *error) {
    if (self->listeners[index] < 0) return true;
    unsigned most = MR_STATUS_CONNECTIONS / MR_STATUS_ADDRESSES;
    self->daemons[index] =
        library.start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, self, MHD_OPTION_LISTEN_SOCKET,
                             self->listeners[index], MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_CONNECTION_TIMEOUT,
                             (unsigned)TIMEOUT_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_BYTES,
                             MHD_OPTION_NOTIFY_CONNECTION, note_connection, self, MHD_OPTION_END);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)index};
    if (self->daemons[index] && epoll_ctl(self->watch, EPOLL_CTL_ADD, descriptor_of(self->daemons[index]), &event) == 0)
        return true;
    return mr_error_set(error, "--status: the library libmicrohttpd could not begin to serve");
}

bool mr_status_server_open(mr_status_server *server, uint16_t port, mr_error *error) {
    *server = (mr_status_server){.onlooker = {.look = look, .self = server, .leave = leave, .descriptor = -1},
                                 .listeners = {-1, -1},
                                 .watch = -1,
                                 .outlook = {.fraction = -1, .left = -1}};
    for (size_t i = 0; i < MR_STATUS_CONNECTIONS; i++)
        server->connections[i] = -1;
    if (!load_library(error) || !mr_json_load(error) || !find_port(server, port, error)) return false;
    server->watch = server->onlooker.descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (server->watch < 0) return mr_error_system(error, errno, "could not watch the clients of --status");
    for (size_t i = 0; i < MR_STATUS_ADDRESSES; i++)
        if (!start_daemon(server, i, error)) return false;
    mr_message("status: http://localhost:%u/", server->port);
    return true;
}

void mr_status_server_close(mr_status_server *server) {
    for (size_t i = 0; i < MR_STATUS_ADDRESSES; i++) {
        if (server->daemons[i])
            library.stop_daemon(server->daemons[i]); /* with its listener */
        else if (server->listeners[i] >= 0)
            close(server->listeners[i]);
    }
    if (server->watch >= 0) close(server->watch);
    for (size_t i = 0; i < MR_STATUS_VIEWS; i++)
        free(server->views[i].text);
    *server = (mr_status_server){.listeners = {-1, -1}, .watch = -1};
}
