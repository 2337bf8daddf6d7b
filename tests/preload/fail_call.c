/* fail_call - lets one call of the system, or of malloc, fail in a program that is run with this library preloaded:
 *
 *     env LD_PRELOAD=fail_call.so MR_FAIL_STATE=state MR_FAIL_CALLS=system MR_FAIL_AT=17 mr run ...
 *
 * The functions of the C library that mr calls are defined here once more. Each counts, over all processes of the job,
 * in memory that they share, and hands on to the one of the C library, but for the call with the number that is wanted:
 * that one fails as it might in earnest, without having done anything. Calls inside the C library are not seen, apart
 * from those of malloc and its like. A run in which nothing was injected had fewer calls than MR_FAIL_AT, so that all
 * places of a program are found by counting up from 1.
 *
 *     MR_FAIL_STATE   a file for the counter, empty before the run; afterwards its first line tells what was injected,
 *                     if anything: function, error, process, and the place of the call (object+address, for addr2line)
 *     MR_FAIL_CALLS   which calls count: "system", "memory" (malloc, calloc, realloc, aligned_alloc), or names of
 *                     functions with spaces between them
 *     MR_FAIL_KIND    error (default): the most likely error; other: the next likely one; interrupt: EINTR, where a
 *                     signal can cause it; short: only half of the bytes are read or written. Calls that cannot fail in
 *                     this manner do not count.
 *     MR_FAIL_AT      the number of the call that fails, from 1
 *     MR_FAIL_TIMES   so many calls fail, from that one on; 1 otherwise
 *
 * Only calls of mr itself count: other programs that it starts, such as a compiler, are left alone.
 *
 * Left out is what would prove nothing: errors of unlink and its like (a file that cannot be removed stays) and of
 * writing to stderr (a message that cannot be written cannot be read). close does its work and then reports the error,
 * as in Linux.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_SIZE = 1024, NO_ERROR = 0 };

/* The file MR_FAIL_STATE; zero at first. */
typedef struct {
    char text[TEXT_SIZE];     /* what was injected first, one line */
    _Atomic uint64_t counted; /* calls so far, of all processes */
} State;

/* How a function can fail. */
typedef struct {
    const char *name;
    int error;       /* the most likely errno value; NO_ERROR: it does not fail */
    int other_error; /* the next likely; NO_ERROR: there is none */
    bool interrupt;  /* a signal can end it with EINTR */
    bool memory;     /* of the group "memory", not of "system" */
} Function;

typedef enum { ERROR, OTHER, INTERRUPT, SHORT } Kind;

static State *state;          /* NULL: nothing is counted (yet) */
static const char *wanted;    /* MR_FAIL_CALLS */
static Kind kind;             /* MR_FAIL_KIND */
static uint64_t first, times; /* MR_FAIL_AT and MR_FAIL_TIMES */
static bool spared;           /* nothing is counted just now */

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static bool contains_word(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) return true;
    return false;
}

static bool is_wanted(const Function *function) {
    return contains_word(wanted, function->memory ? "memory" : "system") || contains_word(wanted, function->name);
}

static void describe(const char *name, const char *what, const void *place) {
    char process[16] = "?", text[TEXT_SIZE];
    Dl_info object = {0};
    if (state->text[0]) return;
    prctl(PR_GET_NAME, process);
    dladdr(place, &object);
    const char *path = object.dli_fname ? object.dli_fname : "?", *slash = strrchr(path, '/');
    int length = snprintf(text, sizeof text - 1, "%s: %s in %s, %s+%#tx\n", name, what, process,
                          slash ? slash + 1 : path, (const char *)place - (const char *)object.dli_fbase);
    if (length > 0) memcpy(state->text, text, (size_t)length);
}

/* Counts a call; true when it has to fail. */
static bool is_next(void) {
    uint64_t number = atomic_fetch_add(&state->counted, 1) + 1;
    return number >= first && number - first < times;
}

/* Counts a call that can fail: the errno value with which this one has to, or NO_ERROR. */
static int error_of(const Function *function, const void *place) {
    int error = kind == ERROR       ? function->error
                : kind == OTHER     ? function->other_error
                : kind == INTERRUPT ? (function->interrupt ? EINTR : NO_ERROR)
                                    : NO_ERROR;
    if (!state || spared || error == NO_ERROR || !is_wanted(function) || !is_next()) return NO_ERROR;
    describe(function->name, strerrordesc_np(error), place);
    return error;
}

/* Fails, as the function at hand has to: sets errno. False when it is to do its work. */
static bool fails(const Function *function, const void *place) {
    int error = error_of(function, place);
    if (error != NO_ERROR) errno = error;
    return error != NO_ERROR;
}

/* How many bytes a call is to transfer that was asked for length. Eight bytes or fewer are never divided: that much is
 * always there at once, as in an eventfd. */
static size_t shortened(const Function *function, size_t length, const void *place) {
    if (!state || kind != SHORT || length <= 8 || !is_wanted(function) || !is_next()) return length;
    describe(function->name, "half of the bytes", place);
    return length / 2;
}

/* The next definition of a function: that of the C library. Through memory, because ISO C knows no cast between
 * pointers to data and to functions. */
static void find_next(void *function, const char *name) {
    void *symbol = dlsym(RTLD_NEXT, name);
    if (!symbol) abort();
    memcpy(function, &symbol, sizeof symbol);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static uint64_t number_of(const char *variable, uint64_t otherwise) {
    const char *text = getenv(variable);
    return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static Kind kind_of(const char *text) {
    if (!text || !strcmp(text, "error")) return ERROR;
    if (!strcmp(text, "other")) return OTHER;
    if (!strcmp(text, "interrupt")) return INTERRUPT;
    if (!strcmp(text, "short")) return SHORT;
    abort();
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("MR_FAIL_STATE");
    if (!path || strcmp(program_invocation_short_name, "mr")) return;
    wanted = getenv("MR_FAIL_CALLS") ? getenv("MR_FAIL_CALLS") : "system";
    kind = kind_of(getenv("MR_FAIL_KIND"));
    first = number_of("MR_FAIL_AT", 1);
    times = number_of("MR_FAIL_TIMES", 1);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, sizeof *state) < 0) abort();
    void *memory = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) abort();
    close(file);
    state = memory;
    state->text[TEXT_SIZE - 1] = '\n'; /* the first line ends here at the latest */
}

/* ---- functions that return something special when they fail -------------------------------------------------------
 */

#define FUNCTION(type, failed, name, parameters, arguments, ...)                                                       \
    type name parameters {                                                                                             \
        static const Function function = {#name, __VA_ARGS__};                                                         \
        static type(*next) parameters;                                                                                 \
        if (fails(&function, __builtin_return_address(0))) return failed;                                              \
        if (!next) find_next(&next, #name);                                                                            \
        return next arguments;                                                                                         \
    }

FUNCTION(int, -1, access, (const char *path, int mode), (path, mode), EACCES, EIO, false, false)
FUNCTION(int, -1, bind, (int file, __CONST_SOCKADDR_ARG address, socklen_t length), (file, address, length), EADDRINUSE,
         EACCES, false, false)
FUNCTION(int, -1, dup2, (int file, int as), (file, as), EMFILE, EBUSY, true, false)
FUNCTION(int, -1, dup3, (int file, int as, int flags), (file, as, flags), EMFILE, EBUSY, true, false)
FUNCTION(int, -1, epoll_create1, (int flags), (flags), EMFILE, ENOMEM, false, false)
FUNCTION(int, -1, epoll_wait, (int set, struct epoll_event *events, int most, int timeout),
         (set, events, most, timeout), NO_ERROR, NO_ERROR, true, false)
FUNCTION(int, -1, eventfd, (unsigned value, int flags), (value, flags), EMFILE, ENFILE, false, false)
FUNCTION(int, -1, execv, (const char *path, char *const *words), (path, words), ENOENT, ENOMEM, false, false)
FUNCTION(int, -1, fallocate, (int file, int mode, off_t offset, off_t length), (file, mode, offset, length), EOPNOTSUPP,
         ENOSPC, true, false)
FUNCTION(int, -1, fchmod, (int file, mode_t mode), (file, mode), EPERM, EIO, false, false)
FUNCTION(int, -1, fdatasync, (int file), (file), EIO, ENOSPC, true, false)
FUNCTION(int, -1, flock, (int file, int operation), (file, operation), ENOLCK, EWOULDBLOCK, true, false)
FUNCTION(FILE *, NULL, fmemopen, (void *buffer, size_t size, const char *mode), (buffer, size, mode), ENOMEM, NO_ERROR,
         false, false)
FUNCTION(FILE *, NULL, fopen, (const char *path, const char *mode), (path, mode), EMFILE, ENOMEM, false, false)
FUNCTION(pid_t, -1, fork, (void), (), EAGAIN, ENOMEM, false, false)
FUNCTION(int, -1, fstat, (int file, struct stat *status), (file, status), EIO, ENOMEM, false, false)
FUNCTION(int, -1, fstatat, (int folder, const char *path, struct stat *status, int flags),
         (folder, path, status, flags), EIO, EACCES, false, false)
FUNCTION(int, -1, fsync, (int file), (file), EIO, ENOSPC, true, false)
FUNCTION(int, -1, ftruncate, (int file, off_t length), (file, length), EIO, EFBIG, true, false)
FUNCTION(FTSENT *, NULL, fts_read, (FTS * walk), (walk), EIO, ENOMEM, false, false)
FUNCTION(int, -1, fts_set, (FTS * walk, FTSENT *entry, int what), (walk, entry, what), EINVAL, NO_ERROR, false, false)
FUNCTION(int, -1, futimens, (int file, const struct timespec times[2]), (file, times), EPERM, EIO, false, false)
FUNCTION(char *, NULL, getcwd, (char *text, size_t size), (text, size), ENOENT, ENOMEM, false, false)
FUNCTION(ssize_t, -1, getdelim, (char **line, size_t *size, int end, FILE *file), (line, size, end, file), EIO, ENOMEM,
         true, false)
FUNCTION(int, -1, getrlimit, (__rlimit_resource_t resource, struct rlimit *limit), (resource, limit), EPERM, NO_ERROR,
         false, false)
FUNCTION(int, -1, getsockname, (int file, __SOCKADDR_ARG address, socklen_t *length), (file, address, length), ENOBUFS,
         NO_ERROR, false, false)
FUNCTION(int, -1, kill, (pid_t process, int number), (process, number), EPERM, NO_ERROR, false, false)
FUNCTION(int, -1, linkat, (int from, const char *old, int to, const char *path, int flags),
         (from, old, to, path, flags), EPERM, ENOSPC, false, false)
FUNCTION(int, -1, listen, (int file, int most), (file, most), EADDRINUSE, NO_ERROR, false, false)
FUNCTION(off_t, -1, lseek, (int file, off_t offset, int whence), (file, offset, whence), EOVERFLOW, EIO, false, false)
FUNCTION(int, -1, lstat, (const char *path, struct stat *status), (path, status), EIO, EACCES, false, false)
FUNCTION(int, -1, madvise, (void *memory, size_t length, int advice), (memory, length, advice), EINVAL, EAGAIN, false,
         false)
FUNCTION(int, -1, memfd_create, (const char *name, unsigned flags), (name, flags), EMFILE, ENOMEM, false, false)
FUNCTION(int, -1, mkdir, (const char *path, mode_t mode), (path, mode), EACCES, ENOSPC, false, false)
FUNCTION(char *, NULL, mkdtemp, (char *path), (path), EACCES, ENOSPC, false, false)
FUNCTION(int, -1, mkostemp, (char *path, int flags), (path, flags), EMFILE, ENOSPC, false, false)
FUNCTION(void *, MAP_FAILED, mmap, (void *at, size_t length, int access, int flags, int file, off_t offset),
         (at, length, access, flags, file, offset), ENOMEM, EAGAIN, false, false)
FUNCTION(int, -1, mprotect, (void *memory, size_t length, int access), (memory, length, access), ENOMEM, EACCES, false,
         false)
FUNCTION(int, -1, munmap, (void *memory, size_t length), (memory, length), ENOMEM, NO_ERROR, false, false)
FUNCTION(int, -1, nanosleep, (const struct timespec *time, struct timespec *rest), (time, rest), NO_ERROR, NO_ERROR,
         true, false)
FUNCTION(FILE *, NULL, open_memstream, (char **text, size_t *size), (text, size), ENOMEM, NO_ERROR, false, false)
FUNCTION(DIR *, NULL, opendir, (const char *path), (path), EMFILE, EACCES, false, false)
FUNCTION(int, -1, pidfd_open, (pid_t process, unsigned flags), (process, flags), EMFILE, ENOSYS, false, false)
FUNCTION(int, -1, pidfd_send_signal, (int process, int number, siginfo_t *info, unsigned flags),
         (process, number, info, flags), EPERM, NO_ERROR, false, false)
FUNCTION(int, -1, pipe2, (int ends[2], int flags), (ends, flags), EMFILE, ENFILE, false, false)
FUNCTION(int, -1, poll, (struct pollfd * files, nfds_t count, int timeout), (files, count, timeout), ENOMEM, NO_ERROR,
         true, false)
FUNCTION(struct dirent *, NULL, readdir, (DIR * folder), (folder), EIO, EBADF, false, false)
FUNCTION(ssize_t, -1, readlink, (const char *path, char *text, size_t size), (path, text, size), ENOENT, EIO, false,
         false)
FUNCTION(char *, NULL, realpath, (const char *path, char *resolved), (path, resolved), ENOMEM, EIO, false, false)
FUNCTION(int, -1, rename, (const char *from, const char *to), (from, to), EIO, ENOSPC, false, false)
FUNCTION(int, -1, scandir,
         (const char *path, struct dirent ***list, int (*chosen)(const struct dirent *),
          int (*order)(const struct dirent **, const struct dirent **)),
         (path, list, chosen, order), ENOMEM, EACCES, false, false)
FUNCTION(int, -1, sched_getaffinity, (pid_t process, size_t size, cpu_set_t *cpus), (process, size, cpus), EINVAL,
         NO_ERROR, false, false)
FUNCTION(int, -1, sched_setaffinity, (pid_t process, size_t size, const cpu_set_t *cpus), (process, size, cpus), EINVAL,
         NO_ERROR, false, false)
FUNCTION(int, -1, setenv, (const char *name, const char *value, int replace), (name, value, replace), ENOMEM, NO_ERROR,
         false, false)
FUNCTION(int, -1, setpgid, (pid_t process, pid_t group), (process, group), EPERM, EACCES, false, false)
FUNCTION(int, -1, setrlimit, (__rlimit_resource_t resource, const struct rlimit *limit), (resource, limit), EPERM,
         NO_ERROR, false, false)
FUNCTION(int, -1, setsockopt, (int file, int level, int option, const void *value, socklen_t length),
         (file, level, option, value, length), ENOPROTOOPT, ENOMEM, false, false)
FUNCTION(int, -1, signalfd, (int file, const sigset_t *set, int flags), (file, set, flags), EMFILE, ENOMEM, false,
         false)
FUNCTION(int, -1, socket, (int family, int type, int protocol), (family, type, protocol), EMFILE, EAFNOSUPPORT, false,
         false)
FUNCTION(int, -1, socketpair, (int family, int type, int protocol, int ends[2]), (family, type, protocol, ends), EMFILE,
         ENOMEM, false, false)
FUNCTION(int, -1, stat, (const char *path, struct stat *status), (path, status), EIO, EACCES, false, false)
FUNCTION(int, -1, statvfs, (const char *path, struct statvfs *system), (path, system), EIO, EACCES, false, false)
FUNCTION(int, -1, waitid, (idtype_t type, id_t process, siginfo_t *info, int options), (type, process, info, options),
         ECHILD, NO_ERROR, true, false)
FUNCTION(pid_t, -1, waitpid, (pid_t process, int *status, int options), (process, status, options), ECHILD, NO_ERROR,
         true, false)

/* The C library (2.36) does not look whether it got all the memory that it wants here. */
FTS *fts_open(char *const *paths, int options, int (*order)(const FTSENT **, const FTSENT **)) {
    static const Function function = {"fts_open", EMFILE, ENOMEM, false, false};
    static FTS *(*next)(char *const *, int, int (*)(const FTSENT **, const FTSENT **));
    if (fails(&function, __builtin_return_address(0))) return NULL;
    if (!next) find_next(&next, "fts_open");
    spared = true;
    FTS *walk = next(paths, options, order);
    spared = false;
    return walk;
}

/* Only adding needs memory. */
int epoll_ctl(int set, int operation, int file, struct epoll_event *event) {
    static const Function adding = {"epoll_ctl", ENOSPC, ENOMEM, false, false};
    static const Function other = {"epoll_ctl", NO_ERROR, NO_ERROR, false, false};
    static int (*next)(int, int, int, struct epoll_event *);
    if (fails(operation == EPOLL_CTL_ADD ? &adding : &other, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "epoll_ctl");
    return next(set, operation, file, event);
}

/* ---- functions with a variable number of arguments -----------------------------------------------------------------
 */

/* Where the kernel may lack O_TMPFILE there is a second error to try. */
int open(const char *path, int flags, ...) {
    static const Function function = {"open", EMFILE, EACCES, true, false};
    static const Function unnamed = {"open", EMFILE, EOPNOTSUPP, true, false};
    static int (*next)(const char *, int, ...);
    bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    va_list rest;
    va_start(rest, flags);
    mode_t mode = creates ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails((flags & O_TMPFILE) == O_TMPFILE ? &unnamed : &function, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "open");
    return next(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
    static const Function function = {"openat", EMFILE, EACCES, true, false};
    static int (*next)(int, const char *, int, ...);
    bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
    va_list rest;
    va_start(rest, flags);
    mode_t mode = creates ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if (fails(&function, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "openat");
    return next(folder, path, flags, mode);
}

/* Takes one more argument out of the list, of the width of a register, whether it was given or not. */
#define WORD(list) va_arg(list, long)

int fcntl(int file, int command, ...) {
    static const Function function = {"fcntl", EBADF, NO_ERROR, false, false};
    static int (*next)(int, int, ...);
    va_list rest;
    va_start(rest, command);
    long argument = WORD(rest);
    va_end(rest);
    if (fails(&function, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "fcntl");
    return next(file, command, argument);
}

int prctl(int option, ...) {
    static const Function function = {"prctl", EINVAL, EPERM, false, false};
    static int (*next)(int, ...);
    va_list rest;
    va_start(rest, option);
    long argument[4];
    for (int i = 0; i < 4; i++)
        argument[i] = WORD(rest);
    va_end(rest);
    bool harmless = option == PR_GET_NAME; /* called from here */
    if (!harmless && fails(&function, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "prctl");
    return next(option, argument[0], argument[1], argument[2], argument[3]);
}

long syscall(long number, ...) {
    static const Function futex = {"futex", EAGAIN, NO_ERROR, true, false};
    static const Function robust = {"get_robust_list", ENOSYS, EPERM, false, false};
    static const Function other = {"syscall", NO_ERROR, NO_ERROR, false, false};
    static long (*next)(long, ...);
    const Function *function = number == SYS_futex ? &futex : number == SYS_get_robust_list ? &robust : &other;
    va_list rest;
    va_start(rest, number);
    long argument[6];
    for (int i = 0; i < 6; i++)
        argument[i] = WORD(rest);
    va_end(rest);
    if (fails(function, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "syscall");
    return next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}

/* ---- reading, writing, closing ------------------------------------------------------------------------------------
 */

#define TRANSFER(name, parameters, arguments, ...)                                                                     \
    ssize_t name parameters {                                                                                          \
        static const Function function = {#name, __VA_ARGS__, true, false};                                            \
        static ssize_t(*next) parameters;                                                                              \
        if (fails(&function, __builtin_return_address(0))) return -1;                                                  \
        if (!next) find_next(&next, #name);                                                                            \
        length = shortened(&function, length, __builtin_return_address(0));                                            \
        return next arguments;                                                                                         \
    }

TRANSFER(pread, (int file, void *buffer, size_t length, off_t offset), (file, buffer, length, offset), EIO, ENOMEM)
TRANSFER(pwrite, (int file, const void *buffer, size_t length, off_t offset), (file, buffer, length, offset), ENOSPC,
         EIO)
TRANSFER(sendfile, (int to, int from, off_t *offset, size_t length), (to, from, offset, length), EIO, ENOMEM)
TRANSFER(read, (int file, void *buffer, size_t length), (file, buffer, length), EIO, ENOMEM)

ssize_t write(int file, const void *buffer, size_t length) {
    static const Function function = {"write", EIO, ENOSPC, true, false};
    static const Function message = {"write", NO_ERROR, NO_ERROR, true, false};
    static ssize_t (*next)(int, const void *, size_t);
    const Function *which = file == STDERR_FILENO ? &message : &function;
    if (fails(which, __builtin_return_address(0))) return -1;
    if (!next) find_next(&next, "write");
    return next(file, buffer, shortened(which, length, __builtin_return_address(0)));
}

int close(int file) {
    static const Function function = {"close", EIO, ENOSPC, true, false};
    static int (*next)(int);
    if (!next) find_next(&next, "close");
    int result = next(file);
    return fails(&function, __builtin_return_address(0)) ? -1 : result;
}

/* ---- memory: not by way of dlsym, which may itself want some ------------------------------------------------------
 */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size) {
    static const Function function = {"malloc", ENOMEM, NO_ERROR, false, true};
    return fails(&function, __builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    static const Function function = {"calloc", ENOMEM, NO_ERROR, false, true};
    return fails(&function, __builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    static const Function function = {"realloc", ENOMEM, NO_ERROR, false, true};
    return fails(&function, __builtin_return_address(0)) ? NULL : __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    static const Function function = {"aligned_alloc", ENOMEM, NO_ERROR, false, true};
    return fails(&function, __builtin_return_address(0)) ? NULL : __libc_memalign(alignment, size);
}
