#include "job/conclusion.h"

#include <stdlib.h>

#include "job/card.h"

static void print_card(const mr_card *card) {
    mr_error error = {0};
    char *text = mr_card_text(card, &error);
    if (text)
        mr_message_lines(text);
    else
        mr_message("%s", error.text);
    free(text);
}

void mr_conclude(const mr_job *job, const mr_result_summary *summary) {
    mr_error error = {0};
    if (summary->outcome != MR_OUTCOME_FAILED || !summary->death.cause) return;
    mr_card *card = malloc(sizeof *card);
    if (card && mr_card_open(card, job, &summary->death, &error)) print_card(card);
    if (card) mr_card_close(card);
    free(card);
}
