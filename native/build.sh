#!/bin/sh
# Compiles the addon with nothing but a C compiler and the node-api-headers package.
set -eu
cd "$(dirname "$0")/.."
headers=node_modules/node-api-headers/include
[ -f "$headers/node_api.h" ] || { echo "native/build.sh: $headers is missing: run 'npm ci' first" >&2; exit 1; }
command -v "${CC:-cc}" >/dev/null || { echo "native/build.sh: no C compiler: apt-get install gcc libc6-dev" >&2; exit 1; }
mkdir -p native/build
"${CC:-cc}" -std=gnu11 -O2 -g -Wall -Wextra -Wno-cast-function-type -fPIC -shared -fvisibility=hidden -DNODE_GYP_MODULE_NAME=tsproxy -I"$headers" \
  -o native/build/tsproxy.node.tmp native/addon.c native/util.c native/tap.c native/io.c native/uring.c native/memory.c native/socket.c native/udp.c native/bpf.c
mv native/build/tsproxy.node.tmp native/build/tsproxy.node
# It waits by the thousand, so it is small and on its own; a libc without a static archive costs each process more memory.
version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' package.json)
launcher() {
  "${CC:-cc}" -std=gnu11 -Os -Wall -Wextra -no-pie -s -ffunction-sections -Wl,--gc-sections -DVERSION="\"$version\"" "$@" \
    -o native/build/tsproxy-docker-proxy.tmp native/docker-proxy.c native/docker-proxy-flags.c
}
launcher -static || launcher
mv native/build/tsproxy-docker-proxy.tmp native/build/tsproxy-docker-proxy
