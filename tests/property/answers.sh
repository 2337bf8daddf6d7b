#!/bin/bash
# Plugins print the answers that come with generated data, whatever -j, --chunk and --memory are: accesslog, histogram, kmeans,
# linreg, matmul and triangles. Every round has a seed of its own.
source "$(dirname "$0")/../tools/testing.sh"
generators=$build/datasets
start_seed

# compare_answer ANSWER WHAT PLUGIN ARGUMENT... - runs mr with random settings and compares what it prints.
compare_answer() {
    local answer=$1 what=$2 jobs chunk memory
    shift 2
    pick 1 2 3
    jobs=$REPLY
    pick 64K 300K 2M
    chunk=$REPLY
    pick 8M 64M
    memory=$REPLY
    run "$mr" run "$@" -j "$jobs" --chunk "$chunk" --memory "$memory"
    expect_status 0 "$what" && expect_same "$answer" out "$what"
}

check_accesslog() {
    local field
    "$generators/generate_access_log" --seed "$1" --lines 20000 --format mixed --malformed 5 --long-lines 2 --long-bytes 100K \
        --output log --answers answer || fail "generate_access_log"
    pick url host status method hour day
    field=$REPLY
    cut -f 1,2 "answer.$field" >requests
    cut -f 1,3 "answer.$field" >bytes
    compare_answer requests "requests by $field" accesslog log --set by="$field"
    grep -q "malformed lines = $(cat answer.malformed)$" err || fail "there should be $(cat answer.malformed) malformed lines"
    compare_answer bytes "bytes by $field" accesslog log --set by="$field" --set what=bytes
}

check_histogram() {
    pick bottom-up top-down
    local order=$REPLY
    below 1500
    "$generators/generate_bmp" --seed "$1" --width "$REPLY" --height 200 --order "$order" --gap $((REPLY % 9)) --output picture \
        --answer answer || fail "generate_bmp"
    compare_answer answer "the histogram" histogram picture
}

# Clusters far apart: points are nearest to the middle of their own, which does not move.
check_kmeans() {
    local format
    pick "csv 0" "binary 3"
    format=$REPLY
    "$generators/generate_points" --seed "$1" --points 20000 --clusters 6 --dimensions 3 --deviation 0.01 --format "${format% *}" \
        --output points --answer clusters || fail "generate_points"
    awk '{ print $2 "," $3 "," $4 "\t" $1 }' clusters >answer
    compare_answer answer "clusters" kmeans points --set centroids=answer --set decimals=3 --set binary="${format#* }"
    ! grep -q "counter moved" err || fail "the middle of a cluster has moved"
}

check_linreg() {
    "$generators/generate_line" --seed "$1" --points 30000 --slope -3.25 --intercept 17 --output points --answer answer || fail "generate_line"
    printf 'r2\t1\n' >>answer
    compare_answer answer "a straight line" linreg points
    "$generators/generate_line" --seed "$1" --points 30000 --noise 12.5 --header --output points --answer answer || fail "generate_line"
    run "$mr" run linreg points -q -j 2
    expect_same answer <(head -n 6 out) "points about a line"
}

check_matmul() {
    below 40
    "$generators/generate_matrix" --seed "$1" --rows 60 --columns $((REPLY + 1)) --second-columns 50 --largest 1000 --output first \
        --second second --answer answer || fail "generate_matrix"
    compare_answer answer "the product" matmul first --set b=second
}

check_triangles() {
    below 30000
    "$generators/generate_edges" --seed "$1" --nodes 2000 --edges 10000 --triangles "$REPLY" --duplicates 10 --loops 5 \
        --output edges --summary summary || fail "generate_edges"
    "$mr" run triangles edges -o graph -q || fail "no graph"
    grep '^triangles' summary >answer
    compare_answer answer "triangles" triangles graph --set graph=graph
}

end=$((SECONDS + ${MR_TEST_SECONDS:-5}))
while
    below 1000000000
    round_seed=$REPLY
    for plugin in accesslog histogram kmeans linreg matmul triangles; do
        "check_$plugin" "$round_seed"
    done
    ((SECONDS < end))
do :; done
finish
