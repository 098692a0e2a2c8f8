#!/bin/sh
# Builds the native addon with nothing but a C compiler: build-native.sh [OUTPUT]
# CC and CFLAGS are honoured, so that a cross compiler works: CC=aarch64-linux-gnu-gcc build-native.sh lvsd-arm64.node
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
output=${1:-$root/dist/native/lvsd.node}
headers=$root/node_modules/node-api-headers/include

if [ ! -f "$headers/node_api.h" ]; then
  echo "build-native: $headers/node_api.h is missing: run 'make setup' (or npm ci) first" >&2
  exit 1
fi
if ! command -v "${CC:-cc}" >/dev/null; then
  echo "build-native: there is no C compiler '${CC:-cc}': install gcc, or set CC" >&2
  exit 1
fi

mkdir -p "$(dirname "$output")"
# Into place by rename: a running process keeps the file that it has mapped.
temporary=$output.$$
trap 'rm -f "$temporary"' EXIT
"${CC:-cc}" -std=gnu11 -O2 -g0 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -s ${CFLAGS:-} \
  -isystem "$headers" -o "$temporary" "$root"/native/*.c -lm
mv "$temporary" "$output"
