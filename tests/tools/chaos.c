/* chaos - strike a job at random moments, and see that nothing comes of it.
 *
 *     chaos [OPTION...] EXPECTED PROGRAM [ARGUMENT...]
 *
 * PROGRAM is `mr` with the arguments of a job, among them -v. It is run again and again, each time with other blows,
 * until there were as many as were asked for:
 *
 *     -w COUNT     strike workers so many times, several in each run: the job has to end well, with the right bytes
 *     -c COUNT     strike the coordinator instead, once in each run: one second later nobody may be alive
 *     -b BLOWS     what befalls a worker, any of `kill` (SIGKILL), `stop` (SIGSTOP) and `pause` (SIGSTOP, and SIGCONT
 *                  at the next blow), with commas between; `kill` by default
 *     -m COUNT     strike workers so many times in each run at most; 20 by default, which is the most
 *     -e MIN-MAX   milliseconds from one blow to the next; 5-50 by default
 *     -f PHASE     no blow before the job has told that this phase is over, such as `start` or `map`
 *     -x COMMAND   a shell command that has to succeed after every run that ended well
 *     -o FILE      the job writes this file, in a folder that holds nothing else; otherwise standard output, a pipe
 *     -l SECONDS   a run that takes longer hangs; 60 by default
 *     -a           after each run leave one alone, to learn better what a blow costs
 *     -s SEED      of the random numbers
 *
 * The output must be the same bytes as the file EXPECTED or, of a coordinator that was killed, nothing (a file) or some
 * of its first bytes (a pipe). Whoever is orphaned becomes a child of chaos (a "child subreaper"), so when chaos has no
 * child left nobody is alive. Then there may be nothing new in TMPDIR, in /dev/shm, in the tables of System V, and
 * beside the output.
 *
 * A process is struck through a descriptor (pidfd) that is opened before its parent is looked at, so that no number
 * that is used again can mislead a blow. The job says with -v which workers died at what; the last line that chaos
 * prints counts these deaths by what the worker was doing, as NAME=COUNT.
 *
 * Exit status: 0, 1 when anything was not as it must be, 2 for wrong usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chaos_plan.h"
#include "processes.h"
#include "surroundings.h"

enum {
    MAX_WORKERS = 256,
    MAX_FAILURES = 3,          /* then it is enough */
    FRUITLESS_RUNS = 50,       /* runs in a row without a blow: the job is too short to be struck */
    GRACE_MILLISECONDS = 1000, /* how long workers may outlive the coordinator */
    TEXT = 4096                /* bytes of messages that are kept for the report of a failure */
};

/* What a worker can be doing when it dies, in the words of mr. */
static const char *const occupations[] = {"start", "wait",   "sample", "split",   "count", "map", "trial",
                                          "seal",  "reduce", "merge",  "deliver", "stop",  NULL};
enum { OCCUPATIONS = sizeof occupations / sizeof *occupations - 1 };

/* How long some runs took. */
typedef struct {
    unsigned long runs;
    double seconds; /* of all of them together */
    double cpu;     /* seconds, of all processors */
} Times;

/* What happened in all runs together. */
typedef struct {
    unsigned long struck;              /* blows that found somebody */
    unsigned long deaths[OCCUPATIONS]; /* of workers, as the coordinator tells */
    unsigned long beside;              /* a complete output under a passing name, see check_file */
    unsigned long complete;            /* runs whose output was complete though the coordinator was struck */
    Times alone;                       /* of runs without a blow */
    Times disturbed;                   /* of runs with at least one */
    double recovery;                   /* seconds; the longest from a blow to a new worker in that place */
    double farewell;                   /* seconds; the longest that a worker outlived the coordinator */
    int failures;
} Totals;

/* One run. */
typedef struct {
    pid_t pid;          /* of the coordinator */
    int pidfd;          /* of the same */
    int output;         /* what it writes to standard output; -1: closed or not read */
    int errors;         /* what it says; -1: closed */
    double start;       /* when it began */
    size_t written;     /* bytes of output so far */
    bool differs;       /* and they are not the expected ones */
    char text[TEXT];    /* the last messages */
    size_t text_length; /* bytes */
    size_t line;        /* where in text the last, unfinished line begins */
    bool ripe;          /* blows may come */
    bool begun;         /* all children are workers; before that one may be asking the plugin what it is */
    pid_t known[4096];  /* workers that have been seen */
    int known_count;
    double blows[MOST_BLOWS + MAX_WORKERS]; /* when workers were struck that have not been replaced yet */
    int blow_count;
    int paused[MAX_WORKERS]; /* pidfds of workers that are to go on */
    int paused_count;
    bool coordinator_struck;
    unsigned long replaced; /* workers that died and were replaced, as the coordinator told */
    unsigned long retries;  /* the same, as its summary tells */
} Run;

static Totals totals;

/* ---- time and chance --------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_for(double seconds) {
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&time, NULL);
}

/* A random number (splitmix64, after Vigna). */
static uint64_t random_number(void) {
    static uint64_t state;
    uint64_t number = plan.seed + (state += 0x9e3779b97f4a7c15u);
    number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
    number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
    return number ^ (number >> 31);
}

static unsigned below(unsigned limit) {
    return (unsigned)(random_number() % limit);
}

static double between(double low, double high) {
    return low + (high - low) * (double)(random_number() >> 11) * 0x1p-53;
}

/* ---- failing ----------------------------------------------------------------------------------------------------- */

/* Notes that a run did not go as it must, and why. */
__attribute__((format(printf, 2, 3))) static void fail(const Run *run, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("FAILED: run %lu of seed %llu: ", totals.disturbed.runs, (unsigned long long)plan.seed);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n    command:");
    for (char **word = plan.command; *word; word++)
        printf(" %s", *word);
    printf("\n    it said: %.*s\n", (int)run->text_length, run->text);
    fflush(stdout);
    if (++totals.failures == MAX_FAILURES) exit(1);
}

/* ---- children ---------------------------------------------------------------------------------------------------- */

/* The workers of a run that are alive and not stopped; returns how many. A child that has not said yet what it is may
 * be the one that asks the plugin what it is, until the coordinator has said that the workers are there. */
static int working_workers(const Run *run, ProcessEntry *workers) {
    int count = children_of(run->pid, workers, MAX_WORKERS), kept = 0;
    for (int i = 0; i < count; i++)
        if (is_alive(&workers[i]) && workers[i].state != 'T' &&
            (run->begun || strcmp(workers[i].name, "mr-worker") == 0))
            workers[kept++] = workers[i];
    return kept;
}

/* Lets workers go on that were paused. */
static void wake_workers(Run *run) {
    while (run->paused_count > 0) {
        int pidfd = run->paused[--run->paused_count];
        signal_process(pidfd, SIGCONT); /* it may have been killed meanwhile */
        close(pidfd);
    }
}

static void strike_worker(Run *run, const ProcessEntry *worker, int blow) {
    int pidfd = open_child(run->pid, worker->pid);
    if (pidfd < 0) return;
    if (signal_process(pidfd, blow == BLOW_KILL ? SIGKILL : SIGSTOP)) {
        if (!run->coordinator_struck) totals.struck++;
        if (blow != BLOW_PAUSE) run->blows[run->blow_count++] = now();
        if (blow == BLOW_PAUSE && run->paused_count < MAX_WORKERS) run->paused[run->paused_count++] = dup(pidfd);
    }
    close(pidfd);
}

/* Looks for workers that have taken the place of those that were killed. */
static void notice_successors(Run *run) {
    ProcessEntry children[MAX_WORKERS];
    int count = children_of(run->pid, children, MAX_WORKERS);
    for (int i = 0; i < count; i++) {
        bool known = false;
        for (int j = 0; j < run->known_count && !known; j++)
            known = run->known[j] == children[i].pid;
        if (known || run->known_count == (int)(sizeof run->known / sizeof *run->known)) continue;
        run->known[run->known_count++] = children[i].pid;
        if (run->blow_count == 0) continue;
        double seconds = now() - run->blows[0];
        if (seconds > totals.recovery) totals.recovery = seconds;
        memmove(run->blows, run->blows + 1, (size_t)--run->blow_count * sizeof *run->blows);
    }
}

static int choose_blow(void) {
    int blow;
    do
        blow = (int)below(BLOWS);
    while (!plan.blows[blow]);
    return blow;
}

/* Strikes one worker, or sometimes all at once. */
static void strike_workers(Run *run) {
    ProcessEntry workers[MAX_WORKERS];
    notice_successors(run);
    int count = working_workers(run, workers), blow = choose_blow();
    if (count == 0 || run->blow_count >= MOST_BLOWS) return;
    if (below(12) == 0) {
        for (int i = 0; i < count; i++)
            strike_worker(run, &workers[i], blow);
    } else {
        strike_worker(run, &workers[below((unsigned)count)], blow);
    }
}

/* Kills the coordinator, half of the time just after a worker, whose successor may then be on its way. */
static void strike_coordinator(Run *run) {
    run->coordinator_struck = true;
    if (below(2)) {
        strike_workers(run);
        pause_for(between(0, 0.003));
    }
    signal_process(run->pidfd, SIGKILL); /* it may have ended */
}

/* ---- the output and the messages --------------------------------------------------------------------------------- */

/* Reads what there is of the output and compares it; closes it at its end. */
static void read_output(Run *run) {
    char bytes[65536];
    ssize_t count = read(run->output, bytes, sizeof bytes);
    if (count > 0) {
        size_t size = (size_t)count, left = plan.expected_size - run->written;
        if (size > left || !plan.expected || memcmp(bytes, plan.expected + run->written, size) != 0)
            run->differs = true;
        run->written += size < left ? size : left;
    } else if (count == 0 || errno != EINTR) {
        close(run->output);
        run->output = -1;
    }
}

/* Counts the death of a worker that was doing this. */
static void count_death(Run *run, const char *occupation) {
    for (int i = 0; i < OCCUPATIONS; i++)
        if (strncmp(occupation, occupations[i], strlen(occupations[i])) == 0) totals.deaths[i]++;
    run->replaced += strncmp(occupation, "stop", 4) != 0;
}

/* Whether a message tells that a phase is over. */
static bool is_end_of(const char *phase, const char *message) {
    size_t length = strlen(phase);
    return strncmp(message, "mr: ", 4) == 0 && strncmp(message + 4, phase, length) == 0 && message[4 + length] == ':';
}

/* Learns from a message what it tells of workers and phases. */
static void read_message(Run *run, const char *message) {
    const char *during = strstr(message, " during "), *last = strrchr(message, ',');
    if (strncmp(message, "mr:", 3) != 0) fail(run, "a message that does not begin with mr: (%s)", message);
    if (is_end_of("start", message)) run->begun = true;
    if (plan.after && is_end_of(plan.after, message)) run->ripe = true;
    if (strncmp(message, "mr: worker ", 11) == 0 && during) count_death(run, during + strlen(" during "));
    if (last) (void)!sscanf(last, ", %lu retr", &run->retries);
}

/* Reads what there is of the messages; keeps the last ones. */
static void read_messages(Run *run) {
    if (run->text_length > TEXT / 2) { /* forget the first half, but no unfinished line */
        size_t forgotten = run->line < TEXT / 4 ? run->line : TEXT / 4;
        memmove(run->text, run->text + forgotten, run->text_length -= forgotten);
        run->line -= forgotten;
    }
    ssize_t count = read(run->errors, run->text + run->text_length, TEXT - 1 - run->text_length);
    if (count <= 0) {
        if (count < 0 && errno == EINTR) return;
        close(run->errors);
        run->errors = -1;
        return;
    }
    run->text[run->text_length += (size_t)count] = '\0';
    for (char *end; (end = strchr(run->text + run->line, '\n')); run->line = (size_t)(end + 1 - run->text)) {
        *end = '\0';
        read_message(run, run->text + run->line);
        *end = '\n';
    }
}

/* ---- what must be true afterwards -------------------------------------------------------------------------------- */

/* Others may use the system as well, so that only what stays is litter. */
static void expect_no_litter(const Run *run, const Surroundings *before) {
    char text[300];
    double end = now() + GRACE_MILLISECONDS / 1e3;
    while (find_litter(before, text, sizeof text)) {
        if (now() > end) {
            fail(run, "left behind: %s", text);
            return;
        }
        pause_for(0.01);
    }
}

/* Waits until chaos has no child any more, which is when no process of the job is alive. */
static void expect_nobody(const Run *run, double since) {
    ProcessEntry children[MAX_WORKERS];
    for (;;) {
        pid_t ended = waitpid(-1, NULL, WNOHANG);
        double seconds = now() - since;
        if (ended < 0) {
            if (seconds > totals.farewell) totals.farewell = seconds;
            return;
        }
        if (ended == 0 && seconds > GRACE_MILLISECONDS / 1e3) break;
        if (ended == 0) pause_for(0.0002);
    }
    int count = children_of(getpid(), children, MAX_WORKERS);
    fail(run, "%d processes are alive %d ms after the coordinator", count, GRACE_MILLISECONDS);
    for (int i = 0; i < count; i++)
        kill(children[i].pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

/* Whether a file holds so many bytes and these. */
static bool file_holds(const char *path, const char *bytes, size_t size) {
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool same = fstat(file, &status) == 0 && (size_t)status.st_size == size;
    if (same && size > 0) {
        void *content = mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0);
        if (content == MAP_FAILED) die(path);
        same = memcmp(content, bytes, size) == 0;
        munmap(content, size);
    }
    close(file);
    return same;
}

/* Nothing may be in the output's folder but the output. A file that takes the place of another has, for a moment, a
 * name beside it; when the coordinator is killed in this moment the complete output stays there under that name. */
static void expect_output_alone(const Run *run) {
    static Names names;
    list_folder(plan.folder, &names);
    for (int i = 0; i < names.count; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", plan.folder, names.name[i]);
        if (strcmp(path, plan.output) == 0) continue;
        if (run->coordinator_struck && strncmp(names.name[i], ".mr-", 4) == 0 &&
            file_holds(path, plan.expected, plan.expected_size))
            totals.beside++;
        else
            fail(run, "%s is left beside the output", path);
        unlink(path);
    }
}

/* What the output file held before: nothing, or no file. */
static const char old_output[] = "the output of an earlier job\n";

static void prepare_file(bool old) {
    unlink(plan.output);
    if (!old) return;
    FILE *file = fopen(plan.output, "w");
    if (!file || fputs(old_output, file) < 0 || fclose(file) != 0) die(plan.output);
}

static void check_file(const Run *run, bool old) {
    bool complete = file_holds(plan.output, plan.expected, plan.expected_size);
    bool untouched = old ? file_holds(plan.output, old_output, strlen(old_output)) : access(plan.output, F_OK) != 0;
    if (!complete && !(run->coordinator_struck && untouched)) fail(run, "%s is not the expected output", plan.output);
    if (complete && run->coordinator_struck) totals.complete++;
    expect_output_alone(run);
}

static void check_stream(const Run *run) {
    if (run->differs) fail(run, "the output differs in its first %zu bytes or behind them", run->written);
    if (run->written == plan.expected_size) {
        if (run->coordinator_struck) totals.complete++;
    } else if (!run->coordinator_struck) {
        fail(run, "the output ends after %zu of %zu bytes", run->written, plan.expected_size);
    }
}

/* ---- a run ------------------------------------------------------------------------------------------------------- */

static _Noreturn void run_command(int output, int errors) {
    int empty = open("/dev/null", O_RDWR);
    if (plan.output) output = empty;
    if (!plan.command || empty < 0 || dup2(empty, 0) < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvp(plan.command[0], plan.command);
    _exit(127);
}

static void start(Run *run) {
    int output[2], errors[2];
    *run = (Run){.start = now(), .ripe = !plan.after};
    if (pipe2(output, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0) die("pipe");
    run->pid = fork();
    if (run->pid < 0) die("fork");
    if (run->pid == 0) run_command(output[1], errors[1]);
    close(output[1]);
    close(errors[1]);
    run->output = output[0];
    run->errors = errors[0];
    run->pidfd = (int)syscall(SYS_pidfd_open, run->pid, 0);
    if (run->pidfd < 0) die("pidfd_open");
}

/* Waits for something to read or for `until`, and reads it. */
static void listen_until(Run *run, double until) {
    struct pollfd polled[] = {{run->output, POLLIN, 0}, {run->errors, POLLIN, 0}};
    double seconds = until - now();
    if (run->blow_count > 0 && seconds > 0.001) seconds = 0.001; /* look for successors */
    if (seconds < 0) seconds = 0;
    struct timespec time = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    if (ppoll(polled, 2, &time, NULL) < 0 && errno != EINTR) die("poll");
    if (polled[0].revents) read_output(run);
    if (polled[1].revents) read_messages(run);
    if (run->blow_count > 0) notice_successors(run);
}

/* Strikes, as often as is left of `most`, and tells how often is left then. */
static int strike(Run *run, int most) {
    unsigned long before = totals.struck;
    wake_workers(run);
    if (most > 0 && plan.coordinators)
        strike_coordinator(run);
    else if (most > 0 && before < plan.workers)
        strike_workers(run);
    return most - (int)(totals.struck - before);
}

/* Lets a run go on to its end, with up to so many blows from `first` seconds on, or until the coordinator is struck.
 * Output and messages end when the last process has closed them. */
static void watch(Run *run, double first, int most) {
    double next = run->start + first, end = run->start + plan.limit;
    while (!run->coordinator_struck && (run->output >= 0 || run->errors >= 0)) {
        bool ripe = run->ripe, more = ripe && (most > 0 || run->paused_count > 0);
        listen_until(run, more && next < end ? next : end);
        if (run->ripe != ripe) next = now() + between(0, plan.shortest);
        if (now() >= end) {
            fail(run, "not done after %g seconds", plan.limit);
            kill(run->pid, SIGKILL);
            end += plan.limit;
        }
        if (!more || now() < next) continue;
        most = strike(run, most);
        next = now() + between(plan.shortest, plan.longest);
    }
}

static void expect_success(const Run *run, int status) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail(run, "it failed (status %#x)", (unsigned)status);
    if (run->retries != run->replaced)
        fail(run, "it told of %lu retries and of %lu deaths", run->retries, run->replaced);
    /* NOLINTNEXTLINE(cert-env33-c): the check is a command of the test's own. */
    if (plan.check && system(plan.check) != 0) fail(run, "%s does not succeed", plan.check);
}

/* Runs the job once. Returns the seconds that it took; *cpu: those of all processors. */
static double run_once(double first, int most, double *cpu) {
    static Surroundings before;
    Run run;
    struct rusage usage;
    int status;
    bool old = plan.output && below(2);
    look_around(&before);
    if (plan.output) prepare_file(old);
    start(&run);
    watch(&run, first, most);
    if (wait4(run.pid, &status, 0, &usage) != run.pid) die("wait");
    double end = now();
    wake_workers(&run);
    close(run.pidfd);
    *cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    expect_nobody(&run, end);
    while (run.output >= 0 || run.errors >= 0)
        listen_until(&run, now() + 1);
    expect_no_litter(&run, &before);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && run.coordinator_struck;
    run.coordinator_struck = killed;
    totals.struck += killed;
    if (!killed) expect_success(&run, status);
    if (plan.output)
        check_file(&run, old);
    else
        check_stream(&run);
    return end - run.start;
}

/* ---- all runs ---------------------------------------------------------------------------------------------------- */

static void add_run(Times *times, double seconds, double cpu) {
    times->runs++;
    times->seconds += seconds;
    times->cpu += cpu;
}

static double mean(double sum, unsigned long count) {
    return count > 0 ? sum / (double)count : 0;
}

static void leave_alone(void) {
    double cpu, seconds = run_once(0, 0, &cpu);
    add_run(&totals.alone, seconds, cpu);
}

/* Runs the job once undisturbed, to know how long it takes, and then until there were enough blows: the first one at
 * any moment of it. */
static void run_all(void) {
    unsigned long wanted = plan.workers + plan.coordinators;
    int fruitless = 0;
    leave_alone();
    while (totals.struck < wanted && totals.failures == 0) {
        unsigned long before = totals.struck;
        double first = between(0, mean(totals.alone.seconds, totals.alone.runs)), cpu;
        double seconds = run_once(first, plan.coordinators ? 1 : 1 + (int)below(plan.most), &cpu);
        if (totals.struck > before) {
            add_run(&totals.disturbed, seconds, cpu);
            fruitless = 0;
        } else if (++fruitless == FRUITLESS_RUNS) {
            printf("FAILED: %d runs in a row were over before the blow came\n", FRUITLESS_RUNS);
            totals.failures++;
        }
        if (plan.alternate) leave_alone();
    }
}

/* What a blow cost, given means of runs with and without, and how many blows there were in a run; in milliseconds. */
static double cost(double disturbed, double alone, double blows) {
    return blows > 0 ? (disturbed - alone) / blows * 1e3 : 0;
}

static void report(void) {
    const Times *alone = &totals.alone, *disturbed = &totals.disturbed;
    double wall = mean(alone->seconds, alone->runs), cpu = mean(alone->cpu, alone->runs);
    double struck_wall = mean(disturbed->seconds, disturbed->runs), struck_cpu = mean(disturbed->cpu, disturbed->runs);
    double blows = mean((double)totals.struck, disturbed->runs);
    printf("seed %llu: %lu blows in %lu runs; a run takes %.3f s (CPU %.3f s) left alone, %.3f s (CPU %.3f s) struck\n",
           (unsigned long long)plan.seed, totals.struck, disturbed->runs, wall, cpu, struck_wall, struck_cpu);
    if (plan.coordinators)
        printf("the last process was gone %.1f ms after the coordinator; %lu outputs were complete, %lu more under a "
               "passing name\n",
               totals.farewell * 1e3, totals.complete, totals.beside);
    else
        printf("a worker was replaced after %.1f ms at most; a blow cost %.1f ms, CPU %.1f ms\n", totals.recovery * 1e3,
               cost(struck_wall, wall, blows), cost(struck_cpu, cpu, blows));
    printf("blows=%lu runs=%lu", totals.struck, disturbed->runs);
    for (int i = 0; i < OCCUPATIONS; i++)
        printf(" %s=%lu", occupations[i], totals.deaths[i]);
    printf("\n");
}

int main(int argc, char **argv) {
    read_arguments(argc, argv);
    open_plan(argv[optind]);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) die("prctl");
    run_all();
    report();
    return totals.failures > 0;
}
