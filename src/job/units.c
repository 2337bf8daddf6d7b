#include "job/units.h"

#include <stdlib.h>
#include <string.h>

bool mr_units_open(mr_units *units, uint64_t count, uint64_t planned, mr_error *error) {
    *units = (mr_units){.count = count, .planned = planned, .kills_room = count + 1};
    units->kills = calloc(units->kills_room, 1);
    return units->kills || mr_error_memory(error, count, "the list of work");
}

void mr_units_close(mr_units *units) {
    free(units->ready);
    free(units->kills);
    *units = (mr_units){0};
}

bool mr_units_peek(const mr_units *units, uint64_t *unit) {
    *unit = units->ready_count ? units->ready[units->ready_count - 1] : units->next;
    return units->ready_count || *unit < units->planned;
}

/* Where in the list a unit is, plus 1; 0: it is not there. */
static size_t find_ready(const mr_units *units, uint64_t unit) {
    size_t place = units->ready_count;
    while (place && units->ready[place - 1] < unit)
        place--;
    return place && units->ready[place - 1] == unit ? place : 0;
}

bool mr_units_can_take(const mr_units *units, uint64_t unit) {
    return (unit == units->next && unit < units->planned) || find_ready(units, unit);
}

void mr_units_take(mr_units *units, uint64_t unit) {
    size_t place = find_ready(units, unit);
    if (!place) {
        units->next++;
        return;
    }
    memmove(units->ready + place - 1, units->ready + place, (units->ready_count - place) * sizeof *units->ready);
    units->ready_count--;
}

void mr_units_give_up(mr_units *units) {
    units->committed += units->ready_count + (units->planned - units->next);
    units->ready_count = 0;
    units->next = units->planned;
}

bool mr_units_add(mr_units *units, mr_error *error) {
    if (units->count == units->kills_room) {
        size_t room = 2 * units->kills_room;
        uint8_t *larger = realloc(units->kills, room);
        if (!larger) return mr_error_memory(error, room, "the list of work");
        memset(larger + units->kills_room, 0, room - units->kills_room);
        units->kills = larger;
        units->kills_room = room;
    }
    return mr_units_lose(units, units->count++, error);
}

bool mr_units_lose(mr_units *units, uint64_t unit, mr_error *error) {
    if (units->ready_count == units->ready_room) {
        size_t room = units->ready_room ? 2 * units->ready_room : 16;
        uint64_t *larger = realloc(units->ready, room * sizeof *larger);
        if (!larger) return mr_error_memory(error, room * sizeof *larger, "the list of work");
        units->ready = larger;
        units->ready_room = room;
    }
    size_t place = units->ready_count++;
    for (; place && units->ready[place - 1] < unit; place--)
        units->ready[place] = units->ready[place - 1];
    units->ready[place] = unit;
    return true;
}
