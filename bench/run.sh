#!/bin/sh
# The benchmark, in a fresh clone on Debian: installs what is missing (as root), builds, runs bench/main.ts. Arguments: see --help.
# Packages that bring a service are installed without starting it; docker.io is only unpacked, for its docker-proxy.
set -u
cd "$(dirname "$0")/.."
. bench/setup.sh

case "${1:-}" in
  memory | pauses | busy | cluster | render) install_missing cc:gcc /usr/include/stdio.h:libc6-dev ;;
  startup) install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux ;;
  overlay)
    install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps iperf3:iperf3 wrk:wrk \
      dockerd:docker.io etcd:etcd-server busybox:busybox-static iptables:iptables wireguard-go:wireguard-go wg:wireguard-tools ;;
  macvlan) install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps iperf3:iperf3 wrk:wrk ;;
  docker) install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps dockerd:docker.io busybox:busybox-static iptables:iptables \
    iperf3:iperf3 wrk:wrk ;;
  networks) install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps iptables:iptables dnsperf:dnsperf \
    dockerd:docker.io busybox:busybox-static podman:podman conmon:conmon /usr/lib/cni/firewall:containernetworking-plugins /usr/lib/podman/aardvark-dns:aardvark-dns ;;
  *)
    install_missing cc:gcc /usr/include/stdio.h:libc6-dev ip:iproute2 nsenter:util-linux sysctl:procps iperf3:iperf3 wrk:wrk \
      nft:nftables iptables:iptables haproxy:haproxy socat:socat pasta:passt slirp4netns:slirp4netns ovs-vswitchd:openvswitch-switch ethtool:ethtool vde_switch:vde2
    unpack_docker_proxy
    ;;
esac
install_modules && build_all && compile_bench || exit 1
[ "$(id -u)" = 0 ] || [ "${1:-}" = memory ] || [ "${1:-}" = pauses ] || [ "${1:-}" = busy ] || [ "${1:-}" = cluster ] || [ "${1:-}" = render ] || { echo "run.sh: needs root for network namespaces" >&2; exit 1; }
exec node bench/dist/bench/main.js "$@"
