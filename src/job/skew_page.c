#include "job/skew_page.h"

#include <math.h>

#include "base/units.h"
#include "base/utf8.h"
#include "job/chart.h"
#include "job/skew.h"

/* Two answers to one question, why some workers had more to do than others. Hot keys are what the sample of the input
 * has shown: how often a key comes before anything is folded. Sizes of partitions are what was there in the end, and
 * what one worker had to reduce at a stretch. */

enum {
    PLOT_HEIGHT = 72,
    PLOT_TOP = 18,                   /* room for what stands above */
    BOTTOM = PLOT_TOP + PLOT_HEIGHT, /* of the plot */
    GAPS_UP_TO = 200,                /* partitions: more are drawn without gaps */
    BOUND_BYTES = 24                 /* of a key at which a partition begins or ends: two stand in a row */
};

/* ---- keys -------------------------------------------------------------------------------------------------------- */

/* How much of the first bytes of a longer key are whole characters, as far as they are text. */
static size_t whole_characters(const char *key, size_t most) {
    size_t begin = most; /* of the last character */
    while (begin > 0 && most - begin < 3 && ((unsigned char)key[begin - 1] & 0xc0) == 0x80)
        begin--;
    bool multiple = begin > 0 && (unsigned char)key[begin - 1] >= 0xc0;
    return multiple && !mr_utf8_length(key + begin - 1, most - begin + 1) ? begin - 1 : most;
}

/* A key of so many bytes; of them the first are shown, at most most. */
static void put_key(mr_html *html, const char *key, size_t length, size_t most) {
    size_t shown = length <= most ? length : whole_characters(key, most);
    if (!length) {
        mr_html_put(html, "<span class=\"hint\">the empty key</span>");
        return;
    }
    mr_html_put(html, "<code>");
    mr_html_bytes(html, key, shown);
    mr_html_put(html, "</code>");
    if (shown < length && most == MR_HOT_KEY_BYTES)
        mr_html_format(html, "<span class=\"hint\">\xe2\x80\xa6 (%zu bytes)</span>", length);
    else if (shown < length)
        mr_html_put(html, "\xe2\x80\xa6");
}

/* A share of 0 to 1, so that what is there never looks like nothing. */
static void put_share(mr_html *html, double share) {
    double percent = 100 * mr_duration(0, share);
    if (percent > 0 && percent < 0.05)
        mr_html_put(html, "&lt;\xc2\xa0"
                          "0.1 %");
    else
        mr_html_format(html, "%.1f %%", percent);
}

static void put_hot_keys(mr_html *html, const mr_observation *observation) {
    double most = observation->hot_keys[0].share;
    mr_html_put(html, "<p class=\"hint\">By a sample of the input: shares of all pairs that map emits.</p>\n"
                      "<table>\n<tr><th>key</th><th class=\"number\" colspan=\"2\">share of pairs</th></tr>\n");
    for (size_t i = 0; i < observation->hot_key_count; i++) {
        const mr_hot_key *hot = &observation->hot_keys[i];
        mr_html_put(html, "<tr><td class=\"key\">");
        put_key(html, hot->key, hot->length, MR_HOT_KEY_BYTES);
        mr_html_put(html, "</td><td class=\"wide\">");
        mr_page_bar(html, MR_COLOUR_MAP, most > 0 ? hot->share / most : 0);
        mr_html_put(html, "</td><td class=\"number narrow\">");
        put_share(html, hot->share);
        mr_html_put(html, "</td></tr>\n");
    }
    mr_html_put(html, "</table>\n");
}

void mr_report_hot_keys(mr_html *html, const mr_observation *observation) {
    if (!observation->hot_key_count) return;
    mr_page_section(html, "Keys that come most often");
    put_hot_keys(html, observation);
    mr_page_section_end(html);
}

/* ---- partitions -------------------------------------------------------------------------------------------------- */

/* "18 partitions with 2.3 MiB in all; the largest has 12 % of that, 2.2 times the average". */
static void put_summary(mr_html *html, const mr_observation *observation, const mr_skew *skew) {
    char all[MR_SIZE_TEXT];
    double largest = (double)observation->partitions[skew->largest[0]].bytes / (double)skew->bytes;
    mr_html_format(html,
                   "<p class=\"hint\">%u ranges of keys, each reduced by one worker, with %s of records in all. The "
                   "largest has %.1f %% of that, %.1f times the average.</p>\n",
                   observation->partition_count, mr_format_size(skew->bytes, all), 100 * largest,
                   largest * observation->partition_count);
}

/* A bar for each partition, as high as it is large, up to most bytes. */
static void put_bars(mr_html *html, const mr_observation *observation, double most) {
    uint32_t count = observation->partition_count;
    double width = (double)MR_CHART_WIDTH / count, gap = count <= GAPS_UP_TO ? 0.15 * width : 0;
    mr_html_format(html,
                   "<svg y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
                   "<path class=\"fill reduce\" d=\"",
                   PLOT_TOP, PLOT_HEIGHT, MR_CHART_WIDTH, PLOT_HEIGHT * 10);
    for (uint32_t i = 0; i < count; i++) {
        double share = (double)observation->partitions[i].bytes / most;
        int left = (int)(width * i + gap / 2), right = (int)(width * (i + 1) - gap / 2);
        int height = (int)ceil(PLOT_HEIGHT * 10 * share);
        if (height) mr_html_format(html, "M%d %dH%dv%dH%dz", left, PLOT_HEIGHT * 10, right, -height, left);
    }
    mr_html_put(html, "\"/></svg>\n");
}

/* What stands above and below the bars; most: bytes of the largest partition. */
static void put_labels(mr_html *html, uint32_t count, uint64_t most, uint64_t average) {
    char text[MR_SIZE_TEXT];
    mr_html_format(html, "<text x=\"0\" y=\"%d\">largest %s</text>", PLOT_TOP - 4, mr_format_size(most, text));
    mr_html_format(html, "<text x=\"100%%\" y=\"%d\" text-anchor=\"end\">average (dotted) %s</text>\n", PLOT_TOP - 4,
                   mr_format_size(average, text));
    mr_html_format(html,
                   "<text x=\"0\" y=\"%d\">1</text><text x=\"50%%\" y=\"%d\" text-anchor=\"middle\">partitions, in "
                   "the order of their keys</text><text x=\"100%%\" y=\"%d\" text-anchor=\"end\">%u</text>\n",
                   BOTTOM + 14, BOTTOM + 14, BOTTOM + 14, count);
}

/* All partitions in the order of their keys, with a line at the average. */
static void put_chart(mr_html *html, const mr_observation *observation, const mr_skew *skew) {
    uint32_t count = observation->partition_count;
    uint64_t most = observation->partitions[skew->largest[0]].bytes;
    double height = BOTTOM - PLOT_HEIGHT * (double)skew->bytes / count / (double)most;
    mr_html_format(html,
                   "<figure><svg width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"Sizes of all %u partitions in "
                   "the order of their keys; the table names the largest\">\n",
                   BOTTOM + 18, count);
    put_bars(html, observation, (double)most);
    mr_html_format(html,
                   "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%d\" y2=\"%d\"/>\n"
                   "<line class=\"average\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
                   BOTTOM, BOTTOM, height, height);
    put_labels(html, count, most, skew->bytes / count);
    mr_html_put(html, "</svg></figure>\n");
}

/* Which keys a partition may hold. */
static void put_range(mr_html *html, const mr_splitters *splitters, uint32_t partition) {
    size_t from_length, to_length;
    const char *from = mr_partition_begin(splitters, partition, &from_length);
    const char *to = mr_partition_begin(splitters, partition + 1, &to_length);
    if (from) {
        mr_html_put(html, "from ");
        put_key(html, from, from_length, BOUND_BYTES);
    }
    mr_html_put(html, from && to ? ", " : "");
    if (to) {
        mr_html_put(html, "before ");
        put_key(html, to, to_length, BOUND_BYTES);
    }
    mr_html_put(html, from && !to ? " on" : from || to ? "" : "all");
}

static void put_partition(mr_html *html, const mr_observation *observation, const mr_skew *skew,
                          const mr_splitters *splitters, uint32_t index) {
    char size[MR_SIZE_TEXT], time[MR_TIME_TEXT];
    const mr_observed_partition *partition = &observation->partitions[index];
    mr_html_format(html, "<tr><td class=\"number narrow\">%u</td><td class=\"key\">", index + 1);
    put_range(html, splitters, index);
    mr_html_format(html, "</td><td class=\"number narrow\">%s</td><td class=\"number narrow\">",
                   mr_format_size(partition->bytes, size));
    put_share(html, (double)partition->bytes / (double)skew->bytes);
    mr_html_put(html, "</td><td class=\"number narrow roomy\">");
    mr_page_number(html, partition->records);
    mr_html_format(html, "</td><td class=\"number narrow\">%s</td></tr>\n",
                   mr_format_duration(partition->seconds, time));
}

static void put_largest(mr_html *html, const mr_observation *observation, const mr_skew *skew,
                        const mr_splitters *splitters) {
    mr_html_put(html,
                "<div class=\"scroll\"><table>\n<tr><th class=\"number\">no.</th><th>its keys</th>"
                "<th class=\"number\">size</th><th class=\"number\">share</th><th class=\"number roomy\">records</th>"
                "<th class=\"number\">reduced in</th></tr>\n");
    for (size_t i = 0; i < skew->count; i++)
        put_partition(html, observation, skew, splitters, skew->largest[i]);
    mr_html_put(html, "</table></div>\n");
}

void mr_report_skew(mr_html *html, const mr_observation *observation, const mr_splitters *splitters) {
    mr_skew skew = mr_skew_of(observation);
    bool divided = observation->partition_count > 1 && skew.count;
    if (!divided && !observation->hot_key_count) return;
    mr_page_section(html, "Key skew");
    if (observation->hot_key_count) {
        mr_html_put(html, "<h3>Keys that come most often</h3>\n");
        put_hot_keys(html, observation);
    }
    if (divided) {
        mr_html_put(html, "<h3>The largest of the partitions</h3>\n");
        put_summary(html, observation, &skew);
        put_chart(html, observation, &skew);
        put_largest(html, observation, &skew, splitters);
    }
    mr_page_section_end(html);
}
