/* growth.h - how many different keys an input has, by what a sample of it shows. No processes, no memory of its own.
 *
 * The sample is made of pieces of the input, all of about the same size and spread over it. What counts is in how many
 * pieces a key is, not how often it comes there: keys come in flocks, and a hundred times in one place say no more of
 * the rest of the input than once.
 */
#ifndef MR_DATA_GROWTH_H
#define MR_DATA_GROWTH_H

enum { MR_GROWTH_SEEN = 10, MR_GROWTH_STEPS = 24 };

/* A number that is not known for sure. */
typedef struct mr_estimate {
    double expected;
    double low;  /* the truth is hardly less, */
    double high; /* or more */
} mr_estimate;

/* What is known of the keys of a sample, to be filled in before mr_growth_fit. */
typedef struct mr_growth {
    double pieces;               /* in the sample; at least 1 */
    double all;                  /* in the whole input; at least pieces */
    double distinct;             /* keys in the sample */
    double error;                /* a part of distinct, by which it may be wrong; 0: all keys were looked at */
    double first;                /* keys in one piece, on average */
    double seen[MR_GROWTH_SEEN]; /* seen[k - 1]: keys that are in k pieces. Those in one: without such as go on from
                                  * its first half to the second */
    mr_estimate more[MR_GROWTH_STEPS]; /* by mr_growth_fit: keys beyond distinct, in so many more pieces each time that
                                        * the last step is the whole input */
} mr_growth;

/* Fits the law by which the number of keys grows. */
void mr_growth_fit(mr_growth *growth);

/* How many different keys there are in so many pieces, 0 to all. */
mr_estimate mr_growth_at(const mr_growth *growth, double pieces);

/* In how many pieces there are so many different keys; growth->all when there are never so many. */
double mr_growth_pieces(const mr_growth *growth, double keys);

#endif
