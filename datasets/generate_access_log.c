/* generate_access_log - the log of a web server with any number of lines, in Common or Combined Log Format, with the
 * exact number of requests and bytes for each URL, host, status, method, hour and day.
 *
 *     192.0.2.19 - ada [17/Mar/2024:06:42:28 +0100] "POST /orders HTTP/1.1" 201 4604 "https://tide.example/" "curl/8.5"
 *
 * Hosts and URLs are invented, and chosen by Zipf's law. The lines are spread evenly over some days. Some of them can
 * be malformed, and some very long. The same options give the same bytes on every machine: all that decides is computed
 * with unsigned integers.
 *
 *     options -> hosts, URLs, hours -> lines -> output
 *                                         \-> answers
 *
 * The answers are kept while lines are written, never by parsing them. They are six files, whose names are a prefix and
 * .url, .host, .status, .method, .hour (such as 2024-03-17T06) or .day (2024-03-17). Each has a line for each value
 * that occurs: value TAB requests TAB bytes, sorted by the bytes of the value. PREFIX.malformed has one number: how
 * many lines are malformed, which count nowhere else. A size of "-" is 0 bytes. */

#include "generator.h"
#include "options.h"
#include "random.h"
#include "texts.h"
#include "web.h"
#include "zipf.h"

enum { DAYS_MAX = 3660 };

enum LogFormat { COMBINED, COMMON, MIXED };
static const char *const formats[] = {"combined", "common", "mixed", NULL};

struct Settings {
    uint64_t lines;                /* to write */
    uint64_t seed;                 /* of the random numbers that make the lines */
    uint64_t exponent_millionths;  /* exponent of Zipf's law, by which hosts and URLs are chosen */
    uint64_t hosts, urls;          /* to choose from */
    uint64_t days;                 /* that the lines are spread over */
    uint64_t malformed_millionths; /* percentage of the lines that are malformed, in millionths of a percent */
    uint64_t long_lines;           /* how many lines have a user name of long_bytes */
    uint64_t long_bytes;           /* length of these names */
    unsigned format;               /* enum LogFormat */
    const char *output_path;       /* "-" is the standard output */
    const char *answers_path;      /* how the names of the answers begin; NULL: nobody wants them */
};

/* What the answers say of a value. */
struct Tally {
    uint64_t requests; /* lines with this value */
    uint64_t bytes;    /* that were sent with them */
};

/* Something that a line says, and what has been counted for each of its values. */
struct Field {
    struct Texts values;   /* as they are written in the log */
    struct Tally *tallies; /* one for each value */
};

/* A log in the making. */
struct Log {
    const struct Settings *settings;
    struct Field hosts, urls, statuses, methods;
    struct Field hours;     /* values such as 17/Mar/2024:06: */
    struct Zipf host_draws; /* chooses hosts */
    struct Zipf url_draws;  /* chooses URLs */
    uint64_t random;        /* state of the random numbers */
    uint64_t malformed;     /* malformed lines so far */
    uint64_t second;        /* time of the line, since the first midnight */
    uint64_t second_rest;   /* what is left over when the lines are spread over the time */
    uint64_t long_rest;     /* the same for long lines */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Values. */

static const char *const methods[] = {"GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", NULL};
static const uint8_t method_shares[] = {208, 26, 12, 4, 4, 2}; /* of 256 */
static const char *const statuses[] = {"200", "304", "404", "302", "301", "206", "201", "403", "500", "503", NULL};
static const uint8_t status_shares[] = {190, 26, 12, 8, 6, 4, 4, 3, 2, 1}; /* of 256 */
enum { METHOD_HEAD = 2, STATUS_NOT_MODIFIED = 1 };

static bool add_words(struct Texts *texts, const char *const *words) {
    for (; *words != NULL; words++)
        if (!texts_add(texts, *words, strlen(*words))) return false;
    return true;
}

/* The choice that a lot of 8 bits falls to. */
static unsigned draw_share(const uint8_t *shares, unsigned lot) {
    unsigned choice = 0;
    while (lot >= shares[choice])
        lot -= shares[choice++];
    return choice;
}

static bool start_tallies(struct Field *field) {
    field->tallies = calloc(field->values.count, sizeof *field->tallies);
    return field->tallies != NULL;
}

/* Returns false when memory does not suffice. */
static bool prepare_log(struct Log *log, const struct Settings *settings) {
    *log = (struct Log){.settings = settings, .random = settings->seed};
    for (uint32_t i = 0; i < settings->urls; i++)
        if (!add_url(&log->urls.values, i)) return false;
    for (uint32_t i = 0; i < settings->hosts; i++)
        if (!add_host(&log->hosts.values, i)) return false;
    return add_hours(&log->hours.values, settings->days, false) && add_words(&log->methods.values, methods) &&
           add_words(&log->statuses.values, statuses) && start_tallies(&log->urls) && start_tallies(&log->hosts) &&
           start_tallies(&log->hours) && start_tallies(&log->methods) && start_tallies(&log->statuses) &&
           zipf_build(&log->url_draws, (uint32_t)settings->urls, settings->exponent_millionths) &&
           zipf_build(&log->host_draws, (uint32_t)settings->hosts, settings->exponent_millionths);
}

static void free_log(struct Log *log) {
    struct Field *fields[] = {&log->hosts, &log->urls, &log->statuses, &log->methods, &log->hours};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        texts_free(&fields[i]->values);
        free(fields[i]->tallies);
    }
    zipf_free(&log->url_draws);
    zipf_free(&log->host_draws);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Lines. Functions that put a part of a line return its end. */

/* What a line says, as the numbers of values. */
struct Request {
    uint32_t host, url, hour;
    unsigned method, status;
    uint64_t size; /* bytes sent */
    bool has_size; /* otherwise the log has a dash */
    uint64_t lots; /* random bits that decide about the rest */
};

/* Sizes have many magnitudes: a random number of at most 20 bits is shifted down by up to 15. */
static struct Request draw_request(struct Log *log) {
    uint64_t lots = next_random(&log->random), size_lots = next_random(&log->random);
    struct Request request = {
        .host = zipf_draw(&log->host_draws, next_random(&log->random)),
        .url = zipf_draw(&log->url_draws, next_random(&log->random)),
        .hour = (uint32_t)(log->second / 3600),
        .method = draw_share(method_shares, size_lots & 255),
        .status = draw_share(status_shares, size_lots >> 8 & 255),
        .size = (size_lots >> 16 & 0xfffff) >> (size_lots >> 36 & 15),
        .lots = lots,
    };
    request.has_size = request.method != METHOD_HEAD && request.status != STATUS_NOT_MODIFIED;
    if (!request.has_size) request.size = 0;
    return request;
}

static char *put_string(char *to, const char *text, size_t length) {
    memcpy(to, text, length);
    return to + length;
}
#define PUT(to, literal) put_string(to, literal, sizeof(literal) - 1)

static char *put_time(const struct Log *log, const struct Request *request, char *to) {
    to = put_text(PUT(to, " ["), &log->hours.values, request->hour);
    to = put_digits(to, log->second / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, log->second % 60, 2);
    return PUT(to, " +0100] \"");
}

static char *put_request(const struct Log *log, const struct Request *request, char *to) {
    to = put_text(to, &log->methods.values, request->method);
    *to++ = ' ';
    to = put_text(to, &log->urls.values, request->url);
    unsigned lot = request->lots & 15;
    return lot == 0 ? PUT(to, " HTTP/1.0") : lot < 4 ? PUT(to, " HTTP/2.0") : PUT(to, " HTTP/1.1");
}

static char *put_result(const struct Log *log, const struct Request *request, char *to) {
    to = put_text(PUT(to, "\" "), &log->statuses.values, request->status);
    *to++ = ' ';
    return request->has_size ? put_whole(to, request->size) : PUT(to, "-");
}

/* Referer and user agent, the two that Combined Log Format has behind Common Log Format. */
static char *put_referer_and_agent(const struct Log *log, const struct Request *request, char *to) {
    if ((request->lots >> 4 & 3) == 0)
        to = PUT(to, " \"-");
    else
        to = put_text(PUT(to, " \"https://tide.example"), &log->urls.values,
                      (uint32_t)((request->lots >> 32) % log->settings->urls));
    const char *agent = agents[request->lots >> 6 & 15];
    to = put_string(PUT(to, "\" \""), agent, strlen(agent));
    return PUT(to, "\"");
}

static bool is_combined(const struct Log *log, const struct Request *request) {
    unsigned format = log->settings->format;
    return format == COMBINED || (format == MIXED && (request->lots >> 10 & 1));
}

static const char users[4][4] = {"ada", "ito", "eve", "bob"};

/* Host and user, of which long lines consist for the most part. */
static bool write_start(const struct Log *log, const struct Request *request, bool is_long, struct Output *output) {
    char *to = put_text(output_end(output), &log->hosts.values, request->host);
    to = PUT(to, " - ");
    if (is_long)
        to = PUT(to, "long_");
    else if ((request->lots >> 11 & 31) == 0)
        to = put_string(to, users[request->lots >> 16 & 3], 3);
    else
        to = PUT(to, "-");
    output_advance(output, to);
    return !is_long || (output_repeat(output, 'x', log->settings->long_bytes) && output_reserve(output));
}

static bool write_good_line(const struct Log *log, const struct Request *request, bool is_long, struct Output *output) {
    if (!write_start(log, request, is_long, output)) return false;
    char *to = put_time(log, request, output_end(output));
    to = put_result(log, request, put_request(log, request, to));
    if (is_combined(log, request)) to = put_referer_and_agent(log, request, to);
    *to++ = '\n';
    output_advance(output, to);
    return true;
}

/* A line that says nothing, in one of eight ways. */
static bool write_malformed_line(const struct Log *log, const struct Request *request, bool is_long,
                                 struct Output *output) {
    unsigned way = request->lots >> 20 & 7;
    if (way == 0) return output_put(output, "\n", 1);
    if (way == 1) return output_put(output, "logrotate: a new file\n", 22);
    if (!write_start(log, request, is_long, output)) return false;
    char *to = output_end(output);
    if (way == 2) {
        to = PUT(to, " [17/Mar/2024:06:4");
    } else if (way == 3) {
        to = PUT(put_time(log, request, to), "\\x16\\x03\\x01\" 400 226");
    } else if (way == 4) {
        to = PUT(put_request(log, request, put_time(log, request, to)), "\" two 512");
    } else if (way == 5) {
        to = PUT(put_request(log, request, put_time(log, request, to)), "\" 200 many");
    } else if (way == 6) {
        to = PUT(put_request(log, request, put_time(log, request, to)), " 200 512");
    } else {
        to = PUT(put_time(log, request, to), "-\" 408 -");
    }
    *to++ = '\n';
    output_advance(output, to);
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The log. */

static void note(struct Field *field, uint32_t value, uint64_t size) {
    field->tallies[value].requests++;
    field->tallies[value].bytes += size;
}

static void note_request(struct Log *log, const struct Request *request) {
    note(&log->hosts, request->host, request->size);
    note(&log->urls, request->url, request->size);
    note(&log->hours, request->hour, request->size);
    note(&log->methods, request->method, request->size);
    note(&log->statuses, request->status, request->size);
}

static bool write_lines(struct Log *log, struct Output *output) {
    const struct Settings *settings = log->settings;
    for (uint64_t line = 0; line < settings->lines; line++) {
        uint64_t is_long = 0;
        struct Request request = draw_request(log);
        add_share(&log->second, &log->second_rest, settings->days * 86400, settings->lines);
        add_share(&is_long, &log->long_rest, settings->long_lines, settings->lines);
        if (!output_reserve(output)) return false;
        bool is_malformed = random_happens(&log->random, settings->malformed_millionths);
        if (is_malformed) {
            log->malformed++;
            if (!write_malformed_line(log, &request, is_long > 0, output)) return false;
        } else {
            note_request(log, &request);
            if (!write_good_line(log, &request, is_long > 0, output)) return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answers. */

static bool write_tallies(const struct Texts *values, const struct Tally *tallies, const uint32_t *order,
                          struct Output *output) {
    for (uint32_t i = 0; i < values->count; i++) {
        const struct Tally *tally = &tallies[order[i]];
        if (tally->requests == 0) continue;
        if (!output_reserve(output)) return false;
        char *to = put_text(output_end(output), values, order[i]);
        *to++ = '\t';
        to = put_whole(to, tally->requests);
        *to++ = '\t';
        to = put_whole(to, tally->bytes);
        *to++ = '\n';
        output_advance(output, to);
    }
    return true;
}

static bool open_answer(const struct Log *log, const char *suffix, struct Output *output) {
    char path[4096];
    int length = snprintf(path, sizeof path, "%s.%s", log->settings->answers_path, suffix);
    if (length < (int)sizeof path) return output_open(output, path);
    errno = ENAMETOOLONG;
    return report_failure("open", log->settings->answers_path);
}

static bool write_answer(const struct Log *log, const char *suffix, const struct Texts *values,
                         const struct Tally *tallies) {
    struct Output output;
    uint32_t *order = texts_order(values);
    if (order == NULL) return report_no_memory();
    bool is_good = open_answer(log, suffix, &output);
    if (is_good) is_good = output_close(&output, write_tallies(values, tallies, order, &output));
    free(order);
    return is_good;
}

/* Hours and days have other names in the answers than in the log, and a day is the sum of its hours. */
static bool write_times(const struct Log *log) {
    struct Texts hours = {.count = 0}, days = {.count = 0};
    struct Tally *tallies = calloc(log->settings->days, sizeof *tallies);
    bool is_good = tallies != NULL && add_hours(&hours, log->settings->days, true);
    for (uint32_t hour = 0; is_good && hour < hours.count; hour++) {
        tallies[hour / 24].requests += log->hours.tallies[hour].requests;
        tallies[hour / 24].bytes += log->hours.tallies[hour].bytes;
        if (hour % 24 == 0) is_good = texts_add(&days, texts_at(&hours, hour), strlen("2024-03-17"));
    }
    is_good = (is_good || report_no_memory()) && write_answer(log, "hour", &hours, log->hours.tallies) &&
              write_answer(log, "day", &days, tallies);
    free(tallies);
    texts_free(&hours);
    texts_free(&days);
    return is_good;
}

static bool write_malformed(const struct Log *log) {
    struct Output output;
    if (!open_answer(log, "malformed", &output)) return false;
    char *to = put_whole(output_end(&output), log->malformed);
    *to++ = '\n';
    output_advance(&output, to);
    return output_close(&output, true);
}

static bool write_answers(const struct Log *log) {
    return write_answer(log, "url", &log->urls.values, log->urls.tallies) &&
           write_answer(log, "host", &log->hosts.values, log->hosts.tallies) &&
           write_answer(log, "status", &log->statuses.values, log->statuses.tallies) &&
           write_answer(log, "method", &log->methods.values, log->methods.tallies) && write_times(log) &&
           write_malformed(log);
}

static bool generate(const struct Settings *settings) {
    struct Log log;
    struct Output output;
    bool is_good = prepare_log(&log, settings) || report_no_memory();
    if (is_good) is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_lines(&log, &output));
    if (is_good && settings->answers_path != NULL) is_good = write_answers(&log);
    free_log(&log);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_access_log [OPTION]...\n"
    "Write the log of an invented web server. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --lines N            write N lines (default 10000)\n"
    "      --format FORMAT      'combined' (default), 'common' or 'mixed' Log Format\n"
    "      --hosts N            choose from N hosts, up to 10000000 (default 1000)\n"
    "      --urls N             choose from N URLs, up to 10000000 (default 5000)\n"
    "  -e, --exponent NUMBER    choose both by Zipf's law with this exponent, 0 to 4 with up to 6 decimals (default "
    "1)\n"
    "      --days N             spread the lines over N days, up to 3660 (default 2)\n"
    "      --malformed PERCENT  share of lines that are malformed (default 0)\n"
    "      --long-lines N       N of the lines have a very long user name (default 0)\n"
    "      --long-bytes SIZE    length of these names (default 1M)\n"
    "      --seed N             choose other lines (default 1)\n"
    "  -o, --output FILE        write the log to FILE instead of the standard output\n"
    "  -a, --answers PREFIX     also write PREFIX.url, .host, .status, .method, .hour and .day: value, requests and "
    "bytes\n"
    "                           with tabs between them, sorted by the bytes of the value; and PREFIX.malformed\n"
    "  -h, --help               show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {.lines = 10000,
                                .seed = 1,
                                .exponent_millionths = MILLION,
                                .hosts = 1000,
                                .urls = 5000,
                                .days = 2,
                                .long_bytes = 1 << 20,
                                .output_path = "-"};
    const struct Option options[] = {
        option_whole("lines", 'n', &settings.lines, 0, UINT64_C(1) << 50),
        option_choice("format", &settings.format, formats),
        option_whole("hosts", 0, &settings.hosts, 1, HOSTS_MAX),
        option_whole("urls", 0, &settings.urls, 1, URLS_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_whole("days", 0, &settings.days, 1, DAYS_MAX),
        option_decimal("malformed", 0, &settings.malformed_millionths, 100),
        option_whole("long-lines", 0, &settings.long_lines, 0, UINT64_C(1) << 50),
        option_size("long-bytes", 0, &settings.long_bytes, UINT64_C(1) << 32),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answers", 'a', &settings.answers_path),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
