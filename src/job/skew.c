#include "job/skew.h"

#include "base/units.h"

/* Puts a partition in among the largest, if it is one of them. Of those that are as large the first one comes first. */
static void consider(mr_skew *skew, const mr_observation *observation, uint32_t partition) {
    const mr_observed_partition *all = observation->partitions;
    size_t place = skew->count;
    while (place > 0 && all[skew->largest[place - 1]].bytes < all[partition].bytes)
        place--;
    if (place == MR_SKEW_LARGEST) return;
    if (skew->count < MR_SKEW_LARGEST) skew->count++;
    for (size_t i = skew->count - 1; i > place; i--)
        skew->largest[i] = skew->largest[i - 1];
    skew->largest[place] = partition;
}

mr_skew mr_skew_of(const mr_observation *observation) {
    mr_skew skew = {0};
    for (uint32_t i = 0; i < observation->partition_count; i++) {
        const mr_observed_partition *partition = &observation->partitions[i];
        skew.bytes = mr_add_capped(skew.bytes, partition->bytes);
        skew.records = mr_add_capped(skew.records, partition->records);
        if (partition->bytes) consider(&skew, observation, i);
    }
    return skew;
}

const char *mr_partition_begin(const mr_splitters *splitters, uint32_t partition, size_t *length) {
    if (!splitters || partition == 0 || partition >= splitters->partitions || partition >= MR_PARTITIONS_MAX)
        return NULL;
    *length = mr_smaller(splitters->lengths[partition - 1], MR_SPLITTER_MAX);
    return splitters->keys[partition - 1];
}
