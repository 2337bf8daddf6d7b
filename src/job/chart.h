/* chart.h - charts over the time of a job, as SVG within a page: they share one axis of time, so that they can stand
 * one below the other. They are as wide as their box, on any screen, and need no script; what there is to point at has
 * a title. [coordinator]
 *
 * Numbers are printed for the C locale: call mr_numerics_begin before (base/numerics.h).
 */
#ifndef MR_JOB_CHART_H
#define MR_JOB_CHART_H

#include "job/observation.h"
#include "job/page.h"

enum { MR_CHART_WIDTH = 10000 /* units of paths from the left edge of a chart to its right edge */ };

/* The axis of time. */
typedef struct mr_time_axis {
    double end;  /* seconds: charts go from 0 to here; more than 0 */
    double step; /* seconds between ticks */
} mr_time_axis;

/* The axis for a job that has taken so many seconds (no number, or less than 0: as 0). */
mr_time_axis mr_time_axis_of(double seconds);

/* Where on the axis a moment is: 0 to 1, also for what lies beyond it or is no number. */
double mr_time_share(const mr_time_axis *axis, double at);

/* The ticks of the axis and their names, below a chart whose bottom is at y; lines go up to top. 16 pixels high. */
void mr_chart_axis(mr_html *html, const mr_time_axis *axis, unsigned top, unsigned y);

/* What samples say, over time. */
enum mr_chart_kind {
    MR_CHART_THROUGHPUT, /* bytes of input and of output per second */
    MR_CHART_MEMORY,     /* bytes in use */
    MR_CHART_SPILLED     /* bytes so far */
};

/* limit: a line to be drawn at that value, as far as it is in sight; 0: none. */
void mr_chart_samples(mr_html *html, const mr_observation *observation, const mr_time_axis *axis,
                      enum mr_chart_kind kind, uint64_t limit);

/* end - begin; 0 when that is less, or no number that can be shown. */
static inline double mr_duration(double begin, double end) {
    double seconds = end - begin;
    return seconds > 0 && seconds < 1e15 ? seconds : 0;
}

enum { MR_TIME_TEXT = 32 };

/* A moment or duration for people, as exact as a step asks for: "0.25 s", "42 s", "3:05 min", "1:02 h". Written to text
 * (MR_TIME_TEXT bytes), which is returned. */
const char *mr_format_time(double seconds, double step, char *text);

/* A duration with three digits: "31.4 µs", "250 ms", "1.25 s", "3:05 min". The same. */
const char *mr_format_duration(double seconds, char *text);

/* A quantity with a decimal unit: "812 MB/s", for unit "B/s". The same. */
const char *mr_format_quantity(double quantity, const char *unit, char *text);

#endif
