#include "job/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

void mr_descriptors_remember(mr_descriptors *descriptors, const mr_job *job, uint32_t worker,
                             const mr_source_file *source) {
    *descriptors = (mr_descriptors){.job = job,
                                    .source = source,
                                    .worker = worker,
                                    .reports = mr_file_identify(mp_queue_fd(job->reports)),
                                    .folder = mr_file_identify(job->input.folder)};
    if (!job->outputs[0].stream) descriptors->output = mr_file_identify(job->outputs[0].file);
}

/* Whether the input at hand, if there is one, is still open. */
static bool source_intact(const mr_source_file *open) {
    return open->file < 0 || mr_file_is(open->file, open->opened);
}

bool mr_descriptors_intact(const mr_descriptors *descriptors) {
    const mr_job *job = descriptors->job;
    return mr_file_is(mp_queue_fd(job->reports), descriptors->reports) &&
           mr_file_is(job->outputs[0].file, descriptors->output) &&
           mr_file_is(job->input.folder, descriptors->folder) && source_intact(descriptors->source) &&
           mr_spill_intact(&job->run_files[descriptors->worker]) &&
           mr_spill_intact(&job->part_files[descriptors->worker]);
}

bool mr_descriptors_all_intact(const mr_descriptors *descriptors) {
    const mr_job *job = descriptors->job;
    for (uint32_t i = 1; i < job->output_count; i++)
        if (!mr_file_is(job->outputs[i].file, job->outputs[i].identity)) return false;
    for (uint32_t i = 0; i < job->plan.workers; i++)
        if (!mr_spill_intact(&job->run_files[i]) || !mr_spill_intact(&job->part_files[i])) return false;
    return mr_descriptors_intact(descriptors);
}

void mr_descriptors_silence(const mr_descriptors *descriptors) {
    int wanted = mp_queue_fd(descriptors->job->reports);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere < 0 || nowhere == wanted) return; /* without descriptors the exit status has to tell */
    (void)!dup3(nowhere, wanted, O_CLOEXEC);
    close(nowhere);
}
