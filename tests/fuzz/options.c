/* Fuzzes the options of a plugin: what it declares and what the user sets are texts from the input, separated by zeros.
 * Settings that are taken for right must read as what they are. */
#include "fuzzing.h"

#include <math.h>

#include "host/options.h"

enum { TEXTS = 32, OPTIONS = 5, SETTINGS = 6 };

/* The texts of the input, each in memory of its own. */
typedef struct texts {
    char *list[TEXTS];
    size_t count;
} texts;

static void take_texts(texts *all, fuzz_input *in) {
    for (all->count = 0; all->count < TEXTS; all->count++) {
        all->list[all->count] = take_text(in, strnlen((const char *)in->next, fuzz_left(in)));
        in->next += fuzz_left(in) > 0; /* the zero */
    }
}

/* One of the texts, or none at all. */
static const char *choose_text(const texts *all, fuzz_input *in) {
    size_t chosen = take_number(in, TEXTS);
    return chosen < TEXTS ? all->list[chosen] : NULL;
}

/* The same, but never none. */
static const char *choose_any_text(const texts *all, fuzz_input *in) {
    return all->list[take_number(in, TEXTS - 1)];
}

static void check_value(const mr_option *option, const char *value) {
    char *end;
    int64_t number = mr_option_value_int(option, value);
    switch (option->type) {
    case MR_OPTION_INT:
        require(number == strtoll(value, &end, 10) && end > value && !*end);
        break;
    case MR_OPTION_NUMBER:
        require(isfinite(strtod(value, &end)) && end > value && !*end);
        break;
    case MR_OPTION_FLAG:
        require(number == !strcmp(value, "yes") && (number || !strcmp(value, "no")));
        break;
    case MR_OPTION_CHOICE: {
        const char *word = option->choices;
        for (; number > 0; number--)
            word = strchr(word, '|') + 1;
        require(!strncmp(word, value, strlen(value)) && (word[strlen(value)] == '|' || !word[strlen(value)]));
        break;
    }
    default:
        require(option->type == MR_OPTION_TEXT || option->type == MR_OPTION_FILE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_input in = {data, data + size};
    mr_setting settings[SETTINGS];
    mr_option declared[OPTIONS + 1] = {0};
    mr_options options;
    mr_error error = {0};
    texts all;
    mr_slice choices = take_bytes(&in, 64); /* which text goes where */
    fuzz_input chosen = {(const uint8_t *)choices.data, (const uint8_t *)choices.data + choices.length};
    take_texts(&all, &in);
    size_t setting_count = take_number(&chosen, SETTINGS), option_count = take_number(&chosen, OPTIONS);
    for (size_t i = 0; i < option_count; i++) {
        declared[i].name = choose_any_text(&all, &chosen);
        declared[i].type = (uint32_t)take_number(&chosen, MR_OPTION_FILE + 1);
        declared[i].default_value = choose_text(&all, &chosen);
        declared[i].choices = choose_text(&all, &chosen);
        declared[i].help = choose_text(&all, &chosen);
        declared[i].reserved = take_number(&chosen, 15) == 15;
    }
    for (size_t i = 0; i < setting_count; i++)
        settings[i] = (mr_setting){choose_any_text(&all, &chosen), choose_any_text(&all, &chosen)};
    bool ok =
        mr_options_resolve(&options, "tester", option_count ? declared : NULL, settings, setting_count, NULL, &error);
    require_told(ok, &error);
    for (size_t i = 0; ok && i < options.count; i++) {
        require(mr_options_find(&options, declared[i].name) >= 0);
        check_value(&declared[i], options.values[i]);
    }
    mr_options_close(&options);
    for (size_t i = 0; i < TEXTS; i++)
        free(all.list[i]);
    return 0;
}
