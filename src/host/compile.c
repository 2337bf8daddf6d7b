#include "host/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host/describe.h"
#include "mp/mp.h"

/* Compilers leave files behind when they are killed: intermediate ones in TMPDIR, and half of their output. So they get
 * a folder of their own, and a keeper: a process that makes the folder, starts the compiler, takes what it has made
 * into memory, and removes the folder again, whatever happens. It ends the compiler when the asker wants it to, or is
 * no more: both close a pipe. Only who kills the keeper as well leaves a folder. It is in a process group of its own,
 * so that what ends the asker, Ctrl-C or a signal to its group, leaves the keeper the time to put things in order. */

enum { ORPHANS_MS = 5000, OPEN_FILES = 8 };

#define IMAGE "plugin.so"
#define NEEDS "needs"

/* What asker, keeper and compiler know: in memory that they share. */
typedef struct keeping {
    const mr_compiler *compiler;
    mr_compiled made;      /* files in memory, to be filled */
    int life;              /* the keeper's end of the pipe */
    int asker;             /* the asker's end, which nobody writes to */
    char folder[4096];     /* of the compiler; empty: there is none */
    char image[4096 + 32]; /* what the compiler is to make */
    char needs[4096 + 32]; /* the same */
    mr_error error;        /* the answer: why there is nothing */
    bool done;             /* the answer: it is there */
} keeping;

/* ---- the command ------------------------------------------------------------------------------------------------- */

/* All the words of the command. A path that begins with a dash must not be taken for a flag. */
static bool put_together(const mr_compiler *compiler, const char *image, const char *needs, mr_words_list *command,
                         mr_error *error) {
    const char *dot = *compiler->source == '-' ? "./" : "";
    return mr_words_append(command, &compiler->flags, error) &&
           (!needs || (mr_words_add(command, error, "-MD") && mr_words_add(command, error, "-MT") &&
                       mr_words_add(command, error, "plugin") && mr_words_add(command, error, "-MF") &&
                       mr_words_add(command, error, "%s", needs))) &&
           mr_words_add(command, error, "-o") && mr_words_add(command, error, "%s", image) &&
           mr_words_add(command, error, "%s%s", dot, compiler->source) &&
           mr_words_append(command, &compiler->behind, error);
}

void mr_compile_show(const mr_compiler *compiler, const char *output) {
    mr_words_list command = {0};
    mr_error error = {0};
    if (put_together(compiler, output, NULL, &command, &error)) {
        fprintf(stderr, "mr:");
        for (size_t i = 0; i < command.count; i++)
            fprintf(stderr, strpbrk(command.words[i], " '\"\\$`*?;&|<>()") ? " '%s'" : " %s", command.words[i]);
        fputc('\n', stderr);
    }
    mr_words_free(&command);
}

/* ---- the compiler ------------------------------------------------------------------------------------------------ */

/* In the process that becomes the compiler; returns only when that fails. */
static int become_compiler(void *argument) {
    keeping *shared = argument;
    mr_words_list command = {0};
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ok = put_together(shared->compiler, shared->image, shared->needs, &command, &shared->error);
    if (ok && (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
               setenv("TMPDIR", shared->folder, 1) < 0))
        ok = mr_error_system(&shared->error, errno, "could not prepare the start of %s", shared->compiler->program);
    if (!ok) return 1;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGTTOU, SIG_IGN); /* a terminal takes what it says, although it is in the background */
    execv(shared->compiler->program, command.words);
    mr_error_system(&shared->error, errno, "could not start the compiler %s", shared->compiler->program);
    return 1;
}

/* ---- the keeper -------------------------------------------------------------------------------------------------- */

/* Makes the folder of the compiler where temporary files may be. */
static bool make_folder(keeping *shared) {
    const char *const places[] = {getenv("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"};
    int code = ENOENT;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!places[i] || *places[i] != '/' || strlen(places[i]) > sizeof shared->folder - 32) continue;
        snprintf(shared->folder, sizeof shared->folder, "%s/mr-compile-XXXXXX", places[i]);
        if (mkdtemp(shared->folder)) {
            snprintf(shared->image, sizeof shared->image, "%s/" IMAGE, shared->folder);
            snprintf(shared->needs, sizeof shared->needs, "%s/" NEEDS, shared->folder);
            return true;
        }
        code = errno;
    }
    shared->folder[0] = 0;
    return mr_error_system(&shared->error, code, "could not make a temporary folder for the compiler (set TMPDIR)");
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk) {
    (void)status, (void)kind, (void)walk;
    (void)!remove(path); /* there is nobody to tell, and nothing else to do */
    return 0;
}

/* Removes the folder of the compiler and all that is in it; where memory is lacking, what is known to be there. */
static void remove_folder(const keeping *shared) {
    if (nftw(shared->folder, remove_entry, OPEN_FILES, FTW_DEPTH | FTW_PHYS) == 0) return;
    (void)!unlink(shared->image);
    (void)!unlink(shared->needs);
    (void)!rmdir(shared->folder);
}

/* Copies a whole file into one in memory. */
static bool take(const char *path, int to, mr_error *error) {
    int from = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = -1;
    while (from >= 0 && (count = sendfile(to, from, NULL, 1 << 30)) > 0) {
    }
    int code = errno;
    if (from >= 0) close(from);
    return count == 0 || mr_error_system(error, code, "could not read what the compiler has made, %s", path);
}

/* Lets the compiler end, or ends it when nobody waits any more. Whether it has ended by itself, well. */
static bool await_compiler(keeping *shared, mp_process *process) {
    char end[96];
    struct pollfd wait[] = {{mp_process_fd(process), POLLIN, 0}, {shared->life, POLLIN, 0}};
    while (poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    if (!wait[0].revents) {
        mp_process_kill(process);
        mp_process_join(process, -1);
        return mr_error_set(&shared->error, "compiling %s was interrupted", shared->compiler->source);
    }
    int code = 1, failure = mp_process_exit_code(process, &code);
    if (failure < 0) return mr_error_system(&shared->error, -failure, "could not wait for the compiler");
    return code == 0 || mr_error_set(&shared->error, "%s does not compile: %s %s", shared->compiler->source,
                                     shared->compiler->flags.words[0], mr_describe_end(code, end, sizeof end));
}

static bool run_compiler(keeping *shared) {
    mp_process *process;
    mp_process_options options = {.name = "mr-compiler", .flags = MP_PROCESS_DAEMON};
    int code = mp_process_start(&process, &options, become_compiler, shared);
    if (code < 0) return mr_error_start(&shared->error, -code);
    bool ok = await_compiler(shared, process);
    mp_process_free(process);
    mp_orphans_kill(NULL, NULL, ORPHANS_MS); /* its own children, and theirs */
    return ok && take(shared->image, shared->made.image, &shared->error) &&
           take(shared->needs, shared->made.needs, &shared->error);
}

static int keep(void *argument) {
    keeping *shared = argument;
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    setpgid(0, 0);
    close(shared->asker);
    /* Where this does not work, a compiler that is killed may leave a process for a moment. */
    (void)!mp_orphans_adopt();
    shared->done = make_folder(shared) && run_compiler(shared);
    if (shared->folder[0]) remove_folder(shared);
    return 0;
}

/* ---- the asker --------------------------------------------------------------------------------------------------- */

/* Blocks what would end this process (*before: what was blocked), and gives a descriptor that tells when it has come;
 * -1 with error set. */
static int hold_signals(sigset_t *before, mr_error *error) {
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
        if (sigaction(ending[i], NULL, &action) < 0 || action.sa_handler != SIG_IGN) sigaddset(&set, ending[i]);
    sigprocmask(SIG_BLOCK, &set, before); /* with a set of signals there are it does not fail */
    int signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (signals < 0) mr_error_system(error, errno, "could not wait for signals");
    return signals;
}

/* Waits for the keeper, which hears of a signal by the end of the pipe. */
static void await_keeper(keeping *shared, mp_process *keeper, int signals) {
    struct pollfd wait[] = {{mp_process_fd(keeper), POLLIN, 0}, {signals, POLLIN, 0}};
    while (poll(wait, 2, -1) < 0 && errno == EINTR) {
    }
    close(shared->asker);
    mp_process_join(keeper, -1);
}

static bool start_keeper(keeping *shared, int signals, mr_error *error) {
    mp_process *keeper;
    mp_process_options options = {.name = "mr-keeper"};
    int code = mp_process_start(&keeper, &options, keep, shared);
    if (code < 0) {
        close(shared->asker);
        return mr_error_start(error, -code);
    }
    await_keeper(shared, keeper, signals);
    mp_process_free(keeper);
    if (shared->done) return true;
    if (shared->error.set) *error = shared->error;
    return mr_error_set(error, "compiling %s was interrupted", shared->compiler->source);
}

static int open_memory(const char *name, mr_error *error) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (file < 0 || fchmod(file, 0600) < 0) mr_error_system(error, errno, "could not make a file in memory");
    return file;
}

static bool compile_with(keeping *shared, int signals, mr_error *error) {
    int ends[2];
    shared->made.image = open_memory(IMAGE, error);
    shared->made.needs = open_memory(NEEDS, error);
    if (error->set) return false;
    if (pipe2(ends, O_CLOEXEC) < 0) return mr_error_system(error, errno, "could not make a pipe");
    shared->life = ends[0];
    shared->asker = ends[1];
    bool ok = start_keeper(shared, signals, error);
    close(shared->life);
    if (ok && fcntl(shared->made.image, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        ok = mr_error_system(error, errno, "could not close a file in memory");
    return ok;
}

bool mr_compile(const mr_compiler *compiler, mr_compiled *compiled, mr_error *error) {
    *compiled = (mr_compiled){-1, -1};
    keeping *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return mr_error_memory(error, sizeof *shared, "compiling");
    shared->compiler = compiler;
    shared->made = *compiled;
    sigset_t before;
    int signals = hold_signals(&before, error);
    bool ok = signals >= 0 && compile_with(shared, signals, error);
    if (signals >= 0) close(signals);
    *compiled = shared->made;
    if (!ok) mr_compiled_close(compiled);
    munmap(shared, sizeof *shared);
    sigprocmask(SIG_SETMASK, &before, NULL); /* here a signal that has come takes its course */
    return ok;
}

void mr_compiled_close(mr_compiled *compiled) {
    if (compiled->image >= 0) close(compiled->image);
    if (compiled->needs >= 0) close(compiled->needs);
    *compiled = (mr_compiled){-1, -1};
}
