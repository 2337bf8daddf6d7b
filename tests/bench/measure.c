/* measure - run a command and say what it took.
 *
 *     measure [--memory] [--repeat N] [--timeout SECONDS] COMMAND [ARGUMENT...]
 *
 * Writes one line of JSON to descriptor 3, so that the command keeps the standard streams for itself:
 *
 *     {"status": 0, "wall": 0.512, "user": 0.801, "sys": 0.120, "peak": 73400320}
 *
 * `status` is the exit status in the manner of a shell, 124 after a timeout. `wall` is the time in seconds from before
 * the fork until the command itself has ended; with --repeat it is the median of N runs. `user` and `sys` are the
 * seconds of processor time of the command and everything it started, in one run; orphans count, because this process
 * adopts them. `peak` is the largest memory in bytes of all these processes together: the sum of their proportional
 * shares (Pss), in which a shared page counts once. It is looked at about every 20 ms with --memory, and null without,
 * because looking slows processes with much memory down.
 *
 * The command gets a process group of its own and dies with measure. A signal that ends measure, and the timeout, end
 * everything that the command started.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_USAGE = 2,
    EXIT_TIMEOUT = 124,
    EXIT_CANNOT_MEASURE = 125,
    EXIT_CANNOT_RUN = 127,
    RESULT_DESCRIPTOR = 3,
    SAMPLE_MILLISECONDS = 20,
    SAMPLES_PER_LIFE = 4, /* looks come more often in the beginning: about so many until a run is twice as old */
    IDLE_PER_SAMPLE = 9,  /* at least so many times as long as a look takes passes until the next one */
    MAX_REPEAT = 1000,
    MAX_DEPTH = 32, /* generations of processes that are looked at */
};

typedef struct {
    bool memory;    /* whether to look at memory */
    int repeat;     /* how many runs */
    double timeout; /* seconds for each run */
    char **command; /* ends with NULL; borrowed */
} Settings;

/* What is known about a run while it goes on. */
typedef struct {
    pid_t command;      /* the process that was started */
    double started;     /* seconds, as of now() */
    double ended;       /* seconds, as of now(); 0 while it runs */
    double next_sample; /* seconds, as of now(): when to look at memory again */
    int status;         /* exit status in the manner of a shell; valid when it has ended */
    uint64_t peak;      /* bytes */
} Run;

/* Signals that say something about the run or end it; blocked, and waited for. */
static sigset_t signals;

static _Noreturn void die(const char *what) {
    fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
    exit(EXIT_CANNOT_MEASURE);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- memory ---- */

/* The proportional share of one process in bytes; 0 when it is gone. */
static uint64_t memory_of_process(const char *pid) {
    char path[64], line[256];
    uint64_t kilobytes = 0;
    snprintf(path, sizeof path, "/proc/%.20s/smaps_rollup", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %" SCNu64, &kilobytes) == 1) break;
    fclose(file);
    return kilobytes * 1024;
}

static uint64_t memory_of_family(const char *pid, int depth);

/* The memory of the processes whose numbers stand in a `children` file of /proc, and of their descendants. */
static uint64_t memory_of_children(const char *path, int depth) {
    char child[24];
    uint64_t sum = 0;
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fscanf(file, "%20s", child) == 1)
        sum += memory_of_process(child) + memory_of_family(child, depth + 1);
    fclose(file);
    return sum;
}

/* The memory of the descendants of a process. Every thread has a list of the children that it started. */
static uint64_t memory_of_family(const char *pid, int depth) {
    char path[128];
    uint64_t sum = 0;
    snprintf(path, sizeof path, "/proc/%.20s/task", pid);
    DIR *threads = depth < MAX_DEPTH ? opendir(path) : NULL;
    if (!threads) return 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%.20s/task/%.20s/children", pid, entry->d_name);
        sum += memory_of_children(path, depth);
    }
    closedir(threads);
    return sum;
}

static double smaller(double a, double b) {
    return a < b ? a : b;
}

static void sample_memory(Run *run) {
    double begin = now();
    uint64_t memory = memory_of_family("self", 0);
    double end = now(), pause = smaller(SAMPLE_MILLISECONDS / 1000.0, (end - run->started) / SAMPLES_PER_LIFE);
    if (memory > run->peak) run->peak = memory;
    run->next_sample = end + pause + (end - begin) * IDLE_PER_SAMPLE;
}

/* ---- processes ---- */

static _Noreturn void become_command(char **command) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(RESULT_DESCRIPTOR);
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    execvp(command[0], command);
    fprintf(stderr, "measure: %s: %s\n", command[0], strerror(errno));
    _exit(EXIT_CANNOT_RUN);
}

/* Collects what has ended. Returns whether any process is left. */
static bool reap(Run *run) {
    int status;
    pid_t ended;
    while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
        if (ended != run->command) continue;
        run->ended = now();
        run->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return ended == 0;
}

static void kill_children(const char *path) {
    int child;
    FILE *file = fopen(path, "r");
    if (!file) return;
    while (fscanf(file, "%d", &child) == 1)
        kill((pid_t)child, SIGKILL);
    fclose(file);
}

/* Ends everything that the command started. The children of a process that dies become children of this one, so killing
 * them generation by generation reaches all. */
static void kill_everything(Run *run) {
    struct timespec pause = {.tv_nsec = 1000000};
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    kill(-run->command, SIGKILL);
    while (reap(run)) {
        kill_children(path);
        nanosleep(&pause, NULL);
    }
}

/* Waits for a signal until a point in time, not at all when that has passed already. Returns the signal, or 0. */
static int wait_until(double deadline) {
    double left = deadline - now();
    if (left < 0) left = 0;
    struct timespec timeout = {.tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
    int signal = sigtimedwait(&signals, NULL, &timeout);
    return signal > 0 ? signal : 0;
}

/* Follows a run until no process of it is left. */
static void follow(Run *run, const Settings *settings) {
    double deadline = run->started + settings->timeout;
    while (reap(run)) {
        int signal = wait_until(settings->memory ? smaller(run->next_sample, deadline) : deadline);
        if (signal != 0 && signal != SIGCHLD) {
            kill_everything(run);
            exit(128 + signal);
        }
        if (now() >= deadline) {
            kill_everything(run);
            run->status = EXIT_TIMEOUT;
            run->ended = now();
            return;
        }
        if (settings->memory && now() >= run->next_sample) sample_memory(run);
    }
}

static Run run_once(const Settings *settings) {
    Run run = {.started = now()};
    run.next_sample = run.started + 0.001;
    run.command = fork();
    if (run.command < 0) die("fork");
    if (run.command == 0) become_command(settings->command);
    follow(&run, settings);
    return run;
}

/* ---- result ---- */

static int compare_seconds(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *seconds, int count) {
    qsort(seconds, (size_t)count, sizeof *seconds, compare_seconds);
    return (seconds[(count - 1) / 2] + seconds[count / 2]) / 2;
}

static double in_seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void print_result(const Run *last, double wall, int runs, bool memory) {
    struct rusage usage;
    char peak[24] = "null";
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0) die("getrusage");
    if (memory) snprintf(peak, sizeof peak, "%" PRIu64, last->peak);
    if (dprintf(RESULT_DESCRIPTOR, "{\"status\": %d, \"wall\": %.6f, \"user\": %.6f, \"sys\": %.6f, \"peak\": %s}\n",
                last->status, wall, in_seconds(usage.ru_utime) / runs, in_seconds(usage.ru_stime) / runs, peak) < 0)
        die("descriptor 3");
}

/* Runs until it was done often enough or one run failed. */
static int measure(const Settings *settings) {
    static double walls[MAX_REPEAT];
    Run run = {0};
    int runs = 0;
    uint64_t peak = 0;
    while (runs < settings->repeat && run.status == 0) {
        run = run_once(settings);
        walls[runs++] = run.ended - run.started;
        if (run.peak > peak) peak = run.peak;
    }
    run.peak = peak;
    print_result(&run, median(walls, runs), runs, settings->memory);
    return run.status;
}

static bool parse(char **arguments, Settings *settings) {
    *settings = (Settings){.repeat = 1, .timeout = 3600};
    for (; *arguments && strncmp(*arguments, "--", 2) == 0; arguments++) {
        if (strcmp(*arguments, "--memory") == 0)
            settings->memory = true;
        else if (strcmp(*arguments, "--repeat") == 0 && arguments[1])
            settings->repeat = atoi(*++arguments);
        else if (strcmp(*arguments, "--timeout") == 0 && arguments[1])
            settings->timeout = strtod(*++arguments, NULL);
        else
            return false;
    }
    settings->command = arguments;
    return *arguments && settings->repeat > 0 && settings->repeat <= MAX_REPEAT && settings->timeout > 0;
}

int main(int argument_count, char **arguments) {
    Settings settings;
    if (argument_count < 2 || !parse(arguments + 1, &settings)) {
        fputs("usage: measure [--memory] [--repeat N] [--timeout SECONDS] COMMAND [ARGUMENT...] 3>RESULT\n", stderr);
        return EXIT_USAGE;
    }
    sigemptyset(&signals);
    int watched[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&signals, watched[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    return measure(&settings);
}
