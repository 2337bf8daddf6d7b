/* explain_text.h - how 'mr explain' says what a job would come to. [coordinator] */
#ifndef MR_CLI_EXPLAIN_TEXT_H
#define MR_CLI_EXPLAIN_TEXT_H

#include "job/forecast.h"

/* Prints it for people, to standard output. */
void mr_explain_print(const mr_forecast *forecast);

/* Prints it as JSON, to standard output, as README.md has it. */
bool mr_explain_print_json(const mr_forecast *forecast, mr_error *error);

#endif
