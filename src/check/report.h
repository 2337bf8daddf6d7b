/* report.h - what a check says in the end. [coordinator] */
#ifndef MR_CHECK_REPORT_H
#define MR_CHECK_REPORT_H

#include "check/laws.h"

/* Prints a line for each law, and a paragraph for each that is broken, to standard output. */
void mr_check_report(const mr_checker *self);

/* Writes the smallest input of the first finding that has one to a file. False with error set when that fails. */
bool mr_check_keep(const mr_checker *self, const char *path, mr_error *error);

#endif
