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
  $make --no-print-directory "$@"
  outcome+=("$1=$?")
}
for part in lint unit nodes lab-vrrp; do run $part; done

# A kernel in User-Mode Linux has one processor: two of them, each with half of the files, then the emulated machine.
files=(dist/test/lab/ipvs/*.test.js)
half() { for ((i = $1; i < ${#files[@]}; i += 2)); do printf '%s ' "${files[i]}"; done; }
background() {
  $make --no-print-directory lab-ipvs PART=-2 FILES="$(half 1)" >"$results/lab-ipvs-2.log" 2>&1
  echo "lab-ipvs-2=$?" >"$results/background"
  $make --no-print-directory lab-nft >"$results/lab-nft.log" 2>&1
  echo "lab-nft=$?" >>"$results/background"
}
background &
trap 'kill $(jobs -p) 2>/dev/null' EXIT
run lab-ipvs FILES="$(half 0)"
wait
for part in lab-ipvs-2 lab-nft; do
  echo "== $part"
  cat "$results/$part.log"
done
mapfile -t -O "${#outcome[@]}" outcome <"$results/background"
trap - EXIT
exec node scripts/sum-results.js "$results" "${outcome[@]}"
