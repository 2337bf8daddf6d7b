/* reference - what mr has to print, computed the simplest way: one process, everything in memory, one qsort.
 *
 *     reference wordcount     [words=space|letters] [case=keep|lower] -- FILE...
 *     reference invertedindex [words=space|letters] [case=keep|lower] -- FILE...
 *     reference grep pattern=TEXT [invert=yes] [ignore-case=yes] [count=yes] [line-numbers=yes] -- FILE...
 *
 * The tests compare mr with this program byte for byte, so it is meant to be obviously right rather than quick. It
 * shares no code with mr. Its grep knows fixed strings only; regular expressions are compared with grep -P.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The content of one input file. */
typedef struct {
    const char *name;
    uint8_t *bytes;
    size_t length;
} Input;

/* One occurrence of a word. */
typedef struct {
    const uint8_t *bytes; /* inside the input, or in a lower-cased copy of it */
    size_t length;
    int file; /* position on the command line of the first file with the same name */
} Word;

static char **all_names; /* of the files on the command line, in its order */

static Input *inputs; /* all of them stay in memory, because the words point into them */

static struct {
    Word *at;
    size_t count;
    size_t capacity;
} words;

static struct {
    bool letters;      /* words=letters */
    bool lower;        /* case=lower */
    const char *text;  /* pattern= */
    bool invert;       /* invert=yes */
    bool ignore_case;  /* ignore-case=yes, for ASCII only */
    bool count;        /* count=yes */
    bool line_numbers; /* line-numbers=yes */
} options;

static _Noreturn void die(const char *what) {
    fprintf(stderr, "reference: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *allocate(size_t size) {
    void *memory = malloc(size ? size : 1);
    if (!memory) die("malloc");
    return memory;
}

static Input read_input(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) die(name);
    long size = ftell(file);
    if (size < 0) die(name);
    rewind(file);
    Input input = {.name = name, .bytes = allocate((size_t)size), .length = (size_t)size};
    if (fread(input.bytes, 1, input.length, file) != input.length) die(name);
    fclose(file);
    return input;
}

/* ---- letters ---- */

/* Decodes the code point at `bytes`. Returns its length in bytes; an invalid byte counts as a code point of its own,
 * and `*code_point` is then -1. */
static size_t decode(const uint8_t *bytes, size_t length, utf8proc_int32_t *code_point) {
    utf8proc_ssize_t used = utf8proc_iterate(bytes, (utf8proc_ssize_t)(length > 4 ? 4 : length), code_point);
    if (used > 0) return (size_t)used;
    *code_point = -1;
    return 1;
}

static bool is_letter(utf8proc_int32_t code_point) {
    if (code_point < 0) return false;
    switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return true;
    default:
        return false;
    }
}

/* Replaces the content of `input` by a copy with every code point in lower case. Lower-casing makes no separator a part
 * of a word, nor the reverse, so it can be done before the text is cut into words. */
static void make_lower(Input *input) {
    uint8_t *copy = allocate(input->length * 2 + 4); /* no mapping doubles a length: at worst 2 bytes become 3 */
    size_t length = 0;
    for (size_t i = 0; i < input->length;) {
        utf8proc_int32_t code_point;
        size_t used = decode(input->bytes + i, input->length - i, &code_point);
        if (code_point < 0)
            copy[length++] = input->bytes[i];
        else
            length += (size_t)utf8proc_encode_char(utf8proc_tolower(code_point), copy + length);
        i += used;
    }
    free(input->bytes);
    input->bytes = copy;
    input->length = length;
}

/* ---- words ---- */

static void add_word(const Input *input, size_t start, size_t end, int file) {
    if (start == end) return;
    if (words.count == words.capacity) {
        words.capacity = words.capacity ? words.capacity * 2 : 1024;
        words.at = realloc(words.at, words.capacity * sizeof *words.at);
        if (!words.at) die("realloc");
    }
    words.at[words.count++] = (Word){input->bytes + start, end - start, file};
}

static bool is_space(uint8_t byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static void find_words(const Input *input, int file) {
    size_t start = 0, i = 0;
    while (i < input->length) {
        utf8proc_int32_t code_point;
        size_t used = options.letters ? decode(input->bytes + i, input->length - i, &code_point) : 1;
        if (options.letters ? !is_letter(code_point) : is_space(input->bytes[i])) {
            add_word(input, start, i, file);
            start = i + used;
        }
        i += used;
    }
    add_word(input, start, input->length, file);
}

static int compare_text(const Word *a, const Word *b) {
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->bytes, b->bytes, shorter);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int compare_words(const void *a_pointer, const void *b_pointer) {
    const Word *a = a_pointer, *b = b_pointer;
    int order = compare_text(a, b);
    return order ? order : a->file - b->file;
}

/* ---- output ---- */

static void print_escaped(const uint8_t *bytes, size_t length) {
    for (size_t i = 0; i < length; i++)
        switch (bytes[i]) {
        case '\\':
            fputs("\\\\", stdout);
            break;
        case '\t':
            fputs("\\t", stdout);
            break;
        case '\n':
            fputs("\\n", stdout);
            break;
        case '\r':
            fputs("\\r", stdout);
            break;
        default:
            putchar(bytes[i]);
        }
}

static void print_name(const char *name) {
    print_escaped((const uint8_t *)name, strlen(name));
}

static void print_counts(void) {
    for (size_t first = 0, next; first < words.count; first = next) {
        for (next = first; next < words.count && compare_text(&words.at[first], &words.at[next]) == 0;)
            next++;
        print_escaped(words.at[first].bytes, words.at[first].length);
        printf("\t%zu\n", next - first);
    }
}

static void print_index(void) {
    for (size_t i = 0; i < words.count; i++) {
        bool new_word = i == 0 || compare_text(&words.at[i - 1], &words.at[i]) != 0;
        if (!new_word && words.at[i - 1].file == words.at[i].file) continue;
        if (new_word) {
            if (i > 0) putchar('\n');
            print_escaped(words.at[i].bytes, words.at[i].length);
        }
        putchar(new_word ? '\t' : ',');
        print_name(all_names[words.at[i].file]);
    }
    if (words.count > 0) putchar('\n');
}

/* ---- grep ---- */

static uint8_t ascii_lower(uint8_t byte) {
    return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
}

static bool line_contains(const uint8_t *line, size_t length, const char *text) {
    size_t text_length = strlen(text);
    for (size_t i = 0; i + text_length <= length; i++) {
        size_t same = 0;
        while (same < text_length &&
               (options.ignore_case ? ascii_lower(line[i + same]) == ascii_lower((uint8_t)text[same])
                                    : line[i + same] == (uint8_t)text[same]))
            same++;
        if (same == text_length) return true;
    }
    return false;
}

static void grep_file(const Input *input, bool several) {
    size_t matches = 0, number = 0;
    for (size_t start = 0, end; start < input->length; start = end + 1) {
        const uint8_t *newline = memchr(input->bytes + start, '\n', input->length - start);
        end = newline ? (size_t)(newline - input->bytes) : input->length;
        number++;
        if (line_contains(input->bytes + start, end - start, options.text) == options.invert) continue;
        matches++;
        if (options.count) continue;
        if (options.line_numbers && several) printf("%s:", input->name);
        if (options.line_numbers) printf("%zu:", number);
        fwrite(input->bytes + start, 1, end - start, stdout);
        putchar('\n');
    }
    if (!options.count) return;
    print_name(input->name);
    printf("\t%zu\n", matches);
}

/* ---- the command line ---- */

static void set_option(const char *option) {
    static const struct {
        const char *text;
        bool *flag;
        bool value;
    } known[] = {
        {"words=space", &options.letters, false},
        {"words=letters", &options.letters, true},
        {"case=keep", &options.lower, false},
        {"case=lower", &options.lower, true},
        {"invert=no", &options.invert, false},
        {"invert=yes", &options.invert, true},
        {"ignore-case=no", &options.ignore_case, false},
        {"ignore-case=yes", &options.ignore_case, true},
        {"count=no", &options.count, false},
        {"count=yes", &options.count, true},
        {"line-numbers=no", &options.line_numbers, false},
        {"line-numbers=yes", &options.line_numbers, true},
    };
    if (strncmp(option, "pattern=", 8) == 0) {
        options.text = option + 8;
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(option, known[i].text) == 0) {
            *known[i].flag = known[i].value;
            return;
        }
    errno = EINVAL;
    die(option);
}

static int compare_names(const void *a_pointer, const void *b_pointer) {
    const int *a = a_pointer, *b = b_pointer;
    int order = strcmp(all_names[*a], all_names[*b]);
    return order ? order : *a - *b;
}

/* Fills first[file] with the position of the first file that has the same name. */
static void find_first_names(int *first, int files) {
    int *order = allocate((size_t)files * sizeof *order);
    for (int file = 0; file < files; file++)
        order[file] = file;
    qsort(order, (size_t)files, sizeof *order, compare_names);
    for (int i = 0; i < files; i++) {
        bool same = i > 0 && strcmp(all_names[order[i - 1]], all_names[order[i]]) == 0;
        first[order[i]] = same ? first[order[i - 1]] : order[i];
    }
    free(order);
}

int main(int argc, char **argv) {
    const char *plugin = argc > 1 ? argv[1] : "";
    int argument = 2;
    while (argument < argc && strcmp(argv[argument], "--") != 0)
        set_option(argv[argument++]);
    if (argument >= argc - 1) {
        fputs("usage: reference PLUGIN [OPTION=VALUE...] -- FILE...\n", stderr);
        return 2;
    }
    all_names = argv + argument + 1;
    int files = argc - argument - 1;
    int *first = allocate((size_t)files * sizeof *first);
    find_first_names(first, files);
    inputs = allocate((size_t)files * sizeof *inputs);
    for (int file = 0; file < files; file++) {
        inputs[file] = read_input(all_names[file]);
        if (strcmp(plugin, "grep") == 0) {
            grep_file(&inputs[file], files > 1);
            continue;
        }
        if (options.lower) make_lower(&inputs[file]);
        find_words(&inputs[file], first[file]);
    }
    if (words.count > 0) qsort(words.at, words.count, sizeof *words.at, compare_words);
    if (strcmp(plugin, "wordcount") == 0) print_counts();
    if (strcmp(plugin, "invertedindex") == 0) print_index();
    free(first);
    if (fflush(stdout) != 0) die("stdout");
    return 0;
}
