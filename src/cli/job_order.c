#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/job_file.h"

/* The order of the stages: again and again the first one, in the order of the file, that reads nothing of a stage that
 * is not done yet. The stages of the repetition count as one here, and are then put in order among themselves in the
 * same way. When none is left that could be done, those that are left go around in a circle. */

/* Whether a stage reads what another one makes. What it reads of an earlier round does not count. */
static bool reads(const mr_stage *stage, size_t other) {
    for (size_t i = 0; i < stage->input_count; i++)
        if (!stage->inputs[i].path && stage->inputs[i].stage == other) return true;
    for (size_t i = 0; i < stage->side_count; i++)
        if (!stage->sides[i].path && stage->sides[i].stage == other) return true;
    return false;
}

/* A stage, not done yet, that this one has to wait for; MR_NO_STAGE when there is none. With within, only stages of the
 * repetition are looked at; otherwise a stage of the repetition waits for what any of them waits for. */
static size_t awaited(const mr_job_file *file, const bool *done, size_t stage, bool within) {
    bool all = !within && file->stages[stage].repeated;
    for (size_t i = 0; i < file->count; i++) {
        if (i != stage && !(all && file->stages[i].repeated)) continue;
        for (size_t other = 0; other < file->count; other++) {
            bool inner = file->stages[other].repeated;
            bool looked_at = within ? inner : !(all && inner);
            if (looked_at && !done[other] && reads(&file->stages[i], other)) return other;
        }
    }
    return MR_NO_STAGE;
}

/* Follows stages that wait for each other until one comes again, and names those of the circle. */
static bool tell_circle(const mr_job_file *file, const bool *done, size_t stage, bool within, mr_error *error) {
    char text[1024] = "", place[MR_STAGE_PLACE];
    for (size_t i = 0; i < file->count; i++)
        stage = awaited(file, done, stage, within);
    size_t first = stage, used = 0;
    do {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s, which reads ", file->stages[stage].name);
        stage = awaited(file, done, stage, within);
    } while (stage != first && used < sizeof text / 2);
    return mr_error_usage(error, "%s: it can never begin: it reads %s%s",
                          mr_stage_place(file, &file->stages[first], file->stages[first].line, place),
                          text + strlen(file->stages[first].name) + strlen(", which reads "), file->stages[first].name);
}

/* Puts the stages of the repetition into order among themselves. */
static bool arrange_repetition(mr_job_file *file, bool *done, size_t *count, mr_error *error) {
    for (size_t left = file->repetition.count; left > 0; left--) {
        size_t next = MR_NO_STAGE, waiting = MR_NO_STAGE;
        for (size_t i = 0; i < file->count && next == MR_NO_STAGE; i++) {
            if (done[i] || !file->stages[i].repeated) continue;
            waiting = i;
            if (awaited(file, done, i, true) == MR_NO_STAGE) next = i;
        }
        if (next == MR_NO_STAGE) return tell_circle(file, done, waiting, true, error);
        done[next] = true;
        file->order[(*count)++] = next;
    }
    return true;
}

static bool arrange(mr_job_file *file, bool *done, mr_error *error) {
    for (size_t count = 0; count < file->count;) {
        size_t next = MR_NO_STAGE, waiting = MR_NO_STAGE;
        for (size_t i = 0; i < file->count && next == MR_NO_STAGE; i++) {
            if (done[i]) continue;
            waiting = i;
            if (awaited(file, done, i, false) == MR_NO_STAGE) next = i;
        }
        if (next == MR_NO_STAGE) return tell_circle(file, done, waiting, false, error);
        if (file->stages[next].repeated) {
            if (!arrange_repetition(file, done, &count, error)) return false;
        } else {
            done[next] = true;
            file->order[count++] = next;
        }
    }
    return true;
}

bool mr_job_file_arrange(mr_job_file *file, mr_error *error) {
    bool *done = calloc(file->count, sizeof *done);
    file->order = calloc(file->count, sizeof *file->order);
    bool ok = done && file->order;
    ok = ok ? arrange(file, done, error) : mr_error_memory(error, file->count * sizeof *file->order, "stages");
    free(done);
    return ok;
}
