/* proposals.h - what somebody may have meant whose command line names a command or an option that there is not.
 * [coordinator] */
#ifndef MR_CLI_PROPOSALS_H
#define MR_CLI_PROPOSALS_H

#include "base/nearest.h"
#include "cli/options.h"

/* Tries the names of all plugins that are found. */
void mr_nearest_try_plugins(mr_nearest *nearest);

/* Complains of a command that there is not: another one, or a plugin before which 'run' is missing, may have been
 * meant. Always returns false. */
bool mr_propose_command(const char *name, mr_error *error);

/* When the option that a walk did not know is one of the plugin on the command line, the error becomes one that says
 * how to set it; otherwise it stays as it is. */
void mr_propose_setting(const mr_option_walk *walk, mr_error *error);

#endif
