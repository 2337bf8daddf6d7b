/* accesslog - requests, or bytes sent, by URL, host, status, method, hour or day, from the log of a web server in
 * Common or Combined Log Format. A model of a fold job whose records have to be taken apart with care, and fast.
 *
 *     mr run accesslog --set by=host --set what=bytes access.log
 */
// mr: -D_GNU_SOURCE
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"by", MR_OPTION_CHOICE, 0, "url", "url|host|status|method|hour|day", "what is counted for"},
    {"what", MR_OPTION_CHOICE, 0, "count", "count|bytes", "how many requests, or how many bytes were sent"},
    {"query", MR_OPTION_CHOICE, 0, "keep", "keep|drop", "drop: a URL ends at its first question mark"},
    {"bad", MR_OPTION_CHOICE, 0, "skip", "skip|fail",
     "skip: count malformed lines, and go on; fail: they are bad records, which --skip-bad keeps"},
    {0}};

enum { BY_URL, BY_HOST, BY_STATUS, BY_METHOD, BY_HOUR, BY_DAY };

static int64_t by;          /* one of these */
static int drop_query;      /* the part of the URL from the question mark on does not count */
static int of_bytes;        /* bytes are added up, not requests */
static uint64_t *bad_lines; /* counted here; NULL: they are rejected */
static const char *why_bad; /* what is wrong with the line at hand */
static char known_hour[14]; /* the last "17/Mar/2024:06" that was right */
static char known_month[2]; /* its month in digits */

/* What a line says; all of it lies in the line. */
typedef struct request {
    mr_slice host;
    char *time; /* 26 bytes such as 17/Mar/2024:06:42:28 +0100 */
    mr_slice method;
    mr_slice url;
    mr_slice status;
    int64_t bytes; /* sent; 0 when the log has - */
} request;

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (mr_option_int(ctx, "what")) self->fold_type = MR_FOLD_SUM_INT64;
}

static void open(mr_ctx *ctx) {
    by = mr_option_int(ctx, "by");
    of_bytes = mr_option_int(ctx, "what") == 1;
    drop_query = mr_option_int(ctx, "query") == 1;
    if (mr_option_int(ctx, "bad") == 0) bad_lines = mr_counter(ctx, "malformed lines");
}

/* ---- taking a line apart ----------------------------------------------------------------------------------------- */

/* Lines are cut at their first quote, where the request nearly always begins:
 *
 *     198.51.100.7 - ada [17/Mar/2024:06:42:28 +0100] "POST /orders HTTP/1.1" 201 4604 "https://harbour.example/"
 * "curl"
 *
 * The time has a fixed length, so that it is found from there backwards. What follows the bytes is not looked at. */

enum { TIME = 26, HOUR = sizeof known_hour };

static int malformed(const char *why) {
    why_bad = why;
    return 0;
}

/* Whether text has the form of a pattern, in which 0 stands for a digit and + for a sign. */
static int has_form(const char *text, const char *pattern, size_t length) {
    int wrong = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = (unsigned char)(text[i] - '0') <= 9, sign = text[i] == '+' || text[i] == '-';
        wrong |= pattern[i] == '0' ? !digit : pattern[i] == '+' ? !sign : text[i] != pattern[i];
    }
    return !wrong;
}

/* Whether text begins with a day and an hour such as 17/Mar/2024:06; most lines have those of the line before. */
static int is_hour(const char *text) {
    static const char months[] = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec ";
    if (memcmp(text, known_hour, HOUR) == 0) return 1;
    if (!has_form(text, "00/", 3) || !has_form(text + 6, "/0000:00", 8)) return 0;
    const char *month = months;
    while (*month && memcmp(month, text + 3, 3) != 0)
        month += 4;
    if (!*month) return 0;
    long number = 1 + (month - months) / 4;
    known_month[0] = (char)('0' + number / 10);
    known_month[1] = (char)('0' + number % 10);
    memcpy(known_hour, text, HOUR);
    return 1;
}

/* Whether a time in brackets and a blank end here, with anything before them. */
static int time_ends_at(const char *start, const char *end) {
    const char *time = end - TIME - 2;
    return end - start > TIME + 4 && end[-1] == ' ' && end[-2] == ']' && time[-1] == '[' && time[-2] == ' ' &&
           has_form(time + HOUR, ":00:00 +0000", TIME - HOUR) && is_hour(time);
}

/* The quote that a request begins with: the first one behind a time. (Names of users may have quotes.) */
static const char *request_quote(const char *line, const char *quote, const char *end) {
    while (quote && !time_ends_at(line, quote))
        quote = memchr(quote + 1, '"', (size_t)(end - quote) - 1);
    return quote;
}

/* The next quote that no backslash belongs to; NULL: there is none. */
static const char *closing_quote(const char *text, const char *end) {
    const char *quote = text;
    for (;; quote++) {
        quote = memchr(quote, '"', (size_t)(end - quote));
        if (!quote) return NULL;
        size_t backslashes = 0;
        while (quote - backslashes > text && quote[-1 - (long)backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 0) return quote;
    }
}

/* Takes "GET /boats HTTP/1.1" apart. A URL may hold blanks; the protocol may be missing, as in HTTP/0.9. */
static int parse_request(const char *text, const char *end, request *request) {
    const char *blank = memchr(text, ' ', (size_t)(end - text));
    if (!blank || blank == text || blank + 1 == end) return malformed("the request has no method and URL");
    request->method = mr_bytes(text, (size_t)(blank - text));
    const char *url = blank + 1, *last = memrchr(url, ' ', (size_t)(end - url));
    if (last && last > url && end - last > 5 && memcmp(last + 1, "HTTP/", 5) == 0) end = last;
    request->url = mr_bytes(url, (size_t)(end - url));
    return 1;
}

/* Whether a number has neither sign nor point: those could only stand at its ends. */
static int has_digit_ends(mr_slice number) {
    return number.length && has_form(number.data, "0", 1) && has_form(number.data + number.length - 1, "0", 1);
}

/* Reads the status and how many bytes were sent: what follows the request. */
static int parse_result(mr_ctx *ctx, const char *text, const char *end, request *request) {
    if (end - text < 6 || !has_form(text, " 000 ", 5)) return malformed("there is no status behind the request");
    request->status = mr_bytes(text + 1, 3);
    text += 5;
    const char *behind = text;
    while (behind < end && *behind != ' ' && *behind != '\r')
        behind++;
    mr_slice number = mr_bytes(text, (size_t)(behind - text));
    request->bytes = 0;
    if (number.length == 1 && *text == '-') return 1;
    if (!has_digit_ends(number) || !mr_decimal_of(ctx, number, 0, &request->bytes))
        return malformed("there is no number of bytes behind the status");
    return 1;
}

/* quote: the first one in the line; NULL: it has none. */
static int parse(mr_ctx *ctx, const char *line, const char *quote, const char *end, request *request) {
    quote = request_quote(line, quote, end);
    if (!quote) return malformed("there is no time in brackets with a quoted request behind it");
    request->time = (char *)quote - TIME - 2;
    const char *blank = line;
    while (blank < quote && *blank != ' ')
        blank++;
    request->host = mr_bytes(line, (size_t)(blank - line));
    if (blank == line) return malformed("there is no host");
    const char *closing = closing_quote(quote + 1, end);
    if (!closing) return malformed("the request does not end");
    return parse_request(quote + 1, closing, request) && parse_result(ctx, closing + 1, end, request);
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

/* Writes a day such as 2024-03-17, or an hour such as 2024-03-17T06, over the time: keys that sort by time, and that
 * lie in the text, which is the fastest. */
static mr_slice sortable_time(char *time) {
    char text[13] = "yyyy-mm-ddThh";
    memcpy(text, time + 7, 4);
    memcpy(text + 5, known_month, 2);
    memcpy(text + 8, time, 2);
    memcpy(text + 11, time + 12, 2);
    memcpy(time, text, sizeof text);
    return mr_bytes(time, by == BY_DAY ? 10 : 13);
}

static mr_slice key_of(const request *request) {
    switch (by) {
    case BY_HOST:
        return request->host;
    case BY_STATUS:
        return request->status;
    case BY_METHOD:
        return request->method;
    case BY_URL:
        break;
    default:
        return sortable_time(request->time);
    }
    const char *url = request->url.data;
    const char *query = drop_query ? memchr(url, '?', request->url.length) : NULL;
    return query ? mr_bytes(url, (size_t)(query - url)) : request->url;
}

static void map_chunk(mr_ctx *ctx, char *text, size_t length) {
    mr_rows lines = mr_rows_of(ctx, text, length, '"');
    mr_slice before, rest;
    request request;
    while (mr_next_row(&lines, &before, &rest)) {
        const char *quote = rest.data ? rest.data - 1 : NULL;
        const char *end = rest.data ? rest.data + rest.length : before.data + before.length;
        if (!parse(ctx, before.data, quote, end, &request)) {
            if (bad_lines)
                *bad_lines += 1;
            else
                mr_skip_line(ctx, mr_bytes(before.data, (size_t)(end - before.data)), "%s", why_bad);
        } else if (of_bytes) {
            mr_emit_int64(ctx, key_of(&request), request.bytes);
        } else {
            mr_count(ctx, key_of(&request));
        }
    }
}

MR_PLUGIN(.name = "accesslog",
          .summary = "requests or bytes by URL, host, status, method or time of a web server's log", .options = options,
          .kind = MR_FOLD, .fold_type = MR_FOLD_COUNT, .configure = configure, .open = open, .map_chunk = map_chunk)
