/** The limit without translation: the container on a bare veth pair, routed to at its own address; for the bridge rows veth and a Linux bridge. */
import os from "node:os";
import { ADDR } from "../../test/support/topology.js";
import { IN_KERNEL, type Peer } from "./peer.js";

export const veth: Peer = {
  name: "veth",
  title: "veth, no NAT",
  mover: "kernel",
  scenarios: ["publish", "bridge"],
  containers: (scenario) => (scenario === "bridge" ? "bridge" : "veth"),
  version: () => os.release(),
  missing: () => undefined,
  start: async (session) => {
    if (session.scenario === "publish") {
      session.direct = true;
      session.ip("host", `addr add ${ADDR.gateway}/32 dev veth1`, `route add ${ADDR.c1} dev veth1`);
      session.run("host", ["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    }
    return IN_KERNEL;
  },
};
