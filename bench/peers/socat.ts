/** socat, which forks for each connection. */
import { ADDR } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { needs, type Peer } from "./peer.js";

export const socat: Peer = {
  name: "socat",
  title: "socat",
  mover: "socat, one process a connection",
  scenarios: ["publish"],
  containers: "bridge",
  version: () => versionOf(["socat", "-V"], /\d+(\.\d+){3}/),
  missing: needs("socat"),
  start: async (session) => {
    const procs = PUBLISHED.map(({ proto, hostPort, port }) => {
      const [listen, connect] = proto === "tcp" ? ["TCP-LISTEN", "TCP"] : ["UDP-LISTEN", "UDP"];
      const nodelay = proto === "tcp" ? ",nodelay" : "";
      return session.start("host", [
        "socat",
        "-b65536",
        `${listen}:${hostPort},fork,reuseaddr${nodelay}`,
        `${connect}:${ADDR.c1}:${port}${nodelay}`,
      ]);
    });
    for (const { proto, hostPort } of PUBLISHED) if (proto === "tcp") await session.listening("host", hostPort);
    return {
      movers: procs.map(({ pid }) => pid),
      stop: async () => {
        // its children of UDP "connections" never end by themselves
        for (const { pid } of procs)
          session.lab.runSync(session.world.host, ["sh", "-c", `kill $(ps -o pid= --ppid ${pid}) 2>/dev/null || true`]);
        await Promise.all(procs.map((proc) => proc.stop()));
      },
    };
  },
};
