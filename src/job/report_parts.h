/* report_parts.h - parts of pages that are the same while a job runs and when it has ended. All are left out when there
 * is nothing to say. For the C locale: call mr_numerics_begin before. [coordinator] */
#ifndef MR_JOB_REPORT_PARTS_H
#define MR_JOB_REPORT_PARTS_H

#include "base/html.h"
#include "job/coordinator.h"

/* What workers spend their time on, as one bar. */
void mr_report_activities(mr_html *html, const mr_observation *observation);

/* What went wrong, and when. */
void mr_report_incidents(mr_html *html, const mr_observation *observation);

/* Counters of the plugin. */
void mr_report_counters(mr_html *html, const mr_result_summary *summary);

#endif
