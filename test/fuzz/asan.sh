#!/bin/sh
# npm run fuzz:asan [-- TEST…]: the addon compiled with AddressSanitizer and UndefinedBehaviorSanitizer, under every test that reaches it: batches through real TAPs
# (as root), netlink, BPF, sockets. Works on a copy of the project, so that the real addon stays what it is. Needs gcc.
set -eu
cd "$(dirname "$0")/../.."
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
chmod 755 "$copy"
cp -R package.json tsconfig.json src native test "$copy/"
ln -s "$PWD/node_modules" "$copy/node_modules"
cd "$copy"
. native/compile.sh
mkdir -p native/build
compile_addon native/build/tsproxy.node gcc -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
tests="test/sys test/relay test/device test/fuzz/sealed.test.ts"
[ "$(id -u)" = 0 ] && tests="$tests test/integration/native-io.test.ts test/integration/netlink.test.ts test/integration/steering-rules.test.ts"
# V8's own memory is no leak; and a sanitizer must come first in the process.
[ $# -gt 0 ] && tests=$*
# shellcheck disable=SC2086 # a list of files
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)" ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 \
  npx vitest run --config test/vitest.config.ts $tests
