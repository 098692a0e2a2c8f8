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

# The files of the folders $3... whose place in the list, modulo $1, is one of the digits $2.
share() {
  local of=$1 mine=$2 files i
  shift 2
  mapfile -t files < <(find "$@" -name '*.test.js' | sort)
  for ((i = 0; i < ${#files[@]}; i++)); do [[ $mine != *$((i % of))* ]] || printf '%s ' "${files[i]}"; done
}
# Share $2 of $1 of the part $3, with the files of the folders $4..., in the background as $3-$2, its output kept for later.
beside() {
  local of=$1 mine=$2 part=$3
  shift 3
  $make --no-print-directory "$part" PART="-$mine" FILES="$(share "$of" "$mine" "$@")" >"$results/$part-$mine.log" 2>&1
  echo $? >"$results/$part-$mine.code"
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

run lint

# Most of the tests with sockets are waiting, too.
unit=(dist/test/unit dist/test/sim dist/test/io)
beside 2 1 unit "${unit[@]}" &
run unit FILES="$(share 2 0 "${unit[@]}")"
wait
show unit-1

for part in sim nodes protocols; do run $part; done
# The heavier servers take long to install: only where everything must run.
[ "${CI:-}" != true ] || run protocols-heavy

# So is most of the VRRP lab: three of them beside each other, each with a third of the files.
vrrp=(dist/test/lab/vrrp dist/test/lab/doctor dist/test/lab/health)
beside 3 1 lab-vrrp "${vrrp[@]}" &
beside 3 2 lab-vrrp "${vrrp[@]}" &
run lab-vrrp FILES="$(share 3 0 "${vrrp[@]}")"
wait
show lab-vrrp-1 lab-vrrp-2

# A kernel in User-Mode Linux has one processor: two of them likewise, and behind the smaller share the emulated machine.
{
  beside 3 2 lab-ipvs dist/test/lab/ipvs
  $make --no-print-directory lab-nft >"$results/lab-nft.log" 2>&1
  echo $? >"$results/lab-nft.code"
} &
run lab-ipvs FILES="$(share 3 01 dist/test/lab/ipvs)"
wait
show lab-ipvs-2 lab-nft
trap - EXIT
exec node scripts/sum-results.js "$results" "${outcome[@]}"
