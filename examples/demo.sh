#!/bin/sh
# The demo, in a fresh clone on a bare Debian with Node 20, as root: installs what is missing, builds, shows what tsproxy does. Leaves nothing behind.
set -u
cd "$(dirname "$0")/.."
. bench/setup.sh

[ "$(id -u)" = 0 ] || { echo "demo.sh: needs root: it makes network namespaces" >&2; exit 1; }
install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps curl:curl iperf3:iperf3 iptables:iptables
install_modules && build_all && compile_bench || exit 1
exec node bench/dist/examples/demo.js
