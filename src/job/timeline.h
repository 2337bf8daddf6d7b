/* timeline.h - what every worker and reader did when, as a chart. [coordinator] */
#ifndef MR_JOB_TIMELINE_H
#define MR_JOB_TIMELINE_H

#include "job/chart.h"

/* The phases, and below them a row for each lane: what it did, and where it died. However many lanes and spans there
 * are, the chart is at most about a megabyte, and 600 pixels high. */
void mr_timeline(mr_html *html, const mr_observation *observation, const mr_time_axis *axis);

/* The same in numbers: a table of what each lane did in all, and one of phases. */
void mr_timeline_tables(mr_html *html, const mr_observation *observation, const mr_time_axis *axis);

/* The colour that stands for a phase, or for what mr_span_name calls what a worker does. */
enum mr_colour mr_phase_colour(const char *name);

#endif
