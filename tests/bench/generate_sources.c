/* generate_sources - many files that look like the source of a large program.
 *
 *     generate_sources FILES BYTES FOLDER
 *
 * Writes FILES files of BYTES bytes together, or a little more, below FOLDER, a hundred in each of its folders 000,
 * 001, and so on. Most are small and a few are large. Every file draws most of its names from a few hundred of its own
 * and the rest from those of the whole program. The same arguments give the same bytes everywhere.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "naive.h"

enum { FILES_PER_FOLDER = 100, PROGRAM_NAMES = 60000, FILE_NAMES = 300 };

static uint64_t random_state = 1;

/* A random number from 0 to limit - 1. */
static unsigned below(unsigned limit) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((random_state >> 32) * limit >> 32);
}

/* A number below limit of which small ones are likelier. */
static unsigned skewed_below(unsigned limit) {
    unsigned first = below(limit);
    return below(below(first + 1) + 1);
}

static void write_name(FILE *file, unsigned name) {
    static const char *const parts[] = {"read", "next", "buffer", "node",  "list", "count", "index", "open",
                                        "size", "lock", "page",   "queue", "task", "entry", "state", "map"};
    fprintf(file, "%s_%s", parts[name & 15], parts[name >> 4 & 15]);
    if (name >> 8) fprintf(file, "_%s%u", parts[name >> 8 & 15], name >> 12);
}

static void write_any_name(FILE *file, unsigned number) {
    write_name(file, below(4) ? (number * 97 + skewed_below(FILE_NAMES)) % PROGRAM_NAMES : skewed_below(PROGRAM_NAMES));
}

/* One line of the kinds that programs are made of; %N stands for a name, %D for a number. */
static void write_line(FILE *file, unsigned number) {
    static const char *const kinds[] = {
        "    if (%N(%N) == %D) {\n", "        %N = %N + %D;\n",
        "    return %N;\n",          "    }\n",
        "static int %N(void) {\n",   "}\n\n",
        "    %N->%N = %N(%N);\n",    "    /* the %N of each %N */\n",
        "#define %N %D\n",           "    while (%N < %N)\n",
        "        %N(%N, %D);\n",     "    struct %N *%N = %N(%D);\n",
    };
    for (const char *at = kinds[below(sizeof kinds / sizeof *kinds)]; *at; at++) {
        if (*at != '%')
            putc(*at, file);
        else if (*++at == 'N')
            write_any_name(file, number);
        else
            fprintf(file, "%u", skewed_below(1000));
    }
}

static int write_file(const char *folder, unsigned number, long bytes) {
    char path[4096];
    int length = snprintf(path, sizeof path - 16, "%s/%03u", folder, number / FILES_PER_FOLDER);
    if (length < 0 || length >= (int)sizeof path - 16) return usage("generate_sources: the path is too long");
    if (mkdir(path, 0777) != 0 && errno != EEXIST) die(path);
    snprintf(path + length, sizeof path - (size_t)length, "/%05u.c", number);
    FILE *file = open_file(path, "w");
    while (ftell(file) < bytes)
        write_line(file, number);
    return close_file(file);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 4) return usage("generate_sources FILES BYTES FOLDER");
    unsigned files = (unsigned)strtoul(arguments[1], NULL, 10);
    long left = strtol(arguments[2], NULL, 10);
    if (mkdir(arguments[3], 0777) != 0 && errno != EEXIST) die(arguments[3]);
    for (unsigned number = 0; number < files; number++) {
        unsigned mean = (unsigned)(left / (long)(files - number));
        long bytes = number + 1 == files ? left : (long)skewed_below(4 * mean + 1) * 2;
        if (write_file(arguments[3], number, bytes) != 0) return 1;
        left -= bytes < left ? bytes : left;
    }
    return 0;
}
