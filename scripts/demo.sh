#!/bin/bash
# `make demo`: demo.sh [--interactive]. Needs neither root nor an IPVS kernel: see lab.sh.
cd "$(dirname "$0")/.." || exit 1
case ${1:-} in
  '') exec scripts/lab.sh --ipvs --timeout 180 -- node --enable-source-maps dist/test/lab/demo.js ;;
  --interactive)
    [ -t 0 ] || { echo "demo: --interactive needs a terminal" >&2; exit 2; }
    exec scripts/lab.sh --ipvs --tty -- node --enable-source-maps dist/test/lab/demo.js --interactive
    ;;
  *) echo "Usage: make demo [ARGS=--interactive]" >&2; exit 2 ;;
esac
