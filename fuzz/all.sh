#!/bin/sh
# Runs every fuzzer for this many seconds (600 unless another number is given), two at a time, and prints their figures.
# Does not stop when one of them finds something: the input is kept under artifacts/, and its log says why.
set -eu
cd "$(dirname "$0")"
seconds=${1:-600}
targets=${2:-$(cargo fuzz list)}
cargo fuzz build --sanitizer none
mkdir -p corpus artifacts
for target in $targets; do
    mkdir -p "corpus/$target" "artifacts/$target"
    echo "$target"
done | nice -n 10 xargs -P 2 -I @ sh -c "
    target/*/release/@ corpus/@ seeds/@ -max_total_time=$seconds -timeout=10 -rss_limit_mb=512 -print_final_stats=1 \
        -artifact_prefix=artifacts/@/ > artifacts/@.log 2>&1 && outcome=sound || outcome=FOUND
    echo @ \$outcome: \$(grep -E ' cov: ' artifacts/@.log | tail -n 1) \
        \$(grep -E '^stat::(number_of_executed_units|average_exec|peak_rss)' artifacts/@.log)
"
