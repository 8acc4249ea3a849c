/** VDE 2: a switch process, and a process at each TAP that plugs it in. */
import path from "node:path";
import { eventually } from "../../test/support/proc.js";
import { ADDR } from "../../test/support/topology.js";
import { versionOf } from "../machine.js";
import { needs, type Peer } from "./peer.js";

export const vdeSwitch: Peer = {
  name: "vde_switch",
  title: "vde_switch",
  mover: "vde_switch and two vde_plug2tap",
  scenarios: ["bridge"],
  containers: "none",
  version: () => versionOf(["vde_switch", "--version"]),
  missing: needs("vde_switch", "vde_plug2tap"),
  start: async (session) => {
    const socket = path.join(session.lab.dir, "vde");
    const { lab, world } = session;
    const procs = [session.start("host", ["vde_switch", "-s", socket], { input: "pipe" })];
    await eventually("vde_switch listens", () => lab.runSync(world.host, ["sh", "-c", `ls ${socket}/ctl 2>/dev/null || true`]) !== "");
    for (const [role, address] of [
      ["c1", ADDR.c1],
      ["c2", ADDR.c2],
    ] as const) {
      procs.push(session.start(role, ["vde_plug2tap", "-s", socket, "eth0"], { input: "pipe" }));
      await eventually("vde_plug2tap makes eth0", () => lab.runSync(world[role], ["ip", "-br", "link"]).includes("eth0"));
      session.ip(role, `addr add ${address}/16 dev eth0`, "link set eth0 up");
    }
    return {
      movers: procs.map(({ pid }) => pid),
      stop: async () => {
        await Promise.all(procs.reverse().map((proc) => proc.stop()));
      },
    };
  },
};
