/** pasta: gives a namespace a TAP and translates it to sockets of the host. */

import { eventually } from "../../test/support/proc.js";
import { ADDR } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { needs, type Peer } from "./peer.js";

/** Bytes of a connection that the container may have under way: the largest with which nothing was dropped. */
const SEND_BUFFER = 262_144;

export const pasta: Peer = {
  name: "pasta",
  title: "pasta",
  mover: "pasta",
  scenarios: ["publish", "masquerade"],
  containers: "none",
  // its own --version says "unknown" in Debian 12
  version: () => versionOf(["dpkg-query", "--show", "passt"], /\d.+/),
  missing: needs("pasta"),
  start: async (session) => {
    const { lab, world } = session;
    // It takes addresses and gateway of the interface with the default route.
    session.ip("host", `route add default via ${ADDR.client} dev eth0`);
    const ports = PUBLISHED.flatMap(({ proto, hostPort, port }) => [proto === "tcp" ? "-t" : "-u", `${hostPort}:${port}`]);
    const address = ["-a", ADDR.c1, "-n", "255.255.0.0", "-g", ADDR.gateway];
    const program = [
      "pasta",
      "-f",
      "-q",
      "--runas",
      "0",
      "--config-net",
      "-I",
      "eth0",
      ...address,
      ...ports,
      "--netns",
      `/run/netns/${world.c1}`,
    ];
    const proc = session.start("host", program);
    // What does not fit into the send buffer of its socket to the client pasta drops after it has read it, and the container sends it again when
    // its timer runs out. So the container is kept from having more under way than that buffer drains.
    session.run("c1", ["sysctl", "-qw", `net.ipv4.tcp_wmem=4096 16384 ${SEND_BUFFER}`]);
    await eventually("pasta sets up eth0", () => {
      if (!proc.running) throw new Error(`pasta ended: ${proc.stderr}`);
      return lab.runSync(world.c1, ["ip", "-br", "addr"]).includes(ADDR.c1);
    });
    return {
      movers: [proc.pid],
      stop: async () => {
        await proc.stop();
      },
    };
  },
};
