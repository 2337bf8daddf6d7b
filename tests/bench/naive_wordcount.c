/* naive_wordcount - how often each word occurs: one process, a chained hash table, and qsort.
 *
 *     naive_wordcount INPUT OUTPUT
 *
 * What `mr run wordcount --set case=lower` is compared with. Words are what stands between white space; the letters A
 * to Z become small. Writes `word TAB count LF`, sorted by the bytes of the word.
 */
#include "naive.h"

/* A word and how often it occurred. */
typedef struct Entry {
    struct Entry *next; /* in its bucket */
    unsigned long count;
    size_t length; /* bytes of the word */
    char word[];   /* with a zero behind it */
} Entry;

static Entry **buckets;
static size_t bucket_count = 1 << 16, entry_count;

static size_t hash_of(const char *word, size_t length) {
    size_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

/* Twice as many buckets, so that chains stay short. */
static void grow(void) {
    Entry **old = buckets;
    size_t old_count = bucket_count;
    bucket_count *= 2;
    buckets = allocate(bucket_count * sizeof *buckets);
    for (size_t i = 0; i < old_count; i++)
        for (Entry *entry = old[i], *next; entry; entry = next) {
            Entry **bucket = &buckets[hash_of(entry->word, entry->length) & (bucket_count - 1)];
            next = entry->next;
            entry->next = *bucket;
            *bucket = entry;
        }
    free(old);
}

static void count_word(const char *word, size_t length) {
    Entry **bucket = &buckets[hash_of(word, length) & (bucket_count - 1)];
    for (Entry *entry = *bucket; entry; entry = entry->next)
        if (entry->length == length && memcmp(entry->word, word, length) == 0) {
            entry->count++;
            return;
        }
    Entry *entry = allocate(sizeof *entry + length + 1);
    *entry = (Entry){.next = *bucket, .count = 1, .length = length};
    memcpy(entry->word, word, length);
    *bucket = entry;
    if (++entry_count > bucket_count) grow();
}

static void count_line(char *line, size_t length) {
    for (size_t at = 0, start; at < length;) {
        while (at < length && isspace((unsigned char)line[at]))
            at++;
        for (start = at; at < length && !isspace((unsigned char)line[at]); at++)
            line[at] = (char)tolower((unsigned char)line[at]);
        if (at > start) count_word(line + start, at - start);
    }
}

static int compare_words(const void *left, const void *right) {
    const Entry *const *a = left, *const *b = right;
    return strcmp((*a)->word, (*b)->word);
}

static void write_sorted(FILE *output) {
    Entry **sorted = allocate(entry_count * sizeof *sorted);
    size_t used = 0;
    for (size_t i = 0; i < bucket_count; i++)
        for (Entry *entry = buckets[i]; entry; entry = entry->next)
            sorted[used++] = entry;
    qsort(sorted, used, sizeof *sorted, compare_words);
    for (size_t i = 0; i < used; i++)
        fprintf(output, "%s\t%lu\n", sorted[i]->word, sorted[i]->count);
}

int main(int argument_count, char **arguments) {
    if (argument_count != 3) return usage("naive_wordcount INPUT OUTPUT");
    FILE *input = open_file(arguments[1], "r"), *output = open_file(arguments[2], "w");
    char *line = NULL;
    size_t capacity = 0;
    buckets = allocate(bucket_count * sizeof *buckets);
    for (ssize_t length; (length = getline(&line, &capacity, input)) > 0;)
        count_line(line, (size_t)length);
    write_sorted(output);
    return close_file(input) | close_file(output);
}
