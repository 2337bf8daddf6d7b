/* generate_sales - sales in any number, as CSV or as JSON lines, with exact statistics of each customer.
 *
 * Both formats say the same. Columns of CSV, and their paths in JSON:
 *
 *     id        id                      1, 2, 3, ...
 *     date      date                    2024-01-01 to 2024-12-31, in this order
 *     customer  customer.id             C0000017
 *     name      customer.name           a name for each customer; may hold delimiters, quotes, newlines and any letters
 *     city      customer.address.city   one of 64
 *     product   product                 may hold delimiters and quotes
 *     quantity  quantity                1 to 16
 *     amount    amount                  two decimals; some are negative; may be empty, or NaN
 *     note      note                    empty, or text with delimiters, quotes and newlines
 *     extra1 .. extra1 ..               as many whole numbers as are asked for
 *
 * An empty amount is null in JSON, or not there at all; NaN is the text "NaN", as JSON has no such number. The same
 * options give the same bytes on every machine: all that decides is computed with integers.
 *
 *     options -> customers, products, notes (as they are written) -> sales -> output
 *                                                                        \-> answer
 *
 * The answer has a line for each customer that occurs, sorted by the bytes of its id, with tabs between
 *
 *     id, name, sales, amounts, sum, minimum, maximum, mean, products
 *
 * where amounts is how many amounts are numbers (neither empty nor NaN), the next four are those of these numbers,
 * exact, with two decimals and the mean rounded, halves away from zero (empty when there are none, but a sum of 0.00),
 * and products is how many different products the customer bought. In the name, backslash, tab, newline and carriage
 * return are written as \\, \t, \n and \r. It is computed from what is written, never by parsing it. */

#include "fields.h"
#include "generator.h"
#include "options.h"
#include "random.h"
#include "texts.h"
#include "vocabulary.h"
#include "zipf.h"

enum {
    CUSTOMERS_MAX = 10 * MILLION, /* numbers of seven digits */
    PRODUCTS_MAX = 64,            /* so that a set of them fits into 64 bits */
    CITIES = 64,
    FIRST_CUSTOMER = 1 << 12, /* rank of the vocabulary: the words before it are too short for names */
    FIRST_PRODUCT = 1 << 9,   /* the same for products */
    FIRST_CITY = 1 << 10,     /* and for cities */
    NAME_BYTES_MAX = 256,
    LARGEST_MAX = 10 * MILLION, /* so that the sum of 2^32 amounts fits into 64 bits */
    EXTRAS_MAX = 1000,
    DAYS = 366,
};

enum SaleFormat { CSV, JSONL };
static const char *const formats[] = {"csv", "jsonl", NULL};
static const char *const delimiters[] = {"comma", "semicolon", "tab", NULL};
static const char delimiter_bytes[] = {',', ';', '\t'};

struct Settings {
    uint64_t rows;                /* sales to write */
    uint64_t seed;                /* of the random numbers that make them */
    uint64_t customers, products; /* to choose from */
    uint64_t exponent_millionths; /* exponent of Zipf's law, by which customers are chosen */
    uint64_t largest;             /* no amount is larger */
    uint64_t extras;              /* columns behind the others */
    uint64_t quoted_millionths;   /* percentage of sales with a note, in millionths of a percent, as are the next */
    uint64_t empty_millionths;    /* percentage of empty amounts */
    uint64_t nan_millionths;      /* percentage of amounts that are NaN */
    uint64_t unknown_millionths;  /* percentage of customers that the table of customers does not have */
    unsigned format;              /* enum SaleFormat */
    unsigned delimiter;           /* index into delimiters */
    bool carriage_returns;        /* rows end in CR LF */
    bool no_header;               /* CSV without names of columns */
    const char *output_path;      /* "-" is the standard output */
    const char *answer_path;      /* NULL: nobody wants the answer */
    const char *customers_path;   /* of a table of customers; NULL: nobody wants it */
};

/* What the answer says of a customer. Amounts are hundredths. */
struct Statistics {
    uint64_t sales, amounts;
    int64_t sum, minimum, maximum;
    uint64_t products; /* a bit for each product */
};

/* Texts as they are written in the format that is asked for. */
struct Sales {
    const struct Settings *settings;
    struct Texts customers; /* id, name and city */
    struct Texts products;
    struct Texts notes; /* the first is empty */
    struct Texts dates;
    struct Texts extra_names;      /* "extra1": and so on; for JSON only */
    struct Zipf customer_draws;    /* chooses customers */
    struct Statistics *statistics; /* one for each customer */
    uint64_t random;               /* state of the random numbers */
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Customers, products and cities depend on their numbers alone, so that sales of different seeds can be joined. */

static void spell(uint32_t rank, bool capital, char word[WORD_BYTES_MAX]) {
    word[spell_word(rank, 10 * MILLION, word)] = '\0';
    if (capital) capitalise(word);
}

/* The last word differs from customer to customer, and so does the name. */
static void name_customer(uint32_t number, char name[NAME_BYTES_MAX]) {
    static const char *const forms[16] = {"%s, %s", "%s \"the\" %s", "%s\n%s",     "%s & Sons; %s", "%s \\ %s",
                                          "%s\t%s", "%s's %s 🎁",     "%s 伊藤 %s", "%s\r\n%s",      "%s %s"};
    uint64_t lot = scramble(number + UINT64_C(0x94d049bb133111eb));
    char first[WORD_BYTES_MAX], last[WORD_BYTES_MAX];
    spell(FIRST_CITY + (uint32_t)(lot & 1023), true, first);
    spell(FIRST_CUSTOMER + number, true, last);
    const char *form = forms[lot >> 10 & 15];
    snprintf(name, NAME_BYTES_MAX, form != NULL ? form : "%s %s", first, last);
}

static void name_city(uint32_t number, char name[NAME_BYTES_MAX]) {
    char word[WORD_BYTES_MAX];
    spell(FIRST_CITY + number, true, word);
    snprintf(name, NAME_BYTES_MAX, number % 8 == 0 ? "Saint %s" : number % 8 == 1 ? "%s, Upper" : "%s", word);
}

static void name_product(uint32_t number, char name[NAME_BYTES_MAX]) {
    char word[WORD_BYTES_MAX];
    spell(FIRST_PRODUCT + number, false, word);
    snprintf(name, NAME_BYTES_MAX, number % 8 == 0 ? "%s, sliced" : number % 8 == 1 ? "\"%s\" 12\"" : "%s", word);
}

static const char *const notes[16] = {
    "",
    "paid in cash",
    "no, thanks",
    "said \"tomorrow\"",
    "line one\nline two",
    "\"",
    "\"\"\n,\"",
    "a;b,c\td",
    "ends in a quote\"",
    "\nbegins with a newline",
    "comma, \"quote\" and\r\nCRLF",
    "na\xc3\xafve: \xe4\xbc\x8a\xe8\x97\xa4, \xf0\x9f\x8e\x81",
    "back\\slash and \\n",
    " blanks around ",
    "two paragraphs\n\nand a newline\n",
    "'single', `back`",
};

/* ---------------------------------------------------------------------------------------------------------------------
 * Texts in the format that is asked for. */

/* Adds a text as a field of CSV or as a JSON string. Every other string of JSON has escapes for what is not ASCII. */
static bool add_field(const struct Settings *settings, struct Texts *texts, const char *text) {
    char field[6 * NAME_BYTES_MAX + 2];
    char *end = settings->format == JSONL ? put_json_string(field, text, texts->count % 2 == 1)
                                          : put_csv_field(field, text, delimiter_bytes[settings->delimiter]);
    return texts_add(texts, field, (size_t)(end - field));
}

/* Adds the fields of a customer: id, name and city. */
static bool add_customer(const struct Settings *settings, struct Texts *customers, uint32_t number) {
    char name[NAME_BYTES_MAX], city[NAME_BYTES_MAX], fields[16 * NAME_BYTES_MAX];
    char delimiter = delimiter_bytes[settings->delimiter];
    name_customer(number, name);
    name_city((uint32_t)(scramble(number) % CITIES), city);
    char *to = fields;
    if (settings->format == JSONL) {
        to += sprintf(to, "{\"id\":\"C%07u\",\"name\":", (unsigned)number);
        to = stpcpy(put_json_string(to, name, number % 2 == 1), ",\"address\":{\"city\":");
        to = stpcpy(put_json_string(to, city, number % 4 == 1), "}}");
    } else {
        to += sprintf(to, "C%07u%c", (unsigned)number, delimiter);
        to = put_csv_field(to, name, delimiter);
        *to++ = delimiter;
        to = put_csv_field(to, city, delimiter);
    }
    return texts_add(customers, fields, (size_t)(to - fields));
}

static bool add_dates(struct Texts *dates) {
    static const unsigned char days[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (unsigned month = 0; month < 12; month++)
        for (unsigned day = 1; day <= days[month]; day++) {
            char date[32];
            if (!texts_add(dates, date, (size_t)sprintf(date, "2024-%02u-%02u", month + 1, day))) return false;
        }
    return true;
}

/* Returns false when memory does not suffice. */
static bool prepare_sales(struct Sales *sales, const struct Settings *settings) {
    *sales = (struct Sales){.settings = settings, .random = settings->seed};
    char text[NAME_BYTES_MAX];
    for (uint32_t i = 0; i < settings->customers; i++)
        if (!add_customer(settings, &sales->customers, i)) return false;
    for (uint32_t i = 0; i < settings->products; i++) {
        name_product(i, text);
        if (!add_field(settings, &sales->products, text)) return false;
    }
    for (unsigned i = 0; i < sizeof notes / sizeof *notes; i++)
        if (!add_field(settings, &sales->notes, notes[i])) return false;
    for (unsigned i = 0; i < settings->extras; i++)
        if (!texts_add(&sales->extra_names, text, (size_t)sprintf(text, ",\"extra%u\":", i + 1))) return false;
    sales->statistics = calloc(settings->customers, sizeof *sales->statistics);
    return sales->statistics != NULL && add_dates(&sales->dates) &&
           zipf_build(&sales->customer_draws, (uint32_t)settings->customers, settings->exponent_millionths);
}

static void free_sales(struct Sales *sales) {
    texts_free(&sales->customers);
    texts_free(&sales->products);
    texts_free(&sales->notes);
    texts_free(&sales->dates);
    texts_free(&sales->extra_names);
    zipf_free(&sales->customer_draws);
    free(sales->statistics);
}

/* ---------------------------------------------------------------------------------------------------------------------
 * Sales. */

enum AmountKind { NUMBER, EMPTY, NAN_AMOUNT };

struct Sale {
    uint64_t id;
    uint32_t date, customer, product, note; /* numbers of texts */
    unsigned quantity;
    enum AmountKind amount_kind;
    int64_t amount; /* hundredths, when it is a number */
    uint64_t lots;  /* random bits for the extra columns */
};

/* The draws are the same for both formats. */
static struct Sale draw_sale(struct Sales *sales, uint64_t id) {
    const struct Settings *settings = sales->settings;
    uint64_t lots = next_random(&sales->random);
    struct Sale sale = {
        .id = id,
        .date = (uint32_t)((id - 1) * DAYS / settings->rows),
        .customer = zipf_draw(&sales->customer_draws, next_random(&sales->random)),
        .product = random_below(lots << 32, settings->products),
        .quantity = 1 + (unsigned)(lots >> 32 & 15),
        .amount = 1 + (int64_t)(next_random(&sales->random) % (settings->largest * 100)),
    };
    if ((lots >> 36 & 31) == 0) sale.amount = -sale.amount;
    if (random_happens(&sales->random, settings->quoted_millionths))
        sale.note = 1 + (uint32_t)((lots >> 41 & 0xffff) % 15);
    if (random_happens(&sales->random, settings->empty_millionths))
        sale.amount_kind = EMPTY;
    else if (random_happens(&sales->random, settings->nan_millionths))
        sale.amount_kind = NAN_AMOUNT;
    sale.lots = lots;
    return sale;
}

static void note_sale(struct Statistics *statistics, const struct Sale *sale) {
    statistics->sales++;
    statistics->products |= UINT64_C(1) << sale->product;
    if (sale->amount_kind != NUMBER) return;
    if (statistics->amounts == 0 || sale->amount < statistics->minimum) statistics->minimum = sale->amount;
    if (statistics->amounts == 0 || sale->amount > statistics->maximum) statistics->maximum = sale->amount;
    statistics->sum += sale->amount;
    statistics->amounts++;
}

static char *put_csv_sale(const struct Sales *sales, const struct Sale *sale, char *to) {
    char delimiter = delimiter_bytes[sales->settings->delimiter];
    to = put_whole(to, sale->id);
    *to++ = delimiter;
    to = put_text(to, &sales->dates, sale->date);
    *to++ = delimiter;
    to = put_text(to, &sales->customers, sale->customer);
    *to++ = delimiter;
    to = put_text(to, &sales->products, sale->product);
    *to++ = delimiter;
    to = put_whole(to, sale->quantity);
    *to++ = delimiter;
    if (sale->amount_kind == NUMBER) to = put_hundredths(to, sale->amount);
    if (sale->amount_kind == NAN_AMOUNT) to = stpcpy(to, "NaN");
    *to++ = delimiter;
    return put_text(to, &sales->notes, sale->note);
}

/* Every other empty amount is left out. */
static char *put_json_amount(const struct Sale *sale, char *to) {
    if (sale->amount_kind == NAN_AMOUNT) return stpcpy(to, ",\"amount\":\"NaN\"");
    if (sale->amount_kind == NUMBER) return put_hundredths(stpcpy(to, ",\"amount\":"), sale->amount);
    return sale->lots & 1 ? stpcpy(to, ",\"amount\":null") : to;
}

static char *put_json_sale(const struct Sales *sales, const struct Sale *sale, char *to) {
    to = put_whole(stpcpy(to, "{\"id\":"), sale->id);
    to = put_text(stpcpy(to, ",\"date\":\""), &sales->dates, sale->date);
    to = put_text(stpcpy(to, "\",\"customer\":"), &sales->customers, sale->customer);
    to = put_text(stpcpy(to, ",\"product\":"), &sales->products, sale->product);
    to = put_whole(stpcpy(to, ",\"quantity\":"), sale->quantity);
    to = put_json_amount(sale, to);
    return put_text(stpcpy(to, ",\"note\":"), &sales->notes, sale->note);
}

/* The extra columns and the end of a sale. */
static bool write_rest(const struct Sales *sales, const struct Sale *sale, struct Output *output) {
    const struct Settings *settings = sales->settings;
    for (uint32_t i = 0; i < settings->extras; i++) {
        if (!output_reserve(output)) return false;
        char *to = output_end(output);
        if (settings->format == JSONL)
            to = put_text(to, &sales->extra_names, i);
        else
            *to++ = delimiter_bytes[settings->delimiter];
        output_advance(output, put_whole(to, scramble(sale->lots + i) % 10000));
    }
    if (!output_reserve(output)) return false;
    char *to = stpcpy(output_end(output), settings->format == JSONL ? "}" : "");
    output_advance(output, stpcpy(to, settings->carriage_returns ? "\r\n" : "\n"));
    return true;
}

static bool write_header(const struct Settings *settings, struct Output *output) {
    static const char *const names[] = {"id",      "date",     "customer", "name", "city",
                                        "product", "quantity", "amount",   "note"};
    char delimiter = delimiter_bytes[settings->delimiter];
    char *to = output_end(output);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (i > 0) *to++ = delimiter;
        to = stpcpy(to, names[i]);
    }
    output_advance(output, to);
    for (unsigned i = 0; i < settings->extras; i++) {
        if (!output_reserve(output)) return false;
        to = output_end(output);
        output_advance(output, to + sprintf(to, "%cextra%u", delimiter, i + 1));
    }
    const char *end = settings->carriage_returns ? "\r\n" : "\n";
    return output_put(output, end, strlen(end));
}

static bool write_sales(struct Sales *sales, struct Output *output) {
    const struct Settings *settings = sales->settings;
    if (settings->format == CSV && !settings->no_header && !write_header(settings, output)) return false;
    for (uint64_t row = 0; row < settings->rows; row++) {
        if (!output_reserve(output)) return false;
        struct Sale sale = draw_sale(sales, row + 1);
        char *to = output_end(output);
        to = settings->format == JSONL ? put_json_sale(sales, &sale, to) : put_csv_sale(sales, &sale, to);
        output_advance(output, to);
        if (!write_rest(sales, &sale, output)) return false;
        note_sale(&sales->statistics[sale.customer], &sale);
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The answer, and the table of customers. */

/* An amount behind a tab, or nothing behind it when there is none. */
static char *put_amount(char *to, bool is_known, int64_t amount) {
    *to++ = '\t';
    return is_known ? put_hundredths(to, amount) : to;
}

static char *put_statistics(const struct Statistics *statistics, uint32_t customer, char *to) {
    char name[NAME_BYTES_MAX];
    bool is_known = statistics->amounts > 0;
    name_customer(customer, name);
    to += sprintf(to, "C%07u\t", (unsigned)customer);
    to = put_column(to, name);
    to += sprintf(to, "\t%" PRIu64 "\t%" PRIu64, statistics->sales, statistics->amounts);
    to = put_amount(to, true, statistics->sum);
    to = put_amount(to, is_known, statistics->minimum);
    to = put_amount(to, is_known, statistics->maximum);
    to = put_amount(to, is_known, is_known ? divide_rounded(statistics->sum, statistics->amounts) : 0);
    return to + sprintf(to, "\t%d\n", __builtin_popcountll(statistics->products));
}

static bool write_answer(const struct Sales *sales, struct Output *output) {
    for (uint32_t i = 0; i < sales->settings->customers; i++) {
        if (sales->statistics[i].sales == 0) continue;
        if (!output_reserve(output)) return false;
        output_advance(output, put_statistics(&sales->statistics[i], i, output_end(output)));
    }
    return true;
}

/* A table in the same format: id, discount in percent, and the year since which somebody is a customer. Unknown
 * customers are missing; as many others are in it that never buy anything. Its order is another one. */
static bool write_customers(const struct Settings *settings, struct Output *output) {
    uint64_t customers = settings->customers;
    char delimiter = delimiter_bytes[settings->delimiter];
    const char *end = settings->carriage_returns ? "\r\n" : "\n";
    bool is_json = settings->format == JSONL;
    if (!is_json && !settings->no_header)
        output_advance(output, output_end(output) + sprintf(output_end(output), "customer%cdiscount%csince%s",
                                                            delimiter, delimiter, end));
    for (uint64_t i = customers; i-- > 0;) {
        uint64_t lot = scramble(i ^ UINT64_C(0xbf58476d1ce4e5b9));
        bool is_unknown = lot % (100 * MILLION) < settings->unknown_millionths;
        unsigned number = (unsigned)(is_unknown ? CUSTOMERS_MAX - 1 - i : i);
        unsigned discount = (unsigned)(lot >> 40) % 30, since = 1990 + (unsigned)(lot >> 48) % 34;
        if (is_unknown && number < customers) continue;
        if (!output_reserve(output)) return false;
        char *to = output_end(output);
        if (is_json)
            to += sprintf(to, "{\"customer\":\"C%07u\",\"discount\":%u,\"since\":%u}%s", number, discount, since, end);
        else
            to += sprintf(to, "C%07u%c%u%c%u%s", number, delimiter, discount, delimiter, since, end);
        output_advance(output, to);
    }
    return true;
}

static bool generate(const struct Settings *settings) {
    struct Sales sales;
    struct Output output;
    bool is_good = prepare_sales(&sales, settings) || report_no_memory();
    if (is_good) is_good = output_open(&output, settings->output_path);
    if (is_good) is_good = output_close(&output, write_sales(&sales, &output));
    if (is_good && settings->answer_path != NULL)
        is_good = output_open(&output, settings->answer_path) && output_close(&output, write_answer(&sales, &output));
    if (is_good && settings->customers_path != NULL)
        is_good =
            output_open(&output, settings->customers_path) && output_close(&output, write_customers(settings, &output));
    free_sales(&sales);
    return is_good;
}

/* ---------------------------------------------------------------------------------------------------------------------
 * The command line. */

static const char help[] =
    "Usage: generate_sales [OPTION]...\n"
    "Write sales of customers, as CSV or JSON lines. The same options give the same bytes everywhere.\n"
    "\n"
    "  -n, --rows N             write N sales (default 10000)\n"
    "      --format FORMAT      'csv' (default), or 'jsonl' with the same data\n"
    "      --customers N        choose from N customers, up to 10000000 (default 1000)\n"
    "      --products N         choose from N products, up to 64 (default 40)\n"
    "  -e, --exponent NUMBER    choose customers by Zipf's law with this exponent, 0 to 4 with up to 6 decimals "
    "(default 0)\n"
    "      --largest N          no amount is larger than N (default 1000)\n"
    "      --notes PERCENT      share of sales with a note: text with delimiters, quotes and newlines (default 20)\n"
    "      --empty PERCENT      share of amounts that are missing (default 0)\n"
    "      --nan PERCENT        share of amounts that are NaN (default 0)\n"
    "      --extra N            N more columns of whole numbers, up to 1000 (default 0)\n"
    "      --delimiter WHICH    'comma' (default), 'semicolon' or 'tab', for CSV\n"
    "      --crlf               end rows with CR LF\n"
    "      --no-header          write no names of columns, for CSV\n"
    "      --seed N             choose other sales of the same customers (default 1)\n"
    "  -o, --output FILE        write the sales to FILE instead of the standard output\n"
    "  -a, --answer FILE        also write, for each customer that occurs: id, name, sales, amounts that are numbers, "
    "their\n"
    "                           sum, minimum, maximum and mean, and different products, with tabs between them\n"
    "      --table FILE         also write a table of the customers, to be joined with the sales\n"
    "      --unknown PERCENT    share of customers that are missing in the table (default 10)\n"
    "  -h, --help               show this help\n"
    "\n"
    "FILE may be '-' for the standard output. Exit status: 0 done, 1 failed, 2 wrong usage.\n";

int main(int argument_count, char *arguments[]) {
    struct Settings settings = {.rows = 10000,
                                .seed = 1,
                                .customers = 1000,
                                .products = 40,
                                .largest = 1000,
                                .quoted_millionths = 20 * MILLION,
                                .unknown_millionths = 10 * MILLION,
                                .output_path = "-"};
    const struct Option options[] = {
        option_whole("rows", 'n', &settings.rows, 0, UINT64_C(1) << 32),
        option_choice("format", &settings.format, formats),
        option_whole("customers", 0, &settings.customers, 1, CUSTOMERS_MAX),
        option_whole("products", 0, &settings.products, 1, PRODUCTS_MAX),
        option_decimal("exponent", 'e', &settings.exponent_millionths, 4),
        option_whole("largest", 0, &settings.largest, 1, LARGEST_MAX),
        option_decimal("notes", 0, &settings.quoted_millionths, 100),
        option_decimal("empty", 0, &settings.empty_millionths, 100),
        option_decimal("nan", 0, &settings.nan_millionths, 100),
        option_whole("extra", 0, &settings.extras, 0, EXTRAS_MAX),
        option_choice("delimiter", &settings.delimiter, delimiters),
        option_flag("crlf", &settings.carriage_returns),
        option_flag("no-header", &settings.no_header),
        option_seed(&settings.seed),
        option_path("output", 'o', &settings.output_path),
        option_path("answer", 'a', &settings.answer_path),
        option_path("table", 0, &settings.customers_path),
        option_decimal("unknown", 0, &settings.unknown_millionths, 100),
        option_end(),
    };
    int status;
    if (!read_options(argument_count, arguments, options, help, &status)) return status;
    return generate(&settings) ? EXIT_SUCCESS : EXIT_FAILURE;
}
