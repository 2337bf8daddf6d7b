#include "job/timeline.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

/* Each kind of work of a lane is one path of horizontal strokes, as thick as the lane is high: that takes about ten
 * bytes for a span. A lane with more spans than its share of SPANS_MOST is divided into columns of time, each of which
 * shows what took most of it. With very many lanes each is less than a pixel high, and what one sees is their mixture.
 */

enum {
    SPANS_MOST = 60000,  /* in all lanes together */
    COLUMNS_MOST = 1000, /* of a lane: about a pixel each */
    SHORTEST = 8,        /* units of the path: shorter spans would not be seen */
    MARKS_MOST = 400,    /* of deaths of workers, and as many of all else */
    PHASES_HEIGHT = 22,  /* of the row of phases, with the gap below it */
    LANES_HEIGHT = 480,  /* of all lanes, when there are many */
    LABEL_DISTANCE = 14, /* pixels between numbers of lanes, at least */
};

/* Kinds and their colours; crashes are marks. */
static const struct {
    const char *name;
    enum mr_colour colour;
} kinds[MR_SPAN_KINDS] = {
    [MR_SPAN_START] = {"starting", MR_COLOUR_START},
    [MR_SPAN_SAMPLE] = {"sampling", MR_COLOUR_SAMPLE},
    [MR_SPAN_READ] = {"reading", MR_COLOUR_READ},
    [MR_SPAN_MAP] = {"mapping", MR_COLOUR_MAP},
    [MR_SPAN_SEAL] = {"sealing", MR_COLOUR_SEAL},
    [MR_SPAN_TRY] = {"looking for a bad record", MR_COLOUR_TRY},
    [MR_SPAN_REDUCE] = {"reducing", MR_COLOUR_REDUCE},
    [MR_SPAN_MERGE] = {"merging", MR_COLOUR_MERGE},
    [MR_SPAN_WRITE] = {"writing", MR_COLOUR_WRITE},
    [MR_SPAN_CRASH] = {"died", MR_COLOUR_CRASH},
    [MR_SPAN_TRIAL_CRASH] = {"died on trial", MR_COLOUR_CRASH},
};
_Static_assert(MR_SPAN_KINDS == 11, "every kind has a name and a colour");

/* What a lane did in all. */
typedef struct totals {
    double seconds[MR_SPAN_KINDS];
    uint64_t tasks[MR_SPAN_KINDS];
    uint64_t spans[MR_SPAN_KINDS];
} totals;

static totals total_of(const mr_lane *lane) {
    totals sum = {0};
    for (size_t i = 0; i < lane->count; i++) {
        const mr_span *span = &lane->spans[i];
        if (span->kind >= MR_SPAN_KINDS) continue;
        sum.seconds[span->kind] += mr_duration(span->begin, span->end);
        sum.tasks[span->kind] += span->tasks;
        sum.spans[span->kind]++;
    }
    return sum;
}

/* Workers and readers are numbered from 0 each. */
static uint32_t number_of(const mr_observation *observation, uint32_t index) {
    uint32_t number = 0;
    for (uint32_t i = 0; i < index; i++)
        number += observation->lanes[i].reader == observation->lanes[index].reader;
    return number;
}

/* ---- how the lanes lie ------------------------------------------------------------------------------------------- */

typedef struct layout {
    double pitch;      /* pixels from one lane to the next */
    double thickness;  /* pixels: height of a lane */
    unsigned height;   /* of all lanes together */
    uint32_t numbered; /* every so manieth lane has its number beside it */
    size_t spans;      /* of one lane that are drawn, at most */
} layout;

static layout make_layout(uint32_t lanes) {
    double pitch = lanes <= 8 ? 24 : lanes <= 24 ? 16 : fmin(12, (double)LANES_HEIGHT / lanes);
    double gap = pitch >= 16 ? 4 : pitch >= 8 ? 2 : 1;
    layout made = {
        .pitch = pitch, .thickness = pitch < 4 ? pitch + 0.5 : pitch - gap, .height = (unsigned)ceil(pitch * lanes)};
    uint32_t numbered = 1;
    while (numbered * pitch < LABEL_DISTANCE)
        numbered *= 2;
    made.numbered = numbered;
    made.spans = mr_between(16, SPANS_MOST / (lanes ? lanes : 1), COLUMNS_MOST);
    return made;
}

/* ---- one lane ---------------------------------------------------------------------------------------------------- */

static void put_stroke(mr_html *html, const mr_time_axis *axis, double begin, double end, int *at) {
    int left = (int)(MR_CHART_WIDTH * mr_time_share(axis, begin));
    int right = (int)(MR_CHART_WIDTH * mr_time_share(axis, end));
    if (right < left + SHORTEST) right = left + SHORTEST;
    /* From where the last stroke ended, relative numbers are shorter than places. */
    mr_html_format(html, "m%d 0h%d", left - *at, right - left);
    *at = right;
}

/* All spans of a kind, as they are. */
static void put_spans(mr_html *html, const mr_lane *lane, const mr_time_axis *axis, uint32_t kind) {
    int at = 0;
    for (size_t i = 0; i < lane->count; i++)
        if (lane->spans[i].kind == kind) put_stroke(html, axis, lane->spans[i].begin, lane->spans[i].end, &at);
}

/* What took most of each column of time; MR_SPAN_KINDS: waiting. */
static void find_columns(const mr_lane *lane, const mr_time_axis *axis, uint8_t *columns, size_t count) {
    size_t next = 0;
    for (size_t column = 0; column < count; column++) {
        double begin = axis->end * (double)column / (double)count,
               end = axis->end * (double)(column + 1) / (double)count;
        double seconds[MR_SPAN_KINDS + 1] = {0}, rest = end - begin;
        while (next < lane->count && lane->spans[next].end < begin)
            next++;
        for (size_t i = next; i < lane->count && lane->spans[i].begin < end; i++) {
            const mr_span *span = &lane->spans[i];
            double within = fmin(span->end, end) - fmax(span->begin, begin);
            if (span->kind >= MR_SPAN_KINDS || !(within > 0)) continue;
            seconds[span->kind] += within;
            rest -= within;
        }
        seconds[MR_SPAN_KINDS] = rest;
        columns[column] = MR_SPAN_KINDS;
        for (unsigned kind = 0; kind < MR_SPAN_KINDS; kind++)
            if (seconds[kind] > seconds[columns[column]]) columns[column] = (uint8_t)kind;
    }
}

/* The columns of a kind; neighbours as one stroke. */
static void put_columns(mr_html *html, const mr_time_axis *axis, const uint8_t *columns, size_t count, uint32_t kind) {
    int at = 0;
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && columns[end] == columns[i];)
            end++;
        if (columns[i] == kind)
            put_stroke(html, axis, axis->end * (double)i / (double)count, axis->end * (double)end / (double)count, &at);
    }
}

static void put_title(mr_html *html, const mr_observation *observation, uint32_t index, const totals *sum,
                      uint32_t kind) {
    char text[MR_TIME_TEXT];
    const mr_lane *lane = &observation->lanes[index];
    mr_html_format(html, "<title>%s %u %s: %s", lane->reader ? "reader" : "worker", number_of(observation, index),
                   kinds[kind].name, mr_format_duration(sum->seconds[kind], text));
    if (sum->tasks[kind])
        mr_html_format(html, ", %llu task%s", (unsigned long long)sum->tasks[kind], sum->tasks[kind] == 1 ? "" : "s");
    mr_html_put(html, "</title>");
}

static void put_lane(mr_html *html, const mr_observation *observation, const mr_time_axis *axis, uint32_t index,
                     const layout *layout) {
    const mr_lane *lane = &observation->lanes[index];
    totals sum = total_of(lane);
    uint8_t columns[COLUMNS_MOST];
    bool thin = lane->count > layout->spans;
    double middle = layout->pitch * index + layout->thickness / 2;
    if (thin) find_columns(lane, axis, columns, layout->spans);
    for (uint32_t kind = 0; kind < MR_SPAN_CRASH; kind++) {
        if (!sum.spans[kind]) continue;
        mr_html_format(html, "<path class=\"work %s\" d=\"M0 %.2f", mr_colour_class(kinds[kind].colour), middle);
        if (thin)
            put_columns(html, axis, columns, layout->spans, kind);
        else
            put_spans(html, lane, axis, kind);
        mr_html_put(html, "\">");
        put_title(html, observation, index, &sum, kind);
        mr_html_put(html, "</path>\n");
    }
}

/* ---- the chart --------------------------------------------------------------------------------------------------- */

enum mr_colour mr_phase_colour(const char *name) {
    static const struct {
        const char *name;
        enum mr_colour colour;
    } colours[] = {{"start", MR_COLOUR_START},   {"quotes", MR_COLOUR_SAMPLE}, {"read ahead", MR_COLOUR_READ},
                   {"sample", MR_COLOUR_SAMPLE}, {"split", MR_COLOUR_SAMPLE},  {"count", MR_COLOUR_SAMPLE},
                   {"map", MR_COLOUR_MAP},       {"reduce", MR_COLOUR_REDUCE}, {"merge", MR_COLOUR_MERGE},
                   {"deliver", MR_COLOUR_WRITE}, {"commit", MR_COLOUR_WRITE},  {"stop", MR_COLOUR_START},
                   {"seal", MR_COLOUR_SEAL},     {"try", MR_COLOUR_TRY},       {"read", MR_COLOUR_READ},
                   {"write", MR_COLOUR_WRITE}};
    for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
        if (!strcmp(name, colours[i].name)) return colours[i].colour;
    return MR_COLOUR_WAIT;
}

/* A name is cut off where its phase ends: each phase is an svg element of its own. */
static void put_phases(mr_html *html, const mr_observation *observation, const mr_time_axis *axis, unsigned bottom) {
    char begin[MR_TIME_TEXT], length[MR_TIME_TEXT];
    for (uint32_t i = 0; i < observation->phase_count; i++) {
        const mr_phase *phase = &observation->phases[i];
        double end = phase->end < 0 ? axis->end : phase->end;
        double from = 100 * mr_time_share(axis, phase->begin), to = 100 * mr_time_share(axis, end);
        double seconds = mr_duration(phase->begin, end);
        if (i)
            mr_html_format(html, "<line class=\"grid\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"0\" y2=\"%u\"/>\n", from, from,
                           bottom);
        mr_html_format(html, "<svg class=\"clip\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"18\"><title>", from,
                       to - from);
        mr_html_text(html, phase->name);
        mr_html_format(html, ": %s, from %s", mr_format_duration(seconds, length),
                       mr_format_time(phase->begin, axis->step / 100, begin));
        if (phase->units) mr_html_format(html, ", %llu units", (unsigned long long)phase->units);
        mr_html_format(html,
                       "</title><rect class=\"track\" width=\"100%%\" height=\"18\"/><rect class=\"fill %s\" "
                       "width=\"100%%\" height=\"3\"/>",
                       mr_colour_class(mr_phase_colour(phase->name)));
        if (to - from > 1.5 * (double)strlen(phase->name)) {          /* it has room on a wide screen */
            bool roomy = to - from > 4 * (double)strlen(phase->name); /* on a phone, too */
            mr_html_format(html, "<text class=\"name%s\" x=\"4\" y=\"14\">", roomy ? "" : " roomy");
            mr_html_text(html, phase->name);
            mr_html_put(html, "</text>");
        }
        mr_html_put(html, "</svg>\n");
    }
}

static void put_numbers(mr_html *html, const mr_observation *observation, const layout *layout) {
    for (uint32_t i = 0; i < observation->lane_count; i++) {
        uint32_t number = number_of(observation, i);
        bool reader = observation->lanes[i].reader;
        if (number % layout->numbered) continue;
        double middle = PHASES_HEIGHT + layout->pitch * i + layout->thickness / 2;
        mr_html_format(html, "<text x=\"-6\" y=\"%.1f\" text-anchor=\"end\">%s%u</text>\n", middle + 4,
                       reader ? "r" : "", number);
    }
}

static void put_tracks(mr_html *html, uint32_t lanes, const layout *layout) {
    bool joined = layout->pitch <= layout->thickness;
    for (uint32_t i = 0; i < (joined ? 1 : lanes); i++)
        mr_html_format(html, "<rect class=\"track\" y=\"%.2f\" width=\"100%%\" height=\"%.2f\"/>\n",
                       PHASES_HEIGHT + layout->pitch * i, joined ? layout->height : layout->thickness);
}

/* ---- marks ------------------------------------------------------------------------------------------------------- */

/* What happened in an instant has a mark, whose shape says what it was. */
enum mark { MARK_TRIAL_CRASH, MARK_LEFT_OUT, MARK_CRASH, MARKS };

static const struct {
    const char *name;  /* of a legend */
    const char *words; /* behind "worker 3 " */
    const char *shape;
} marks[MARKS] = {
    [MARK_TRIAL_CRASH] = {"a trial died", "saw a trial die", "<circle r=\"3.5\"/>"},
    [MARK_LEFT_OUT] = {"record left out", "found a record that is left out",
                       "<path d=\"M0-6l6 6l-6 6l-6-6z\"/><path d=\"M-2 0h4\"/>"},
    [MARK_CRASH] = {"died", "died", "<circle r=\"6\"/><path d=\"M-2.5-2.5l5 5m0-5l-5 5\"/>"},
};

/* How many have been drawn, and where. */
typedef struct marking {
    const mr_observation *observation;
    const mr_time_axis *axis;
    const layout *layout;
    unsigned count;
} marking;

static void put_mark(mr_html *html, marking *marking, enum mark kind, uint32_t index, double at) {
    char text[MR_TIME_TEXT];
    const mr_observation *observation = marking->observation;
    const layout *layout = marking->layout;
    if (index >= observation->lane_count || marking->count++ >= MARKS_MOST) return;
    mr_html_format(html, "<svg class=\"mark\" x=\"%.2f%%\" y=\"%.1f\"><title>%s %u %s at %s</title>",
                   100 * mr_time_share(marking->axis, at),
                   PHASES_HEIGHT + layout->pitch * index + layout->thickness / 2,
                   observation->lanes[index].reader ? "reader" : "worker", number_of(observation, index),
                   marks[kind].words, mr_format_time(at, marking->axis->step / 100, text));
    mr_html_format(html, "<g transform=\"scale(%s)\">%s</g></svg>\n", layout->pitch >= 10 ? "1" : "0.6",
                   marks[kind].shape);
}

static void mark_spans(mr_html *html, marking *marking, uint32_t kind, enum mark mark) {
    for (uint32_t i = 0; i < marking->observation->lane_count; i++) {
        const mr_lane *lane = &marking->observation->lanes[i];
        for (size_t k = 0; k < lane->count; k++)
            if (lane->spans[k].kind == kind) put_mark(html, marking, mark, i, lane->spans[k].begin);
    }
}

static void mark_left_out(mr_html *html, marking *marking) {
    const mr_observation *observation = marking->observation;
    for (size_t i = 0; i < mr_incidents_kept(observation); i++) {
        const mr_incident *incident = &observation->incidents[i];
        if (incident->left_out) put_mark(html, marking, MARK_LEFT_OUT, incident->lane, incident->at);
    }
}

/* What matters most is drawn last, above the rest; when there are too many it goes first. */
static void put_marks(mr_html *html, const mr_observation *observation, const mr_time_axis *axis,
                      const layout *layout) {
    marking marking = {observation, axis, layout, 0};
    mark_spans(html, &marking, MR_SPAN_TRIAL_CRASH, MARK_TRIAL_CRASH);
    mark_left_out(html, &marking);
    marking.count = 0;
    mark_spans(html, &marking, MR_SPAN_CRASH, MARK_CRASH);
}

static void put_mark_legend(mr_html *html, enum mark kind) {
    mr_html_format(html,
                   "<li><svg class=\"mark\" width=\"14\" height=\"14\" viewBox=\"-7 -7 14 14\" "
                   "aria-hidden=\"true\">%s</svg>%s</li>",
                   marks[kind].shape, marks[kind].name);
}

/* The kinds of work that occur, and what happened besides. */
static void put_legend(mr_html *html, const mr_observation *observation) {
    bool there[MR_SPAN_KINDS] = {false}, left_out = false;
    for (uint32_t i = 0; i < observation->lane_count; i++)
        for (size_t k = 0; k < observation->lanes[i].count; k++)
            if (observation->lanes[i].spans[k].kind < MR_SPAN_KINDS) there[observation->lanes[i].spans[k].kind] = true;
    for (size_t i = 0; i < mr_incidents_kept(observation); i++)
        left_out = left_out || observation->incidents[i].left_out;
    mr_html_put(html, "<ul class=\"legend\">");
    for (uint32_t kind = 0; kind < MR_SPAN_CRASH; kind++)
        if (there[kind]) mr_page_legend(html, kinds[kind].colour, kinds[kind].name, NULL);
    mr_page_legend(html, MR_COLOUR_WAIT, "waiting", NULL);
    if (there[MR_SPAN_CRASH]) put_mark_legend(html, MARK_CRASH);
    if (there[MR_SPAN_TRIAL_CRASH]) put_mark_legend(html, MARK_TRIAL_CRASH);
    if (left_out) put_mark_legend(html, MARK_LEFT_OUT);
    mr_html_put(html, "</ul>");
}

void mr_timeline(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    layout layout = make_layout(observation->lane_count);
    unsigned bottom = PHASES_HEIGHT + layout.height;
    mr_html_put(html, "<figure><figcaption>");
    put_legend(html, observation);
    mr_html_format(html,
                   "</figcaption>\n<div class=\"plot\"><svg width=\"100%%\" height=\"%u\" role=\"img\" "
                   "aria-label=\"What each of %u workers and readers did over time; the table below says it in "
                   "numbers\">\n",
                   bottom + 18, observation->lane_count);
    put_tracks(html, observation->lane_count, &layout);
    mr_chart_axis(html, axis, bottom, bottom);
    mr_html_format(html,
                   "<svg class=\"lanes\" y=\"%d\" width=\"100%%\" height=\"%u\" viewBox=\"0 0 %d %u\" "
                   "preserveAspectRatio=\"none\" stroke-width=\"%.2f\">\n",
                   PHASES_HEIGHT, layout.height, MR_CHART_WIDTH, layout.height ? layout.height : 1, layout.thickness);
    for (uint32_t i = 0; i < observation->lane_count; i++)
        put_lane(html, observation, axis, i, &layout);
    mr_html_put(html, "</svg>\n");
    put_phases(html, observation, axis, bottom);
    put_numbers(html, observation, &layout);
    put_marks(html, observation, axis, &layout);
    mr_html_put(html, "</svg></div></figure>\n");
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

/* Kinds of work that have a column. */
static const uint32_t shown[] = {MR_SPAN_READ, MR_SPAN_MAP, MR_SPAN_REDUCE, MR_SPAN_MERGE, MR_SPAN_WRITE};
enum { SHOWN = sizeof shown / sizeof *shown };

/* A table that has to be unfolded. */
static void begin_table(mr_html *html, const char *title) {
    mr_html_format(html, "<details><summary>%s</summary>\n<div class=\"scroll\"><table>\n", title);
}

static void end_table(mr_html *html) {
    mr_html_put(html, "</table></div></details>\n");
}

static void put_cell(mr_html *html, double seconds) {
    char text[MR_TIME_TEXT];
    if (seconds > 0)
        mr_html_format(html, "<td class=\"number\">%s</td>", mr_format_duration(seconds, text));
    else
        mr_html_put(html, "<td class=\"number\"></td>");
}

static void put_lane_row(mr_html *html, const mr_observation *observation, const mr_time_axis *axis, uint32_t index) {
    const mr_lane *lane = &observation->lanes[index];
    totals sum = total_of(lane);
    mr_html_format(html, "<tr><td>%s %u</td><td class=\"number\">%.0f %%</td>", lane->reader ? "reader" : "worker",
                   number_of(observation, index), 100 * mr_time_share(axis, lane->busy));
    for (size_t i = 0; i < SHOWN; i++)
        put_cell(html, sum.seconds[shown[i]]);
    mr_html_format(html,
                   "<td class=\"number\">%llu</td><td class=\"number\">%u</td><td class=\"number\">%u</td></tr>\n",
                   (unsigned long long)lane->tasks, lane->crashes, lane->trial_crashes);
}

static void put_lanes(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    begin_table(html, "Workers in numbers");
    mr_html_put(html, "<tr><th>who</th><th class=\"number\">at work</th>");
    for (size_t i = 0; i < SHOWN; i++)
        mr_html_format(html, "<th class=\"number\">%s</th>", kinds[shown[i]].name);
    mr_html_put(html,
                "<th class=\"number\">tasks</th><th class=\"number\">deaths</th><th class=\"number\">on trial</th>"
                "</tr>\n");
    for (uint32_t i = 0; i < observation->lane_count; i++)
        put_lane_row(html, observation, axis, i);
    end_table(html);
}

/* How much of their time workers had something to do in a phase: 0 to 1. */
static double occupation_of(const mr_phase *phase) {
    double all = 0, waiting = mr_duration(0, phase->workers[MR_ACTIVITY_WAIT]);
    for (size_t i = 0; i < MR_ACTIVITIES; i++)
        all += mr_duration(0, phase->workers[i]);
    return all > 0 ? 1 - waiting / all : 0;
}

static void put_phase_row(mr_html *html, const mr_phase *phase, const mr_time_axis *axis) {
    double seconds = mr_duration(phase->begin, phase->end < 0 ? axis->end : phase->end);
    mr_html_put(html, "<tr><td>");
    mr_html_text(html, phase->name);
    mr_html_put(html, "</td>");
    put_cell(html, seconds);
    mr_html_format(html, "<td class=\"number\">%.0f %%</td><td class=\"number\">%llu</td>", 100 * occupation_of(phase),
                   (unsigned long long)phase->units);
    put_cell(html, mr_duration(0, phase->longest));
    mr_html_put(html, "</tr>\n");
}

static void put_phase_rows(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    begin_table(html, "Phases in numbers");
    mr_html_put(html, "<tr><th>phase</th><th class=\"number\">time</th><th class=\"number\">workers at work</th>"
                      "<th class=\"number\">units</th><th class=\"number\">the longest took</th></tr>\n");
    for (uint32_t i = 0; i < observation->phase_count; i++)
        put_phase_row(html, &observation->phases[i], axis);
    end_table(html);
}

void mr_timeline_tables(mr_html *html, const mr_observation *observation, const mr_time_axis *axis) {
    if (observation->lane_count) put_lanes(html, observation, axis);
    put_phase_rows(html, observation, axis);
}
