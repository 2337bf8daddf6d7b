#include "job/bound.h"

#include <stdio.h>
#include <string.h>

#include "base/units.h"
#include "job/pinning.h"

/* Which resource would have had to be faster for the job to be done sooner? Phases come one after the other, so each is
 * charged by itself, with its time on the clock, and in the end that resource is named that has been charged with most.
 *
 * Phases in which the coordinator is at work alone are charged to what it does. In the others there is a chain: readers
 * unpack, workers map or reduce, somebody reads the output. The link that is busiest holds up the others, so the whole
 * phase is charged to it: to the reader of the output when mr could not go on for half of the phase, to the readers
 * when they were busier than the workers, and otherwise to what the workers did, each activity with its share. Workers
 * also wait for each other, when one has a unit that takes longer than all the rest: that time is charged to this unit.
 */

enum cause {
    CAUSE_START,
    CAUSE_SAMPLE,
    CAUSE_READ,
    CAUSE_INFLATE, /* by workers: BGZF */
    CAUSE_UNPACK,  /* by readers */
    CAUSE_MAP,
    CAUSE_EXCHANGE,
    CAUSE_REDUCE,
    CAUSE_MERGE,
    CAUSE_WRITE,
    CAUSE_OUTPUT, /* its reader */
    CAUSE_CHUNK,
    CAUSE_PARTITION,
    CAUSE_STOP,
    CAUSES
};

static const char *const names[CAUSES] = {
    [CAUSE_START] = "start",       [CAUSE_SAMPLE] = "sample",
    [CAUSE_READ] = "read",         [CAUSE_INFLATE] = "inflate",
    [CAUSE_UNPACK] = "inflate",    [CAUSE_MAP] = "map",
    [CAUSE_EXCHANGE] = "exchange", [CAUSE_REDUCE] = "reduce",
    [CAUSE_MERGE] = "merge",       [CAUSE_WRITE] = "write",
    [CAUSE_STOP] = "stop",         [CAUSE_OUTPUT] = "reader of the output",
    [CAUSE_CHUNK] = "one chunk",   [CAUSE_PARTITION] = "one partition",
};

#define MUCH       0.5 /* of a phase: what takes that much holds up the rest */
#define NOTICEABLE 0.2 /* of the workers' time, spent waiting */
#define STARVED    0.6 /* of the time in which processes have something to do they get a CPU: less is told */
#define HOT        0.1 /* share of the pairs from which on a key is named */

/* ---- charging ---------------------------------------------------------------------------------------------------- */

static double sum(const double *seconds) {
    double all = 0;
    for (uint32_t i = 0; i < MR_ACTIVITIES; i++)
        if (i != MR_ACTIVITY_WAIT) all += seconds[i];
    return all;
}

static bool is_phase(const mr_phase *phase, const char *name) {
    return !strcmp(phase->name, name);
}

/* What an activity of a worker is charged to. */
static enum cause cause_of(enum mr_activity activity, const mr_phase *phase) {
    bool before = !is_phase(phase, "map"), merging = is_phase(phase, "merge");
    switch (activity) {
    case MR_ACTIVITY_START:
        return CAUSE_START;
    case MR_ACTIVITY_READ:
        return CAUSE_READ;
    case MR_ACTIVITY_INFLATE:
        return CAUSE_INFLATE;
    case MR_ACTIVITY_MAP:
        return before ? CAUSE_SAMPLE : CAUSE_MAP;
    case MR_ACTIVITY_EXCHANGE:
        return CAUSE_EXCHANGE;
    case MR_ACTIVITY_REDUCE:
        return merging ? CAUSE_MERGE : CAUSE_REDUCE;
    default:
        return CAUSE_WRITE;
    }
}

/* Charges so many seconds to what workers have done, each activity with its share. */
static void charge_workers(double *charged, const mr_phase *phase, double seconds) {
    double all = sum(phase->workers);
    for (uint32_t i = 0; all > 0 && i < MR_ACTIVITIES; i++)
        if (i != MR_ACTIVITY_WAIT) charged[cause_of(i, phase)] += seconds * phase->workers[i] / all;
}

/* The same for readers, which also cut the text into blocks. */
static void charge_readers(double *charged, const mr_phase *phase, double seconds) {
    bool unpacking = phase->readers[MR_ACTIVITY_INFLATE] > phase->readers[MR_ACTIVITY_READ];
    charged[unpacking ? CAUSE_UNPACK : CAUSE_READ] += seconds;
}

/* How much of a phase of so many seconds the processes of a kind were busy, 0 to 1. */
static double busy(const double *seconds, uint32_t processes, double length) {
    return processes && length > 0 ? sum(seconds) / (processes * length) : 0;
}

static void charge_chain(double *charged, const mr_phase *phase, double length, const mr_bound_facts *facts) {
    double workers = busy(phase->workers, facts->workers, length);
    double readers = busy(phase->readers, facts->readers, length);
    bool crowded = workers * facts->workers > facts->cpus; /* what has no CPU takes long, however small it is */
    bool alone = facts->workers > 1 && !crowded && 1 - workers > NOTICEABLE && phase->longest > MUCH * length;
    bool reducing = is_phase(phase, "reduce");
    if (phase->blocked > MUCH * length) {
        charged[CAUSE_OUTPUT] += length;
    } else if (readers > workers) {
        charge_readers(charged, phase, length);
    } else if (alone && (reducing || is_phase(phase, "map"))) {
        charged[reducing ? CAUSE_PARTITION : CAUSE_CHUNK] += length;
    } else {
        charge_workers(charged, phase, length);
    }
}

static void charge_phase(double *charged, const mr_phase *phase, double length, const mr_bound_facts *facts) {
    if (is_phase(phase, "start"))
        charged[CAUSE_START] += length;
    else if (is_phase(phase, "stop"))
        charged[CAUSE_STOP] += length;
    else if (is_phase(phase, "commit"))
        charged[CAUSE_WRITE] += length;
    else if (is_phase(phase, "deliver"))
        charged[phase->blocked > MUCH * length ? CAUSE_OUTPUT : CAUSE_WRITE] += length;
    else
        charge_chain(charged, phase, length, facts);
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

/* The phase of a name; NULL: there is none. */
static const mr_phase *find_phase(const mr_observation *observation, const char *name) {
    for (uint32_t i = 0; i < observation->phase_count; i++)
        if (is_phase(&observation->phases[i], name)) return &observation->phases[i];
    return NULL;
}

/* A unit that took longer than all the rest of its phase. */
static void say_unit(const mr_observation *observation, const char *phase_name, const char *unit, mr_bound *bound) {
    const mr_phase *phase = find_phase(observation, phase_name);
    if (!phase) return;
    double length = phase->end - phase->begin;
    snprintf(bound->text, sizeof bound->text,
             "one %s, number %llu, which took %.0f %% of the %s phase while other workers waited", unit,
             (unsigned long long)phase->longest_unit + 1, length > 0 ? 100 * phase->longest / length : 0, phase_name);
}

/* How long the coordinator has been completing the output. */
static double fsync_seconds(const mr_observation *observation) {
    const mr_phase *phase = find_phase(observation, "commit");
    return phase ? phase->end - phase->begin : 0;
}

/* charged: seconds for which the cause stands. */
static void say_text(const mr_observation *observation, enum cause cause, double charged, const mr_bound_facts *facts,
                     mr_bound *bound) {
    static const char *const texts[CAUSES] = {
        [CAUSE_START] = "starting: looking at the input and the plugin",
        [CAUSE_SAMPLE] = "looking through the input before it is mapped",
        [CAUSE_READ] = "reading the input",
        [CAUSE_INFLATE] = "unpacking the input",
        [CAUSE_UNPACK] = "unpacking the input",
        [CAUSE_MAP] = "mapping",
        [CAUSE_EXCHANGE] = "moving records from map to reduce",
        [CAUSE_REDUCE] = "reducing",
        [CAUSE_MERGE] = "merging the ordered results, which one worker does",
        [CAUSE_WRITE] = "writing the output",
        [CAUSE_OUTPUT] = "waiting for the reader of the output",
        [CAUSE_STOP] = "the plugin's close",
    };
    if (cause == CAUSE_CHUNK)
        say_unit(observation, "map", "chunk", bound);
    else if (cause == CAUSE_PARTITION)
        say_unit(observation, "reduce", "partition", bound);
    else if (cause == CAUSE_UNPACK && facts->unpacked)
        snprintf(bound->text, sizeof bound->text, "unpacking %s", facts->unpacked);
    else if (cause == CAUSE_WRITE && fsync_seconds(observation) > MUCH * charged)
        snprintf(bound->text, sizeof bound->text, "writing the output until it is on disk (fsync, %.1f s)",
                 fsync_seconds(observation));
    else if (cause == CAUSE_READ && facts->piped)
        snprintf(bound->text, sizeof bound->text, "waiting for %s", facts->piped);
    else
        snprintf(bound->text, sizeof bound->text, "%s", texts[cause]);
}

/* For which part of the time in which its processes had something to do they had a CPU; 1 where that cannot be said. */
static double cpu_share(const mr_observation *observation, const mr_bound_facts *facts) {
    double busy_seconds = 0;
    for (uint32_t i = 0; i < MR_ACTIVITIES; i++)
        if (i != MR_ACTIVITY_WAIT) busy_seconds += observation->activities[i];
    return facts->workers <= facts->cpus && busy_seconds > 0 ? facts->cpu_seconds / busy_seconds : 1;
}

/* What could be done where it takes CPU time. */
static void advise_processes(const mr_observation *observation, const mr_bound_facts *facts, mr_bound *bound) {
    const mr_phase *map = find_phase(observation, "map");
    uint32_t processes = facts->workers + facts->readers;
    double share = cpu_share(observation, facts);
    if (share < STARVED)
        snprintf(bound->advice, sizeof bound->advice,
                 "but its processes had a CPU for only %.0f %% of their time: other programs did, or the plugin waits",
                 100 * share);
    else if (facts->cpus > processes && (!map || map->units > facts->workers))
        snprintf(bound->advice, sizeof bound->advice, "%u CPU%s free: more -j would help", facts->cpus - processes,
                 facts->cpus - processes == 1 ? " is" : "s are");
    else if (facts->cpus > processes)
        snprintf(bound->advice, sizeof bound->advice,
                 "%u CPU%s free: a smaller --chunk would give them something to do", facts->cpus - processes,
                 facts->cpus - processes == 1 ? " is" : "s are");
}

/* What could be done where files are read or written. remedy: what makes them smaller; NULL: they are small already. */
static void advise_files(const mr_observation *observation, const mr_bound_facts *facts, const char *remedy,
                         mr_bound *bound) {
    double share = cpu_share(observation, facts);
    if (share < STARVED)
        snprintf(
            bound->advice, sizeof bound->advice,
            "its processes had a CPU for only %.0f %% of their time, so they waited for the disk, or other programs "
            "were at work%s%s",
            100 * share, remedy ? "; " : "", remedy ? remedy : "");
    else
        advise_processes(observation, facts, bound);
}

static void advise_writing(const mr_observation *observation, double charged, const mr_bound_facts *facts,
                           mr_bound *bound) {
    const char *remedy = facts->output_compressed ? NULL : "--compress makes the output smaller";
    if (fsync_seconds(observation) <= MUCH * charged)
        advise_files(observation, facts, remedy, bound);
    else if (remedy)
        snprintf(bound->advice, sizeof bound->advice, "%s", remedy);
}

/* Names the most frequent key, if it is one that can be the reason. */
static bool blame_key(const mr_observation *observation, mr_bound *bound) {
    const mr_hot_key *key = &observation->hot_keys[0];
    char text[MR_HOT_KEY_TEXT];
    if (!observation->hot_key_count || key->share < HOT) return false;
    snprintf(bound->advice, sizeof bound->advice, "key %s has %.0f %% of all pairs", mr_hot_key_text(key, text),
             100 * key->share);
    return true;
}

static void say_advice(const mr_observation *observation, enum cause cause, double charged, const mr_bound_facts *facts,
                       mr_bound *bound) {
    char size[MR_SIZE_TEXT];
    switch (cause) {
    case CAUSE_READ:
        if (!facts->piped)
            advise_files(observation, facts,
                         facts->input_compressed ? NULL : "input that bgzip has compressed is less to read", bound);
        break;
    case CAUSE_WRITE:
        advise_writing(observation, charged, facts, bound);
        break;
    case CAUSE_UNPACK:
        snprintf(bound->advice, sizeof bound->advice,
                 facts->piped && !facts->compressed
                     ? "one process unpacks what comes through a pipe; a file of bgzip can be read by all workers"
                     : "one process unpacks a file that is not BGZF; bgzip makes files that all workers can read");
        break;
    case CAUSE_EXCHANGE:
    case CAUSE_REDUCE:
    case CAUSE_MERGE:
        if (facts->spilled)
            snprintf(bound->advice, sizeof bound->advice, "%s were spilled to disk: more --memory would help",
                     mr_format_size(facts->spilled, size));
        else if (cause != CAUSE_MERGE && facts->regrouped && blame_key(observation, bound))
            break;
        else if (cause == CAUSE_REDUCE)
            advise_processes(observation, facts, bound);
        break;
    case CAUSE_MAP:
        advise_processes(observation, facts, bound);
        if (!*bound->advice && facts->regrouped) blame_key(observation, bound); /* of which all pairs are moved */
        break;
    case CAUSE_INFLATE:
        advise_processes(observation, facts, bound);
        break;
    case CAUSE_CHUNK:
        snprintf(bound->advice, sizeof bound->advice, "a smaller --chunk divides the work better");
        break;
    case CAUSE_PARTITION:
        blame_key(observation, bound);
        break;
    default:
        break;
    }
}

/* ---- all together ------------------------------------------------------------------------------------------------ */

void mr_bound_find(mr_observation *observation, const mr_bound_facts *facts) {
    double charged[CAUSES] = {0}, whole = 0;
    enum cause most = CAUSE_START;
    for (uint32_t i = 0; i < observation->phase_count; i++) {
        const mr_phase *phase = &observation->phases[i];
        double length = (phase->end < 0 ? observation->at : phase->end) - phase->begin;
        whole += length;
        charge_phase(charged, phase, length, facts);
    }
    for (enum cause i = 0; i < CAUSES; i++)
        if (charged[i] > charged[most]) most = i;
    observation->bound = (mr_bound){.by = names[most], .share = whole > 0 ? charged[most] / whole : 0};
    say_text(observation, most, charged[most], facts, &observation->bound);
    say_advice(observation, most, charged[most], facts, &observation->bound);
}

mr_bound_facts mr_bound_facts_of(const mr_job *job, const mr_result_summary *summary, double cpu_seconds) {
    mr_bound_facts facts = {.workers = job->plan.workers,
                            .readers = job->plan.readers,
                            .cpus = mr_cpus_usable(),
                            .cpu_seconds = cpu_seconds,
                            .spilled = summary->spilled};
    facts.regrouped = job->description.kind == MR_GROUP && !job->description.has_combine;
    facts.output_compressed = job->settings->compress > 0;
    for (size_t i = 0; i < job->input.count; i++) {
        const mr_source *source = &job->input.sources[i];
        if (source->form != MR_FORM_PLAIN) facts.input_compressed = true;
        if (source->form == MR_FORM_PIPE) facts.piped = source->path;
        if (source->form != MR_FORM_STREAM) continue;
        facts.unpacked = facts.compressed++ ? NULL : source->path;
    }
    return facts;
}
