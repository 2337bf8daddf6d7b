#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/machine.h"
#include "base/units.h"
#include "job/forecast.h"

/* Temporary files are written, read once and gone, so most of them never get to a disk: the page cache takes them. Then
 * they cost two copies, by all workers at the same time. How much it takes depends on the memory that is free, and on
 * how much of it may wait to be written, beyond which the system lets writers wait. Both are looked at now; the job may
 * find something else later, for which the note of advice.c says what was assumed. */

#define MUCH_DISK  5.0e8  /* bytes, from which on it is looked how fast the disk is */
#define COPY_SPEED 1.5e9  /* bytes a second that one process writes or reads, when that was not looked at */
#define DISK_SPEED 5.0e8  /* the same of a disk */
#define TOP_SPEED  2.0e10 /* of anything */

enum {
    BLOCK = 1 << 20, /* bytes that are written at once to see how fast a disk is, */
    BLOCKS = 32      /* and how often */
};

/* Bytes a second. */
typedef struct speeds {
    double write; /* into the page cache, by one process */
    double read;  /* from there */
    double disk;
} speeds;

static double processor_seconds(void) {
    struct timespec time;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return 0;
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double speed_of(double seconds) {
    return fmin(TOP_SPEED, (double)BLOCK * BLOCKS / fmax(seconds, 1e-9));
}

/* Writes some, reads it, and lets it be written to the disk. Copies are measured by the time that they take of a
 * processor, so other programs do not matter. */
static bool try_disk(int file, char *bytes, speeds *speeds) {
    double start = processor_seconds();
    memset(bytes, 0x5a, BLOCK);
    for (uint64_t i = 0; i < BLOCKS; i++)
        if (!mr_write_at(file, bytes, BLOCK, i * BLOCK)) return false;
    double written = processor_seconds();
    for (uint64_t i = 0; i < BLOCKS; i++)
        if (mr_read_at(file, bytes, BLOCK, i * BLOCK) != BLOCK) return false;
    double read = processor_seconds(), begun = mr_seconds();
    if (fdatasync(file) != 0) return false;
    speeds->disk = speed_of(mr_seconds() - begun);
    speeds->write = speed_of(written - start);
    speeds->read = speed_of(read - written);
    return true;
}

static speeds look_at_disk(const char *folder) {
    speeds speeds = {COPY_SPEED, COPY_SPEED, DISK_SPEED};
    int file = mr_open_unnamed(folder);
    char *bytes = file < 0 ? NULL : malloc(BLOCK);
    if (bytes) try_disk(file, bytes, &speeds);
    free(bytes);
    if (file >= 0) close(file);
    return speeds;
}

void mr_forecast_disk_time(mr_forecast *forecast) {
    mr_forecast_disk *disk = &forecast->disk;
    double spilled = forecast->spilled.expected, output = forecast->output_bytes.expected;
    mr_page_cache cache = mr_page_cache_look((uint64_t)forecast->memory.expected);
    speeds speeds = {COPY_SPEED, COPY_SPEED, DISK_SPEED};
    disk->written = spilled + output;
    disk->beyond = fmax(0, disk->written - (double)cache.written) + fmax(0, spilled - (double)cache.available);
    if (disk->written + spilled > MUCH_DISK) {
        speeds = look_at_disk(forecast->temporary);
        disk->speed = speeds.disk;
    }
    double copies = spilled / speeds.write + spilled / speeds.read;
    forecast->seconds.disk = copies / (double)forecast->workers + output / speeds.write + disk->beyond / speeds.disk;
}
