/* Tests of the report: pages about jobs that are made up here, however odd. Each has to be well-formed, and to show no
 * number that is none. With MR_TEST_PAGES=DIR the pages are kept there, to be looked at. */
#include "engine_testing.h"

#include <math.h>
#include <signal.h>

#include "job/overview_page.h"
#include "job/report_page.h"

static const char *const inputs[] = {"big & <b>\"old\"</b>.txt"};
static const mr_setting options[] = {{"words", "\"'<&>\x01\xff\xe2\x80\xae\n"}};
static mr_job_settings settings;
static mr_job job;
static mr_result_summary summary;
static mr_observation observation;
static mr_error failure;

/* ---- whether a page is well-formed ------------------------------------------------------------------------------- */

enum { DEPTH_MOST = 64, NAME = 32 };

/* The name at text; returns its length. */
static size_t read_name(const char *text, char *name) {
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
    assert_true(length > 0 && length < NAME);
    memcpy(name, text, length);
    name[length] = 0;
    return length;
}

/* Checks a reference, at &; returns what is behind it. */
static const char *check_reference(const char *at) {
    static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strncmp(at, known[i], strlen(known[i]))) return at + strlen(known[i]);
    fail_msg("no reference: %.20s", at);
    return NULL;
}

/* Checks the attributes of a tag; returns what is behind the tag. */
static const char *check_attributes(const char *at, bool *empty) {
    char name[NAME];
    while (*at == ' ' && at[1] != '/') {
        at += 1 + read_name(at + 1, name);
        assert_memory_equal(at, "=\"", 2);
        for (at += 2; *at != '"';) {
            assert_true(*at && *at != '<' && *at != '>');
            at = *at == '&' ? check_reference(at) : at + 1;
        }
        at++;
    }
    while (*at == ' ')
        at++;
    *empty = *at == '/';
    if (*empty) at++;
    assert_int_equal(*at, '>');
    return at + 1;
}

/* Every element ends, in the right order; there are no other references and characters than may be. */
static void check_well_formed(const char *page) {
    static const char type[] = "<!DOCTYPE html>\n";
    char open[DEPTH_MOST][NAME], name[NAME];
    size_t depth = 0;
    assert_memory_equal(page, type, sizeof type - 1);
    for (const char *at = page + sizeof type - 1; *at;) {
        assert_true((unsigned char)*at >= ' ' || *at == '\n');
        if (*at == '&') {
            at = check_reference(at);
        } else if (!strncmp(at, "</", 2)) {
            at += 2 + read_name(at + 2, name);
            assert_true(depth > 0);
            assert_string_equal(name, open[--depth]);
            assert_int_equal(*at++, '>');
        } else if (*at == '<') {
            bool empty;
            assert_true(depth < DEPTH_MOST);
            at += 1 + read_name(at + 1, open[depth]);
            at = check_attributes(at, &empty);
            depth += !empty;
        } else {
            at++;
        }
    }
    assert_int_equal(depth, 0);
}

/* ---- jobs -------------------------------------------------------------------------------------------------------- */

static int begin(void **state) {
    (void)state;
    settings = (mr_job_settings){.program = "mr",
                                 .plugin = "words",
                                 .inputs = inputs,
                                 .input_count = 1,
                                 .output = "<script>alert(1)</script>",
                                 .settings = options,
                                 .setting_count = 1};
    job = (mr_job){.settings = &settings,
                   .plugin_path = "./words.so",
                   .description = {.name = "words", .summary = "counts words", .kind = MR_FOLD},
                   .top = UINT64_MAX,
                   .plan = {.workers = 4, .memory = UINT64_C(4) << 30}};
    summary = (mr_result_summary){.outcome = MR_OUTCOME_DONE,
                                  .input_bytes = 1234567890,
                                  .records = 12345678,
                                  .results = 98765,
                                  .output_bytes = 1357924,
                                  .spilled = 5 << 20,
                                  .retries = 2,
                                  .peak_memory = 700 << 20,
                                  .workers = 4,
                                  .seconds = 2,
                                  .counter_count = 1,
                                  .counters = {{.name = "<bad> \"rows\"", .value = 17}}};
    failure = (mr_error){0};
    random_state = test_seed;
    memset(&observation, 0, sizeof observation);
    return 0;
}

static int end(void **state) {
    (void)state;
    for (uint32_t i = 0; i < observation.lane_count; i++)
        free(observation.lanes[i].spans);
    free(observation.lanes);
    return 0;
}

static void add_span(mr_lane *lane, uint32_t kind, double begin, double end) {
    lane->spans[lane->count++] = (mr_span){.kind = kind, .tasks = 3, .begin = begin, .end = end};
    lane->busy += end - begin;
    lane->tasks += 3;
    lane->crashes += kind == MR_SPAN_CRASH;
}

/* A lane that maps for three quarters of the time and reduces then, in so many spans. */
static void fill_lane(mr_lane *lane, size_t spans, double seconds) {
    double at = 0.02 * seconds, step = 0.96 * seconds / (double)(spans + 1);
    lane->room = spans + 2;
    lane->spans = calloc(lane->room, sizeof *lane->spans);
    assert_non_null(lane->spans);
    add_span(lane, MR_SPAN_START, 0, 0.9 * at);
    for (size_t i = 0; i < spans; i++, at += step) {
        uint32_t kind = 4 * i < 3 * spans ? i % 7 == 6 ? MR_SPAN_SEAL : MR_SPAN_MAP
                        : i % 3 == 2      ? MR_SPAN_WRITE
                                          : MR_SPAN_REDUCE;
        if (below(200) == 0) kind = MR_SPAN_TRY;
        add_span(lane, kind, at, at + step * (0.5 + 0.5 * (double)below(100) / 100));
    }
    if (below(3) == 0) add_span(lane, MR_SPAN_CRASH, at, at);
}

static void fill_lanes(uint32_t count, uint32_t readers, size_t spans) {
    observation.lane_count = count;
    observation.lanes = calloc(count ? count : 1, sizeof *observation.lanes);
    assert_non_null(observation.lanes);
    for (uint32_t i = 0; i < count; i++) {
        fill_lane(&observation.lanes[i], spans, summary.seconds);
        observation.lanes[i].reader = i >= count - readers;
    }
}

static void fill_samples(size_t count) {
    double step = summary.seconds / (double)(count > 1 ? count - 1 : 1);
    observation.sample_count = count;
    for (size_t i = 0; i < count; i++) {
        const mr_observed_sample *before = i ? &observation.samples[i - 1] : &observation.samples[0];
        observation.samples[i] = (mr_observed_sample){
            .at = step * (double)i,
            .input_bytes = 4 * i < 3 * count ? before->input_bytes + (5 << 20) + below(2 << 20) : before->input_bytes,
            .output_bytes = 4 * i < 3 * count ? 0 : before->output_bytes + (1 << 20),
            .memory = (100u << 20) + below(100 << 20) + (400ull << 20) * i / count,
            .spilled = 4 * i < count ? 0 : before->spilled + below(1 << 20),
        };
    }
}

static void fill_rest(void) {
    static const struct {
        const char *name;
        double end;
    } phases[] = {{"start", 0.02},  {"sample", 0.05}, {"split", 0.051}, {"map", 0.75},
                  {"reduce", 0.97}, {"stop", 0.98},   {"commit", 1}};
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
        observation.phases[i] = (mr_phase){.name = phases[i].name,
                                           .begin = i ? observation.phases[i - 1].end : 0,
                                           .end = summary.seconds * phases[i].end,
                                           .units = 100};
    observation.phase_count = sizeof phases / sizeof *phases;
    for (size_t i = 0; i < MR_ACTIVITIES; i++)
        observation.activities[i] = 1 + (double)below(100) / 20;
    observation.hot_key_count = 3;
    observation.hot_keys[0] = (mr_hot_key){.key = "<script>alert('x')</script>", .length = 27, .share = 0.25};
    observation.hot_keys[1] = (mr_hot_key){.key = "\xff\0\x1b[31m\t\"tab\"", .length = 13, .share = 0.1};
    observation.hot_keys[2] = (mr_hot_key){.key = "a long one a long one a long one", .length = 1000, .share = 0.01};
    observation.bound = (mr_bound){.by = "map", .share = 0.97, .text = "mapping <b>", .advice = "more -j would help"};
    observation.incident_count = 120;
    for (size_t i = 0; i < MR_INCIDENTS_MAX; i++) {
        observation.incidents[i].at = 0.01 * (double)i;
        snprintf(observation.incidents[i].text, MR_INCIDENT_TEXT, "worker %zu died: </td><script>\n\xc3", i);
    }
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static void keep_page(const char *name, const mr_html *html) {
    char path[512];
    const char *folder = getenv("MR_TEST_PAGES");
    if (!folder) return;
    snprintf(path, sizeof path, "%s/%s.html", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(html->text, 1, html->length, file), html->length);
    assert_int_equal(fclose(file), 0);
}

/* What holds for every page. */
static void check_page(const char *name, const mr_html *html) {
    mr_error error = {0};
    assert_ok(mr_html_complete(html, &error), &error);
    assert_int_equal(strlen(html->text), html->length);
    assert_true(html->length < 3 << 20);
    keep_page(name, html);
    check_well_formed(html->text);
    const char *body = strstr(html->text, "<body>");
    assert_non_null(body);
    static const char *const none[] = {"nan",     "NaN",  "\"inf", ">inf ", " inf ", "-inf ",
                                       "<script", "\xff", "\x1b",  "http:", "https:"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (strstr(body, none[i])) fail_msg("the page has %s", none[i]);
}

/* The page about the job as it is now; to be freed. */
static char *make_page(const char *name, bool observed) {
    mr_html html = {0};
    mr_report_subject subject = {
        .job = &job, .summary = &summary, .observation = observed ? &observation : NULL, .failure = &failure};
    mr_report_page(&html, &subject);
    check_page(name, &html);
    return html.text;
}

static void expect(const char *page, const char *text) {
    if (!strstr(page, text)) fail_msg("the page does not have: %s", text);
}

static void test_bytes_are_harmless(void **state) {
    (void)state;
    mr_html html = {0};
    mr_html_bytes(&html, "a<b>&\"'\0\xff\t\n\xc3\xa4\xef\xbf\xbf\xe2\x80\xae\x7f", 20);
    mr_html_lines(&html, "one\n<two>\r");
    assert_string_equal(html.text,
                        "a&lt;b&gt;&amp;&quot;&#39;\\x00\\xff\\t\\n\xc3\xa4\\xef\\xbf\\xbf\\xe2\\x80\\xae\\x7f"
                        "one\n&lt;two&gt;\\r");
    mr_html_close(&html);
    for (unsigned round = 0; round < rounds(2000); round++) {
        char bytes[64];
        size_t length = below(sizeof bytes);
        for (size_t i = 0; i < length; i++)
            bytes[i] = below(4) ? (char)below(256) : "<>&\"'\n"[below(6)];
        mr_html_bytes(&html, bytes, length);
        mr_html_put(&html, "");
        assert_false(html.failed);
        assert_null(strpbrk(html.text, "<>\"'\n"));
        for (const char *at = html.text; (at = strchr(at, '&'));)
            at = check_reference(at);
        mr_html_close(&html);
    }
}

static void test_usual_job(void **state) {
    (void)state;
    fill_lanes(4, 0, 60);
    fill_samples(21);
    fill_rest();
    char *page = make_page("usual", true);
    expect(page, "<data value=\"1234567890\">");
    expect(page, "<data value=\"12345678\">");
    expect(page, "<data value=\"17\">");
    expect(page, "<title>words: done</title>");
    expect(page, "617 <span"); /* MB/s */
    expect(page, "and 20 more");
    expect(page, "25.0 %");
    expect(page, "It was bound by mapping &lt;b&gt;, for 97 % of the time; more -j would help.");
    expect(page, "\\x01\\xff\\xe2\\x80\\xae\\n");
    free(page);
}

/* Nothing at all is known of a job that has failed before it began. */
static void test_failed_early(void **state) {
    (void)state;
    summary = (mr_result_summary){.outcome = MR_OUTCOME_FAILED};
    job = (mr_job){.settings = &settings};
    mr_error_set(&failure, "could not open \"%s\"", "<nothing>\xfe");
    char *page = make_page("early", false);
    expect(page, "could not open &quot;&lt;nothing&gt;\\xfe&quot;");
    free(page);
    page = make_page("early_observed", true);
    free(page);
    summary.outcome = MR_OUTCOME_SIGNAL;
    summary.signal = SIGINT;
    page = make_page("interrupted", true);
    expect(page, "interrupted by SIGINT");
    free(page);
}

static void test_one_lane(void **state) {
    (void)state;
    fill_lanes(1, 0, 1);
    fill_samples(1);
    fill_rest();
    free(make_page("one_lane", true));
}

/* As many lanes, spans and samples as there can be: the page stays small. */
static void test_many_lanes(void **state) {
    (void)state;
    summary.seconds = 4000;
    fill_lanes(1024, 3, 1000);
    fill_samples(MR_SAMPLES_MAX);
    fill_rest();
    free(make_page("many_lanes", true));
}

static void test_some_lanes(void **state) {
    (void)state;
    summary.seconds = 75;
    fill_lanes(34, 2, 4000);
    fill_samples(600);
    fill_rest();
    free(make_page("some_lanes", true));
}

/* Times that cannot be, as from a clock that has gone wrong. */
static void test_odd_numbers(void **state) {
    (void)state;
    static const double odd[] = {0, -1, 1e-9, 1e300, (double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        begin(state);
        summary.seconds = odd[i];
        summary.input_bytes = summary.peak_memory = UINT64_MAX;
        fill_lanes(2, 1, 5);
        fill_samples(3);
        fill_rest();
        observation.lanes[0].spans[1].end = odd[i];
        observation.lanes[0].busy = odd[i];
        observation.samples[1].at = odd[i];
        observation.activities[0] = odd[i];
        observation.hot_keys[0].share = odd[i];
        observation.phases[1].begin = odd[i];
        observation.phases[2].end = odd[i];
        char name[32];
        snprintf(name, sizeof name, "odd_%zu", i);
        free(make_page(name, true));
        if (i + 1 < sizeof odd / sizeof *odd) end(state);
    }
}

/* No job, some, and more than are kept; the last one has failed. */
static void test_overview(void **state) {
    static const unsigned counts[] = {0, 1, 5, MR_OVERVIEW_STAGES_MAX + 21};
    (void)state;
    summary.seconds = 0.001;
    fill_rest();
    observation.phases[3].begin = (double)NAN;
    summary.observation = &observation;
    mr_error_set(&failure, "<stage> \xff");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        mr_overview overview;
        mr_error error = {0};
        mr_html html = {0};
        char name[32];
        assert_ok(mr_overview_open(&overview, "jobs/<b>.json", &error), &error);
        for (unsigned k = 0; k < counts[i]; k++) {
            summary.outcome = k + 1 < counts[i] ? MR_OUTCOME_DONE : MR_OUTCOME_FAILED;
            snprintf(name, sizeof name, "<stage %u>", k);
            mr_overview_add(&overview, name, k, "words", &summary);
        }
        mr_overview_page(&html, &overview, &failure);
        snprintf(name, sizeof name, "overview_%u", counts[i]);
        check_page(name, &html);
        expect(html.text, "<title>&lt;b&gt;.json: failed</title>");
        expect(html.text, "&lt;stage&gt; \\xff");
        if (counts[i]) expect(html.text, "&lt;stage 0&gt;");
        if (counts[i] > MR_OVERVIEW_STAGES_MAX) {
            expect(html.text, "and 21 more");
            expect(html.text, "&lt;stage 420&gt;");
        }
        mr_html_close(&html);
        mr_overview_close(&overview);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bytes_are_harmless, begin, end),
        cmocka_unit_test_setup_teardown(test_usual_job, begin, end),
        cmocka_unit_test_setup_teardown(test_failed_early, begin, end),
        cmocka_unit_test_setup_teardown(test_one_lane, begin, end),
        cmocka_unit_test_setup_teardown(test_some_lanes, begin, end),
        cmocka_unit_test_setup_teardown(test_many_lanes, begin, end),
        cmocka_unit_test_setup_teardown(test_odd_numbers, begin, end),
        cmocka_unit_test_setup_teardown(test_overview, begin, end),
    };
    start_seed();
    return run_all_tests(tests);
}
