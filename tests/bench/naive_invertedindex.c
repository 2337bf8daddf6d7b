/* naive_invertedindex - in which files each word occurs: one process, a chained hash table, and qsort.
 *
 *     naive_invertedindex OUTPUT INPUT...
 *
 * What `mr run invertedindex` is compared with. Words are what stands between white space. Writes
 * `word TAB file,file,... LF`, sorted by the bytes of the word, files in the order of the arguments.
 */
#include "naive.h"

/* A word and the numbers of its files. */
typedef struct Entry {
    struct Entry *next; /* in its bucket */
    char *word;
    size_t count, capacity; /* of files */
    int *files;             /* ascending */
} Entry;

enum { BUCKETS = 1 << 20 };
static Entry *buckets[BUCKETS];
static size_t entry_count;

static Entry *find(const char *word) {
    size_t hash = 14695981039346656037u;
    for (const char *byte = word; *byte; byte++)
        hash = (hash ^ (unsigned char)*byte) * 1099511628211u;
    Entry **bucket = &buckets[(hash ^ hash >> 32) & (BUCKETS - 1)];
    for (Entry *entry = *bucket; entry; entry = entry->next)
        if (strcmp(entry->word, word) == 0) return entry;
    Entry *entry = allocate(sizeof *entry);
    entry->word = strdup(word);
    if (!entry->word) die("strdup");
    entry->next = *bucket;
    entry_count++;
    return *bucket = entry;
}

static void note_file(Entry *entry, int file) {
    if (entry->count && entry->files[entry->count - 1] == file) return;
    if (entry->count == entry->capacity) {
        entry->capacity = entry->capacity ? 2 * entry->capacity : 4;
        entry->files = realloc(entry->files, entry->capacity * sizeof *entry->files);
        if (!entry->files) die("realloc");
    }
    entry->files[entry->count++] = file;
}

static int index_file(const char *path, int number) {
    static char *line;
    static size_t capacity;
    FILE *input = open_file(path, "r");
    while (getline(&line, &capacity, input) > 0)
        for (char *rest, *word = strtok_r(line, " \t\n\v\f\r", &rest); word;
             word = strtok_r(NULL, " \t\n\v\f\r", &rest))
            note_file(find(word), number);
    return close_file(input);
}

static int compare_words(const void *left, const void *right) {
    const Entry *const *a = left, *const *b = right;
    return strcmp((*a)->word, (*b)->word);
}

/* Text as mr writes it: a backslash is doubled. Other bytes that mr escapes separate words, so none is left here. */
static void write_word(FILE *output, const char *word) {
    for (; *word; word++) {
        if (*word == '\\') putc(*word, output);
        putc(*word, output);
    }
}

static void write_sorted(FILE *output, char **names) {
    Entry **sorted = allocate(entry_count * sizeof *sorted);
    size_t used = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (Entry *entry = buckets[i]; entry; entry = entry->next)
            sorted[used++] = entry;
    qsort(sorted, used, sizeof *sorted, compare_words);
    for (size_t i = 0; i < used; i++) {
        write_word(output, sorted[i]->word);
        for (size_t j = 0; j < sorted[i]->count; j++)
            fprintf(output, "%c%s", j ? ',' : '\t', names[sorted[i]->files[j]]);
        putc('\n', output);
    }
}

int main(int argument_count, char **arguments) {
    if (argument_count < 3) return usage("naive_invertedindex OUTPUT INPUT...");
    FILE *output = open_file(arguments[1], "w");
    int failed = 0;
    for (int i = 2; i < argument_count; i++)
        failed |= index_file(arguments[i], i);
    write_sorted(output, arguments);
    return failed | close_file(output);
}
