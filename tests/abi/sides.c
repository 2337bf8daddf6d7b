/* Counts the lines of the input that also stand in a file, which an option names; what kind of job it is stands in
 * another one. Can also write into what it is handed. */
#include <string.h>

#include "mr.h"

static const mr_option options[] = {{"known", MR_OPTION_FILE, 0, NULL, NULL, "lines that count"},
                                    {"more", MR_OPTION_FILE, 0, "", NULL, "more of them"},
                                    {"scribble", MR_OPTION_FLAG, 0, "no", NULL, "write into the first file"},
                                    {0}};

static int is_in(mr_ctx *ctx, const char *file, mr_slice line) {
    mr_slice bytes;
    if (!mr_side(ctx, file, &bytes)) return 0;
    mr_lines lines = mr_lines_of(ctx, (char *)bytes.data, bytes.length);
    for (mr_slice known; mr_next(&lines, &known);)
        if (known.length == line.length && !memcmp(known.data, line.data, line.length)) return 1;
    return 0;
}

/* What the file "kind" says, which --side alone can give. */
static void configure(mr_ctx *ctx, mr_plugin *self) {
    mr_slice kind;
    if (!mr_side(ctx, "kind", &kind)) return;
    if (kind.data[kind.length] != 0) mr_fail(ctx, "no zero byte behind the file");
    if (strcmp(kind.data, "map\n") != 0) return;
    self->kind = MR_MAP;
    self->fold_type = 0;
}

static void map(mr_ctx *ctx, char *line, size_t length) {
    mr_slice known, text = mr_bytes(line, length);
    if (mr_option_flag(ctx, "scribble") && mr_side(ctx, "known", &known)) *(char *)known.data = '#';
    if (!is_in(ctx, "known", text) && !is_in(ctx, "more", text)) return;
    if (mr_side(ctx, "kind", &known) && !strcmp(known.data, "map\n"))
        mr_emit(ctx, text, mr_text(mr_option_text(ctx, "known")));
    else
        mr_emit_int64(ctx, text, 1);
}

MR_PLUGIN(.name = "sides", .summary = "count known lines", .options = options, .kind = MR_FOLD,
          .fold_type = MR_FOLD_SUM_INT64, .configure = configure, .map = map)
