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

# The files of the folders $3... whose place in the list, modulo $1, is one of the digits $2.
share() {
  local of=$1 mine=$2 files i
  shift 2
  mapfile -t files < <(find "$@" -name '*.test.js' | sort)
  for ((i = 0; i < ${#files[@]}; i++)); do [[ $mine != *$((i % of))* ]] || printf '%s ' "${files[i]}"; done
}
# The share $2... of a part that runs in the background, its output kept for later.
beside() {
  local part=$1
  shift
  $make --no-print-directory "$part" PART=-2 FILES="$(share "$@")" >"$results/$part-2.log" 2>&1
  echo $? >"$results/$part-2.code"
}
# What ran in the background: its output and its exit code, 1 when it did not live to leave one.
show() {
  local part
  for part; do
    echo "== $part"
    cat "$results/$part.log"
    outcome+=("$part=$(cat "$results/$part.code" || echo 1)")
  done
}
trap 'kill $(jobs -p) 2>/dev/null' EXIT

# Most of the VRRP lab is waiting: two labs beside each other, each with half of the files.
vrrp=(dist/test/lab/vrrp dist/test/lab/doctor)
beside lab-vrrp 2 1 "${vrrp[@]}" &
run lab-vrrp FILES="$(share 2 0 "${vrrp[@]}")"
wait
show lab-vrrp-2

# A kernel in User-Mode Linux has one processor: two of them likewise, and behind the smaller share the emulated machine.
{
  beside lab-ipvs 3 2 dist/test/lab/ipvs
  $make --no-print-directory lab-nft >"$results/lab-nft.log" 2>&1
  echo $? >"$results/lab-nft.code"
} &
run lab-ipvs FILES="$(share 3 01 dist/test/lab/ipvs)"
wait
show lab-ipvs-2 lab-nft
trap - EXIT
exec node scripts/sum-results.js "$results" "${outcome[@]}"
