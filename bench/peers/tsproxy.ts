/**
 * tsproxy as users start it. `tsproxy`: containers on a kernel bridge, packets of established flows carried by its BPF programs where they can be; for
 * bridge and masquerade, and as `tsproxy-own`, in its own network. `tsproxy-loop`: TypeScript moves every packet. `tsproxy-workers`: the same by two
 * workers. `tsproxy-own-tap`: in its own network, behind a TAP, so all is the loop's. `tsproxy-over-bridge`: as `tsproxy`, all packets over the bridge. `…-bypass`: with new connections taken before the host's firewall, to see what it costs to let that decide.
 */
import { MAIN } from "../../test/support/paths.js";
import { networkArgs, untilReady } from "../../test/support/tsproxy.js";
import { versionOf } from "../machine.js";
import { bracketed, PUBLISHED, type Scenario, type Session } from "../topology.js";
import type { Peer, Started } from "./peer.js";

/** For clients of the family that asks alone. */
function publishArgs({ target, isIpv6 }: Session): string[] {
  if (target === undefined) return [];
  const host = isIpv6 ? "[::]:" : "";
  return PUBLISHED.flatMap(({ proto, hostPort, port }) => ["-p", `${host}${hostPort}:${bracketed(target)}:${port}/${proto}`]);
}

async function start(session: Session, own: boolean, options: string[] = []): Promise<Started> {
  const network = own ? networkArgs(session.world, session.isIpv6) : [];
  const publish = publishArgs(session);
  const proc = await untilReady(session.start("host", [process.execPath, MAIN, ...options, ...publish, ...network]));
  return {
    movers: [proc.pid],
    stop: async () => {
      const { code, stderr } = await proc.stop();
      if (code !== 0) throw new Error(`tsproxy exits with ${code}: ${stderr}`);
    },
  };
}

const PUBLISH: readonly Scenario[] = ["publish", "publish6", "nat64"];

const LOOP = ["--offload", "never"];

const common = { mover: "node (tsproxy)", version: () => versionOf([process.execPath, MAIN, "--version"]), missing: () => undefined };

export const tsproxy: Peer = {
  ...common,
  mover: "kernel by BPF, node for what is new",
  name: "tsproxy",
  title: "tsproxy",
  scenarios: ["publish", "publish6", "nat64", "bridge", "masquerade"],
  containers: (scenario) => (scenario === "bridge" || scenario === "masquerade" ? "none" : "bridge"),
  start: (session) => start(session, session.target === undefined),
};

export const tsproxyOwn: Peer = {
  ...tsproxy,
  name: "tsproxy-own",
  title: "tsproxy, own network",
  mover: "kernel by BPF, node for what is new and for all across the families",
  scenarios: PUBLISH,
  containers: "none",
  start: (session) => start(session, true),
};

export const tsproxyOwnTap: Peer = {
  ...common,
  name: "tsproxy-own-tap",
  title: "tsproxy, own network, TAP",
  scenarios: [...PUBLISH, "bridge", "masquerade"],
  containers: "none",
  start: (session) => start(session, true, ["--attach", "tap"]),
};

export const tsproxyWorkers: Peer = {
  ...common,
  name: "tsproxy-workers",
  title: "tsproxy (loop) --workers 2",
  scenarios: PUBLISH,
  containers: "bridge",
  start: (session) => start(session, false, [...LOOP, "--workers", "2"]),
};

export const tsproxyLoop: Peer = {
  ...common,
  name: "tsproxy-loop",
  title: "tsproxy (loop)",
  scenarios: PUBLISH,
  containers: "bridge",
  start: (session) => start(session, false, LOOP),
};

export const tsproxyOverBridge: Peer = {
  ...tsproxy,
  name: "tsproxy-over-bridge",
  scenarios: PUBLISH,
  title: "tsproxy, over the bridge",
  start: (session) => start(session, false, ["--past-bridge", "never"]),
};

export const tsproxyBypass: Peer = {
  ...tsproxy,
  name: "tsproxy-bypass",
  title: "tsproxy, firewall bypassed",
  scenarios: ["publish"],
  containers: "bridge",
  start: (session) => start(session, false, ["--firewall", "bypass"]),
};

export const tsproxyLoopBypass: Peer = {
  ...tsproxyLoop,
  name: "tsproxy-loop-bypass",
  scenarios: ["publish"],
  title: "tsproxy (loop), firewall bypassed",
  start: (session) => start(session, false, [...LOOP, "--firewall", "bypass"]),
};
