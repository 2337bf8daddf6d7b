#include "job/page.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "job/page_style.h"

/* ---- the frame --------------------------------------------------------------------------------------------------- */

const char *mr_colour_class(enum mr_colour colour) {
    static const char *const classes[MR_COLOURS] = {"start", "sample", "read",  "inflate", "map",   "seal",
                                                    "try",   "reduce", "merge", "write",   "crash", "wait"};
    return classes[colour];
}

void mr_page_begin(mr_html *html, const char *title, unsigned refresh) {
    mr_html_put(html, "<!DOCTYPE html>\n"
                      "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\" />\n"
                      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\" />\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
                      "<meta name=\"color-scheme\" content=\"light dark\" />\n"
                      "<meta name=\"referrer\" content=\"no-referrer\" />\n");
    if (refresh) mr_html_format(html, "<meta http-equiv=\"refresh\" content=\"%u\" />\n", refresh);
    mr_html_put(html, "<title>");
    mr_html_text(html, title);
    mr_html_put(html, "</title>\n<style>\n");
    for (const char *const *rule = mr_page_style(); *rule; rule++)
        mr_html_put(html, *rule);
    mr_html_put(html, "</style>\n</head>\n<body>\n<main>\n");
}

void mr_page_end(mr_html *html) {
    mr_html_put(html, "</main>\n</body>\n</html>\n");
}

void mr_page_section(mr_html *html, const char *title) {
    mr_html_put(html, "<section>\n<h2>");
    mr_html_put(html, title);
    mr_html_put(html, "</h2>\n");
}

void mr_page_section_end(mr_html *html) {
    mr_html_put(html, "</section>\n");
}

/* ---- pieces ------------------------------------------------------------------------------------------------------ */

void mr_page_tiles(mr_html *html) {
    mr_html_put(html, "<dl class=\"tiles\">\n");
}

void mr_page_tiles_end(mr_html *html) {
    mr_html_put(html, "</dl>\n");
}

void mr_page_tile(mr_html *html, const char *label, const char *value, const char *unit, const char *note, bool bad) {
    mr_html_format(html, "<div class=\"tile%s\"><dt>", bad ? " bad" : "");
    mr_html_text(html, label);
    mr_html_put(html, "</dt><dd class=\"value\">");
    mr_html_text(html, value);
    if (unit) {
        mr_html_put(html, " <span class=\"unit\">");
        mr_html_text(html, unit);
        mr_html_put(html, "</span>");
    }
    mr_html_put(html, "</dd>");
    if (note) {
        mr_html_put(html, "<dd class=\"note\">");
        mr_html_text(html, note);
        mr_html_put(html, "</dd>");
    }
    mr_html_put(html, "</div>\n");
}

void mr_page_tile_of(mr_html *html, const char *label, const char *quantity, const char *note, bool bad) {
    char value[64];
    const char *space = strchr(quantity, ' ');
    int length = space ? (int)(space - quantity) : (int)strlen(quantity);
    snprintf(value, sizeof value, "%.*s", length, quantity);
    mr_page_tile(html, label, value, space ? space + 1 : NULL, note, bad);
}

void mr_page_fact(mr_html *html, const char *name, const char *text) {
    mr_html_put(html, "<dt>");
    mr_html_text(html, name);
    mr_html_put(html, "</dt><dd>");
    mr_html_text(html, text);
    mr_html_put(html, "</dd>\n");
}

void mr_page_number(mr_html *html, uint64_t number) {
    char digits[MR_DECIMAL_TEXT];
    size_t length = mr_format_unsigned(number, digits);
    mr_html_format(html, "<data value=\"%llu\">", (unsigned long long)number);
    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) mr_html_put(html, "\xe2\x80\xaf"); /* a narrow space */
        mr_html_format(html, "%c", digits[i]);
    }
    mr_html_put(html, "</data>");
}

void mr_page_legend(mr_html *html, enum mr_colour colour, const char *name, const char *note) {
    mr_html_format(html, "<li><span class=\"swatch %s\"></span>", mr_colour_class(colour));
    mr_html_text(html, name);
    if (note) {
        mr_html_put(html, " <span class=\"note\">");
        mr_html_text(html, note);
        mr_html_put(html, "</span>");
    }
    mr_html_put(html, "</li>\n");
}

void mr_page_bar(mr_html *html, enum mr_colour colour, double share) {
    double percent = share > 0 ? share < 1 ? 100 * share : 100 : 0; /* 0 also for what is no number */
    mr_html_format(html,
                   "<svg width=\"100%%\" height=\"10\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%%\" "
                   "height=\"10\" rx=\"3\"/><rect class=\"fill %s\" width=\"%.2f%%\" height=\"10\" rx=\"3\"/></svg>",
                   mr_colour_class(colour), percent);
}
