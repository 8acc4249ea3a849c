#!/bin/sh
# Compiles the addon and the programs beside it for this machine into native/build, with nothing but a C compiler: in
# a clone, and where the package has none that fits. What is there goes before the package's own.
set -eu
cd "$(dirname "$0")/.."
. native/compile.sh
cc=${CC:-cc}
command -v "$cc" >/dev/null || { echo "native/build.sh: no C compiler: apt-get install gcc libc6-dev" >&2; exit 1; }
compile_addon native/build/tsproxy.node "$cc" -g
# A libc without a static archive costs each process more memory.
compile_launcher native/build/tsproxy-docker-proxy "$cc" -static || compile_launcher native/build/tsproxy-docker-proxy "$cc"
compile_cni native/build/tsproxy-cni "$cc" -static || compile_cni native/build/tsproxy-cni "$cc"
compile_sandbox native/build/tsproxy-sandbox "$cc" -static || compile_sandbox native/build/tsproxy-sandbox "$cc"
