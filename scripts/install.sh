#!/bin/bash
# install.sh DESTDIR PREFIX: the program with the npm packages that it needs at run time, a link to it, the systemd unit and
# the reference configuration as documentation. Removes nothing but an older copy of itself.
set -eu
cd "$(dirname "$0")/.."
destdir=$1 prefix=$2
target=$destdir$prefix/lib/lvsd

rm -rf "$target.new"
mkdir -p "$target.new/dist" "$destdir$prefix/bin" "$destdir/etc/lvsd" "$destdir/lib/systemd/system" "$destdir$prefix/share/doc/lvsd"
cp -r bin etc package.json package-lock.json "$target.new/"
cp -r dist/src dist/native "$target.new/dist/"
(cd "$target.new" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error)
rm -rf "$target"
mv "$target.new" "$target"
ln -sfn ../lib/lvsd/bin/lvsd.js "$destdir$prefix/bin/lvsd"
sed "s#/usr/bin/lvsd#$prefix/bin/lvsd#" systemd/lvsd.service >"$destdir/lib/systemd/system/lvsd.service"
cp -r README.md CHANGELOG.md docs etc "$destdir$prefix/share/doc/lvsd/"
echo "install: $prefix/bin/lvsd; next: write /etc/lvsd/lvsd.yaml (from $prefix/share/doc/lvsd/etc/examples/), systemctl enable --now lvsd"
