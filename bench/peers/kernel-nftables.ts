/** Kernel NAT by an nftables rule set. */
import { ADDR, NETWORK } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { IN_KERNEL, needs, type Peer } from "./peer.js";

export const kernelNftables: Peer = {
  name: "nftables",
  title: "kernel nftables",
  mover: "kernel",
  scenarios: ["publish", "masquerade"],
  containers: "bridge",
  version: () => versionOf(["nft", "--version"]),
  missing: needs("nft"),
  start: async (session) => {
    const published = session.scenario === "publish" ? PUBLISHED : [];
    const dnat = published.map(
      ({ proto, hostPort, port }) => `    fib daddr type local ${proto} dport ${hostPort} dnat to ${ADDR.c1}:${port}`,
    );
    session.run("host", ["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    session.run(
      "host",
      ["nft", "-f", "-"],
      `table ip bench {
  chain prerouting {
    type nat hook prerouting priority dstnat;
${dnat.join("\n")}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${NETWORK} oifname != "docker0" masquerade
  }
}`,
    );
    return IN_KERNEL;
  },
};
