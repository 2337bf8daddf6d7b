/* contain - run one test so that it can neither hang nor leave anything behind.
 *
 *     contain [-v] SECONDS PROGRAM [ARGUMENT...]
 *
 * The program runs in a session of its own, below a process that adopts every orphan it makes (a "child subreaper"),
 * with two fresh folders: TMPDIR, which has to be empty again at the end, and MR_TEST_WORK, which the test may use as
 * it likes. What it prints is kept and shown only when it fails, or always with -v. When it is over, contain looks for
 * processes that are still alive one second later, for files in TMPDIR and for new names in /dev/shm: each of them is
 * named and a failure; the processes are killed and both folders removed. A program that needs more than SECONDS is
 * killed with everything it started.
 *
 * Exit status: that of the program (128+n when signal n killed it), 124 after a timeout, 1 for things left behind, 125
 * when contain itself could not work.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "processes.h"
#include "surroundings.h"

enum {
    EXIT_LEFT_BEHIND = 1,
    EXIT_TIMEOUT = 124,
    EXIT_CANNOT_CONTAIN = 125,
    GRACE_MILLISECONDS = 1000, /* how long processes may outlive the program */
    POLL_MILLISECONDS = 10,
    MAX_OUTPUT_SHOWN = 64 * 1024, /* bytes; of longer output the end is shown */
};

static _Noreturn void die(const char *what) {
    fprintf(stderr, "contain: %s: %s\n", what, strerror(errno));
    exit(EXIT_CANNOT_CONTAIN);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_milliseconds(int milliseconds) {
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* ---- folders ---- */

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position) {
    (void)status, (void)kind, (void)position;
    return remove(path);
}

static void remove_folder(const char *path) {
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static char *make_folder(const char *purpose) {
    const char *parent = getenv("TMPDIR");
    char *path;
    if (asprintf(&path, "%s/mr-test-%s-XXXXXX", parent && *parent ? parent : "/tmp", purpose) < 0) die("asprintf");
    if (!mkdtemp(path)) die(path);
    return path;
}

/* ---- processes ---- */

/* Fills `found` with the living descendants of this process; zombies do not count. Passes over /proc are repeated until
 * no new generation turns up, so the order of the entries does not matter. */
static int find_descendants(pid_t *found, int capacity) {
    enum { MAX_PROCESSES = 32768 };
    static ProcessEntry all[MAX_PROCESSES];
    static bool inside[MAX_PROCESSES];
    int total = 0;
    DIR *proc = opendir("/proc");
    if (!proc) die("/proc");
    for (struct dirent *entry; total < MAX_PROCESSES && (entry = readdir(proc));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && read_process(entry->d_name, &all[total])) total++;
    closedir(proc);

    memset(inside, 0, sizeof inside);
    for (bool grew = true; grew;) {
        grew = false;
        for (int child = 0; child < total; child++) {
            bool ours = all[child].parent == getpid();
            for (int i = 0; i < total && !ours; i++)
                ours = inside[i] && all[i].pid == all[child].parent;
            if (ours && !inside[child]) grew = inside[child] = true;
        }
    }
    int count = 0;
    for (int i = 0; i < total && count < capacity; i++)
        if (inside[i] && is_alive(&all[i])) found[count++] = all[i].pid;
    return count;
}

static void describe_process(pid_t pid) {
    char path[64], command[256], wait_channel[64] = "";
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(command, 1, sizeof command - 1, file) : 0;
    if (file) fclose(file);
    for (size_t i = 0; i < length; i++)
        if (command[i] == '\0') command[i] = ' ';
    command[length] = '\0';
    snprintf(path, sizeof path, "/proc/%d/wchan", (int)pid);
    file = fopen(path, "r");
    length = file ? fread(wait_channel, 1, sizeof wait_channel - 1, file) : 0;
    if (file) fclose(file);
    wait_channel[length] = '\0';
    fprintf(stderr, "contain:   process %d (%s): %s\n", (int)pid, wait_channel, command);
}

/* Collects the adopted children that have ended. */
static void reap_orphans(void) {
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
}

/* Kills until nothing is left: a process may fork between the look and the blow. */
static void kill_descendants(void) {
    pid_t found[MAX_NAMES];
    for (int count; (count = find_descendants(found, MAX_NAMES)) > 0; sleep_milliseconds(POLL_MILLISECONDS)) {
        for (int i = 0; i < count; i++)
            kill(found[i], SIGKILL);
        reap_orphans();
    }
    reap_orphans();
}

/* ---- the contained program ---- */

static _Noreturn void run_program(char **command, int output, const sigset_t *signals) {
    int empty = open("/dev/null", O_RDONLY);
    if (empty < 0 || dup2(empty, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) die("redirect");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setsid();
    /* Signals are as they are for who works at a terminal, also when all tests run below nohup. */
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, signals, NULL);
    execvp(command[0], command);
    die(command[0]);
}

/* Waits for `program` until `deadline`. Returns its exit status in the manner of a shell, or EXIT_TIMEOUT. A signal
 * that is meant to end contain kills everything and ends contain. */
static int wait_for_program(pid_t program, double deadline, const sigset_t *signals) {
    for (;;) {
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
            if (ended == program) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        double left = deadline - now();
        if (left <= 0) return EXIT_TIMEOUT;
        struct timespec timeout = {.tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
        int signal = sigtimedwait(signals, NULL, &timeout);
        if (signal > 0 && signal != SIGCHLD) return 128 + signal;
    }
}

static void show_output(int output) {
    off_t size = lseek(output, 0, SEEK_END);
    off_t from = size > MAX_OUTPUT_SHOWN ? size - MAX_OUTPUT_SHOWN : 0;
    if (from > 0) fprintf(stderr, "contain: (the first %lld bytes of output are not shown)\n", (long long)from);
    fflush(NULL);
    char buffer[4096];
    for (ssize_t length; (length = pread(output, buffer, sizeof buffer, from)) > 0; from += length)
        if (fwrite(buffer, 1, (size_t)length, stdout) != (size_t)length) return;
    fflush(stdout);
}

/* ---- what was left behind ---- */

static bool processes_left(void) {
    pid_t found[MAX_NAMES];
    int count;
    double deadline = now() + GRACE_MILLISECONDS / 1000.0;
    while ((count = find_descendants(found, MAX_NAMES)) > 0 && now() < deadline) {
        sleep_milliseconds(POLL_MILLISECONDS);
        reap_orphans();
    }
    if (count == 0) return false;
    fprintf(stderr, "contain: %d processes left behind:\n", count);
    for (int i = 0; i < count; i++)
        describe_process(found[i]);
    return true;
}

static bool files_left(const char *folder) {
    static Names names;
    list_folder(folder, &names);
    for (int i = 0; i < names.count; i++)
        fprintf(stderr, "contain: file left in TMPDIR: %s\n", names.name[i]);
    return names.count > 0;
}

static bool shared_memory_left(const Names *before) {
    static Names after;
    bool left = false;
    list_folder("/dev/shm", &after);
    for (int i = 0; i < after.count; i++) {
        if (contains_name(before, after.name[i])) continue;
        fprintf(stderr, "contain: left in /dev/shm: %s\n", after.name[i]);
        left = true;
    }
    return left;
}

int main(int argc, char **argv) {
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    char **arguments = argv + 1 + verbose;
    double seconds = arguments[0] ? strtod(arguments[0], NULL) : 0;
    if (seconds <= 0 || !arguments[1]) {
        fputs("usage: contain [-v] SECONDS PROGRAM [ARGUMENT...]\n", stderr);
        return EXIT_CANNOT_CONTAIN;
    }
    sigset_t signals;
    sigemptyset(&signals);
    int watched[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&signals, watched[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    static Names shared_memory;
    list_folder("/dev/shm", &shared_memory);
    char *temporary = make_folder("tmp"), *work = make_folder("work");
    setenv("TMPDIR", temporary, 1);
    setenv("MR_TEST_WORK", work, 1);
    int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0) die("memfd_create");

    pid_t program = fork();
    if (program < 0) die("fork");
    if (program == 0) run_program(arguments + 1, output, &signals);
    int status = wait_for_program(program, now() + seconds, &signals);
    if (status == EXIT_TIMEOUT) {
        pid_t found[MAX_NAMES];
        int count = find_descendants(found, MAX_NAMES);
        fprintf(stderr, "contain: not done after %g seconds; killing:\n", seconds);
        for (int i = 0; i < count; i++)
            describe_process(found[i]);
        kill_descendants();
    }
    bool litter = processes_left();
    kill_descendants();
    litter |= files_left(temporary);
    litter |= shared_memory_left(&shared_memory);
    if (litter && status == 0) status = EXIT_LEFT_BEHIND;
    if (verbose || (status != 0)) show_output(output);
    remove_folder(temporary);
    remove_folder(work);
    free(temporary);
    free(work);
    return status;
}
