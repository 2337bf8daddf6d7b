#include "embed/looking.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

_Static_assert(sizeof(mr_embedded_progress) <= PIPE_BUF, "a pipe takes it as a whole or not at all");

static void look(void *self, const mr_view *view, enum mr_moment_kind moment) {
    mr_looking *looking = self;
    const mr_observation *observation = view->observation;
    bool wanted = moment == MR_MOMENT_PHASE || moment == MR_MOMENT_TURN || moment == MR_MOMENT_END;
    if (!wanted || !observation->phase_count) return;
    mr_outlook_update(&looking->outlook, view);
    mr_embedded_progress progress = {.fraction = looking->outlook.fraction,
                                     .seconds = observation->at,
                                     .seconds_left = looking->outlook.left,
                                     .rate = looking->outlook.rate,
                                     .retries = view->summary->retries};
    snprintf(progress.phase, sizeof progress.phase, "%s", observation->phases[observation->phase_count - 1].name);
    if (observation->sample_count) {
        const mr_observed_sample *sample = &observation->samples[observation->sample_count - 1];
        progress.input_bytes = sample->input_bytes;
        progress.output_bytes = sample->output_bytes;
        progress.memory = sample->memory;
        progress.spilled = sample->spilled;
    }
    /* When the program has not taken what came before there is no room for this, which it can do without. */
    (void)!write(looking->pipe, &progress, sizeof progress);
}

void mr_looking_open(mr_looking *looking, int pipe) {
    *looking = (mr_looking){.onlooker = {.look = look, .self = looking, .descriptor = -1},
                            .outlook = {.fraction = -1, .left = -1},
                            .pipe = pipe};
    (void)!fcntl(pipe, F_SETFL, O_NONBLOCK); /* otherwise a slow program holds the job up */
}
