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
for part in lint unit sim nodes; do run $part; done

# Every second file of the folders $2..., from the $1-th on.
half() {
  local first=$1 files i
  shift
  mapfile -t files < <(find "$@" -name '*.test.js' | sort)
  for ((i = first; i < ${#files[@]}; i += 2)); do printf '%s ' "${files[i]}"; done
}
# The second half of a part, its output kept for later.
second() {
  local part=$1
  shift
  $make --no-print-directory "$part" PART=-2 FILES="$(half 1 "$@")" >"$results/$part-2.log" 2>&1
  echo "$part-2=$?" >>"$results/background"
}
show() {
  local part
  for part; do
    echo "== $part"
    cat "$results/$part.log"
  done
}
trap 'kill $(jobs -p) 2>/dev/null' EXIT

# Most of the VRRP lab is waiting: two labs beside each other, each with half of the files.
vrrp=(dist/test/lab/vrrp dist/test/lab/doctor)
second lab-vrrp "${vrrp[@]}" &
run lab-vrrp FILES="$(half 0 "${vrrp[@]}")"
wait
show lab-vrrp-2

# A kernel in User-Mode Linux has one processor: two of them likewise, then the emulated machine.
{
  second lab-ipvs dist/test/lab/ipvs
  $make --no-print-directory lab-nft >"$results/lab-nft.log" 2>&1
  echo "lab-nft=$?" >>"$results/background"
} &
run lab-ipvs FILES="$(half 0 dist/test/lab/ipvs)"
wait
show lab-ipvs-2 lab-nft
mapfile -t -O "${#outcome[@]}" outcome <"$results/background"
trap - EXIT
exec node scripts/sum-results.js "$results" "${outcome[@]}"
