#include "job/units.h"

#include <stdlib.h>

bool mr_units_open(mr_units *units, uint64_t count, mr_error *error) {
    *units = (mr_units){.count = count};
    units->kills = calloc(count + 1, 1);
    return units->kills || mr_error_memory(error, count, "the list of work");
}

void mr_units_close(mr_units *units) {
    free(units->lost);
    free(units->kills);
    *units = (mr_units){0};
}

bool mr_units_peek(const mr_units *units, uint64_t *unit) {
    *unit = units->lost_count ? units->lost[units->lost_count - 1] : units->next;
    return *unit < units->count;
}

void mr_units_take(mr_units *units) {
    if (units->lost_count)
        units->lost_count--;
    else
        units->next++;
}

bool mr_units_lose(mr_units *units, uint64_t unit, mr_error *error) {
    if (units->lost_count == units->lost_room) {
        size_t room = units->lost_room ? 2 * units->lost_room : 16;
        uint64_t *larger = realloc(units->lost, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of lost work");
        units->lost = larger;
        units->lost_room = room;
    }
    size_t place = units->lost_count++;
    for (; place && units->lost[place - 1] < unit; place--)
        units->lost[place] = units->lost[place - 1];
    units->lost[place] = unit;
    return true;
}
