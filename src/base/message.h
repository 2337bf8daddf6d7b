/* message.h - what mr says on standard error.
 *
 * As a rule who says something waits until it has been taken. While a job runs nobody may wait for a terminal that has
 * been stopped (Ctrl-S), or for a pipe that nobody reads: after mr_messages_hold what is not taken at once is kept, in
 * order, and written when it is. That is bounded: when there is too much, lines are left out between the first and the
 * last ones, and in their place stands how many.
 */
#ifndef MR_BASE_MESSAGE_H
#define MR_BASE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

/* Prints a line "mr: message" to stderr with one write. What is called something in it may have any bytes: those that
 * could do anything to a terminal are shown as \x1b. printf-like. */
void mr_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints bytes to stderr as they are. */
void mr_message_bytes(const char *bytes, size_t length);

/* Prints a text to stderr, all of whose lines begin with "mr:" and end with a newline. */
void mr_message_lines(const char *text);

/* From now on call is called before anything of the above is printed, such as to make room on a terminal; NULL: nothing
 * is. */
void mr_message_first(void (*call)(void *receiver), void *receiver);

/* From now on nothing of the above waits, in this process; those that it forks are as before. */
void mr_messages_hold(void);

/* Writes what is kept, as far as it is taken at once. Whether nothing is left. */
bool mr_messages_pass(void);

/* At the end of the process: waits until all that is kept has been taken. A terminal is waited for until it goes on, or
 * a signal comes that ends the process; a pipe that nobody reads for some seconds, unless the results went there, too.
 */
void mr_messages_finish(void);

/* Whether one of the signals has come that end the process when it lets them: SIGINT, SIGTERM, SIGHUP. */
bool mr_is_to_end(void);

#endif
