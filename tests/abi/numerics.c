/* Emits numbers that are easily computed or printed wrong, and changes how its process computes and prints them. */
#include "mr.h"

#include <fenv.h>
#include <locale.h>
#include <string.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

static const mr_option options[] = {
    {"what", MR_OPTION_CHOICE, 0, "nothing", "nothing|locale|rounding|flush", "is changed"},
    {"number", MR_OPTION_NUMBER, 0, "1.5", NULL, "any"},
    {"least", MR_OPTION_FLAG, 0, "no", NULL, "yes: the least of the numbers, not their sum"},
    {0}};

static void configure(mr_ctx *ctx, mr_plugin *self) {
    if (mr_option_flag(ctx, "least")) self->fold_type = MR_FOLD_MIN_DOUBLE;
}

static void change(mr_ctx *ctx) {
    const char *what = mr_option_text(ctx, "what");
    if (!strcmp(what, "locale") && (!setlocale(LC_ALL, "") || *localeconv()->decimal_point != ','))
        mr_fail(ctx, "there is no locale with a decimal comma");
    if (!strcmp(what, "rounding")) fesetround(FE_UPWARD);
#if defined(__x86_64__)
    if (!strcmp(what, "flush")) _mm_setcsr(_mm_getcsr() | 0x8040); /* the smallest numbers are taken for zero */
#endif
}

static void map(mr_ctx *ctx, char *record, size_t length) {
    (void)record;
    (void)length;
    mr_emit_double(ctx, mr_text("fractions"), 0.1);
    mr_emit_double(ctx, mr_text("fractions"), 0.2);
    mr_emit_double(ctx, mr_text("option"), mr_option_number(ctx, "number"));
    mr_emit_double(ctx, mr_text("smallest"), 5e-324);
    mr_emit_double(ctx, mr_text("small"), 1.2e-310);
    mr_emit_double(ctx, mr_text("small"), 2.3e-310);
    change(ctx);
}

MR_PLUGIN(.name = "numerics", .options = options, .kind = MR_FOLD, .fold_type = MR_FOLD_SUM_DOUBLE,
          .configure = configure, .open = change, .map = map)
