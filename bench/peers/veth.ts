/** The limit without translation: routed to the container's own address; for the bridge rows veth and a Linux bridge. */
import os from "node:os";
import { IN_KERNEL, type Peer } from "./peer.js";

export const veth: Peer = {
  name: "veth",
  title: "veth, no NAT",
  mover: "kernel",
  scenarios: ["publish", "bridge"],
  containers: "bridge",
  version: () => os.release(),
  missing: () => undefined,
  start: async (session) => {
    if (session.scenario === "publish") {
      session.direct = true;
      session.run("host", ["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    }
    return IN_KERNEL;
  },
};
