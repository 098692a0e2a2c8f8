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
for part in lint unit nodes lab-vrrp lab-ipvs; do
  echo "== $part"
  $make --no-print-directory "$part"
  outcome+=("$part=$?")
done
exec node scripts/sum-results.js "$results" "${outcome[@]}"
