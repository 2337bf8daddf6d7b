#include "job/outlook.h"

#include <string.h>

#include "base/units.h"

/* The phases of a job are weighed by how long they take in proportion to mapping the same input. What is known of the
 * job says which ones there will be. Counting records or following quotes only reads the text. Reducing takes the
 * longer the more there is to reduce: what lies in shared memory and in spill files by now, in proportion to the text
 * that it came of. That is known better and better; when a phase turns out to weigh more than it seemed, the fraction
 * waits, for it is not to go back.
 *
 * How long it will take follows from how fast the fraction has grown in the last seconds, so a job that becomes slower
 * is noticed soon. Only the phase at hand counts as soon as it has lasted a while, because phases differ. */

#define POINT_SECONDS 0.25 /* between two points */
#define RATE_SECONDS  3.0  /* a rate is that of so many last seconds */
#define LEAST_SECONDS 1.0  /* nothing is foretold of less */

/* Weights, in terms of the map phase. */
#define READING       0.2  /* each phase that only reads the text */
#define REDUCING      0.03 /* reducing next to nothing */
#define REDUCING_BYTE 0.7  /* and for each byte there is to reduce, in proportion to those that were mapped */
#define MERGING       0.3  /* in terms of reducing */
#define ENDING        0.01

static bool is(const mr_phase *phase, const char *name) {
    return !strcmp(phase->name, name);
}

/* Bytes that the workers have put down for the reduce phase. */
static uint64_t bytes_to_reduce(const mr_view *view) {
    uint64_t bytes = view->summary->spilled;
    for (uint32_t i = 0; view->job->shared && i < view->job->plan.workers; i++)
        bytes += atomic_load_explicit(&view->job->shared->slots[i].shared_bytes, memory_order_relaxed);
    return bytes;
}

static double weight_of_reduce(const mr_view *view, const mr_phase *map) {
    if (mr_job_is_map(view->job)) return 0;
    double share = map && map->bytes_done ? (double)bytes_to_reduce(view) / (double)map->bytes_done : 0;
    return REDUCING + REDUCING_BYTE * (share < 2 ? share : 2);
}

static double weight_of(const mr_phase *phase, double reducing) {
    if (is(phase, "map")) return 1;
    if (is(phase, "quotes") || is(phase, "count")) return READING;
    if (is(phase, "reduce")) return reducing;
    if (is(phase, "merge")) return MERGING * reducing;
    if (is(phase, "commit")) return ENDING;
    return 0;
}

/* How much of a phase is done; negative when nobody knows. */
static double share_done(const mr_phase *phase) {
    if (phase->end >= 0) return 1;
    if (is(phase, "map")) {
        if (!phase->bytes) return -1;
        return phase->bytes_done < phase->bytes ? (double)phase->bytes_done / (double)phase->bytes : 1;
    }
    return phase->units ? (double)mr_smaller(phase->done, phase->units) / (double)phase->units : 0;
}

static bool has_begun(const mr_observation *observation, const char *name) {
    for (uint32_t i = 0; i < observation->phase_count; i++)
        if (is(&observation->phases[i], name)) return true;
    return false;
}

/* What the phases weigh that will come. */
static double weight_to_come(const mr_view *view, double reducing) {
    static const char *const names[] = {"count", "map", "reduce", "merge", "commit"};
    const mr_job *job = view->job;
    bool wanted[] = {job->description.needs & MR_NEEDS_RECORD_NUMBERS, true, !mr_job_is_map(job),
                     !mr_job_is_map(job) && mr_job_is_ordered(job), true};
    double weight = 0;
    bool after = true; /* phases come in this order: none comes when a later one has begun */
    for (size_t i = sizeof names / sizeof *names; i-- > 0 && after;) {
        after = !has_begun(view->observation, names[i]);
        if (after && wanted[i]) weight += weight_of(&(mr_phase){.name = names[i]}, reducing);
    }
    return weight;
}

static double fraction_done(const mr_view *view) {
    const mr_observation *observation = view->observation;
    double reducing = weight_of_reduce(view, mr_phase_map(observation));
    double all = weight_to_come(view, reducing), done = 0;
    for (uint32_t i = 0; i < observation->phase_count; i++) {
        const mr_phase *phase = &observation->phases[i];
        double weight = weight_of(phase, reducing), share = share_done(phase);
        if (share < 0) return -1;
        all += weight;
        done += weight * share;
    }
    return all > 0 ? done / all : 0;
}

/* ---- the last seconds -------------------------------------------------------------------------------------------- */

static void add_point(mr_outlook *outlook, const mr_outlook_point *point) {
    if (outlook->point_count == MR_OUTLOOK_POINTS) {
        memmove(outlook->points, outlook->points + 1, (MR_OUTLOOK_POINTS - 1) * sizeof *outlook->points);
        outlook->point_count--;
    }
    outlook->points[outlook->point_count++] = *point;
}

/* The oldest point that is no more than so many seconds old; NULL: there is none that is old enough to tell anything.
 */
static const mr_outlook_point *since(const mr_outlook *outlook, double now, double seconds) {
    for (size_t i = 0; i < outlook->point_count; i++) {
        const mr_outlook_point *point = &outlook->points[i];
        if (now - point->at <= seconds) return now - point->at >= LEAST_SECONDS ? point : NULL;
    }
    return NULL;
}

/* So many seconds, or those that the phase at hand has lasted, once these are enough to tell anything. */
static double seconds_of_phase(const mr_phase *phase, double now, double most) {
    double lasted = phase ? now - phase->begin : 0;
    return lasted >= 2 * LEAST_SECONDS && lasted < most ? lasted : most;
}

static void look_ahead(mr_outlook *outlook, const mr_phase *phase, double now) {
    double most = MR_OUTLOOK_POINTS * POINT_SECONDS;
    const mr_outlook_point *then = since(outlook, now, seconds_of_phase(phase, now, most));
    outlook->left = -1;
    if (!then || then->fraction < 0 || outlook->fraction <= then->fraction) return;
    outlook->left = (1 - outlook->fraction) * (now - then->at) / (outlook->fraction - then->fraction);
}

static void look_at_rate(mr_outlook *outlook, const mr_phase *phase, const mr_outlook_point *now) {
    outlook->rate = 0;
    if (!phase) return;
    bool mapping = is(phase, "map");
    const mr_outlook_point begin = {.at = mapping ? phase->begin : now->at}, *then = &begin;
    if (now->at - phase->begin >= LEAST_SECONDS)
        then = since(outlook, now->at, seconds_of_phase(phase, now->at, RATE_SECONDS));
    if (!then || now->at <= then->at) return;
    uint64_t bytes = mapping ? now->input - then->input : now->output - then->output;
    outlook->rate = (double)bytes / (now->at - then->at);
}

void mr_outlook_update(mr_outlook *outlook, const mr_view *view) {
    const mr_observation *observation = view->observation;
    const mr_phase *map = mr_phase_map(observation);
    const mr_observed_sample *sample =
        observation->sample_count ? &observation->samples[observation->sample_count - 1] : NULL;
    double fraction = fraction_done(view);
    if (fraction > outlook->most) outlook->most = fraction;
    outlook->fraction = fraction < 0 ? -1 : outlook->most;
    mr_outlook_point now = {.at = observation->at,
                            .fraction = outlook->fraction,
                            .input = map ? map->bytes_done : 0,
                            .output = sample ? sample->output_bytes : 0};
    look_ahead(outlook, mr_phase_now(observation), now.at);
    look_at_rate(outlook, mr_phase_now(observation), &now);
    if (!outlook->point_count || now.at - outlook->points[outlook->point_count - 1].at >= POINT_SECONDS)
        add_point(outlook, &now);
}
