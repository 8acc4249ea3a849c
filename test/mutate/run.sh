#!/bin/sh
# npm run mutate; see docs/testing.md.
set -eu
cd "$(dirname "$0")/../.."
. test/support/setup.sh
install_modules
[ -f native/build/tsproxy.node ] && [ -d dist ] || build_all
out=$(mktemp -d node_modules/.mutate.XXXXXX)
npx rolldown test/mutate/main.ts test/mutate/runner.ts -d "$out" --format esm --platform node --external vitest/node --external rolldown/parseAst >/dev/null
exec node "$out/main.js" "$@"
