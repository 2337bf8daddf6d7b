#include "job/forecast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/units.h"
#include "data/fold_table.h"
#include "flow/input.h"
#include "job/survey_keys.h"

/* What is counted in the sample is proportional to the input, but for the keys (data/growth.c). Time is, too: the
 * sample has been mapped and reduced in earnest, so the seconds that this took for each byte, and for each record that
 * went from map to reduce, are multiplied by how many there will be.
 *
 * How many records go from map to reduce is a matter of the tables that fold pairs on the way. A worker's table takes
 * in pairs until it is full of different keys, and then goes on as a whole: so it is the growth of the number of keys
 * that says after how many pieces that is. */

#define START_SECONDS 0.02  /* a job takes for processes and samples */
#define SLACK         1.4   /* memory for what waits between map and reduce, with blocks that are not full */
#define NEAR          1.6   /* so many times what waits there is not far from it */
#define ORDER_COST    1.6   /* how much larger results are with what orders them */
#define CHUNK_SECONDS 40e-6 /* of a worker, for a chunk, besides what is in it */

enum {
    TRIM = 10,                /* one part in so many of the quickest pieces, and of the slowest, says nothing of time */
    PROCESS_MEMORY = 3 << 20, /* of a process, besides what is counted */
    SORT_COST = 56,           /* bytes that a record takes while it is sorted, besides itself */
    REGION_PARTS = 4,         /* parts that a region has to have room for, so that they need no file */
    UNPACKED = 4,             /* how much larger compressed text becomes, when nothing is known of it */
};

/* Everything that a forecast is made of. */
typedef struct forecaster {
    const mr_job *job;
    const mr_survey *survey;
    const mr_result_summary *summary; /* of the sample */
    const mr_survey_piece **pieces;   /* that were looked at; owned */
    size_t count;                     /* of them */
    mr_survey_sums sums;
    double all; /* pieces that the whole input would make */
    mr_growth growth;
    double run_records; /* that will go from map to reduce */
    mr_forecast *forecast;
} forecaster;

/* ---- the input --------------------------------------------------------------------------------------------------- */

static const mr_survey_stream *stream_of(const mr_survey *survey, uint64_t source) {
    for (uint64_t i = 0; i < survey->streams; i++)
        if (survey->stream[i].source == source) return &survey->stream[i];
    return NULL;
}

/* How much larger streams become, by those that have been read. */
static double unpacked_ratio(const mr_survey *survey) {
    double text = 0, coded = 0;
    for (uint64_t i = 0; i < survey->streams; i++) {
        text += (double)survey->stream[i].text;
        coded += (double)survey->stream[i].coded;
    }
    return coded > 0 ? text / coded : UNPACKED;
}

static mr_estimate text_of_stream(const mr_survey *survey, const mr_source *source, const mr_survey_stream *stream) {
    double text = (double)stream->text, coded = (double)stream->coded, size = (double)source->file_size;
    if (stream->ended) return (mr_estimate){text, text, text};
    double expected = size * (coded > 0 ? text / coded : unpacked_ratio(survey));
    return (mr_estimate){fmax(text, expected), fmax(text, 0.7 * expected), fmax(text, 1.4 * expected)};
}

static void look_at_source(forecaster *self, const mr_source *source, uint64_t index) {
    mr_forecast *forecast = self->forecast;
    const mr_survey_stream *stream = stream_of(self->survey, index);
    forecast->files++;
    forecast->file_bytes += source->file_size;
    if (source->form == MR_FORM_BGZF) forecast->compressed++;
    if (source->form == MR_FORM_PIPE) forecast->pipes++;
    if (source->form != MR_FORM_STREAM || !stream) return;
    mr_estimate text = text_of_stream(self->survey, source, stream);
    forecast->streams++;
    forecast->text_bytes.expected += text.expected;
    forecast->text_bytes.low += text.low;
    forecast->text_bytes.high += text.high;
}

static void look_at_input(forecaster *self) {
    mr_forecast *forecast = self->forecast;
    const mr_input *input = &self->job->input;
    double plain = (double)input->plain;
    forecast->text_bytes = (mr_estimate){plain, plain, plain};
    for (size_t i = 0; i < input->count; i++)
        look_at_source(self, &input->sources[i], i);
    forecast->sampled = (uint64_t)self->sums.bytes;
    forecast->sampled_pairs = (uint64_t)self->sums.pairs;
    forecast->pieces = self->count;
    forecast->cut = self->survey->cut;
    forecast->whole = self->survey->whole;
    if (input->streams && !forecast->pipes && !self->survey->cut)
        forecast->whole = self->sums.bytes >= forecast->text_bytes.high;
    forecast->unknown = !forecast->whole && self->count && self->sums.records <= 0;
    double piece = self->count ? self->sums.bytes / (double)self->count : 1;
    self->all =
        forecast->whole ? (double)self->count : fmax((double)self->count, forecast->text_bytes.expected / piece);
}

/* ---- what is counted --------------------------------------------------------------------------------------------- */

static double bytes_of(const mr_survey_piece *piece) {
    return (double)piece->bytes;
}
static double records_of(const mr_survey_piece *piece, const void *receiver) {
    (void)receiver;
    return (double)piece->records;
}
static double pairs_of(const mr_survey_piece *piece, const void *receiver) {
    (void)receiver;
    return (double)piece->pairs;
}

/* What there will be of something of which there is so much in the sample; error: a part of it. */
static mr_estimate in_all(const forecaster *self, double sampled, double error) {
    const mr_estimate *text = &self->forecast->text_bytes;
    double rate = self->sums.bytes > 0 ? sampled / self->sums.bytes : 0;
    if (self->forecast->whole) return (mr_estimate){sampled, sampled, sampled};
    return (mr_estimate){fmax(sampled, rate * text->expected), fmax(sampled, rate * text->low * (1 - error)),
                         fmax(sampled, rate * text->high * (1 + error))};
}

static bool count(forecaster *self, mr_error *error) {
    mr_forecast *forecast = self->forecast;
    double records = mr_survey_error(self->pieces, self->count, self->all, records_of, bytes_of, NULL);
    double pairs = mr_survey_error(self->pieces, self->count, self->all, pairs_of, bytes_of, NULL);
    forecast->records = in_all(self, self->sums.records, records);
    forecast->pairs = in_all(self, self->sums.pairs, pairs);
    if (mr_job_is_map(self->job) || !self->count) return true;
    if (!mr_survey_growth(self->pieces, self->count, self->all, &self->growth, error) ||
        !mr_survey_find_hot(self->pieces, self->count, self->all, forecast, error))
        return false;
    mr_estimate *keys = &forecast->keys;
    *keys = mr_growth_at(&self->growth, self->all);
    keys->high = fmin(keys->high * (1 + self->growth.error) + self->sums.lost, forecast->pairs.high);
    keys->expected = fmin(keys->expected, keys->high);
    keys->low = fmin(keys->low * (1 - self->growth.error), keys->high);
    return true;
}

/* ---- from map to reduce ------------------------------------------------------------------------------------------ */

/* How many different keys of the usual length a table of the map phase takes in. */
static double table_keys(const forecaster *self) {
    const mr_description *description = &self->job->description;
    double table = (double)self->survey->plan.table;
    double length = self->sums.distinct > 0 ? self->sums.distinct_key_bytes / self->sums.distinct : 0;
    mr_fold fold = mr_fold_of(description->fold_type, description->value_size, NULL, NULL);
    if (length > MR_SHORT_KEY_MAX) return fmax(1, table / 4 / (24.0 + fold.size + length));
    double slots = MR_BUCKET;
    while (slots * 2 * (double)(sizeof(mr_short_key) + fold.size) <= table * 3 / 4)
        slots *= 2;
    return slots * 3 / 4;
}

/* Records that a fold sends on for so many pieces that one worker maps. */
static double folded_records(const forecaster *self, double pieces) {
    double keys = table_keys(self), fill = mr_growth_pieces(&self->growth, keys);
    double pairs = self->sums.pairs / self->growth.pieces * pieces;
    double records = fill >= self->growth.all || fill >= pieces ? mr_growth_at(&self->growth, pieces).expected
                                                                : pieces / fill * keys;
    return fmin(records, pairs);
}

/* Pieces in so many bytes of input. */
static double pieces_in(const forecaster *self, double bytes) {
    return self->sums.bytes > 0 ? bytes / self->sums.bytes * self->growth.pieces : 0;
}

/* How many records go from map to reduce. A combine is called for each chunk, which is larger in a job than in the
 * sample. */
static double records_between(const forecaster *self) {
    const mr_survey_totals *totals = self->survey->totals;
    double pairs = self->forecast->pairs.expected, workers = (double)self->survey->plan.workers;
    double sampled = (double)atomic_load(&totals->run_records);
    if (self->job->description.kind == MR_FOLD) {
        double each = self->all / workers, seal = pieces_in(self, (double)self->survey->plan.seal);
        double seals = ceil(each / fmax(seal, 1));
        return fmin(pairs, workers * seals * folded_records(self, each / seals));
    }
    double combined = self->sums.pairs > 0 ? fmin(1, sampled / self->sums.pairs) : 1;
    if (combined > 0.99) return pairs;
    double chunks = (double)self->survey->chunks + (double)self->survey->streams;
    double each = self->all / fmax(chunks, 1);
    double in_piece = self->growth.first, in_chunk = mr_growth_at(&self->growth, fmax(each, 1)).expected;
    return fmin(pairs, pairs * combined * fmin(1, in_chunk / fmax(in_piece * each, 1)));
}

static double bytes_between(const forecaster *self) {
    double records = (double)atomic_load(&self->survey->totals->run_records);
    double bytes = (double)atomic_load(&self->survey->totals->run_bytes);
    return records > 0 ? self->run_records * bytes / records : 0;
}

/* ---- memory and disk --------------------------------------------------------------------------------------------- */

/* What the sealed runs of one worker put on disk. They may keep half of its arena; a worker seals at the end, and
 * whenever it has mapped a certain amount of input. */
static double spilled_of_worker(const forecaster *self, double bytes) {
    const mr_plan *plan = &self->survey->plan;
    double room = (double)plan->arena / 2, each = self->forecast->text_bytes.expected / (double)plan->workers;
    double seals = ceil(each / (double)plan->seal), kept = 0;
    if (bytes / seals < room) kept = floor(room / fmax(bytes / seals, 1)) * bytes / seals;
    return fmax(0, bytes - kept);
}

/* Bytes of partitions that do not fit into memory when they are reduced, where they are sorted. Ranges of keys are not
 * equally full. */
static double spilled_sorting(const forecaster *self, double bytes) {
    const mr_plan *plan = &self->survey->plan;
    const mr_forecast *forecast = self->forecast;
    double records = bytes / fmax(bytes_between(self), 1) * self->run_records;
    double held = bytes + records * SORT_COST, room = (double)plan->reduce / (mr_job_is_ordered(self->job) ? 2 : 1);
    if (self->job->description.kind == MR_FOLD) return 0; /* a table takes them in */
    if (held / fmax((double)forecast->partitions, 1) > 0.8 * room) return bytes;
    double hottest = forecast->hot_count ? forecast->hot[0].share.expected : 0;
    return hottest * held > room ? hottest * bytes : 0;
}

/* Parts of the output wait for those before them in the region of their worker, if that has room for some. With another
 * order than that of keys all of them wait, with what orders them, until they are merged to one. */
static double spilled_output(const forecaster *self) {
    const mr_plan *plan = &self->survey->plan;
    double output = self->forecast->output_bytes.expected, region = (double)plan->region;
    double parts = fmax(1, (double)self->forecast->partitions), workers = (double)plan->workers;
    if (mr_job_is_map(self->job)) return 0;
    if (!mr_job_is_ordered(self->job)) return workers > 1 && output / parts > region / REGION_PARTS ? output : 0;
    if (self->job->top != UINT64_MAX) return 0;
    return fmax(0, ORDER_COST * output - region * workers) + (output > region ? output : 0);
}

static double spilled_with(const forecaster *self, double bytes) {
    double workers = (double)self->survey->plan.workers;
    return workers * spilled_of_worker(self, bytes / workers) + spilled_sorting(self, bytes) + spilled_output(self);
}

/* From how many bytes between map and reduce on something goes to disk, when that is not far away; otherwise 0. Workers
 * do not share the input equally, and what one of them has too much goes to disk though others have room. */
static double spill_begin(const forecaster *self, double bytes) {
    double low = bytes, high = NEAR * bytes;
    if (spilled_with(self, low) > 0 || spilled_with(self, high) <= 0) return 0;
    while (high - low > 0.01 * bytes) {
        double middle = (low + high) / 2;
        if (spilled_with(self, middle) > 0)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static void ask_memory(forecaster *self) {
    mr_forecast *forecast = self->forecast;
    const mr_plan *plan = &self->survey->plan;
    double bytes = bytes_between(self), workers = (double)plan->workers, margin = 0.25;
    forecast->run_bytes = (mr_estimate){bytes, bytes * (1 - margin), bytes * (1 + margin)};
    forecast->spilled.expected = spilled_with(self, bytes);
    forecast->spilled.low = spilled_with(self, bytes * (1 - margin));
    forecast->spilled.high = spilled_with(self, bytes * (1 + margin));
    forecast->spill_begin = spill_begin(self, bytes);
    double streamed = forecast->streams ? forecast->text_bytes.expected : 0;
    double table = fmin((double)plan->table, 64 * fmax(forecast->keys.expected, 1));
    double used = (workers + 1) * PROCESS_MEMORY + fmin(SLACK * bytes, workers * (double)plan->arena) +
                  workers * ((double)plan->piece + table) + fmin((double)(plan->ring * plan->readers), streamed);
    double output = fmin(forecast->output_bytes.expected, workers * (double)plan->region);
    used += mr_job_is_map(self->job) ? fmin(output, workers * 8e6) : output / 2;
    double limit = (double)forecast->memory_limit;
    forecast->memory = (mr_estimate){fmin(used, limit), fmin(0.6 * used, limit), fmin(1.6 * used, limit)};
    if (forecast->spilled.expected > 0) {
        double need = fmax(bytes * 16 / 3, (spilled_output(self) > 0 ? forecast->output_bytes.expected * 8 : 0));
        forecast->memory_wanted = (uint64_t)(1.2 * need) + (64u << 20);
    }
    struct statvfs status;
    snprintf(forecast->temporary, sizeof forecast->temporary, "%s", self->job->temporary);
    forecast->temporary_free = UINT64_MAX;
    if (statvfs(forecast->temporary, &status) == 0)
        forecast->temporary_free = mr_multiply_capped(status.f_bavail, status.f_frsize);
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

/* Bytes by which numbers that grow with the input become longer: those of keys that are in the sample already. */
static double more_digits(const forecaster *self) {
    uint32_t fold = self->job->description.fold_type;
    bool grows = fold == MR_FOLD_COUNT || fold == MR_FOLD_SUM_INT64 || fold == MR_FOLD_STATS_INT64;
    if (self->job->description.kind != MR_FOLD || !grows) return 0;
    return self->growth.distinct * log10(self->all / self->growth.pieces);
}

/* What is printed for a key of a fold grows with the number of keys; of a group it may be that, or each of its values,
 * which has then grown with the pairs: what is left when the keys are taken away. mr_forecast_refine knows better. */
static void guess_output(forecaster *self) {
    mr_forecast *forecast = self->forecast;
    double bytes = (double)self->summary->output_bytes, keys = self->growth.distinct;
    double results = (double)self->summary->results;
    if (mr_job_is_map(self->job)) {
        double error = mr_survey_error(self->pieces, self->count, self->all, records_of, bytes_of, NULL);
        forecast->output_bytes = in_all(self, bytes, fmax(error, 0.1));
        return;
    }
    forecast->sampled_keys = keys;
    forecast->sampled_output = bytes;
    if (forecast->whole) forecast->output_bytes = (mr_estimate){bytes, bytes, bytes};
    if (forecast->whole || keys <= 0) return;
    mr_estimate by_pairs = in_all(self, bytes, 0.1), by_keys = forecast->keys;
    by_keys.expected *= bytes / keys;
    by_keys.low *= bytes / keys;
    by_keys.high *= bytes / keys;
    mr_estimate *output = &forecast->output_bytes;
    *output = by_keys;
    output->expected += more_digits(self);
    output->high += more_digits(self);
    if (self->job->description.kind == MR_GROUP) {
        double of_keys = self->sums.distinct > 0 ? keys * (self->sums.distinct_key_bytes / self->sums.distinct + 2) : 0;
        /* What reduce writes by itself has no number of results; there, too, the values are likely to be in it. */
        double share = results > 1.01 * keys || results <= 0 ? 0 : fmin(1, of_keys / fmax(bytes, 1));
        output->expected = share * by_keys.expected + (1 - share) * by_pairs.expected;
        output->low = fmin(by_keys.low, output->expected);
        output->high = fmax(by_pairs.high, output->expected);
    }
    if (self->job->top == UINT64_MAX) return;
    double most = (double)self->job->top * bytes / fmax(results, 1);
    *output = (mr_estimate){fmin(output->expected, most), fmin(output->low, most), fmin(output->high, 2 * most)};
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Seconds of one worker for a byte of text. What else goes on in the machine makes some pieces slow; they are left out,
 * and as many of the quick ones. */
static double seconds_a_byte(const forecaster *self) {
    double *each = calloc(self->count + 1, sizeof *each), sum = 0;
    size_t filled = 0;
    for (size_t i = 0; each && i < self->count; i++)
        if (self->pieces[i]->map_bytes)
            each[filled++] = self->pieces[i]->map_seconds / (double)self->pieces[i]->map_bytes;
    if (each) qsort(each, filled, sizeof *each, compare_doubles);
    size_t left = filled / TRIM;
    for (size_t i = left; i < filled - left; i++)
        sum += each[i];
    free(each);
    return filled ? sum / (double)(filled - 2 * left) : 0;
}

/* What the largest stream, and all streams together, take to be unpacked. */
static double unpack_seconds(const forecaster *self) {
    double largest = 0, sum = 0, read = 0;
    const mr_survey *survey = self->survey;
    for (uint64_t i = 0; i < survey->streams; i++) {
        const mr_survey_stream *stream = &survey->stream[i];
        double text = text_of_stream(survey, &self->job->input.sources[stream->source], stream).expected;
        largest = fmax(largest, text);
        sum += text;
        read += (double)stream->text;
    }
    double readers = fmax(1, (double)mr_smaller(survey->plan.readers, survey->streams));
    double speed = survey->read_seconds > 0 ? read / survey->read_seconds / readers : 0;
    return speed > 0 ? fmax(largest, sum / readers) / speed : 0;
}

static void guess_time(forecaster *self) {
    mr_forecast *forecast = self->forecast;
    const mr_survey_totals *totals = self->survey->totals;
    mr_forecast_times *seconds = &forecast->seconds;
    double workers = (double)self->survey->plan.workers, sampled = (double)atomic_load(&totals->run_records);
    double records = sampled > 0 ? self->run_records / sampled * 1e-9 / workers : 0;
    seconds->map =
        (forecast->text_bytes.expected * seconds_a_byte(self) + (double)forecast->chunks * CHUNK_SECONDS) / workers;
    seconds->exchange = records * (double)atomic_load(&totals->seal_nanoseconds);
    seconds->reduce = records * (double)atomic_load(&totals->reduce_nanoseconds);
    mr_forecast_disk_time(forecast);
    seconds->unpack = unpack_seconds(self);
    seconds->total =
        START_SECONDS + fmax(seconds->map, seconds->unpack) + seconds->exchange + seconds->reduce + seconds->disk;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static void name_job(forecaster *self) {
    mr_forecast *forecast = self->forecast;
    const mr_job *job = self->job;
    const mr_plan *plan = &self->survey->plan;
    memcpy(forecast->plugin, job->description.name, sizeof forecast->plugin);
    mr_records_name(&job->description.records, forecast->record_kind);
    forecast->kind = job->description.kind;
    forecast->top = job->top != UINT64_MAX;
    forecast->workers = plan->workers;
    forecast->chunks = self->survey->chunks;
    forecast->partitions = mr_job_is_map(job) ? 0 : plan->partitions;
    forecast->memory_limit = plan->memory + job->sides.bytes;
    forecast->sample_seconds = mr_seconds() - self->survey->begun;
    forecast->bad_records = self->summary->bad.count;
}

bool mr_forecast_make(const mr_job *job, const mr_result_summary *summary, mr_error *error) {
    mr_survey *survey = job->settings->survey;
    forecaster self = {.job = job, .survey = survey, .summary = summary, .forecast = survey->forecast};
    *self.forecast = (mr_forecast){0};
    self.pieces = mr_survey_list(job, &self.count, error);
    if (!self.pieces) return false;
    self.sums = mr_survey_sum(self.pieces, self.count);
    name_job(&self);
    look_at_input(&self);
    if (self.forecast->unknown) {
        mr_forecast_advise(self.forecast, job);
    } else if (count(&self, error)) {
        guess_output(&self);
        if (!mr_job_is_map(job)) self.run_records = records_between(&self);
        ask_memory(&self);
        guess_time(&self);
        mr_forecast_advise(self.forecast, job);
    }
    free(self.pieces);
    return !error->set;
}

/* Of two samples of different sizes it is known how many keys and pairs each has, and how much is printed for them: so
 * much for a key, and so much for a pair. */
void mr_forecast_refine(mr_forecast *forecast, const mr_forecast *smaller) {
    double keys = forecast->sampled_keys, pairs = (double)forecast->sampled_pairs, bytes = forecast->sampled_output;
    double fewer_keys = smaller->sampled_keys, fewer_pairs = (double)smaller->sampled_pairs;
    double area = keys * fewer_pairs - fewer_keys * pairs;
    if (fewer_keys <= 0 || fewer_pairs <= 0 || keys / fewer_keys > 0.8 * pairs / fewer_pairs) return;
    double for_key = (bytes * fewer_pairs - smaller->sampled_output * pairs) / area;
    for_key = fmin(fmax(0, for_key), bytes / keys);
    double for_pair = (bytes - for_key * keys) / pairs;
    mr_estimate *output = &forecast->output_bytes;
    output->expected = for_key * forecast->keys.expected + for_pair * forecast->pairs.expected;
    output->low = 0.8 * (for_key * forecast->keys.low + for_pair * forecast->pairs.low);
    output->high = 1.25 * (for_key * forecast->keys.high + for_pair * forecast->pairs.high);
}
