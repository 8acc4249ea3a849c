#!/bin/sh
# npm run fuzz [-- --seconds N] [--frames N] [--seed N]: see main.ts. Bundled, as the worker is, so that V8 compiles it alike.
set -eu
cd "$(dirname "$0")/../.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npx rolldown test/fuzz/main.ts -o "$out/fuzz.mjs" --format esm --platform node >/dev/null
node "$out/fuzz.mjs" "$@"
