#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/units.h"
#include "flow/input.h"
#include "job/from_bad.h"
#include "job/job.h"
#include "job/lines.h"
#include "job/outputs.h"
#include "job/quarantine.h"
#include "job/results.h"
#include "job/survey.h"

/* Memory is divided once, before anything starts. A worker's share is split into shared memory for runs (which lives
 * from the map to the reduce phase), working memory (the table of the map phase, later the table and the sort of one
 * partition) and a region for finished output. */

#define MIB (1024ull * 1024)

enum {
    SMALLEST_SHARE = 512 << 10, /* of memory, per worker */
    PARTITION_INPUT = 2 << 20,  /* input per partition: then its table stays in the cache */
    SMALL_INPUT = 512 << 10,    /* below this one partition will do */
    BLOCKS_PER_PARTITION = 4,   /* an arena holds at least this many blocks for each partition */
    TEXT_BLOCK = 1 << 20,       /* text of a stream that is handed on at once, at most */
    STEADY_BLOCK = 256 << 10,   /* the same where it is to be the same in any case */
    RING = 1 << 20,             /* a ring, at least, if there are to be several */
    RINGS = 64 << 20,           /* memory for all rings together, at most: more would not be quicker */
    UNPACKED = 4,               /* how much larger compressed files become, more or less */
    SMALLEST_CHUNK = 256 << 10, /* of a stream, for which it is worth having a worker */
    DIVIDED_WORKERS = 4,        /* output is divided as if there were so many, where it shows, */
    DIVIDED_PARTS = 16,         /* and into so many parts at least, if there is enough of it */
    SMALLEST_BLOCK = 1 << 10,
    LARGEST_BLOCK = 64 << 10,
    SMALLEST_RELEASE = 8 << 10, /* bytes of a run that are worth being given back before its end */
    RELEASES = 32,              /* the most pieces in which a run is given back */
    REPORT_QUEUE = 256 << 10,
    OTHER_ADDRESSES = 64 << 20, /* that a process needs for programs, libraries and small things */
    LEAST_MEMORY = 64 << 20,    /* with which a job is tried, however few addresses there are */
};

/* ---- what the machine offers ------------------------------------------------------------------------------------- */

/* The number in a one-line file; fallback when there is none ("max"). */
static uint64_t number_in_file(const char *path, uint64_t fallback) {
    char text[64] = "";
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return fallback;
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return fallback;
    text[strcspn(text, "\n")] = 0;
    uint64_t number;
    return mr_parse_count(text, 0, UINT64_MAX, &number) ? number : fallback;
}

/* The smallest memory limit of the cgroups (version 2) that this process is in. */
static uint64_t cgroup_limit(void) {
    char line[4096] = "", path[8192];
    uint64_t limit = number_in_file("/sys/fs/cgroup/memory/memory.limit_in_bytes", UINT64_MAX);
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (!file) return limit;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, "0::", 3)) break;
    fclose(file);
    if (strncmp(line, "0::", 3)) return limit;
    line[strcspn(line, "\n")] = 0;
    for (char *end = line + strlen(line); end > line + 2;) {
        snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/memory.max", (int)(end - line - 3), line + 3);
        limit = mr_smaller(limit, number_in_file(path, UINT64_MAX));
        while (end > line + 2 && *--end != '/')
            continue;
        if (end <= line + 3) break;
    }
    return limit;
}

/* What is left of the addresses that this process may have (ulimit -v), once there is room for what every job shares.
 */
static uint64_t address_limit(void) {
    struct rlimit limit;
    const uint64_t taken = sizeof(mr_shared) + OTHER_ADDRESSES;
    if (getrlimit(RLIMIT_AS, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur > taken ? limit.rlim_cur - taken : 0;
}

static uint64_t default_memory(void) {
    uint64_t machine = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t usual = mr_smaller(machine, cgroup_limit()) / 2;
    return mr_smaller(usual, mr_larger(address_limit(), LEAST_MEMORY));
}

/* ---- the plan ---------------------------------------------------------------------------------------------------- */

uint32_t mr_plan_partitions(const mr_plan *plan, uint64_t bytes) {
    if (bytes < SMALL_INPUT) return 1;
    /* Of partitions that do not fit into memory those at hand are on disk twice: let that be few of them. */
    uint64_t each = bytes > plan->memory ? 8 : 4;
    uint64_t least = plan->least_partitions ? plan->least_partitions : each * plan->workers;
    uint64_t wanted = mr_larger(bytes / PARTITION_INPUT, least);
    uint64_t fit = plan->arena / (BLOCKS_PER_PARTITION * SMALLEST_BLOCK);
    return (uint32_t)mr_between(1, mr_smaller(wanted, fit), MR_PARTITIONS_MAX);
}

/* How many partitions are given back together once they are reduced: so many that what they have in a run is more
 * than a page, and that there are not too many pieces. */
static uint32_t group_of_partitions(const mr_plan *plan) {
    uint64_t pieces = mr_between(1, plan->arena / SMALLEST_RELEASE, RELEASES);
    return (uint32_t)((plan->partitions + pieces - 1) / pieces);
}

/* How much text a stream holds: a guess. */
static uint64_t guess_size(const mr_source *source) {
    return source->form == MR_FORM_STREAM ? mr_multiply_capped(source->file_size, UNPACKED) : 1024 * MIB;
}

/* The same for the whole input. */
static uint64_t guess_input(const mr_input *input) {
    uint64_t bytes = input->plain;
    for (size_t i = 0; i < input->count; i++)
        if (mr_source_is_stream(&input->sources[i])) bytes = mr_add_capped(bytes, guess_size(&input->sources[i]));
    return bytes;
}

/* Streams have readers, each with a ring. */
static void plan_readers(mr_plan *plan, uint64_t streams, uint64_t chunk_size) {
    uint64_t rings = mr_smaller(plan->memory / 8, RINGS);
    if (!streams) return;
    plan->readers = (uint32_t)mr_between(1, mr_smaller(streams, rings / RING), plan->workers);
    plan->ring = (rings / plan->readers) & ~4095ull;
    plan->text_block = mr_smaller(plan->ring / 16, TEXT_BLOCK);
    if (chunk_size) plan->text_block = mr_smaller(plan->text_block, chunk_size);
    if (plan->steady) plan->text_block = mr_smaller(plan->ring / 4, STEADY_BLOCK);
}

static void divide_memory(mr_job *job) {
    mr_plan *plan = &job->plan;
    uint64_t share = (plan->memory - plan->ring * plan->readers) / plan->workers;
    plan->piece = mr_between(16 << 10, share / 16, 128 << 10);
    plan->table = mr_between(64 << 10, share / 8, 4 * MIB);
    plan->region = mr_between(64 << 10, share / 8, 256 * MIB) & ~4095ull;
    plan->arena = (share * 3 / 8) & ~4095ull;
    plan->reduce = share * 3 / 8;
    plan->partitions = job->description.together == MR_TOGETHER_ALL ? 1 : mr_plan_partitions(plan, job->input.guess);
    plan->block =
        mr_between(SMALLEST_BLOCK, plan->arena / (BLOCKS_PER_PARTITION * plan->partitions), LARGEST_BLOCK) & ~63ull;
    plan->group = group_of_partitions(plan);
    plan->record_limit = mr_larger(plan->memory / 4, MIB);
    plan->own_record = mr_larger(share / 8, plan->piece);
    plan->seal = 512 * MIB;
}

static uint64_t wanted_memory(const mr_job_settings *settings) {
    return settings->memory ? settings->memory : default_memory();
}

static bool too_little_memory(const mr_job *job, uint64_t workers, mr_error *error) {
    char least[MR_SIZE_TEXT], sides[MR_SIZE_TEXT];
    mr_format_size(mr_add_capped(workers * SMALLEST_SHARE, job->sides.bytes), least);
    if (job->sides.bytes == 0)
        return mr_error_usage(error, "--memory is too little for %llu workers; give at least %s, or fewer --jobs",
                              (unsigned long long)workers, least);
    return mr_error_usage(error,
                          "--memory is too little for side files of %s and %llu workers; give at least %s, or fewer "
                          "--jobs",
                          mr_format_size(job->sides.bytes, sides), (unsigned long long)workers, least);
}

static bool make_plan(mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    mr_plan *plan = &job->plan;
    uint64_t workers = settings->workers ? settings->workers : mr_smaller(mr_cpus_usable(), MR_WORKERS_MAX);
    if (settings->alone) workers = 1;
    plan->memory = wanted_memory(settings) - job->sides.bytes; /* which mr_sides_add has seen to be less */
    if (plan->memory / workers < SMALLEST_SHARE) return too_little_memory(job, workers, error);
    /* Where members of compressed output and part files begin depends on the parts of the output: of a map job these
     * are the chunks, otherwise the partitions. So that it does not depend on anything else but the input, they are
     * then those for a fixed number of workers, as long as there is memory for so many, and blocks of streams have
     * their sizes whenever their text comes. */
    bool fixed = settings->compress || job->directory, chunks = fixed && mr_job_is_map(job);
    if (!mr_chunks_plan(&job->chunks, &job->input, chunks ? DIVIDED_WORKERS : (unsigned)workers,
                        chunks ? 0 : settings->chunk, error))
        return false;
    /* No more workers than there is work for. */
    job->input.guess = guess_input(&job->input);
    uint64_t streamed = (job->input.guess - job->input.plain) / SMALLEST_CHUNK;
    plan->workers = (uint32_t)mr_smaller(workers, job->chunks.count + streamed + !!job->input.streams);
    plan->steady = fixed;
    plan_readers(plan, job->input.streams, settings->chunk);
    plan->least_partitions = fixed ? mr_larger(DIVIDED_PARTS, job->output_count) : 0;
    divide_memory(job);
    return !settings->survey || mr_survey_plan(job, error);
}

/* ---- what is shared ---------------------------------------------------------------------------------------------- */

static void *map_shared(uint64_t bytes, mr_error *error) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED) return memory;
    mr_error_memory(error, bytes, "memory shared with the workers");
    return NULL;
}

/* Maps the shared memory of each worker (arena and region) behind that of the one before. Each part is a mapping of its
 * own: in the kernel all pages of one mapping hang on one lock, which many workers would take from each other. */
static bool map_arenas(mr_job *job, mr_error *error) {
    uint64_t part = job->plan.arena + job->plan.region;
    job->arena_bytes = part * job->plan.workers + mr_round_up(MR_READ_SLACK, 4096);
    job->arena_memory = map_shared(job->arena_bytes, error);
    for (uint32_t i = 0; job->arena_memory && i < job->plan.workers; i++) {
        void *memory = mmap(job->arena_memory + i * part, part, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        if (memory == MAP_FAILED) return mr_error_memory(error, part, "memory shared with the workers");
    }
    return job->arena_memory;
}

/* Maps the memory of one ring twice, one behind the other. */
static bool map_ring(mr_arena *ring, mr_error *error) {
    int file = memfd_create("mr-ring", MFD_CLOEXEC);
    bool ok = file >= 0 && ftruncate(file, (off_t)ring->size) == 0;
    for (int i = 0; ok && i < 2; i++)
        ok = mmap(ring->base + (uint64_t)i * ring->size, ring->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                  file, 0) != MAP_FAILED;
    if (file >= 0) close(file);
    return ok || mr_error_memory(error, ring->size, "text to be shared with the workers");
}

static bool map_rings(mr_job *job, mr_error *error) {
    const mr_plan *plan = &job->plan;
    uint64_t bytes = 2 * plan->ring * plan->readers;
    if (!bytes) return true;
    job->rings = calloc(plan->readers, sizeof *job->rings);
    void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!job->rings || memory == MAP_FAILED) return mr_error_memory(error, bytes, "text to be shared with the workers");
    job->ring_memory = memory;
    job->ring_bytes = bytes;
    for (uint32_t i = 0; i < plan->readers; i++) {
        job->rings[i] = (mr_arena){job->ring_memory + 2 * plan->ring * i, plan->ring};
        if (!map_ring(&job->rings[i], error)) return false;
    }
    return true;
}

static bool map_memory(mr_job *job, mr_error *error) {
    const mr_plan *plan = &job->plan;
    job->shared = map_shared(sizeof *job->shared, error);
    if (!job->shared || !map_arenas(job, error) || !map_rings(job, error)) return false;
    job->arenas = calloc(plan->workers, sizeof *job->arenas);
    job->regions = calloc(plan->workers, sizeof *job->regions);
    if (!job->arenas || !job->regions) return mr_error_memory(error, plan->workers * sizeof *job->arenas, "arenas");
    char *base = job->arena_memory;
    for (uint32_t i = 0; i < plan->workers; i++) {
        job->arenas[i] = (mr_arena){base, plan->arena};
        job->regions[i] = (mr_arena){base + plan->arena, plan->region};
        base += plan->arena + plan->region;
    }
    job->shared->splitters.partitions = 1;
    return true;
}

const char *mr_job_temporary(const mr_job_settings *settings) {
    const char *folder = settings->temporary ? settings->temporary : getenv("TMPDIR");
    if (folder && *folder) return folder;
    return access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
}

/* Spill files are opened before the first fork, because all workers read all of them. A folder where that fails is only
 * an error for a job that spills, unless the user named it. */
static bool open_spills(mr_job *job, mr_error *error) {
    uint32_t workers = job->plan.workers;
    job->temporary = strdup(mr_job_temporary(job->settings));
    job->run_files = calloc(workers, sizeof *job->run_files);
    job->part_files = calloc(workers, sizeof *job->part_files);
    if (!job->temporary || !job->run_files || !job->part_files)
        return mr_error_memory(error, 2 * workers * sizeof(mr_spill), "spill files");
    for (uint32_t i = 0; i < workers; i++)
        job->run_files[i].file = job->part_files[i].file = -1;
    for (uint32_t i = 0; i < workers; i++) {
        job->run_files[i] = mr_spill_open(job->temporary);
        job->part_files[i] = mr_spill_open(job->temporary);
        if (job->settings->temporary && job->part_files[i].file < 0)
            return mr_error_system(error, job->part_files[i].failure,
                                   "could not make temporary files in %s (choose another folder with --tmp)",
                                   job->temporary);
    }
    return true;
}

/* Every worker costs a few descriptors. */
static void raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
    limit.rlim_cur = limit.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &limit); /* where it is refused, opening will tell */
}

/* That these files cannot be written should be said before the work and not behind it. Also loads cJSON, so that
 * workers that write about groups have it. */
static bool check_other_outputs(const mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    bool keeps_bad = !settings->forgets_bad && (settings->skip_bad || settings->bad);
    if ((settings->stats || settings->held_stats || keeps_bad) && !mr_json_load(error)) return false;
    if (settings->stats && !mr_output_check(settings->stats, error)) return false;
    if (settings->report && !mr_output_check(settings->report, error)) return false;
    if (!keeps_bad) return true;
    char *path = mr_quarantine_path(job);
    bool ok = path ? mr_output_check(path, error) : mr_error_memory(error, 64, "a path");
    free(path);
    return ok;
}

/* Where lines about bad records are collected; opened before the first fork, because workers write about groups. Where
 * it cannot be opened, mr_quarantine_write tells. */
static bool open_bad_file(mr_job *job, mr_error *error) {
    if (job->settings->skip_bad || job->settings->bad) job->bad_file = mr_open_unnamed(job->temporary);
    return check_other_outputs(job, error);
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static bool open_sides(mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    job->sides.limit = wanted_memory(settings);
    for (size_t i = 0; i < settings->side_count; i++)
        if (!mr_sides_add(&job->sides, &settings->sides[i], error)) return false;
    return true;
}

/* Reads a file that an option of the plugin is set to. */
static bool read_wished(void *receiver, const mr_side_wish *wish, mr_error *error) {
    mr_job *job = receiver;
    return mr_sides_add(&job->sides, wish, error);
}

mr_setup mr_job_setup(const mr_job *job) {
    return (mr_setup){.path = job->plugin_path,
                      .linked = job->settings->linked,
                      .settings = job->settings->settings,
                      .setting_count = job->settings->setting_count,
                      .records = &job->settings->records,
                      .names = job->input.names,
                      .name_count = job->input.count,
                      .first_record = mr_first_record_find,
                      .first_receiver = job->first,
                      .sides = &job->sides};
}

/* Asks the plugin what it is, in a process of its own. When everything is to be done in this one it is loaded here, and
 * stays. What it prints must not get into the output, which is therefore opened before. */
static bool describe_plugin(mr_job *job, mr_error *error) {
    mr_setup setup = mr_job_setup(job);
    setup.wish = read_wished;
    setup.receiver = job;
    if (!job->settings->alone) return mr_describe(&setup, &job->description, error);
    /* How many part files there are depends on what the plugin is. */
    bool later = mr_outputs_are_in_directory(job->settings->output);
    if (!later && !mr_outputs_open(job, error)) return false;
    if (!mr_output_divert(later ? NULL : &job->outputs[0], error)) return false;
    job->alone = mr_worker_load(job, &setup, error);
    if (job->alone) mr_worker_describe(job->alone, &job->description);
    return job->alone;
}

static bool open_reports(mr_job *job, mr_error *error) {
    int code = mp_queue_create(&job->reports, REPORT_QUEUE, MP_QUEUE_POLLABLE);
    if (code < 0) return mr_error_system(error, -code, "could not make a queue");
    code = mp_lock_create(&job->long_record);
    return code == 0 || mr_error_system(error, -code, "could not make a lock");
}

static bool find_input(mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    if (settings->from_bad) return mr_from_bad_open(&job->input, settings->from_bad, mr_job_temporary(settings), error);
    if (!mr_paths_find(&job->paths, settings->inputs, settings->held_inputs, settings->input_count, &settings->choice,
                       error))
        return false;
    if (settings->only_length && job->paths.count != 1)
        return mr_error_usage(error, "--only is for one input; there are %zu", job->paths.count);
    return mr_input_open(&job->input, (const char *const *)job->paths.list, job->paths.held, job->paths.count, error);
}

/* Who has forgotten an option that the plugin needs may have given its value as an input, as grep(1) has it: the option
 * is then what is to be told. */
static bool prefer_settings(mr_job *job, mr_error *error) {
    mr_error settings = {0};
    mr_setup setup = mr_job_setup(job);
    setup.only_options = true;
    setup.wish = read_wished;
    setup.receiver = job;
    if (!job->settings->linked && open_sides(job, &settings) && !mr_describe(&setup, &job->description, &settings) &&
        settings.usage)
        *error = settings;
    return false;
}

static bool open_input(mr_job *job, mr_error *error) {
    if (!find_input(job, error)) return prefer_settings(job, error);
    job->input.guess = guess_input(&job->input);
    job->first = mr_first_records_new(&job->input, error);
    return job->first;
}

/* Records that were kept are of the kind that they were then. */
static bool check_kept(const mr_job *job, mr_error *error) {
    char name[MR_RECORDS_NAME];
    const char *kept = job->input.records;
    if (!*kept || !strcmp(kept, mr_records_name(&job->description.records, name))) return true;
    return mr_error_usage(error, "the records in %s are %s, not %s; give --records as for the job that kept them",
                          job->settings->from_bad, kept, name);
}

/* Records of a fixed size have to fill their sources. */
static bool check_sizes(const mr_job *job, mr_error *error) {
    uint64_t size = job->description.records.size;
    if (job->description.records.kind != MR_RECORDS_FIXED) return true;
    for (size_t i = 0; i < job->input.count; i++) {
        const mr_source *source = &job->input.sources[i];
        uint64_t rest = source->size % size;
        if (rest && source->kind == MR_SOURCE_RECORDS && !mr_source_is_stream(source))
            return mr_error_set(error,
                                "%s ends with %llu bytes at byte %llu, which are less than a record of %llu bytes",
                                source->path, (unsigned long long)rest,
                                (unsigned long long)(source->origin + source->size - rest), (unsigned long long)size);
    }
    return true;
}

/* Who reads streams knows nothing of the plugin. */
static bool check_streams(const mr_job *job, mr_error *error) {
    if (job->description.records.kind != MR_RECORDS_OWN || !job->input.streams) return true;
    size_t i = 0;
    while (!mr_source_is_stream(&job->input.sources[i]))
        i++;
    return mr_error_set(
        error,
        "plugin %s says itself where records end, which it can do in files that are neither compressed nor "
        "pipes; put what %s holds into such a file",
        job->description.name, job->input.sources[i].path);
}

/* Only a part of the input may be wanted. What it is numbered from is found out when the plugin wants to know. */
static bool narrow_input(mr_job *job, mr_error *error) {
    const mr_job_settings *settings = job->settings;
    return !settings->only_length ||
           mr_input_narrow(&job->input, &job->description.records, settings->only_offset, settings->only_length, error);
}

static bool number_first_record(mr_job *job, mr_error *error) {
    if (!job->settings->only_length || !(job->description.needs & MR_NEEDS_RECORD_NUMBERS)) return true;
    return mr_records_before(&job->input, &job->description.records, &job->input.sources[0], error);
}

bool mr_job_open(mr_job *job, const mr_job_settings *settings, mr_error *error) {
    *job = (mr_job){.settings = settings, .bad_file = -1};
    raise_file_limit();
    job->plugin_path =
        settings->linked ? mr_plugin_home(settings->linked, error) : mr_plugin_find(settings->plugin, error);
    if (!job->plugin_path || !open_input(job, error) || !open_sides(job, error) || !describe_plugin(job, error) ||
        !check_kept(job, error) || !narrow_input(job, error) || !check_sizes(job, error) || !check_streams(job, error))
        return false;
    return number_first_record(job, error) && mr_results_open(job, error) &&
           (job->outputs || mr_outputs_open(job, error)) && make_plan(job, error) &&
           (!settings->pin || mr_cpus_open(&job->cpus, error)) && map_memory(job, error) && open_spills(job, error) &&
           open_bad_file(job, error) && open_reports(job, error);
}

static void close_spills(mr_spill *spills, uint32_t count) {
    for (uint32_t i = 0; spills && i < count; i++)
        if (spills[i].file >= 0) close(spills[i].file);
    free(spills);
}

void mr_job_close(mr_job *job) {
    mr_worker_free(job->alone);
    mp_queue_free(job->reports);
    mp_lock_free(job->long_record);
    close_spills(job->run_files, job->plan.workers);
    close_spills(job->part_files, job->plan.workers);
    if (job->bad_file >= 0) close(job->bad_file);
    if (job->shared) munmap(job->shared, sizeof *job->shared);
    if (job->arena_memory) munmap(job->arena_memory, job->arena_bytes);
    if (job->ring_memory) munmap(job->ring_memory, job->ring_bytes);
    mr_texts_close(&job->texts);
    mr_first_records_free(job->first);
    mr_outputs_close(job);
    mr_chunks_close(&job->chunks);
    mr_input_close(&job->input);
    mr_sides_close(&job->sides);
    mr_paths_close(&job->paths);
    mr_cpus_close(&job->cpus);
    mr_format_close(&job->format);
    free(job->arenas);
    free(job->regions);
    free(job->rings);
    free(job->temporary);
    free(job->plugin_path);
    *job = (mr_job){.bad_file = -1};
}
