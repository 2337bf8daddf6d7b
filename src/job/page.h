/* page.h - how mr's pages look: their frame, their style sheet, and the pieces that they are put together from. A page
 * is complete in itself: it loads nothing, runs no script, and is readable on paper, on a phone and in the dark.
 * Texts may hold any bytes, where nothing else is said. [coordinator]
 */
#ifndef MR_JOB_PAGE_H
#define MR_JOB_PAGE_H

#include <stdint.h>

#include "base/html.h"

/* Colours, by what they stand for; they can be told apart by the colour-blind. The order is that of legends. */
enum mr_colour {
    MR_COLOUR_START,
    MR_COLOUR_SAMPLE,
    MR_COLOUR_READ,
    MR_COLOUR_INFLATE,
    MR_COLOUR_MAP,
    MR_COLOUR_SEAL,
    MR_COLOUR_TRY,
    MR_COLOUR_REDUCE,
    MR_COLOUR_MERGE,
    MR_COLOUR_WRITE,
    MR_COLOUR_CRASH,
    MR_COLOUR_WAIT,
    MR_COLOURS
};

/* The class of elements that have the colour: static text. */
const char *mr_colour_class(enum mr_colour colour);

/* Begins a page. refresh: seconds after which it loads itself again; 0: it does not. */
void mr_page_begin(mr_html *html, const char *title, unsigned refresh);
void mr_page_end(mr_html *html);

/* Begins a part of the page that has a title, which is mark-up. */
void mr_page_section(mr_html *html, const char *title);
void mr_page_section_end(mr_html *html);

/* What the page has to say at a glance: between the two, one or more tiles. */
void mr_page_tiles(mr_html *html);
void mr_page_tiles_end(mr_html *html);

/* A label, a value in large letters with its unit (NULL: none), and what there is to add (NULL: nothing). bad:
 * something is wrong. */
void mr_page_tile(mr_html *html, const char *label, const char *value, const char *unit, const char *note, bool bad);

/* The same for a quantity whose unit stands behind a space: "1.5 GiB". */
void mr_page_tile_of(mr_html *html, const char *label, const char *quantity, const char *note, bool bad);

/* One row of a list of names and texts (a dl element). */
void mr_page_fact(mr_html *html, const char *name, const char *text);

/* A whole number with its digits in groups of three; programs find it as it is. */
void mr_page_number(mr_html *html, uint64_t number);

/* One entry of a legend (a ul element of class "legend"). note: what stands behind the name; NULL: nothing. */
void mr_page_legend(mr_html *html, enum mr_colour colour, const char *name, const char *note);

/* A horizontal bar that fills a share of its width, from 0 to 1. */
void mr_page_bar(mr_html *html, enum mr_colour colour, double share);

#endif
