#include "job/bad.h"

#include <stdlib.h>
#include <string.h>

#include "job/wording.h"

static int compare_numbers(uint64_t a, uint64_t b) {
    return (a > b) - (a < b);
}

int mr_place_compare(const mr_place *a, const mr_place *b) {
    int order = compare_numbers(a->kind == MR_PLACE_GROUP, b->kind == MR_PLACE_GROUP);
    if (!order && a->kind == MR_PLACE_GROUP) order = compare_numbers(a->partition, b->partition);
    if (!order && a->kind != MR_PLACE_GROUP) order = compare_numbers(a->source, b->source);
    return order ? order : compare_numbers(a->offset, b->offset);
}

/* Where a place is in the list, or belongs. */
static size_t find_place(const mr_bad_list *list, const mr_place *place) {
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mr_place_compare(&list->records[middle].place, place) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static char *reason_of(const mr_death *death) {
    char words[MR_DEATH_TEXT];
    return strdup(mr_death_words(death, words));
}

static bool grow(mr_bad_list *list, mr_error *error) {
    if (list->count < list->room) return true;
    size_t room = list->room ? 2 * list->room : 16;
    mr_bad_record *larger = realloc(list->records, room * sizeof *larger);
    if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of bad records");
    list->records = larger;
    list->room = room;
    return true;
}

bool mr_bad_has(const mr_bad_list *list, const mr_place *place) {
    size_t at = find_place(list, place);
    return at < list->count && mr_place_compare(&list->records[at].place, place) == 0;
}

mr_bad_record *mr_bad_add(mr_bad_list *list, const mr_death *death, mr_error *error) {
    if (mr_bad_has(list, &death->place)) return &list->records[find_place(list, &death->place)];
    char *reason = reason_of(death);
    if (!reason || !grow(list, error)) {
        free(reason);
        mr_error_memory(error, MR_REASON, "the list of bad records");
        return NULL;
    }
    size_t at = find_place(list, &death->place);
    mr_bad_record *record = &list->records[at];
    /* They come nearly in order: there is little behind. */
    memmove(record + 1, record, (list->count - at) * sizeof *record);
    *record = (mr_bad_record){.place = death->place,
                              .cause = death->cause,
                              .signal = death->cause == MR_DEATH_CRASH ? -death->code : 0,
                              .callback = death->callback,
                              .reason = reason};
    list->count++;
    return record;
}

void mr_bad_close(mr_bad_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->records[i].reason);
    free(list->records);
    *list = (mr_bad_list){0};
}
