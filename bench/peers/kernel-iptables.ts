/** Kernel NAT by iptables rules, no more of them than the job needs. */
import { NETWORK, NETWORK6 } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { bracketed, PUBLISHED } from "../topology.js";
import { IN_KERNEL, needs, type Peer } from "./peer.js";

export const kernelIptables: Peer = {
  name: "iptables",
  title: "kernel iptables",
  mover: "kernel",
  scenarios: ["publish", "publish6", "masquerade"],
  containers: "bridge",
  version: () => versionOf(["iptables", "--version"], /v\S+( \S+)?/),
  missing: needs("iptables"),
  start: async (session) => {
    const { isIpv6, target } = session;
    const nat = (rule: string): string => session.run("host", [isIpv6 ? "ip6tables" : "iptables", "-t", "nat", ...rule.split(" ")]);
    session.run("host", ["sysctl", "-qw", isIpv6 ? "net.ipv6.conf.all.forwarding=1" : "net.ipv4.ip_forward=1"]);
    nat(`-A POSTROUTING -s ${isIpv6 ? NETWORK6 : NETWORK} ! -o docker0 -j MASQUERADE`);
    if (target === undefined) return IN_KERNEL;
    for (const { proto, hostPort, port } of PUBLISHED)
      nat(
        `-A PREROUTING -m addrtype --dst-type LOCAL -p ${proto} --dport ${hostPort} -j DNAT --to-destination ${bracketed(target)}:${port}`,
      );
    return IN_KERNEL;
  },
};
