/** The command line of the end-to-end benchmark. */
import fs from "node:fs";
import { parseArgs } from "node:util";
import { CUBIC } from "../test/support/topology.js";
import { PEERS as DOCKER_PEERS } from "./docker/cases.js";
import { PEERS, QUICK } from "./peers/all.js";
import type { Peer } from "./peers/peer.js";
import type { Scenario } from "./topology.js";
import { WORKLOADS } from "./workloads/all.js";
import { EVERYWHERE, type Workload } from "./workloads/workload.js";

export interface Options {
  quick: boolean;
  peers: Peer[];
  workloads: Workload[];
  scenarios: Scenario[];
  rounds: number;
  seconds: number;
  /** Congestion control of TCP in every namespace. */
  congestion: string;
  /** Folder for the results; undefined: the usual one. */
  out: string | undefined;
}

export const USAGE = `npm run bench [-- OPTIONS]            end to end: real programs through each peer
npm run bench -- memory [--quick]     the packet path in memory, beside the same in C
npm run bench -- pauses               garbage collections and deoptimisations on the packet path, times of batches
npm run bench -- busy                 ten minutes of 20,000 new connections a second, by the engine's clock: is one refused?
npm run bench -- cluster              1,000 networks and 10,000 endpoints over 20 nodes, and 1,000 nodes, in memory
npm run bench -- startup              time to be ready, memory, wake-ups, stop, long port ranges under dockerd
npm run bench -- docker [ports|traffic] [--quick]
                                      a real dockerd: a port range, and traffic through one port, beside docker-proxy
npm run bench -- networks [start|scale|names] [--quick]
                                      programs in networks, 1,000 endpoints, names; beside Docker and Podman
npm run bench -- overlay [--quick]    containers on two nodes, beside the kernel's VXLAN and Docker's overlay;
                                      encrypted, beside wireguard-go
npm run bench -- macvlan [--quick]    a station of a LAN and a container on it, beside the kernel's macvlan
npm run bench -- render [FOLDER]       pages and charts anew from the JSON of earlier runs (bench/results)

  --quick            five peers, published ports only, short runs: four minutes
  --peers a,b        ${PEERS.map(({ name }) => name).join(" ")}
  --workloads a,b    ${WORKLOADS.map(({ name }) => name).join(" ")}
  --scenarios a,b    ${EVERYWHERE.join(" ")}
  --rounds N         rounds, each with every peer (5; quick: 3)
  --seconds N        of each measurement (3; quick: 1); of new connections at least 3, which is longer than a client's ports last
  --congestion NAME  congestion control of TCP in every namespace (${CUBIC})
  --out FOLDER       where results go (bench/results; quick: bench/results/tmp)

startup: --quick, --rounds (5; quick: 1), --out, and
  --ports N              ports of a range under dockerd (10000; quick: 1000); ways that take processes for each get a tenth

networks: --quick, --rounds (5; quick: 1), --seconds (3; quick: 1), --out, and
  --many N               programs at once (100; quick: 5)
  --endpoints N          endpoints on one network, with ten times as many ports (1000; quick: 50)

overlay: --quick, --peers, --workloads, --rounds, --seconds, --congestion, --out; peers: vxlan docker tsproxy
  tsproxy-loop tsproxy-segments tsproxy-encrypted wireguard-go
macvlan: as overlay; peers: macvlan lan-bridge tsproxy tsproxy-ipvlan

docker: --quick, --peers, --rounds (ports 3, with iptables 1; traffic 5; quick: 1), --seconds (1), --congestion, --out;
  peers: ${DOCKER_PEERS.map(({ name }) => name).join(" ")}; and
  --ports N              length of the range (1000; quick: 20)
  --iptables BOOLEAN     only dockerd with its iptables rules (true), or only without (false)
  --no-bridge-netfilter  frames on the bridge are kept from iptables during traffic
`;

/** Throws an Error with a sentence for who typed it. */
export function parseOptions(argv: string[]): Options {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: "boolean", default: false },
      peers: { type: "string" },
      workloads: { type: "string" },
      scenarios: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      congestion: { type: "string" },
      out: { type: "string" },
    },
  });
  const quick = values.quick;
  return {
    quick,
    peers: pick("--peers", values.peers ?? (quick ? QUICK.join(",") : undefined), PEERS, ({ name }) => name),
    workloads: pick(
      "--workloads",
      values.workloads ??
        (quick
          ? WORKLOADS.filter(({ slow }) => slow !== true)
              .map(({ name }) => name)
              .join(",")
          : undefined),
      WORKLOADS,
      ({ name }) => name,
    ),
    scenarios: pick("--scenarios", values.scenarios ?? (quick ? "publish" : undefined), EVERYWHERE, (name) => name),
    rounds: positive("--rounds", values.rounds, quick ? 3 : 5),
    seconds: positive("--seconds", values.seconds, quick ? 1 : 3),
    congestion: congestionOf(values.congestion),
    out: values.out,
  };
}

/** The items of `all` that the list with commas names, in its order; without one all. */
export function pick<T>(option: string, list: string | undefined, all: readonly T[], nameOf: (item: T) => string): T[] {
  if (list === undefined) return [...all];
  return list.split(",").map((name) => {
    const item = all.find((candidate) => nameOf(candidate) === name);
    if (item === undefined) throw new Error(`${option}: there is no '${name}': ${all.map(nameOf).join(", ")}`);
    return item;
  });
}

/** A congestion control that this kernel has loaded. */
export function congestionOf(name = CUBIC): string {
  const known = fs.readFileSync("/proc/sys/net/ipv4/tcp_available_congestion_control", "utf8").trim().split(" ");
  if (!known.includes(name))
    throw new Error(`--congestion '${name}': this kernel has ${known.join(", ")} (others after modprobe tcp_NAME)`);
  return name;
}

/** A whole number from 1 up. */
export function positive(option: string, text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} '${text}': not a whole number from 1 up`);
  return value;
}
