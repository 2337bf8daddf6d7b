/* observing.h - what the files of the coordinator call so that a job is observed: each notes something in
 * mr_coordinator.observation, whose layout is public (observation.h), and tells those who look on. Private to the
 * coordinator. */
#ifndef MR_JOB_OBSERVING_H
#define MR_JOB_OBSERVING_H

#include "job/coordination.h"
#include "job/onlooker.h"

/* A phase begins with so many units (0: it has none), and the one before ends. */
void mr_note_phase(mr_coordinator *self, const char *name, uint64_t units);

/* A process has been started in every slot, or has loaded the plugin. */
void mr_note_ready(mr_coordinator *self, uint32_t index);

/* A worker or reader has done a task. */
void mr_note_done(mr_coordinator *self, const mr_assignment *assignment, const mr_report *report);

/* It has died, at that task; NULL: at none. what: a message about that. */
void mr_note_crash(mr_coordinator *self, uint32_t index, const mr_assignment *assignment, const char *what);

/* A process has died in which a worker has tried a chunk out. */
void mr_note_trial_death(mr_coordinator *self, const mr_report *report);

/* A worker has found a record or group that is left out from now on. printf-like. */
void mr_note_left_out(mr_coordinator *self, uint32_t worker, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The reader of the output has kept mr waiting for so many seconds. */
void mr_note_blocked(mr_coordinator *self, double seconds);

/* Keeps a message about something that went wrong. printf-like. */
void mr_note_incident(mr_coordinator *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, and prints it to stderr. printf-like. */
void mr_tell_incident(mr_coordinator *self, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Brings the observation up to date. memory: bytes in use in all processes; last: the job has ended. */
void mr_note_progress(mr_coordinator *self, uint64_t memory, bool last);

/* Calls those who look on. */
void mr_let_look(mr_coordinator *self, enum mr_moment_kind moment);

/* The same, for the last time: the job has ended, or could not begin. failure: why, if it is set. */
void mr_let_look_back(mr_coordinator *self, const mr_error *failure);

/* Calls those of them whose descriptors can be read from, after a poll. */
void mr_let_answer(mr_coordinator *self);

#endif
