#include "job/onlooker.h"

#include "base/units.h"

static size_t count_of(const mr_job_settings *settings) {
    return mr_smaller(settings->onlooker_count, MR_ONLOOKERS_MAX);
}

static void look(const mr_view *view, size_t index, enum mr_moment_kind moment) {
    const mr_onlooker *onlooker = view->job->settings->onlookers[index];
    onlooker->look(onlooker->self, view, moment);
}

void mr_onlookers_look(const mr_view *view, enum mr_moment_kind moment) {
    for (size_t i = 0; i < count_of(view->job->settings); i++)
        look(view, i, moment);
}

void mr_onlookers_leave(const mr_job_settings *settings) {
    for (size_t i = 0; i < count_of(settings); i++)
        if (settings->onlookers[i]->leave) settings->onlookers[i]->leave(settings->onlookers[i]->self);
}

size_t mr_onlookers_poll(const mr_job_settings *settings, struct pollfd *polled) {
    size_t count = count_of(settings);
    for (size_t i = 0; i < count; i++)
        polled[i] = (struct pollfd){settings->onlookers[i]->descriptor, POLLIN, 0};
    return count;
}

void mr_onlookers_answer(const mr_view *view, const struct pollfd *polled) {
    for (size_t i = 0; i < count_of(view->job->settings); i++)
        if (polled[i].revents) look(view, i, MR_MOMENT_READY);
}
