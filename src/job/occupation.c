#include "job/occupation.h"

#include "job/death.h"

/* A worker keeps up to date where it is, and is read here while it does so: the fields of a place may belong to two
 * places that follow each other. What is shown of them is at most out of date, never out of bounds. */

static bool reads_input(uint32_t span) {
    return span == MR_SPAN_MAP || span == MR_SPAN_TRY || span == MR_SPAN_READ || span == MR_SPAN_SAMPLE;
}

mr_occupation mr_occupation_of(const mr_view *view, uint32_t index) {
    const mr_lane *lane = &view->observation->lanes[index];
    const mr_where where = view->job->shared->slots[index].where;
    mr_occupation occupation = {.index = index,
                                .reader = lane->reader,
                                .process = lane->process,
                                .doing = mr_span_name(lane->now),
                                .since = view->observation->at - lane->since,
                                .partition = UINT64_MAX,
                                .crashes = lane->crashes,
                                .tasks = lane->tasks};
    bool in_input = where.place.kind == MR_PLACE_RECORD || where.place.kind == MR_PLACE_PIECE;
    if (in_input && reads_input(lane->now) && where.place.source < view->job->input.count) {
        occupation.file = view->job->input.sources[where.place.source].path;
        occupation.offset = where.place.offset;
    }
    if (where.place.kind == MR_PLACE_GROUP && lane->now == MR_SPAN_REDUCE) occupation.partition = where.place.partition;
    if (where.inside && lane->now != MR_SPAN_KINDS) occupation.callback = mr_told_callback(where.callback);
    return occupation;
}
