/**
 * HAProxy in TCP mode with splice(2), its threads as it chooses. `splice-auto` leaves it to HAProxy when to splice, and it hardly ever does
 * here (seen by strace: once in 10,000 sends); the two options by direction have it splice.
 */
import fs from "node:fs";
import path from "node:path";
import { ADDR } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { needs, type Peer } from "./peer.js";

export const haproxy: Peer = {
  name: "haproxy",
  title: "HAProxy (TCP)",
  mover: "haproxy",
  scenarios: ["publish"],
  containers: "bridge",
  udp: false,
  version: () => versionOf(["haproxy", "-v"]),
  missing: needs("haproxy"),
  start: async (session) => {
    const file = path.join(session.lab.dir, "haproxy.cfg");
    const listeners = PUBLISHED.filter(({ proto }) => proto === "tcp").map(
      ({ hostPort, port }) => `listen p${hostPort}\n  bind *:${hostPort}\n  server c1 ${ADDR.c1}:${port}`,
    );
    const defaults =
      "defaults\n  mode tcp\n  option splice-request\n  option splice-response\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h";
    fs.writeFileSync(file, `global\n  maxconn 4096\n${defaults}\n${listeners.join("\n")}\n`);
    const proc = session.start("host", ["haproxy", "-db", "-f", file]);
    await session.listening("host", PUBLISHED[0]!.hostPort);
    return {
      movers: [proc.pid],
      stop: async () => {
        await proc.stop("SIGINT");
      },
    };
  },
};
