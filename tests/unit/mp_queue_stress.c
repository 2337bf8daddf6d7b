/* Stress of the queue: many producers and consumers, and then the same with kill -9 at random moments. */
#include "mp_testing.h"

#include <signal.h>
#include <stdbool.h>

enum {
    PRODUCERS = 4,
    CONSUMERS = 4,
    EMPTY_EVERY = 50,         /* labelled messages to one empty one */
    MESSAGES = 250000,        /* of each producer */
    LONGEST = 1 << 20,        /* bytes */
    KILL_ROUNDS = 700,        /* the other rounds of kills are in the tests of locks and pools */
    KILL_PAIRS = 2,           /* producers, and as many consumers, in a round of kills */
    KILL_CAPACITY = 64 * 1024 /* bytes */
};

/* Begins every message that has room for it; the rest is a piece of the pattern that follows from producer and number.
 */
typedef struct {
    uint32_t producer;
    uint32_t number; /* of the message, from 0 */
} Label;

/* Everything about one run. The counters are shared; the rest is copied by the forks. */
typedef struct {
    mp_queue *queue;
    mp_array *accepted; /* int64 per producer: puts of labelled messages that have returned */
    mp_array *empty;    /* int64: empty messages put (0) and got (1), which carry no label */
    mp_array *received; /* bytes: how often each message was got, by producer and number */
    uint32_t messages;  /* of each producer */
    uint32_t producers;
    uint64_t seed;
    int lengths; /* which mixture of lengths */
} Run;

typedef struct {
    const Run *run;
    uint32_t number; /* of the producer or consumer */
} Role;

static unsigned char pattern[2 * LONGEST], received_message[LONGEST];

static void fill_pattern(void) {
    uint64_t state = 1;
    for (size_t i = 0; i < sizeof pattern; i++) {
        pattern[i] = (unsigned char)next_random(&state);
    }
}

/* The length of a labelled message. The mixtures: 0 = mostly short, up to 1 MiB; 1 = short; 2 = kilobytes; 3 = mostly
 * out of line. */
static size_t length_of(const Run *run, Label label) {
    uint64_t state = run->seed ^ ((uint64_t)label.producer << 40) ^ label.number;
    uint64_t chance = random_below(&state, 25000);
    size_t extra = 0;
    if (run->lengths == 0) {
        extra = chance == 0 ? LONGEST - sizeof label
                            : random_below(&state, chance < 20    ? 65536
                                                   : chance < 500 ? 4096
                                                                  : 64);
    } else {
        static const size_t most[] = {0, 64, 16000, 60000};
        extra = random_below(&state, most[run->lengths]);
    }
    return sizeof label + extra;
}

static size_t pattern_offset(Label label) {
    return ((size_t)label.producer * 7919 + (size_t)label.number * 13) % LONGEST;
}

/* Every so often a message without any bytes goes between the others. */
static int put_empty(const Run *run) {
    if (mp_queue_put(run->queue, NULL, 0, PATIENCE_MS) != 0) return 1;
    mp_add_int64(mp_array_int64(run->empty, 0), 1);
    return 0;
}

static int produce(void *argument) {
    const Role *role = argument;
    const Run *run = role->run;
    static unsigned char message[LONGEST];
    for (uint32_t i = 0; i < run->messages; i++) {
        Label label = {role->number, i};
        size_t length = length_of(run, label);
        if (i % EMPTY_EVERY == 0 && put_empty(run) != 0) return 1;
        memcpy(message, &label, sizeof label);
        memcpy(message + sizeof label, pattern + pattern_offset(label), length - sizeof label);
        if (mp_queue_put(run->queue, message, length, PATIENCE_MS) != 0) return 1;
        mp_store_int64(mp_array_int64(run->accepted, role->number), (int64_t)i + 1);
    }
    return 0;
}

/* Checks one message completely: 0, or a number that tells what is wrong. */
static int check_message(const Run *run, size_t length, int64_t *last) {
    Label label;
    if (length < sizeof label) return 2;
    memcpy(&label, received_message, sizeof label);
    if (label.producer >= run->producers || label.number >= run->messages) return 3;
    if (length != length_of(run, label)) return 4;
    if (memcmp(received_message + sizeof label, pattern + pattern_offset(label), length - sizeof label) != 0) return 5;
    if ((int64_t)label.number <= last[label.producer]) return 6;
    last[label.producer] = label.number;
    unsigned char *times = mp_array_bytes(run->received, (size_t)label.producer * run->messages + label.number);
    return __atomic_fetch_add(times, 1, __ATOMIC_SEQ_CST) == 0 ? 0 : 7;
}

static int consume(void *argument) {
    const Role *role = argument;
    int64_t last[PRODUCERS] = {-1, -1, -1, -1};
    for (;;) {
        ssize_t length = mp_queue_get(role->run->queue, received_message, sizeof received_message, PATIENCE_MS);
        if (length == -EPIPE) return 0;
        if (length < 0) return 1;
        if (length == 0) {
            mp_add_int64(mp_array_int64(role->run->empty, 1), 1);
            continue;
        }
        int wrong = check_message(role->run, (size_t)length, last);
        if (wrong != 0) return wrong;
    }
}

static Run create_run(uint32_t producers, uint32_t messages, size_t capacity, int lengths, uint64_t seed) {
    Run run = {.producers = producers, .messages = messages, .lengths = lengths, .seed = seed};
    assert_int_equal(mp_queue_create(&run.queue, capacity, 0), 0);
    assert_int_equal(mp_array_create(&run.accepted, MP_INT64, producers), 0);
    assert_int_equal(mp_array_create(&run.empty, MP_INT64, 2), 0);
    assert_int_equal(mp_array_create(&run.received, MP_BYTES, (size_t)producers * messages), 0);
    return run;
}

static void free_run(Run *run) {
    mp_queue_free(run->queue);
    mp_array_free(run->accepted);
    mp_array_free(run->empty);
    mp_array_free(run->received);
}

/* How many accepted messages were not received. None may be received twice, or from beyond the one that a killed
 * producer was about to put. */
static uint32_t count_missing(const Run *run, uint32_t producer, bool killed) {
    uint32_t missing = 0;
    uint32_t accepted = (uint32_t)mp_load_int64(mp_array_int64(run->accepted, producer));
    for (uint32_t i = 0; i < run->messages; i++) {
        int times = *mp_array_bytes(run->received, (size_t)producer * run->messages + i);
        assert_in_range(times, 0, i < accepted + (killed ? 1 : 0) ? 1 : 0);
        missing += i < accepted && times == 0;
    }
    return missing;
}

/* The same for empty messages: how many are missing. There may be one more than counted per killed producer. */
static uint32_t count_missing_empty(const Run *run, uint32_t killed_producers) {
    int64_t put = mp_load_int64(mp_array_int64(run->empty, 0)), got = mp_load_int64(mp_array_int64(run->empty, 1));
    assert_in_range(got, 0, put + killed_producers);
    return got < put ? (uint32_t)(put - got) : 0;
}

static void a_million_messages_arrive_once_and_whole(void **state) {
    (void)state;
    set_watchdog(170);
    Run run = create_run(PRODUCERS, MESSAGES, 1 << 20, 0, choose_seed());
    mp_process *producer[PRODUCERS], *consumer[CONSUMERS];
    Role role[PRODUCERS];
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        role[i] = (Role){&run, i};
        producer[i] = start(produce, &role[i]);
        consumer[i] = start(consume, &role[i]);
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(mp_process_join(producer[i], -1), 0);
        assert_int_equal(finish(producer[i]), 0);
    }
    mp_queue_close(run.queue);
    for (uint32_t i = 0; i < CONSUMERS; i++) {
        assert_int_equal(finish(consumer[i]), 0);
    }
    for (uint32_t i = 0; i < PRODUCERS; i++) {
        assert_int_equal(mp_load_int64(mp_array_int64(run.accepted, i)), MESSAGES);
        assert_int_equal(count_missing(&run, i, false), 0);
    }
    assert_int_equal(count_missing_empty(&run, 0), 0);
    free_run(&run);
}

/* One round: starts everybody, kills some at random moments, and checks what the others did. Returns how many of the
 * kills came before their victim had ended. */
static int kill_round(uint64_t *chance) {
    int lengths = (int)random_below(chance, 3) + 1;
    /* As many as take some milliseconds, so that most kills hit somebody at work. */
    static const uint32_t messages[] = {0, 20000, 3000, 300};
    Run run = create_run(KILL_PAIRS, messages[lengths], KILL_CAPACITY, lengths, next_random(chance));
    mp_process *process[2 * KILL_PAIRS]; /* producers, then consumers */
    Role role[2 * KILL_PAIRS];
    for (uint32_t i = 0; i < 2 * KILL_PAIRS; i++) {
        role[i] = (Role){&run, i % KILL_PAIRS};
        process[i] = start(i < KILL_PAIRS ? produce : consume, &role[i]);
    }
    /* At least one producer and one consumer stay alive: those whose number is 0. */
    bool killed[2 * KILL_PAIRS] = {false};
    uint32_t first = (uint32_t)random_below(chance, 2), kills = 1 + (uint32_t)random_below(chance, 2);
    for (uint32_t i = 0; i < kills; i++) {
        uint32_t victim = (first + i) % 2 * KILL_PAIRS + 1;
        sleep_us(random_below(chance, 1500));
        killed[victim] = true;
        mp_process_kill(process[victim]);
    }
    uint32_t killed_consumers = 0, killed_producers = 0;
    int hits = 0;
    for (uint32_t i = 0; i < 2 * KILL_PAIRS; i++) {
        if (i == KILL_PAIRS) mp_queue_close(run.queue); /* all producers have ended */
        int code = finish(process[i]);
        if (code != 0) assert_true(killed[i] && code == -SIGKILL);
        hits += code != 0;
        *(i < KILL_PAIRS ? &killed_producers : &killed_consumers) += killed[i];
    }
    uint32_t missing = count_missing_empty(&run, killed_producers);
    for (uint32_t i = 0; i < KILL_PAIRS; i++) {
        missing += count_missing(&run, i, killed[i]);
    }
    /* A consumer that was killed may have had one message in its hands. */
    assert_in_range(missing, 0, killed_consumers);
    free_run(&run);
    return hits;
}

static void kills_lose_and_double_nothing(void **state) {
    (void)state;
    set_watchdog(170);
    uint64_t chance = choose_seed();
    int hits = 0;
    for (int round = 0; round < KILL_ROUNDS; round++) {
        hits += kill_round(&chance);
    }
    print_message("%d processes were killed at work in %d rounds\n", hits, KILL_ROUNDS);
    assert_true(hits > KILL_ROUNDS / 2);
}

int main(void) {
    fill_pattern();
    const struct CMUnitTest tests[] = {
        CONTAINED_TEST(a_million_messages_arrive_once_and_whole),
        CONTAINED_TEST(kills_lose_and_double_nothing),
    };
    return cmocka_run_group_tests_name("mp queue stress", tests, NULL, NULL);
}
