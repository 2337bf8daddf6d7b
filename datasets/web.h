/* Hosts, URLs, times and programs of an invented web. What a number stands for depends on that number alone, so that
 * data of different seeds can be joined, and different numbers stand for different things. */

#ifndef DATASETS_WEB_H
#define DATASETS_WEB_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "random.h"
#include "texts.h"
#include "vocabulary.h"

enum {
    HOSTS_MAX = 10 * MILLION,
    URLS_MAX = 10 * MILLION,
    FIRST_RANK = 64, /* of the vocabulary: the words before it are too short for URLs */
};

/* The words of the vocabulary are all different, and so are these. */
static inline bool add_url(struct Texts *urls, uint32_t number) {
    uint64_t lot = scramble(number + UINT64_C(0x632be59bd9b4e019));
    char word[WORD_BYTES_MAX], url[4 * WORD_BYTES_MAX];
    word[spell_word(FIRST_RANK + number, 0, word)] = '\0';
    int length;
    switch (number == 0 ? 8 : lot & 7) {
    case 0:
        length = snprintf(url, sizeof url, "/images/%s.jpg", word);
        break;
    case 1:
        length = snprintf(url, sizeof url, "/search?q=%s&page=%u", word, (unsigned)(lot >> 8 & 7));
        break;
    case 2:
        length = snprintf(url, sizeof url, "/caf%%C3%%A9/%s", word);
        break;
    case 3:
        length = snprintf(url, sizeof url, "/%s", word);
        break;
    case 4:
        length = snprintf(url, sizeof url, "/%s?lang=%s&back=/tides?day=1", word, lot >> 8 & 1 ? "en" : "de");
        break;
    case 8:
        length = snprintf(url, sizeof url, "/");
        break;
    default:
        length = snprintf(url, sizeof url, "/%u/%02u/%s.html", 2000 + (unsigned)(lot >> 8 & 31),
                          1 + (unsigned)(lot >> 16 & 7), word);
    }
    return texts_add(urls, url, (size_t)length);
}

/* Most hosts are addresses of private networks, some are those of version 6 and some have names. */
static inline bool add_host(struct Texts *hosts, uint32_t number) {
    uint64_t lot = scramble(number + UINT64_C(0x9fb21c651e98df25)) & 15;
    char word[WORD_BYTES_MAX], host[2 * WORD_BYTES_MAX];
    unsigned address = (unsigned)permute(number + UINT64_C(1), 24);
    int length;
    if (lot == 0) {
        word[spell_word(FIRST_RANK + number, 0, word)] = '\0';
        length = snprintf(host, sizeof host, "%s.example", word);
    } else if (lot == 1) {
        length = snprintf(host, sizeof host, "2001:db8::%x:%x", 1 + (address >> 16), address & 0xffff);
    } else {
        length = snprintf(host, sizeof host, "10.%u.%u.%u", address >> 16, address >> 8 & 255, address & 255);
    }
    return texts_add(hosts, host, (size_t)length);
}

static const char month_names[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static inline unsigned days_of_month(unsigned year, unsigned month) {
    static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 1 && year % 4 == 0 ? 29 : days[month];
}

/* The hours of as many days from the 17th of March, 2024 on, in the form of the log or in that of the answers. */
static inline bool add_hours(struct Texts *hours, uint64_t days, bool for_answers) {
    unsigned year = 2024, month = 2, day = 17;
    for (uint64_t i = 0; i < days; i++) {
        for (unsigned hour = 0; hour < 24; hour++) {
            char text[64];
            int length = for_answers
                             ? snprintf(text, sizeof text, "%04u-%02u-%02uT%02u", year, month + 1, day, hour)
                             : snprintf(text, sizeof text, "%02u/%s/%04u:%02u:", day, month_names[month], year, hour);
            if (!texts_add(hours, text, (size_t)length)) return false;
        }
        if (++day <= days_of_month(year, month)) continue;
        day = 1;
        month = (month + 1) % 12;
        year += month == 0;
    }
    return true;
}

/* User agents, as they are written in a log. */
static const char *const agents[16] = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
     "Safari/605.1"),
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Android 14; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0",
    "TideBot/2.1 (+https://bot.example/about)",
    "curl/8.5.0",
    "-",
    "Wget/1.21.4",
    "\\\"quoted\\\" agent [GET /] \\\\",
    "FeedReader/0.9 \\\"beta\\\" (200 404)",
    "Mozilla/5.0 (compatible; HarbourSearch/1.0; +https://search.example/bot)",
    "python-requests/2.31.0",
    "Go-http-client/2.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64) Chrome/119.0.0.0",
    "HealthCheck/3.2",
};

#endif
