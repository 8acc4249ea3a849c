/** The limit: the same work in C (bench/native/nat-tap.c) on TAPs and steering that tsproxy's own code makes. */
import { fileURLToPath } from "node:url";
import { versionOf } from "../machine.js";
import { native } from "../paths.js";
import { needs, type Peer } from "./peer.js";

const PROGRAM = fileURLToPath(new URL("../c-dataplane.js", import.meta.url));

export const cOnTap: Peer = {
  name: "c-on-tap",
  title: "C on the same TAPs",
  mover: "nat-tap",
  scenarios: ["publish", "bridge", "masquerade"],
  containers: (scenario) => (scenario === "publish" ? "bridge" : "none"),
  version: () => `gcc ${versionOf(["gcc", "--version"], /\d+\.\d+\.\d+/)}`,
  missing: needs(native("nat-tap")),
  start: async (session) => {
    const own = session.scenario === "publish" ? [] : [session.world.c1, session.world.c2];
    const proc = session.start("host", [process.execPath, PROGRAM, ...own]);
    await proc.until("ready", () => /^ready \d+$/m.test(proc.stdout));
    return {
      movers: [Number(/^ready (\d+)$/m.exec(proc.stdout)?.[1])],
      stop: async () => {
        await proc.stop();
      },
    };
  },
};
