/** The command line of the benchmark under dockerd. */
import { parseArgs } from "node:util";
import { congestionOf, pick, positive } from "../options.js";
import { CASES, type Case, PEERS } from "./cases.js";
import type { PortRounds } from "./ports.js";

const HALVES = ["ports", "traffic"] as const;

export interface DockerOptions {
  quick: boolean;
  /** What each half measures, Docker's own first; empty: that half is not wanted. */
  cases: Record<(typeof HALVES)[number], Case[]>;
  rounds: { ports: PortRounds; traffic: number };
  /** Length of the range. */
  ports: number;
  /** Of each measurement of traffic. */
  seconds: number;
  congestion: string;
  /** Frames on the bridge pass iptables during traffic, as dockerd has it. */
  bridgeNetfilter: boolean;
  out: string | undefined;
}

/** Throws an Error with a sentence for who typed it. */
export function parseDocker(argv: string[]): DockerOptions {
  const options = {
    quick: { type: "boolean", default: false },
    peers: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    congestion: { type: "string" },
    ports: { type: "string" },
    iptables: { type: "string" },
    "no-bridge-netfilter": { type: "boolean", default: false },
    out: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const { quick, iptables, out } = values;
  const unknown = positionals.find((word) => !HALVES.some((half) => half === word));
  if (unknown !== undefined) throw new Error(`docker: there is no '${unknown}': ${HALVES.join(", ")}`);
  if (iptables !== undefined && iptables !== "true" && iptables !== "false") throw new Error(`--iptables '${iptables}': true or false`);
  const peers = pick("--peers", values.peers, PEERS, ({ name }) => name);
  const chosen = CASES.filter(
    (item) => peers.some(({ name }) => name === item.peer) && (iptables === undefined || iptables === String(item.iptables)),
  );
  const withPorts = chosen.filter(({ loop, driver }) => !loop && !driver);
  if (withPorts.length === 0 && positionals.includes("ports")) throw new Error("--peers: of these, only traffic tells the difference");
  const ofHalf = (half: string, cases: Case[]): Case[] => (positionals.length === 0 || positionals.includes(half) ? cases : []);
  const roundsOr = (otherwise: number): number => positive("--rounds", values.rounds, quick ? 1 : otherwise);
  return {
    quick,
    cases: { ports: ofHalf("ports", withPorts), traffic: ofHalf("traffic", chosen) },
    rounds: { ports: { iptables: roundsOr(1), noIptables: roundsOr(3) }, traffic: roundsOr(5) },
    ports: positive("--ports", values.ports, quick ? 20 : 1_000),
    seconds: positive("--seconds", values.seconds, 1),
    congestion: congestionOf(values.congestion),
    bridgeNetfilter: !values["no-bridge-netfilter"],
    out,
  };
}
