#!/bin/bash
# All parts of `make test`, each as its own make target, even after one has failed; then the sum as the last line.
set -u
cd "$(dirname "$0")/.." || exit 1
make=${MAKE:-make}
results=.cache/results
rm -rf "$results"
mkdir -p "$results"

for part in setup build; do
  $make --no-print-directory "$part" || exec node scripts/sum-results.js "$results" "$part=$?"
done
outcome=()
run() {
  echo "== $1"
  $make --no-print-directory "$1"
  outcome+=("$1=$?")
}
for part in lint unit nodes lab-vrrp; do run $part; done
# Two kernels beside each other, each a process: a machine with two cores has time for both.
$make --no-print-directory lab-nft >"$results/lab-nft.log" 2>&1 &
lab_nft=$!
run lab-ipvs
wait $lab_nft
outcome+=("lab-nft=$?")
echo "== lab-nft"
cat "$results/lab-nft.log"
exec node scripts/sum-results.js "$results" "${outcome[@]}"
