#include "job/chart.h"

#include <math.h>
#include <stdio.h>

#include "base/units.h"

/* A chart is as wide as its box, whatever that is: places along the axis of time are percentages. A path cannot have
 * such, so paths lie in an svg element of their own, which is stretched; their lines stay as thick as they are
 * (vector-effect in the style sheet). Texts are outside of it, and keep their size. */

enum {
    PLOT_HEIGHT = 110,
    PLOT_TOP = 14,  /* room for the name of the highest line of the grid */
    COLUMNS = 240,  /* points of a curve, at most: more than that one cannot see */
    GRID_LINES = 4, /* about so many */
    AXIS_TICKS = 6, /* as many */
    SCALE = 1000,   /* units of paths from the bottom of a plot to its top */
};

#define SECONDS_MOST 1e12 /* longer is nothing */

/* ---- numbers for people ------------------------------------------------------------------------------------------ */

/* The smallest of 1, 2, 5, 10, 20, ... that is not below value (> 0). */
static double round_step(double value) {
    double power = pow(10, floor(log10(value)));
    double ratio = value / power;
    return power * (ratio <= 1.0001 ? 1 : ratio <= 2.0001 ? 2 : ratio <= 5.0001 ? 5 : 10);
}

const char *mr_format_time(double seconds, double step, char *text) {
    seconds = fmin(seconds > 0 ? seconds : 0, SECONDS_MOST);
    int decimals = step < 1 ? (int)mr_between(1, (uint64_t)ceil(-log10(step > 1e-6 ? step : 1e-6) - 1e-9), 6) : 0;
    double whole = floor(seconds + (step < 60 ? 0.5 : 0));
    if (seconds == 0 && decimals)
        snprintf(text, MR_TIME_TEXT, "0 s");
    else if (seconds < 60)
        snprintf(text, MR_TIME_TEXT, "%.*f s", decimals, seconds);
    else if (seconds < 3600 && step >= 60 && fmod(whole, 60) == 0)
        snprintf(text, MR_TIME_TEXT, "%.0f min", whole / 60);
    else if (seconds < 3600)
        snprintf(text, MR_TIME_TEXT, "%.0f:%02.0f min", floor(whole / 60), fmod(whole, 60));
    else
        snprintf(text, MR_TIME_TEXT, "%.0f:%02.0f h", floor(seconds / 3600), floor(fmod(seconds, 3600) / 60));
    return text;
}

const char *mr_format_duration(double seconds, char *text) {
    if (!(seconds > 0)) seconds = 0;
    if (seconds >= 59.95) return mr_format_time(seconds, 1, text);
    if (seconds >= 0.9995 || seconds < 1e-9)
        snprintf(text, MR_TIME_TEXT, "%.3g s", seconds);
    else if (seconds >= 0.9995e-3)
        snprintf(text, MR_TIME_TEXT, "%.3g ms", 1e3 * seconds);
    else
        snprintf(text, MR_TIME_TEXT, "%.3g \xc2\xb5s", 1e6 * seconds);
    return text;
}

const char *mr_format_quantity(double quantity, const char *unit, char *text) {
    static const char *const prefixes[] = {"", "k", "M", "G", "T", "P"};
    size_t prefix = 0;
    if (!(quantity > 0)) quantity = 0;
    for (; quantity >= 999.5 && prefix < 5; prefix++)
        quantity /= 1000;
    int decimals = quantity >= 99.5 || prefix == 0 ? 0 : quantity >= 9.95 ? 1 : 2;
    snprintf(text, MR_TIME_TEXT, "%.*f %s%s", decimals, quantity, prefixes[prefix], unit);
    return text;
}

/* ---- the axis of time -------------------------------------------------------------------------------------------- */

/* A step between ticks for so many seconds. */
static double time_step(double seconds) {
    static const double steps[] = {10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
    double least = seconds / AXIS_TICKS;
    if (least <= 5) return round_step(least);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i] >= least) return steps[i];
    return 86400 * round_step(least / 86400);
}

mr_time_axis mr_time_axis_of(double seconds) {
    double end = fmin(seconds > 1e-6 ? seconds : 1e-6, SECONDS_MOST);
    return (mr_time_axis){.end = end, .step = time_step(end)};
}

double mr_time_share(const mr_time_axis *axis, double at) {
    return at > 0 ? at < axis->end ? at / axis->end : 1 : 0;
}

void mr_chart_axis(mr_html *html, const mr_time_axis *axis, unsigned top, unsigned y) {
    char text[MR_TIME_TEXT];
    for (unsigned i = 0; i * axis->step <= axis->end; i++) {
        double percent = 100 * mr_time_share(axis, i * axis->step);
        const char *anchor = i == 0 ? "start" : percent > 95 ? "end" : "middle";
        mr_html_format(html,
                       "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"%u\" y2=\"%u\"/>"
                       "<text x=\"%.2f%%\" y=\"%u\" text-anchor=\"%s\">%s</text>\n",
                       percent, percent, top, y + 3, percent, y + 15, anchor,
                       mr_format_time(i * axis->step, axis->step, text));
    }
}

/* ---- curves ------------------------------------------------------------------------------------------------------ */

/* A curve, thinned out. */
typedef struct curve {
    double at[COLUMNS + 1];    /* seconds; from each to the next one there is a value */
    double value[COLUMNS + 1]; /* behind each but the last */
    size_t count;              /* values */
    double most;               /* of all values */
    enum mr_colour colour;
} curve;

enum quantity { INPUT_RATE, OUTPUT_RATE, MEMORY, SPILLED };

/* The quantity in so many samples, from the one before them on: the job begins with nothing. */
static double quantity_of(const mr_observed_sample *samples, size_t first, size_t behind, enum quantity quantity) {
    static const mr_observed_sample nothing;
    const mr_observed_sample *from = first ? &samples[first - 1] : &nothing, *to = &samples[behind - 1];
    double seconds = mr_duration(from->at, to->at), most = 0;
    uint64_t before = quantity == INPUT_RATE ? from->input_bytes : from->output_bytes;
    uint64_t now = quantity == INPUT_RATE ? to->input_bytes : to->output_bytes;
    switch (quantity) {
    case INPUT_RATE:
    case OUTPUT_RATE:
        return seconds > 0 && now > before ? (double)(now - before) / seconds : 0;
    case MEMORY:
        for (size_t i = first; i < behind; i++)
            most = fmax(most, (double)samples[i].memory);
        return most;
    default:
        return (double)to->spilled;
    }
}

/* Samples are joined in groups of the same size, so that no more than COLUMNS remain. */
static curve make_curve(const mr_observation *observation, enum quantity quantity, enum mr_colour colour) {
    curve made = {.colour = colour};
    const mr_observed_sample *samples = observation->samples;
    size_t group = (observation->sample_count + COLUMNS - 1) / COLUMNS;
    for (size_t first = 0, behind; first < observation->sample_count; first = behind) {
        behind = mr_smaller(first + group, observation->sample_count);
        double value = quantity_of(samples, first, behind, quantity);
        made.value[made.count++] = value;
        made.at[made.count] = samples[behind - 1].at;
        made.most = fmax(made.most, value);
    }
    return made;
}

/* The outline of a curve as steps: from the bottom up, along the values, and down again. area: closed at the bottom. */
static void put_outline(mr_html *html, const curve *curve, const mr_time_axis *axis, double top, bool area) {
    mr_html_format(html, "<path class=\"%s %s\" d=\"", area ? "area" : "curve", mr_colour_class(curve->colour));
    for (size_t i = 0; i < curve->count; i++) {
        int left = (int)(MR_CHART_WIDTH * mr_time_share(axis, curve->at[i]));
        int right = (int)(MR_CHART_WIDTH * mr_time_share(axis, curve->at[i + 1]));
        int y = (int)(SCALE * (1 - fmin(1, curve->value[i] / top)));
        if (i == 0) mr_html_format(html, "M%d %d", left, area ? SCALE : y);
        mr_html_format(html, "V%dH%d", y, right);
    }
    mr_html_put(html, area && curve->count ? "V1000z\"/>\n" : "\"/>\n");
}

/* ---- the charts -------------------------------------------------------------------------------------------------- */

/* What stands at a line of the grid. */
static const char *name_of_value(double value, enum mr_chart_kind kind, char *text) {
    static const char *const decimal[] = {"B/s", "kB/s", "MB/s", "GB/s", "TB/s", "PB/s"};
    static const char *const binary[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    bool rate = kind == MR_CHART_THROUGHPUT;
    size_t unit = 0;
    for (; value >= (rate ? 1000 : 1024) && unit < 5; unit++)
        value /= rate ? 1000 : 1024;
    snprintf(text, MR_TIME_TEXT, "%.4g %s", value, (rate ? decimal : binary)[unit]);
    return text;
}

/* The distance of the lines of the grid, for values up to most. Sizes in memory go by powers of 1024. */
static double grid_step(double most, enum mr_chart_kind kind) {
    double unit = 1;
    while (kind != MR_CHART_THROUGHPUT && most / unit >= 1024)
        unit *= 1024;
    return unit * round_step(fmax(most, 1) / unit / GRID_LINES);
}

static void put_grid(mr_html *html, double top, double step) {
    for (unsigned i = 0; i * step <= top; i++) {
        double y = PLOT_TOP + PLOT_HEIGHT * (1 - i * step / top);
        mr_html_format(html, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n", y, y);
    }
}

/* Above the curves, so that they can be read. */
static void put_values(mr_html *html, double top, double step, enum mr_chart_kind kind) {
    char text[MR_TIME_TEXT];
    for (unsigned i = 1; i * step <= top; i++)
        mr_html_format(html, "<text class=\"value\" x=\"0\" y=\"%.1f\">%s</text>\n",
                       PLOT_TOP + PLOT_HEIGHT * (1 - i * step / top) - 4, name_of_value(i * step, kind, text));
}

static void put_plot(mr_html *html, const curve *curves, size_t count, const mr_time_axis *axis,
                     enum mr_chart_kind kind, uint64_t limit, const char *description) {
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, curves[i].most);
    if (limit && (double)limit < 2 * most) most = fmax(most, (double)limit);
    double step = grid_step(most, kind), top = fmax(step, 1.02 * most);
    mr_html_format(html, "<div class=\"plot\"><svg width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"%s\">\n",
                   PLOT_TOP + PLOT_HEIGHT + 18, description);
    if (most > 0) put_grid(html, top, step);
    mr_chart_axis(html, axis, PLOT_TOP, PLOT_TOP + PLOT_HEIGHT);
    mr_html_format(html,
                   "<svg y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">\n",
                   PLOT_TOP, PLOT_HEIGHT, MR_CHART_WIDTH, SCALE);
    for (size_t i = 0; i < count; i++) {
        put_outline(html, &curves[i], axis, top, true);
        put_outline(html, &curves[i], axis, top, false);
    }
    mr_html_put(html, "</svg>\n");
    double height = PLOT_TOP + PLOT_HEIGHT * (1 - (double)limit / top);
    if (limit && (double)limit <= top)
        mr_html_format(html, "<line class=\"limit\" x1=\"0\" x2=\"100%%\" y1=\"%.1f\" y2=\"%.1f\"/>\n", height, height);
    if (most > 0) put_values(html, top, step, kind);
    mr_html_put(html, "</svg></div>\n");
}

static void put_caption(mr_html *html, const char *title, const char *note) {
    mr_html_format(html, "<figure><figcaption><h3>%s</h3>", title);
    if (*note) mr_html_format(html, "<span class=\"note\">%s</span>", note);
}

static void chart_throughput(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    char peak[MR_TIME_TEXT], note[128];
    curve curves[] = {make_curve(observation, INPUT_RATE, MR_COLOUR_MAP),
                      make_curve(observation, OUTPUT_RATE, MR_COLOUR_WRITE)};
    snprintf(note, sizeof note, "input up to %s", mr_format_quantity(curves[0].most, "B/s", peak));
    put_caption(html, "Throughput", note);
    mr_html_put(html, "<ul class=\"legend\">");
    mr_page_legend(html, MR_COLOUR_MAP, "input mapped", NULL);
    mr_page_legend(html, MR_COLOUR_WRITE, "output written", NULL);
    mr_html_put(html, "</ul></figcaption>\n");
    put_plot(html, curves, 2, axis, MR_CHART_THROUGHPUT, 0, "Bytes of input and output per second, over time");
}

static void chart_memory(mr_html *html, const mr_observation *observation, const mr_time_axis *axis, uint64_t limit) {
    char peak[MR_SIZE_TEXT], most[MR_SIZE_TEXT], note[128];
    curve made = make_curve(observation, MEMORY, MR_COLOUR_SEAL);
    mr_format_size((uint64_t)made.most, peak);
    if (limit)
        snprintf(note, sizeof note, "up to %s, of %s allowed", peak, mr_format_size(limit, most));
    else
        snprintf(note, sizeof note, "up to %s", peak);
    put_caption(html, "Memory in use", note);
    mr_html_put(html, "</figcaption>\n");
    put_plot(html, &made, 1, axis, MR_CHART_MEMORY, limit, "Memory in use in all processes, over time");
}

static void chart_spilled(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    char all[MR_SIZE_TEXT], note[128];
    curve made = make_curve(observation, SPILLED, MR_COLOUR_REDUCE);
    snprintf(note, sizeof note, "%s in the end", mr_format_size((uint64_t)made.most, all));
    put_caption(html, "Spilled to disk", note);
    mr_html_put(html, "</figcaption>\n");
    put_plot(html, &made, 1, axis, MR_CHART_SPILLED, 0, "Bytes written to temporary files so far, over time");
}

void mr_chart_samples(mr_html *html, const mr_observation *observation, const mr_time_axis *axis,
                      enum mr_chart_kind kind, uint64_t limit) {
    if (kind == MR_CHART_THROUGHPUT)
        chart_throughput(html, observation, axis);
    else if (kind == MR_CHART_MEMORY)
        chart_memory(html, observation, axis, limit);
    else
        chart_spilled(html, observation, axis);
    mr_html_put(html, "</figure>\n");
}
