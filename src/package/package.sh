#!/bin/sh
# `npm run package`: the npm package, and the Debian packages that are made of it, in dist/packages.
set -eu
cd "$(dirname "$0")/../.."
command -v dpkg-deb >/dev/null || { echo "src/package/package.sh: this needs dpkg-deb" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm pack --silent --pack-destination "$folder"
node dist/package/main.js deb "$folder"/tsproxy-*.tgz "$folder"
mkdir -p dist/packages
mv "$folder"/*.tgz "$folder"/*.deb dist/packages/
ls -l dist/packages
