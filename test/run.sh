#!/bin/sh
# Everything, in a fresh clone on Debian: installs what is missing (apt, as root), builds, lints, runs the unit tests and
# the cases in network namespaces. The last line is "N passed, N failed, N skipped"; what is skipped says why.
set -u
cd "$(dirname "$0")/.."
. test/support/setup.sh

install_missing cc:gcc c++:g++ make:make python3:python3 /usr/include/stdio.h:libc6-dev \
  ip:iproute2 nsenter:util-linux sysctl:procps ethtool:ethtool nft:nftables iptables:iptables \
  curl:curl dig:dnsutils iperf3:iperf3 nc:netcat-openbsd /usr/lib/usrsctp/echo_server:libusrsctp-examples turnserver:coturn tracepath:iputils-tracepath ping:iputils-ping socat:socat tcpdump:tcpdump traceroute:traceroute \
  readelf:binutils aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu /usr/aarch64-linux-gnu/include/stdio.h:libc6-dev-arm64-cross \
  qemu-aarch64-static:qemu-user-static /usr/aarch64-linux-gnu/lib/libstdc++.so.6:libstdc++6-arm64-cross \
  lintian:lintian man:man-db bash:bash zsh:zsh fish:fish \
  dockerd:docker.io podman:podman conmon:conmon /usr/lib/cni/firewall:containernetworking-plugins docker-compose:docker-compose busybox:busybox-static etcd:etcd-server openssl:openssl systemd-socket-activate:systemd
[ "$(id -u)" = 0 ] || echo "run.sh: without root the cases in test/integration are skipped" >&2
install_modules && build_all || exit 1

say "lint and types"
lint=0
npm run --silent lint || lint=1
npx tsc -p test/tsconfig.json || lint=1
npx tsc -p bench/tsconfig.json --noEmit || lint=1

say "tests" # verbose, since only that says why a test was skipped
report=$(mktemp) second=$(mktemp)
trap 'rm -f "$report" "$second"' EXIT
vitest() {
  out=$1
  shift
  npx vitest run --config test/vitest.config.ts --reporter=verbose --reporter=json --outputFile.json="$out" "$@"
}
code=0
vitest "$report" "$@" || code=$?
again=$(node test/summary.mjs again "$report")
if [ -n "$again" ]; then
  say "once more, alone: $again"
  # shellcheck disable=SC2086 # a file a word
  vitest "$second" --maxWorkers 1 $again
fi
node test/summary.mjs sum "$report" "$lint" "$code" "$second"
