/** Kernel NAT by iptables rules, no more of them than the job needs. */
import { ADDR, NETWORK } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { IN_KERNEL, needs, type Peer } from "./peer.js";

export const kernelIptables: Peer = {
  name: "iptables",
  title: "kernel iptables",
  mover: "kernel",
  scenarios: ["publish", "masquerade"],
  containers: "bridge",
  version: () => versionOf(["iptables", "--version"], /v\S+( \S+)?/),
  missing: needs("iptables"),
  start: async (session) => {
    const nat = (rule: string): string => session.run("host", ["iptables", "-t", "nat", ...rule.split(" ")]);
    session.run("host", ["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    nat(`-A POSTROUTING -s ${NETWORK} ! -o docker0 -j MASQUERADE`);
    if (session.scenario !== "publish") return IN_KERNEL;
    for (const { proto, hostPort, port } of PUBLISHED)
      nat(`-A PREROUTING -m addrtype --dst-type LOCAL -p ${proto} --dport ${hostPort} -j DNAT --to-destination ${ADDR.c1}:${port}`);
    return IN_KERNEL;
  },
};
