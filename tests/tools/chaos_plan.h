/* chaos_plan.h - what chaos is asked for on its command line, which stands at the top of chaos.c. */
#ifndef TEST_CHAOS_PLAN_H
#define TEST_CHAOS_PLAN_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BLOWS = 20 /* in one run, so that it can come to an end */ };

enum { BLOW_KILL, BLOW_STOP, BLOW_PAUSE, BLOWS };
static const char *const blow_names[BLOWS] = {"kill", "stop", "pause"};

/* What the command line asks for. */
typedef struct {
    unsigned long workers;      /* blows at workers, or */
    unsigned long coordinators; /* blows at coordinators */
    bool blows[BLOWS];          /* what befalls workers */
    unsigned most;              /* blows at workers in one run */
    double shortest, longest;   /* seconds between two blows */
    const char *after;          /* the phase that must be over before the first blow; NULL: none */
    const char *check;          /* a shell command that looks at other results; NULL: none */
    const char *output;         /* the file that the job writes; NULL: standard output */
    char *folder;               /* that it is in */
    double limit;               /* seconds that a run may take */
    bool alternate;             /* every second run is left alone */
    uint64_t seed;
    const char *expected; /* the bytes that it has to write */
    size_t expected_size;
    char **command; /* the job */
} Plan;

static Plan plan = {.shortest = 0.005, .longest = 0.05, .limit = 60, .most = MOST_BLOWS};

static inline _Noreturn void die(const char *what) {
    fprintf(stderr, "chaos: %s: %s\n", what, strerror(errno));
    exit(1);
}

static inline _Noreturn void usage(void) {
    fputs("usage: chaos (-w COUNT | -c COUNT) [-b BLOWS] [-m COUNT] [-e MIN-MAX] [-f PHASE] [-x COMMAND]\n"
          "             [-o FILE] [-l SECONDS] [-a] [-s SEED] EXPECTED PROGRAM [ARGUMENT...]\n",
          stderr);
    exit(2);
}

/* Reads a list of blows, with commas between. */
static inline void read_blows(char *list) {
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
        int blow = 0;
        while (blow < BLOWS && strcmp(word, blow_names[blow]) != 0)
            blow++;
        if (blow == BLOWS) usage();
        plan.blows[blow] = true;
    }
}

static inline void read_arguments(int argc, char **argv) {
    unsigned shortest, longest;
    for (int option; (option = getopt(argc, argv, "+w:c:b:m:e:f:x:o:l:as:")) != -1;) {
        if (option == 'w') plan.workers = strtoul(optarg, NULL, 10);
        if (option == 'c') plan.coordinators = strtoul(optarg, NULL, 10);
        if (option == 'b') read_blows(optarg);
        if (option == 'f') plan.after = optarg;
        if (option == 'm') plan.most = (unsigned)strtoul(optarg, NULL, 10);
        if (option == 'x') plan.check = optarg;
        if (option == 'o') plan.output = optarg;
        if (option == 'l') plan.limit = strtod(optarg, NULL);
        if (option == 'a') plan.alternate = true;
        if (option == 's') plan.seed = strtoull(optarg, NULL, 10);
        if (option == '?') usage();
        if (option != 'e') continue;
        if (sscanf(optarg, "%u-%u", &shortest, &longest) != 2 || shortest > longest) usage();
        plan.shortest = shortest / 1e3;
        plan.longest = longest / 1e3;
    }
    if (plan.most < 1 || plan.most > MOST_BLOWS || !plan.workers == !plan.coordinators || argc - optind < 2) usage();
    if (!plan.blows[BLOW_STOP] && !plan.blows[BLOW_PAUSE]) plan.blows[BLOW_KILL] = true;
    plan.command = argv + optind + 1;
}

/* Maps the expected output, and finds the folder of the job's. */
static inline void open_plan(const char *expected) {
    struct stat status;
    int file = open(expected, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) < 0) die(expected);
    plan.expected_size = (size_t)status.st_size;
    if (plan.expected_size > 0) {
        void *content = mmap(NULL, plan.expected_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (content == MAP_FAILED) die(expected);
        plan.expected = content;
    }
    close(file);
    const char *slash = plan.output ? strrchr(plan.output, '/') : NULL;
    if (plan.output && !slash) usage();
    if (slash && asprintf(&plan.folder, "%.*s", (int)(slash - plan.output), plan.output) < 0) die("asprintf");
}

#endif
