/* terminal.h - a line that stands on a terminal for a while, and is written over in place. [coordinator]
 *
 * There is at most one such line in a process. It never takes the last column, so that it stays on one row, and the
 * cursor stands behind it. It is only written while this process is in the foreground, where nobody else has the
 * terminal to himself (a pager, an editor: they switch off its line mode), and where the terminal takes it at once.
 */
#ifndef MR_JOB_TERMINAL_H
#define MR_JOB_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

enum { MR_TERMINAL_COLUMNS = 500 /* wider lines are cut */ };

/* Whether a descriptor is a terminal that can erase a line: TERM is set, and not to dumb. */
bool mr_terminal_can_erase(int file);

/* How many columns it has; from COLUMNS when it does not say; 80 when nobody does. */
unsigned mr_terminal_columns(int file);

/* Whether two descriptors are the same terminal. */
bool mr_terminal_same(int file, int other);

/* From now on the line is written to this descriptor. While it stands there it is erased when the process is stopped
 * from the keyboard (SIGTSTP) or ended by SIGQUIT. Nothing happens when it is open already. */
void mr_terminal_open(int file);

/* Erases the line, and lets go of the descriptor and of the signals. */
void mr_terminal_close(void);

/* Whether the line could be written now. */
bool mr_terminal_free(void);

/* Writes the line, or writes over it: text of printable ASCII, cut at the width of the terminal. */
void mr_terminal_show(const char *text);

/* Whether the line stands there. */
bool mr_terminal_stands(void);

/* Erases the line, if it stands there. */
void mr_terminal_erase(void);

/* In a process that has just been forked: the line is none of its business. */
void mr_terminal_forget(void);

#endif
