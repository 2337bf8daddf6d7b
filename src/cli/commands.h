/* commands.h - the commands of mr. [coordinator] */
#ifndef MR_CLI_COMMANDS_H
#define MR_CLI_COMMANDS_H

/* Runs the command line and says how it ended. */
typedef struct mr_exit {
    int status; /* 0 done, 1 the job failed, 2 wrong usage */
    int signal; /* not 0: the process is to end by this signal */
} mr_exit;

mr_exit mr_command(int argc, char **argv);

/* Runs 'mr job', argv[0] being "job". program: how mr was called. Prints what is wrong. */
mr_exit mr_job_command(const char *program, int argc, char **argv);

#endif
