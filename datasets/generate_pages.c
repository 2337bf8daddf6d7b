/* generate_pages - HTML pages that link to each other, with the list of pages that link to each target.
 *
 * The pages are texts of invented words, with links among them: to other pages, which are chosen by Zipf's law, and to
 * some targets that are no pages. The tags of links are spelled in different ways, as they are on the web. The pages
 * are written
 *
 *     --format lines   a page in a line: its URL, a tab, then HTML without newlines
 *     --format nul     ended by zero bytes: its URL, a newline, then HTML
 *     --format files   in a folder, a file for each; links are names of files
 *
 * The same options give the same bytes on every machine: all that decides is computed with unsigned integers.
 *
 *     options -> URLs -> pages -> output
 *                            \-> links of each page -> turned around -> answer
 *
 * The answer has a line for each target that a page links to, sorted by the bytes of the target: the target, as it is
 * written in links, a tab, and the pages that link to it, each of them once, sorted by their bytes, with commas between
 * them. Pages are called by their URL, or by the name of their file. Nothing that is written is parsed for it. */

#include <sys/stat.h>

#include "generator.h"
#include "options.h"
#include "random.h"
#include "texts.h"
#include "vocabulary.h"
#include "zipf.h"

enum {
    PAGES_MAX = 10 * MILLION,
    LINKS_MAX = 1000,
    WORDS_MAX = 1000000,
    WORDS = 20000,      /* that texts consist of */
    HOSTS = 1000,       /* that URLs have */
    FIRST_HOST = 512,   /* rank of the vocabulary: the words before it are too short for hosts */
    FIRST_PAGE = 4096,  /* the same for pages */
    OUTSIDE_SHARE = 16, /* for so many pages there is a target that is no page */
};

enum PageFormat { LINES, NUL, FILES };
static const char *const formats[] = {"lines", "nul", "files", NULL};

struct Settings {
    uint64_t pages;               /* to write */
    uint64_t links, words;        /* of a page, on average */
    uint64_t exponent_millionths; /* exponent of Zipf's law, by which targets are chosen */
    uint64_t
        decoys_millionths;   /* share of links that something follows that looks like one, in millionths of a percent */
    uint64_t seed;           /* of the random numbers that make the pages */
    unsigned format;         /* enum PageFormat */
    const char *output_path; /* a file, or a folder; "-" is the standard output */
    const char *answer_path; /* NULL: nobody wants the answer */
};

/* Lists of numbers that lie one after the other. */
struct Lists {
    uint64_t *ends;    /* where each list ends, counted from the beginning of the first */
    uint32_t *numbers; /* of all lists */
    uint64_t room;     /* numbers that there is memory for */
};

/* Pages and targets have numbers: the pages come first, and all of them can be targets. */
struct Web {
    const struct Settings *settings;
    struct Vocabulary vocabulary; /* of the texts */
    struct Texts targets;         /* as they are written in links */
    struct Zipf target_draws;     /* chooses ranks of targets */
    struct Lists links;           /* for each page, the targets that it links to */
    uint32_t *seen;               /* for each target, the last page that links to it, + 1 */
    uint64_t random;              /* state of the random numbers */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Targets. Their words are all different, and so are they. */

static bool add_target(struct Web *web, uint32_t number) {
    char host[WORD_BYTES_MAX], page[WORD_BYTES_MAX], target[4 * WORD_BYTES_MAX];
    bool is_outside = number >= web->settings->pages;
    host[spell_word(FIRST_HOST + (uint32_t)(scramble(number) % HOSTS), 0, host)] = '\0';
    page[spell_word(FIRST_PAGE + number, 0, page)] = '\0';
    int length;
    if (is_outside)
        length = snprintf(target, sizeof target, "http://%s.invalid/%s?id=%u", host, page, (unsigned)number);
    else if (web->settings->format == FILES)
        length = snprintf(target, sizeof target, "%s.html", page);
    else
        length = snprintf(target, sizeof target, "https://%s.example/%s.html", host, page);
    return texts_add(&web->targets, target, (size_t)length);
}

/* Returns false when memory does not suffice. */
static bool prepare_web(struct Web *web, const struct Settings *settings) {
    uint32_t targets = (uint32_t)(settings->pages + settings->pages / OUTSIDE_SHARE + 1);
    *web = (struct Web){.settings = settings, .random = settings->seed};
    for (uint32_t i = 0; i < targets; i++)
        if (!add_target(web, i)) return false;
    web->links.ends = calloc(settings->pages + 1, sizeof *web->links.ends);
    web->seen = calloc(targets + (size_t)1, sizeof *web->seen);
    return web->links.ends != NULL && web->seen != NULL &&
           zipf_build(&web->target_draws, targets, settings->exponent_millionths) &&
           build_vocabulary(&web->vocabulary, WORDS, MILLION, MILLION);
}

static void free_web(struct Web *web) {
    free_vocabulary(&web->vocabulary);
    texts_free(&web->targets);
    zipf_free(&web->target_draws);
    free(web->links.ends);
    free(web->links.numbers);
    free(web->seen);
}

/* Remembers a link, the first time that the page has it. */
static bool note_link(struct Web *web, uint64_t page, uint32_t target) {
    struct Lists *links = &web->links;
    if (web->settings->answer_path == NULL || web->seen[target] == page + 1) return true;
    web->seen[target] = (uint32_t)page + 1;
    if (links->ends[page] == links->room) {
        uint64_t room = links->room + links->room / 2 + 65536;
        uint32_t *numbers = realloc(links->numbers, room * sizeof *numbers);
        if (numbers == NULL) return report_no_memory();
        links->numbers = numbers;
        links->room = room;
    }
    links->numbers[links->ends[page]++] = target;
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Pages. A newline is a blank where a page is a line. */

/* Ways to spell a tag, which is completed by what follows the target. A tilde stands for a newline. */
static const struct {
    const char *before, *after;
} spellings[16] = {
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<a href=\"", "\">"},
    {"<A HREF=\"", "\">"},
    {"<a href='", "'>"},
    {"<a href=", ">"},
    {"<a class=\"wide\" href=\"", "\" title=\"a > b\">"},
    {"<a href = \"", "\" >"},
    {"<a~   href=\"", "\"~   rel='next'>"},
    {"<a rel=nofollow Href='", "' target=_blank>"},
    {"<a title='5 > 3' href=\"", "\">"},
};

/* What looks like a link and is none. */
static const char *const decoys[4] = {
    "<!-- <a href=\"commented.html\">out</a> -->",
    "<span data-href=\"data.html\">nothing</span>",
    "write href=\"text.html\" here",
    "<img alt='<a href=\"quoted.html\">' src=picture.jpg>",
};

static char *put_markup(char *to, const char *markup, char newline) {
    for (; *markup != '\0'; markup++)
        *to++ = *markup == '~' ? newline : *markup;
    return to;
}

static bool write_words(struct Web *web, uint64_t count, char newline, struct Output *output) {
    for (uint64_t i = 0; i < count; i++) {
        if (!output_reserve(output)) return false;
        uint32_t rank = zipf_draw(&web->vocabulary.zipf, next_random(&web->random));
        char *to = put_text(output_end(output), &web->vocabulary.words, rank);
        *to++ = i % 12 == 11 ? newline : ' ';
        output_advance(output, to);
    }
    return true;
}

static bool write_link(struct Web *web, uint64_t page, char newline, struct Output *output) {
    uint64_t lots = next_random(&web->random);
    uint32_t rank = zipf_draw(&web->target_draws, next_random(&web->random));
    uint32_t target = (uint32_t)permute_below(rank, web->targets.count);
    if (!output_reserve(output)) return false;
    char *to = put_markup(output_end(output), spellings[lots & 15].before, newline);
    to = put_text(to, &web->targets, target);
    to = put_markup(to, spellings[lots & 15].after, newline);
    to = put_text(to, &web->vocabulary.words, (uint32_t)((lots >> 32) % WORDS));
    to = put_markup(to, "</a>~", newline);
    if (random_happens(&web->random, web->settings->decoys_millionths)) {
        to = put_markup(to, decoys[lots >> 4 & 3], newline);
        *to++ = newline;
    }
    output_advance(output, to);
    return note_link(web, page, target);
}

static bool write_page(struct Web *web, uint64_t page, struct Output *output) {
    const struct Settings *settings = web->settings;
    char newline = settings->format == LINES ? ' ' : '\n';
    uint64_t links = random_below(next_random(&web->random), 2 * settings->links + 1);
    uint64_t words = random_below(next_random(&web->random), 2 * settings->words + 1) / (links + 1);
    if (!output_reserve(output)) return false;
    char *to = put_markup(output_end(output), "<!DOCTYPE html>~<html>~<head><title>", newline);
    to = put_whole(to, page + 1);
    output_advance(output, put_markup(to, "</title></head>~<body>~<p>", newline));
    for (uint64_t i = 0; i < links; i++)
        if (!write_words(web, words, newline, output) || !write_link(web, page, newline, output)) return false;
    if (!write_words(web, words, newline, output) || !output_reserve(output)) return false;
    output_advance(output, put_markup(output_end(output), "</p>~</body>~</html>", newline));
    return true;
}

/* Writes a page as a record of a file of pages. */
static bool write_record(struct Web *web, uint64_t page, struct Output *output) {
    bool is_line = web->settings->format == LINES;
    if (!output_reserve(output)) return false;
    char *to = put_text(output_end(output), &web->targets, (uint32_t)page);
    *to++ = is_line ? '\t' : '\n';
    output_advance(output, to);
    return write_page(web, page, output) && output_put(output, is_line ? "\n" : "", 1);
}

static bool write_file(struct Web *web, uint64_t page) {
    char path[4096];
    struct Output output;
    int length = snprintf(path, sizeof path, "%s/%.*s", web->settings->output_path,
                          (int)texts_length(&web->targets, (uint32_t)page), texts_at(&web->targets, (uint32_t)page));
    if (length >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return report_failure("open", web->settings->output_path);
    }
    return output_open(&output, path) &&
           output_close(&output, write_page(web, page, &output) && output_put(&output, "\n", 1));
}

static bool write_pages(struct Web *web) {
    const struct Settings *settings = web->settings;
    struct Output output;
    bool is_good = true, is_folder = settings->format == FILES;
    if (is_folder && mkdir(settings->output_path, 0777) != 0 && errno != EEXIST)
        return report_failure("make the folder", settings->output_path);
    if (!is_folder && !output_open(&output, settings->output_path)) return false;
    for (uint64_t page = 0; is_good && page < settings->pages; page++) {
        web->links.ends[page] = page > 0 ? web->links.ends[page - 1] : 0;
        is_good = is_folder ? write_file(web, page) : write_record(web, page, &output);
    }
    return is_folder ? is_good : output_close(&output, is_good);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answer. Links are turned around by going through the pages in the order of their bytes: so the pages of each
 * target come in this order by themselves. */

static uint64_t start_of(const struct Lists *lists, uint64_t list) {
    return list > 0 ? lists->ends[list - 1] : 0;
}

/* Makes empty lists that have room for as many pages as link to each target: each ends where it begins. */
static void plan_sources(const struct Web *web, struct Lists *sources) {
    uint64_t links = web->settings->pages > 0 ? web->links.ends[web->settings->pages - 1] : 0, used = 0;
    for (uint64_t i = 0; i < links; i++)
        sources->ends[web->links.numbers[i]]++;
    for (uint32_t target = 0; target < web->targets.count; target++) {
        uint64_t count = sources->ends[target];
        sources->ends[target] = used;
        used += count;
    }
}

/* order: the numbers of all targets in the order of their bytes. Returns false when memory does not suffice. */
static bool turn_around(const struct Web *web, const uint32_t *order, struct Lists *sources) {
    uint64_t pages = web->settings->pages, links = pages > 0 ? web->links.ends[pages - 1] : 0;
    sources->ends = calloc(web->targets.count, sizeof *sources->ends);
    sources->numbers = malloc((links + 1) * sizeof *sources->numbers);
    if (sources->ends == NULL || sources->numbers == NULL) return false;
    plan_sources(web, sources);
    for (uint32_t i = 0; i < web->targets.count; i++) {
        uint32_t page = order[i];
        if (page >= pages) continue;
        for (uint64_t j = start_of(&web->links, page); j < web->links.ends[page]; j++)
            sources->numbers[sources->ends[web->links.numbers[j]]++] = page;
    }
    return true;
}

static bool write_sources(const struct Web *web, const uint32_t *order, const struct Lists *sources,
                          struct Output *output) {
    for (uint32_t i = 0; i < web->targets.count; i++) {
        uint32_t target = order[i];
        uint64_t start = start_of(sources, target), end = sources->ends[target];
        if (start == end) continue;
        if (!output_reserve(output)) return false;
        output_advance(output, put_text(output_end(output), &web->targets, target));
        for (uint64_t j = start; j < end; j++) {
            if (!output_reserve(output)) return false;
            char *to = output_end(output);
            *to++ = j == start ? '\t' : ',';
            output_advance(output, put_text(to, &web->targets, sources->numbers[j]));
        }
        if (!output_put(output, "\n", 1)) return false;
    }
    return true;
}

static bool write_answer(const struct Web *web) {
    struct Lists sources = {.ends = NULL};
    struct Output output;
    uint32_t *order = texts_order(&web->targets);
    bool is_good = (order != NULL && turn_around(web, order, &sources)) || report_no_memory();
    if (is_good)
        is_good = output_open(&output, web->settings->answer_path) &&
                  output_close(&output, write_sources(web, order, &sources, &output));
    free(order);
    free(sources.ends);
    free(sources.numbers);
    return is_good;
}

static bool generate(const struct Settings *settings) {
    struct Web web;
    bool is_good = prepare_web(&web, settings) || report_no_memory();
    is_good = is_good && write_pages(&web) && (settings->answer_path == NULL || write_answer(&web));
    free_web(&web);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_pages [OPTION]...\n"
    "Write HTML pages that link to each other. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --pages N          write N pages, up to 10000000 (default 1000)\n"
    "      --format FORMAT    'lines' (default): a page in a line, URL, tab and HTML; 'nul': URL, newline and HTML, "
    "ended by\n"
    "                         a zero byte; 'files': a file for each page in the folder that --output names\n"
    "  -l, --links N          N links in a page on average, up to 1000 (default 10)\n"
    "  -w, --words N          N words in a page on average, up to 1000000 (default 200)\n"
    "  -e, --exponent NUMBER  choose targets by Zipf's law with this exponent, 0 to 4 with up to 6 decimals (default "
    "0.8)\n"
    "      --decoys PERCENT   share of links that something follows that looks like a link and is none (default 0)\n"
    "      --seed N           choose other texts and links (default 1)\n"
    "  -o, --output FILE      write the pages to FILE, or to files in the folder FILE, instead of the standard output\n"
    "  -a, --answer FILE      also write each target, a tab, and the pages that link to it, with commas between them\n"
    "  -h, --help             show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {
        .pages = 1000, .links = 10, .words = 200, .exponent_millionths = 800000, .seed = 1, .output_path = "-"};
    const struct Option options[] = {
        option_whole("pages", 'n', &settings.pages, 0, PAGES_MAX),
        option_choice("format", &settings.format, formats),
        option_whole("links", 'l', &settings.links, 0, LINKS_MAX),
        option_whole("words", 'w', &settings.words, 0, WORDS_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_decimal("decoys", 0, &settings.decoys_millionths, 100),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    if (settings.format == FILES && strcmp(settings.output_path, "-") == 0) {
        report_usage("--output", settings.output_path, "a folder, as --format files needs one");
        return EXIT_USAGE;
    }
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
