/* kmeans - clusters of points, by Lloyd's method: each point goes to the centroid next to it, each centroid moves to
 * the mean of its points, until none moves any more. A model of an iterative job, whose rounds kmeans.json puts
 * together:
 *
 *     mr job kmeans --set points=points.csv --set k=3
 *
 * Without centroids the plugin picks k points to begin with: those of which a hash is smallest, which is as good as at
 * random and yet always the same. With centroids it does a round: a fold, whose keys are the numbers of the clusters
 * and whose values are the sums of the coordinates of their points. A fold has to be associative, and sums of doubles
 * are not; so coordinates are taken as integers of their last decimal, and added up in 128 bits. Each piece of the
 * input is added up here, and emitted as one value for each cluster. With assign=yes it tells the cluster of each
 * point.
 */
// mr: -lm
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mr.h"

static const mr_option options[] = {
    {"centroids", MR_OPTION_FILE, 0, "", NULL, "where the centroids are; without it points are picked"},
    {"k", MR_OPTION_INT, 0, "8", NULL, "how many clusters at most, 1 to 100000"},
    {"assign", MR_OPTION_FLAG, 0, "no", NULL, "yes: tell the cluster of each point"},
    {"seed", MR_OPTION_INT, 0, "0", NULL, "with another number other points are picked"},
    {"decimals", MR_OPTION_INT, 0, "6", NULL, "how many decimals of a coordinate count, 0 to 9"},
    {"delimiter", MR_OPTION_TEXT, 0, ",", NULL, "the byte between coordinates; tab or \\t: a tab"},
    {"binary", MR_OPTION_INT, 0, "0", NULL, "above 0: a point is so many doubles as they lie in memory"},
    {0}};

enum { MOST_COORDINATES = 1000, MOST_CLUSTERS = 100000 };
enum { FINER = 1000, FINER_DECIMALS = 3 /* so many units of centroids are one of points: they have more decimals */ };
static const int64_t limit = (int64_t)1 << 53; /* units that no coordinate reaches: doubles hold less */

/* Values of folds are aligned to 8 bytes only. */
__extension__ typedef __int128 wide __attribute__((aligned(8)));

typedef struct cluster {
    int64_t points; /* how many there are */
    wide sums[];    /* of their coordinates, in units: one for each dimension; 2^64 points cannot make them overflow */
} cluster;

/* A point that may be picked. */
typedef struct candidate {
    uint64_t hash;         /* of seed and coordinates; the smallest ones are picked */
    int64_t coordinates[]; /* dimensions of them, in units */
} candidate;

static int64_t decimals, binary, seed;
static double unit; /* how many units make 1 */
static char delimiter;
static uint64_t *moved; /* counter: centroids that are not where they were */

static int picking;                     /* whether there are no centroids yet */
static int64_t point[MOST_COORDINATES]; /* the point at hand, in units */
static int dimensions;                  /* coordinates of a point; 0: not known yet */
static const char *header;              /* a row that may be the names of the columns; NULL: none at hand */

static size_t centroid_count;
static int64_t *centroids;  /* dimensions numbers for each, in units of centroids */
static double *columns;     /* the same in units of points: the first coordinates of all, then the second ones, ... */
static double *distances;   /* from the point at hand to each centroid, squared */
static char *clusters;      /* of the piece at hand: a struct cluster for each centroid */
static size_t cluster_size; /* in bytes */

static size_t most;           /* clusters */
static char *candidates;      /* of the piece at hand; in reduce of all pieces */
static size_t candidate_size; /* in bytes */
static size_t candidate_count, candidate_room;
static uint64_t largest; /* hash of a candidate that may still be picked */

/* Room for so many things of a size, with zeros in it; NULL when there is none, and the job has failed. */
static void *room_for(mr_ctx *ctx, size_t things, size_t size) {
    void *room = calloc(things + 1, size + (size == 0));
    if (!room) mr_fail(ctx, "no memory for %zu times %zu bytes", things, size);
    return room;
}

/* ---- reading points ---------------------------------------------------------------------------------------------- */

/* Rounds a number to whole units; 0 when there are too many, or it is none. finer: how many make a unit of points. */
static int round_number(double value, int64_t finer, int64_t *number) {
    value *= unit * (double)finer;
    if (!(value > (double)(-limit * finer) && value < (double)(limit * finer))) return 0;
    *number = (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
    return 1;
}

/* Reads a number in units. More decimals, and exponents, are the slow case. */
static int read_number(mr_ctx *ctx, mr_slice field, int64_t finer, int64_t *number) {
    unsigned places = (unsigned)decimals + (finer == FINER ? FINER_DECIMALS : 0);
    double value;
    if (mr_decimal_of(ctx, field, places, number)) return *number > -limit * finer && *number < limit * finer;
    return mr_number_of(ctx, field, &value) && round_number(value, finer, number);
}

/* Reads the fields of a row of text. How many of them there are, and how many of those are numbers. */
static int read_row(mr_ctx *ctx, mr_slice row, char between, int64_t finer, int *numbers) {
    mr_csv fields = mr_csv_of((char *)row.data, row.length, between);
    int found = 0;
    *numbers = 0;
    for (mr_slice field; mr_next_csv(&fields, &field); found++)
        *numbers += found < MOST_COORDINATES && read_number(ctx, field, finer, &point[found]);
    return found;
}

static int read_doubles(const char *bytes, int *numbers) {
    *numbers = 0;
    for (int64_t i = 0; i < binary; i++) {
        double value;
        memcpy(&value, bytes + (size_t)i * sizeof value, sizeof value);
        *numbers += round_number(value, 1, &point[i]);
    }
    return (int)binary;
}

/* Reads a record of the piece; 0 when it is no point, which has been said if it matters. While points are picked,
 * points of another size are no bad records that may be left out: which of them are the others would depend on where
 * pieces begin. */
static int read_point(mr_ctx *ctx, const char *bytes, mr_slice record) {
    int numbers, found;
    found = binary ? read_doubles(record.data, &numbers) : read_row(ctx, record, delimiter, 1, &numbers);
    if (numbers == 0 && record.data == header) return 0;
    if (found > MOST_COORDINATES) {
        mr_skip_line(ctx, record, "%d fields, where %d is the most", found, MOST_COORDINATES);
    } else if (numbers < found) {
        mr_skip_line(ctx, record, "%d of %d fields are no number below 2^53 units of 10^-%d", found - numbers, found,
                     (int)decimals);
    } else if (!picking && found != dimensions) {
        mr_skip_line(ctx, record, "%d coordinates, where the centroids have %d", found, dimensions);
    } else if (dimensions && found != dimensions) {
        mr_fail(ctx, "a point of %d coordinates, %zu bytes further on, where points before have %d", found,
                (size_t)(record.data - bytes), dimensions);
    } else {
        dimensions = found;
        return 1;
    }
    return 0;
}

/* Hands all points of a piece to a function, with their records. */
static void each_point(mr_ctx *ctx, char *bytes, size_t length, void (*take)(mr_ctx *ctx, mr_slice record)) {
    size_t size = (size_t)binary * sizeof(double);
    header = !binary && mr_first_of_source(ctx) ? bytes : NULL;
    if (binary) {
        if (length % size) mr_fail(ctx, "points of %zu bytes do not fit into these records", size);
        for (size_t at = 0; at + size <= length; at += size)
            if (read_point(ctx, bytes, mr_bytes(bytes + at, size))) take(ctx, mr_bytes(bytes + at, size));
    } else {
        mr_lines lines = mr_lines_of(ctx, bytes, length);
        for (mr_slice line; mr_next(&lines, &line);) {
            line.length -= line.length && line.data[line.length - 1] == '\r';
            if (line.length && read_point(ctx, bytes, line)) take(ctx, line);
        }
    }
}

/* ---- writing centroids ------------------------------------------------------------------------------------------- */

/* Appends a number of units of centroids with all its decimals. */
static void append_number(mr_ctx *ctx, int64_t number) {
    char text[32], *end = text + sizeof text, *start = end;
    unsigned places = (unsigned)decimals + FINER_DECIMALS;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    for (unsigned digits = 0; rest || digits <= places; rest /= 10, digits++) {
        if (digits == places) *--start = '.';
        *--start = (char)('0' + rest % 10);
    }
    if (number < 0) *--start = '-';
    mr_append(ctx, mr_bytes(start, (size_t)(end - start)));
}

static void print(mr_ctx *ctx, const int64_t *coordinates, int64_t finer, int64_t points) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)points);
    for (int i = 0; i < dimensions; i++) {
        if (i) mr_append(ctx, mr_text(","));
        append_number(ctx, coordinates[i] * (FINER / finer));
    }
    mr_emit(ctx, mr_appended(ctx), mr_text(text));
}

/* ---- picking points ---------------------------------------------------------------------------------------------- */

static uint64_t hash_of(const int64_t *coordinates) {
    uint64_t hash = (uint64_t)seed;
    for (int i = 0; i < dimensions; i++) {
        hash = (hash ^ (uint64_t)coordinates[i]) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 29;
    }
    hash *= 0xbf58476d1ce4e5b9;
    return hash ^ hash >> 32;
}

/* By hash; different points of the same hash by their coordinates. */
static int compare_candidates(const void *a, const void *b) {
    const candidate *first = a, *second = b;
    if (first->hash != second->hash) return first->hash < second->hash ? -1 : 1;
    return memcmp(first->coordinates, second->coordinates, candidate_size - sizeof *first);
}

/* Keeps those with the smallest hashes, each point once. */
static void keep_smallest(void) {
    size_t kept = 0;
    if (candidate_count) qsort(candidates, candidate_count, candidate_size, compare_candidates);
    for (size_t i = 0; i < candidate_count && kept < most; i++) {
        char *at = candidates + i * candidate_size, *last = candidates + (kept - 1) * candidate_size;
        if (kept && compare_candidates(last, at) == 0) continue;
        memmove(candidates + kept++ * candidate_size, at, candidate_size);
    }
    candidate_count = kept;
    if (kept == most) largest = ((candidate *)(void *)(candidates + (kept - 1) * candidate_size))->hash;
}

/* Takes the point at hand, if it may be picked. There is room for more than will be, so that sorting is rare. */
static void take_candidate(mr_ctx *ctx, mr_slice record) {
    uint64_t hash = hash_of(point);
    (void)record;
    if (hash > largest) return;
    if (!candidates) {
        candidate_size = sizeof(candidate) + (size_t)dimensions * sizeof(int64_t);
        candidate_room = 2 * most + 100;
        candidates = room_for(ctx, candidate_room, candidate_size);
        if (!candidates) return;
    }
    if (candidate_count == candidate_room) keep_smallest();
    candidate *at = (candidate *)(void *)(candidates + candidate_count++ * candidate_size);
    at->hash = hash;
    memcpy(at->coordinates, point, candidate_size - sizeof *at);
}

static void forget_candidates(void) {
    free(candidates);
    candidates = NULL;
    candidate_count = 0;
    largest = UINT64_MAX;
    dimensions = 0; /* as many as the next point has */
}

static void pick_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    forget_candidates();
    each_point(ctx, bytes, length, take_candidate);
    keep_smallest();
    for (size_t i = 0; i < candidate_count; i++) {
        const candidate *at = (const candidate *)(const void *)(candidates + i * candidate_size);
        mr_emit(ctx, mr_text(""), mr_bytes(at->coordinates, candidate_size - sizeof *at));
    }
}

static void pick(mr_ctx *ctx, mr_slice key, mr_values *values) {
    (void)key;
    forget_candidates();
    for (mr_slice value; mr_next_value(values, &value);) {
        int found = (int)(value.length / sizeof *point);
        if (dimensions && found != dimensions) {
            mr_fail(ctx, "points of %d and points of %d coordinates", dimensions, found);
            return;
        }
        dimensions = found;
        memcpy(point, value.data, value.length);
        take_candidate(ctx, value);
    }
    keep_smallest();
    for (size_t i = 0; i < candidate_count; i++)
        print(ctx, ((const candidate *)(const void *)(candidates + i * candidate_size))->coordinates, 1, 0);
}

/* ---- a round ----------------------------------------------------------------------------------------------------- */

/* The centroid next to the point at hand; of several the first. */
static size_t nearest(void) {
    size_t best = 0;
    memset(distances, 0, centroid_count * sizeof *distances);
    for (int i = 0; i < dimensions; i++) {
        const double *column = columns + (size_t)i * centroid_count, at = (double)point[i];
        for (size_t c = 0; c < centroid_count; c++)
            distances[c] += (at - column[c]) * (at - column[c]);
    }
    for (size_t c = 1; c < centroid_count; c++)
        if (distances[c] < distances[best]) best = c;
    return best;
}

static cluster *cluster_at(size_t number) {
    return (cluster *)(void *)(clusters + number * cluster_size);
}

static void add_point(mr_ctx *ctx, mr_slice record) {
    cluster *mine = cluster_at(nearest());
    (void)ctx;
    (void)record;
    mine->points++;
    for (int i = 0; i < dimensions; i++)
        mine->sums[i] += point[i];
}

/* Emits all clusters, so that none is missing in the end. Their keys are their numbers, most significant byte first. */
static void add_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    if (centroid_count) memset(clusters, 0, centroid_count * cluster_size);
    each_point(ctx, bytes, length, add_point);
    for (size_t c = 0; c < centroid_count; c++) {
        unsigned char key[] = {(unsigned char)(c >> 16), (unsigned char)(c >> 8), (unsigned char)c};
        mr_emit(ctx, mr_bytes(key, sizeof key), mr_bytes(cluster_at(c), cluster_size));
    }
}

static void fold(mr_ctx *ctx, void *accumulator, const void *value) {
    cluster *total = accumulator;
    const cluster *more = value;
    (void)ctx;
    total->points += more->points;
    for (int i = 0; i < dimensions; i++)
        total->sums[i] += more->sums[i];
}

/* The mean of so many numbers in units of centroids, rounded to the nearest, halves away from zero. */
static int64_t mean_of(wide sum, int64_t points) {
    wide finer = sum * FINER, half = points / 2;
    return (int64_t)((finer < 0 ? finer - half : finer + half) / points);
}

/* A cluster without points stays where it was. */
static void finish(mr_ctx *ctx, mr_slice key, const void *value) {
    const unsigned char *bytes = (const unsigned char *)key.data;
    const cluster *total = value;
    const int64_t *before = centroids + (size_t)dimensions * ((size_t)bytes[0] << 16 | bytes[1] << 8 | bytes[2]);
    for (int i = 0; i < dimensions; i++)
        point[i] = total->points ? mean_of(total->sums[i], total->points) : before[i];
    *moved += memcmp(point, before, (size_t)dimensions * sizeof *point) != 0;
    print(ctx, point, FINER, total->points);
}

/* ---- telling the cluster of each point --------------------------------------------------------------------------- */

static void tell_cluster(mr_ctx *ctx, mr_slice record) {
    char text[24];
    snprintf(text, sizeof text, "%zu", nearest());
    if (!binary) mr_append(ctx, record);
    for (int i = 0; binary && i < dimensions; i++) {
        if (i) mr_append(ctx, mr_text(","));
        append_number(ctx, point[i] * FINER);
    }
    mr_emit(ctx, mr_appended(ctx), mr_text(text));
}

static void assign_chunk(mr_ctx *ctx, char *bytes, size_t length) {
    each_point(ctx, bytes, length, tell_cluster);
}

/* ---- what it is in which case ------------------------------------------------------------------------------------ */

/* Makes room for so many centroids, once the first one has told how many coordinates they have. */
static int prepare_round(mr_ctx *ctx, size_t room) {
    cluster_size = sizeof(cluster) + (size_t)dimensions * sizeof(wide);
    centroids = room_for(ctx, room, (size_t)dimensions * sizeof *centroids);
    columns = room_for(ctx, room, (size_t)dimensions * sizeof *columns);
    distances = room_for(ctx, room, sizeof *distances);
    clusters = room_for(ctx, room, cluster_size);
    return centroids && columns && distances && clusters;
}

/* Reads a line of centroids: coordinates, with commas between them, and perhaps a tab and more. 0: the job has failed.
 */
static int read_centroid(mr_ctx *ctx, mr_slice line, size_t number, size_t room) {
    const char *tab = memchr(line.data, '\t', line.length);
    int numbers, found;
    if (tab) line.length = (size_t)(tab - line.data);
    found = read_row(ctx, line, ',', FINER, &numbers);
    if (number == 1 && numbers == 0) return 1; /* names of columns */
    if (centroid_count == 0 && found <= MOST_COORDINATES) {
        dimensions = found;
        if (!prepare_round(ctx, room)) return 0;
    }
    if (numbers != found || found != dimensions) {
        mr_fail(ctx,
                "line %zu of the centroids has %d fields, of which %d are numbers in range; all need the same number "
                "of coordinates, at most %d",
                number, found, numbers, MOST_COORDINATES);
        return 0;
    }
    memcpy(centroids + centroid_count++ * (size_t)dimensions, point, (size_t)dimensions * sizeof *point);
    return 1;
}

/* Reads the first k centroids. Rows are taken apart in place, so this takes a copy. */
static void read_centroids(mr_ctx *ctx, mr_slice side) {
    char *text = room_for(ctx, side.length, 1);
    size_t lines = 1;
    if (!text) return;
    char *next = text, *end = text + side.length;
    memcpy(text, side.data, side.length);
    for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    for (size_t number = 1; next < end && centroid_count < most; number++) {
        char *newline = memchr(next, '\n', (size_t)(end - next)), *behind = newline ? newline : end;
        mr_slice line = mr_bytes(next, (size_t)(behind - next));
        if (line.length && *next != '\r' && !read_centroid(ctx, line, number, lines < most ? lines : most)) break;
        next = behind + 1;
    }
    free(text);
    for (size_t c = 0; c < centroid_count; c++)
        for (size_t i = 0; i < (size_t)dimensions; i++)
            columns[i * centroid_count + c] = (double)centroids[c * (size_t)dimensions + i] / FINER;
}

static void be_a_pick(mr_plugin *self) {
    picking = 1;
    self->kind = MR_GROUP;
    self->value_size = 0;
    self->fold = NULL;
    self->finish = NULL;
    self->map_chunk = pick_chunk;
    self->reduce = pick;
}

static void be_an_assignment(mr_plugin *self) {
    self->kind = MR_MAP;
    self->value_size = 0;
    self->fold = NULL;
    self->finish = NULL;
    self->map_chunk = assign_chunk;
    self->columns = "point\tcluster:number";
}

static int read_options(mr_ctx *ctx) {
    const char *text = mr_option_text(ctx, "delimiter");
    int64_t k = mr_option_int(ctx, "k");
    decimals = mr_option_int(ctx, "decimals");
    binary = mr_option_int(ctx, "binary");
    seed = mr_option_int(ctx, "seed");
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0) text = "\t";
    delimiter = *text;
    most = (size_t)k;
    unit = pow(10, (double)decimals);
    if (k < 1 || k > MOST_CLUSTERS)
        mr_fail(ctx, "k has to be from 1 to %d, not %lld", MOST_CLUSTERS, (long long)k);
    else if (strlen(text) != 1 || *text == '\n')
        mr_fail(ctx, "delimiter has to be one byte, or tab, and no newline");
    else if (decimals < 0 || decimals > 9)
        mr_fail(ctx, "decimals has to be from 0 to 9, not %lld", (long long)decimals);
    else if (binary < 0 || binary > MOST_COORDINATES)
        mr_fail(ctx, "binary has to be from 0 to %d, not %lld", MOST_COORDINATES, (long long)binary);
    else
        return 1;
    return 0;
}

/* The size of a value depends on how many coordinates the centroids have. */
static void configure(mr_ctx *ctx, mr_plugin *self) {
    mr_slice side;
    if (!read_options(ctx)) return;
    if (binary) {
        self->records = MR_RECORDS_FIXED;
        self->record_size = (uint32_t)binary * sizeof(double);
    }
    if (!mr_side(ctx, "centroids", &side)) {
        if (mr_option_flag(ctx, "assign")) mr_fail(ctx, "assign=yes needs centroids");
        be_a_pick(self);
        return;
    }
    read_centroids(ctx, side);
    if (mr_option_flag(ctx, "assign"))
        be_an_assignment(self);
    else
        self->value_size = (uint32_t)(sizeof(cluster) + (size_t)dimensions * sizeof(wide));
}

static void open(mr_ctx *ctx) {
    moved = mr_counter(ctx, "moved");
}

static void close(mr_ctx *ctx) {
    (void)ctx;
    free(candidates);
    free(centroids);
    free(columns);
    free(distances);
    free(clusters);
}

MR_PLUGIN(.name = "kmeans",
          .summary = "clusters of points, for 'mr job kmeans': pick centroids, or move them to the middle",
          .options = options, .kind = MR_FOLD, .value_size = sizeof(cluster), .configure = configure, .open = open,
          .close = close, .map_chunk = add_chunk, .fold = fold, .finish = finish, .columns = "centroid\tpoints:number")
