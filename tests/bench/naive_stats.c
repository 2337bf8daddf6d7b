/* naive_stats - minimum, mean, maximum and count of the numbers of each name: one process, a hash table, and qsort.
 *
 *     naive_stats INPUT OUTPUT
 *
 * What `mr run stats` is compared with. A row is `name;12.3`. Writes `name TAB minimum TAB mean TAB maximum TAB count
 * LF`, sorted by the bytes of the name, the mean rounded to one decimal, halves away from zero.
 */
#include "naive.h"

enum { SLOTS = 1 << 16 }; /* a power of two, several times as many as there are names */

/* A name and its numbers, in tenths. */
typedef struct {
    char *name; /* NULL: the slot is free */
    size_t length;
    long minimum, maximum, sum, count;
} Entry;

static Entry table[SLOTS];
static size_t entry_count;

/* The slot of a name, by linear probing. */
static Entry *find(const char *name, size_t length) {
    size_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)name[i]) * 1099511628211u;
    size_t slot = (hash ^ hash >> 32) & (SLOTS - 1);
    while (table[slot].name && (table[slot].length != length || memcmp(table[slot].name, name, length) != 0))
        slot = (slot + 1) & (SLOTS - 1);
    return &table[slot];
}

static void add(const char *name, size_t length, long value) {
    Entry *entry = find(name, length);
    if (!entry->name) {
        *entry = (Entry){.name = strndup(name, length), .length = length, .minimum = value, .maximum = value};
        if (!entry->name) die("strndup");
        if (++entry_count > SLOTS / 2) {
            fputs("naive_stats: too many names\n", stderr);
            exit(1);
        }
    }
    if (value < entry->minimum) entry->minimum = value;
    if (value > entry->maximum) entry->maximum = value;
    entry->sum += value;
    entry->count++;
}

/* A number with one decimal, in tenths. */
static long tenths_of(const char *text) {
    int negative = *text == '-';
    long value = 0;
    for (text += negative; *text && *text != '\n'; text++)
        if (*text != '.') value = value * 10 + (*text - '0');
    return negative ? -value : value;
}

static int compare_names(const void *left, const void *right) {
    const Entry *a = left, *b = right;
    if (!a->name || !b->name) return !a->name - !b->name;
    return strcmp(a->name, b->name);
}

static void write_tenths(FILE *output, long value) {
    fprintf(output, "\t%s%ld.%ld", value < 0 ? "-" : "", labs(value) / 10, labs(value) % 10);
}

static void write_sorted(FILE *output) {
    qsort(table, SLOTS, sizeof *table, compare_names);
    for (Entry *entry = table; entry < table + entry_count; entry++) {
        long mean = (2 * labs(entry->sum) + entry->count) / (2 * entry->count);
        fputs(entry->name, output);
        write_tenths(output, entry->minimum);
        write_tenths(output, entry->sum < 0 ? -mean : mean);
        write_tenths(output, entry->maximum);
        fprintf(output, "\t%ld\n", entry->count);
    }
}

int main(int argument_count, char **arguments) {
    if (argument_count != 3) return usage("naive_stats INPUT OUTPUT");
    FILE *input = open_file(arguments[1], "r"), *output = open_file(arguments[2], "w");
    char *row = NULL;
    size_t capacity = 0;
    while (getline(&row, &capacity, input) > 0) {
        char *delimiter = strchr(row, ';');
        if (delimiter) add(row, (size_t)(delimiter - row), tenths_of(delimiter + 1));
    }
    write_sorted(output);
    return close_file(input) | close_file(output);
}
