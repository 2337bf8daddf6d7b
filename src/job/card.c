#include "job/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "base/utf8.h"
#include "host/building.h"
#include "job/command.h"
#include "job/lines.h"

/* A card is a title and rows of a label and a text, one below the other:
 *
 *     mr: words crashed in map
 *     mr:   what      SIGSEGV, access to address 0x8: a NULL pointer, or something behind one
 *     mr:   plugin    words, ./words.so
 *     mr:   where     big.txt:1234, byte 56789
 *     mr:   record    the quick brown fox
 *     mr:   stack     count_word   words.c:12
 *     mr:             map          words.c:30
 *     mr:   attempts  2, the last by worker 1
 *     mr:   debug     gdb --args mr run --inline ./words.so big.txt --only 56789:20
 */

enum { STACK_LINES = 8, NAME_COLUMN_MOST = 32 };

/* ---- collecting -------------------------------------------------------------------------------------------------- */

static void read_record(mr_card *card) {
    const mr_place *place = &card->death->place;
    mr_source_file file = {.file = -1, .folder = card->job->input.folder};
    mr_error ignored = {0}; /* then the card shows no record */
    card->record_length = mr_smaller(place->length, sizeof card->record);
    card->record_known =
        mr_texts_read(&card->job->texts, &file, card->source, place, card->record, card->record_length, 0, &ignored);
    mr_source_close(&file);
    card->record_cut = place->length > card->record_length;
    if (place->kind != MR_PLACE_RECORD || card->record_cut || !card->record_length) return;
    char last = card->record[card->record_length - 1];
    if ((unsigned char)last == mr_records_terminator(&card->job->description.records)) card->record_length--;
}

static void take_key(mr_card *card) {
    const mr_fault *fault = &card->death->fault;
    card->record_known = fault->told;
    card->record_length = mr_smaller(fault->key_length, sizeof card->record);
    card->record_cut = fault->key_length > card->record_length;
    memcpy(card->record, fault->key, card->record_length);
}

static void find_line(mr_card *card) {
    if (!mr_records_of_lines(&card->job->description.records)) return;
    if (mr_source_is_stream(card->source)) {
        const mr_text_copy *copy = mr_texts_find(&card->job->texts, &card->death->place);
        card->line = copy ? copy->line : 0;
        return;
    }
    mr_line_counter counter = {.file = {.file = -1, .folder = card->job->input.folder}};
    card->line = mr_line_at(&counter, card->source, card->death->place.offset);
    mr_line_counter_close(&counter);
}

/* Whether no command can name what the job reads, or its plugin. */
static bool is_nameless(const mr_job_settings *settings) {
    bool held = settings->linked;
    for (size_t i = 0; settings->held_inputs && i < settings->input_count; i++)
        held |= mr_is_held(&settings->held_inputs[i]);
    for (size_t i = 0; i < settings->side_count; i++)
        held |= settings->sides[i].held != 0;
    return held;
}

static bool propose_commands(mr_card *card, mr_error *error) {
    const mr_place *place = &card->death->place;
    bool ok = true;
    if (card->job->settings->embedded)
        ok = (card->debug =
                  strdup("give the job the option \"inline\", and let the debugger follow the process that it forks"));
    else if (is_nameless(card->job->settings))
        ok =
            (card->debug = strdup("give the stage that this one reads an \"output\", and run the plugin on that file"));
    else if (place->kind == MR_PLACE_GROUP)
        ok = mr_command_for_group(card->job, &card->prepare, &card->debug);
    else if (card->source)
        ok =
            mr_command_for_records(card->job, card->source, place->offset, place->length, &card->prepare, &card->debug);
    else
        ok = (card->debug = mr_command_for_input(card->job));
    return ok || mr_error_memory(error, 0, "a command to propose");
}

bool mr_card_open(mr_card *card, const mr_job *job, const mr_death *death, mr_error *error) {
    *card = (mr_card){.job = job, .death = death, .source = mr_place_source(&job->input, &death->place)};
    mr_death_words(death, card->happened);
    if (card->source) {
        card->offset = card->source->origin + death->place.offset;
        read_record(card);
        find_line(card);
    }
    if (death->place.kind == MR_PLACE_GROUP) take_key(card);
    if (death->fault.told && !mr_signal_waits()) mr_backtrace_of(&death->fault, &card->backtrace);
    card->frames = mr_backtrace_of_plugin(&card->backtrace, &death->fault);
    return propose_commands(card, error);
}

void mr_card_close(mr_card *card) {
    free(card->prepare);
    free(card->debug);
    card->prepare = card->debug = NULL;
}

/* ---- the text ---------------------------------------------------------------------------------------------------- */

static void begin_row(FILE *to, const char *label) {
    fprintf(to, "%-*s%-*s", MR_CARD_LABEL, "mr:", MR_CARD_VALUE - MR_CARD_LABEL, label);
}

/* Text from elsewhere: one line, whatever is in it. */
static void put_escaped(FILE *to, const char *bytes, size_t length) {
    char text[MR_UTF8_SHOWN];
    for (size_t i = 0; i < length;) {
        i += mr_utf8_show(bytes + i, length - i, text);
        fputs(text, to);
    }
}

static void put_text(FILE *to, const char *text) {
    put_escaped(to, text, strlen(text));
}

static void put_title(FILE *to, const mr_card *card) {
    static const char *const verbs[] = {
        [MR_DEATH_CRASH] = "crashed",
        [MR_DEATH_EXIT] = "left",
        [MR_DEATH_KILLED] = "was killed",
        [MR_DEATH_NO_MEMORY] = "ran out of memory",
        [MR_DEATH_TIMEOUT] = "hangs",
        [MR_DEATH_TOO_LARGE] = "used too much memory",
        [MR_DEATH_REJECTED] = "rejected its record",
    };
    const mr_death *death = card->death;
    fputs("mr: ", to);
    put_text(to, card->job->description.name);
    fprintf(to, " %s %s%s\n", verbs[death->cause], death->callback ? "in " : "while it was loaded",
            death->callback ? death->callback : "");
}

static void put_place(FILE *to, const mr_card *card) {
    const mr_place *place = &card->death->place;
    if (place->kind == MR_PLACE_GROUP) {
        begin_row(to, "where");
        fprintf(to, "a key and its values, group %llu of partition %u\n", (unsigned long long)place->offset + 1,
                place->partition);
    }
    if (!card->source) return;
    begin_row(to, "where");
    put_text(to, card->source->path);
    if (card->line) fprintf(to, ":%llu", (unsigned long long)card->line);
    fprintf(to, ", byte %llu", (unsigned long long)card->offset);
    if (place->kind == MR_PLACE_PIECE)
        fprintf(to, " (or one of the records behind it, %llu bytes together)", (unsigned long long)place->length);
    fputc('\n', to);
}

static void put_record(FILE *to, const mr_card *card) {
    bool group = card->death->place.kind == MR_PLACE_GROUP;
    if (!card->record_known) return;
    begin_row(to, group ? "key" : card->death->place.kind == MR_PLACE_PIECE ? "records" : "record");
    put_escaped(to, card->record, card->record_length);
    if (card->record_cut)
        fprintf(to, "... (%llu bytes)",
                (unsigned long long)(group ? card->death->fault.key_length : card->death->place.length));
    else if (!card->record_length)
        fputs("(empty)", to);
    fputc('\n', to);
}

static bool same_symbol(const mr_symbol *a, const mr_symbol *b, const mr_fault *fault) {
    return a->line == b->line && !strcmp(a->function, b->function) && !strcmp(a->file, b->file) &&
           fault->frames[a->frame].address == fault->frames[b->frame].address;
}

/* How many symbols from one on are the same: a recursion. */
static uint32_t count_same(const mr_card *card, uint32_t first) {
    const mr_symbol *symbols = card->backtrace.symbols;
    uint32_t same = 1;
    while (first + same < card->frames && same_symbol(&symbols[first], &symbols[first + same], &card->death->fault))
        same++;
    return same;
}

static int name_width(const mr_card *card) {
    size_t width = 1;
    for (uint32_t i = 0, lines = 0; i < card->frames && lines < STACK_LINES; i += count_same(card, i), lines++)
        width = mr_larger(width, strlen(card->backtrace.symbols[i].function));
    return (int)mr_smaller(width, NAME_COLUMN_MOST);
}

static void put_stack(FILE *to, const mr_card *card) {
    char place[MR_SYMBOL_PLACE + 64];
    int width = name_width(card);
    uint32_t i = 0;
    for (uint32_t lines = 0; i < card->frames && lines < STACK_LINES; lines++) {
        const mr_symbol *symbol = &card->backtrace.symbols[i];
        uint32_t same = count_same(card, i);
        begin_row(to, i ? "" : "stack");
        const char *name = *symbol->function ? symbol->function : "?";
        put_text(to, name);
        for (int column = (int)strlen(name); column < width + 2; column++)
            fputc(' ', to);
        put_text(to, mr_symbol_place(symbol, &card->death->fault, place, sizeof place));
        if (symbol->inlined) fputs(" (inlined)", to);
        if (same > 1) fprintf(to, " (%u times)", same);
        fputc('\n', to);
        i += same;
    }
    if (i < card->frames) {
        begin_row(to, "");
        fprintf(to, "and %u more\n", card->frames - i);
    }
}

static void put_attempts(FILE *to, const mr_card *card) {
    const mr_death *death = card->death;
    if (death->cause == MR_DEATH_REJECTED || !death->attempts) return;
    begin_row(to, "attempts");
    fprintf(to, "%u, the last by worker %u\n", death->attempts, death->worker);
}

static void put_commands(FILE *to, const mr_card *card) {
    if (card->prepare) {
        begin_row(to, "debug");
        fprintf(to, "%s\n", card->prepare);
    }
    if (card->debug) {
        begin_row(to, card->prepare ? "" : "debug");
        fprintf(to, "%s\n", card->debug);
    }
}

char *mr_card_text(const mr_card *card, mr_error *error) {
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) {
        mr_error_memory(error, 4096, "a crash card");
        return NULL;
    }
    put_title(to, card);
    begin_row(to, "what");
    put_text(to, card->happened);
    fputc('\n', to);
    begin_row(to, "plugin");
    put_text(to, mr_building_source(card->job->plugin_path));
    fputc('\n', to);
    put_place(to, card);
    put_record(to, card);
    put_stack(to, card);
    put_attempts(to, card);
    put_commands(to, card);
    if (fclose(to) == 0) return text;
    free(text);
    mr_error_memory(error, 4096, "a crash card");
    return NULL;
}
