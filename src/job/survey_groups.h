/* survey_groups.h - which pieces of a survey are of one kind. [coordinator] */
#ifndef MR_JOB_SURVEY_GROUPS_H
#define MR_JOB_SURVEY_GROUPS_H

#include "flow/survey.h"

enum { MR_SURVEY_GROUPS = 8 /* at most */ };

/* Divides pieces into groups that look alike, and returns how many there are, at least one. fresh: for each piece the
 * part of its keys that are in no other one, 0 to 1. group: for each piece its group, from 0 on; to be filled in. */
uint32_t mr_survey_divide(const mr_survey_piece *const *pieces, const double *fresh, size_t count, uint32_t *group);

#endif
