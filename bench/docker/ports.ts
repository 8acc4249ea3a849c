/** What a long port range costs: time of `docker run` and `docker rm`, processes, and their memory. */
import { Dockerd, IMAGE } from "../../test/support/dockerd.js";
import { Lab } from "../../test/support/lab.js";
import { sleep } from "../../test/support/proc.js";
import { buildWorld } from "../../test/support/topology.js";
import { memoryOf } from "../cpu.js";
import { describeMachine, type Machine } from "../machine.js";
import { type Case, configOf, PROXIES, versionsOf } from "./cases.js";

export const FIRST_PORT = 20_000;
/** 1,000 ports with several runs of iptables each take minutes. */
const PATIENCE_MS = 600_000;
/** Until garbage of the start has been collected, or not. */
const SETTLE_MS = 1_000;

export interface Costs {
  /** Seconds of the client. */
  run: number;
  remove: number;
  processes: number;
  /** MiB. */
  rss: number;
  pss: number;
}

/** With docker's rules fewer: `docker run` and `docker rm` of 1,000 ports then take a minute or two, nearly all of it iptables'. */
export interface PortRounds {
  iptables: number;
  noIptables: number;
}

export interface PortResults {
  date: string;
  command: string;
  machine: Machine;
  versions: Record<string, string>;
  rounds: PortRounds;
  ports: number;
  /** By name of the case, one a round. */
  costs: Record<string, Costs[]>;
}

async function measure(config: Record<string, unknown>, ports: number): Promise<Costs> {
  const lab = new Lab();
  let dockerd: Dockerd | undefined;
  try {
    dockerd = await Dockerd.start(lab, buildWorld(lab, "own").host, { config });
    // As on a host in use: the daemon behind the launchers runs already.
    await dockerd.run(["-p", "19999:80", "--name", "first"], "sleep", "100000");
    const range = `${FIRST_PORT}-${FIRST_PORT + ports - 1}`;
    const timed = async (...args: string[]): Promise<number> => {
      const start = performance.now();
      const { code, stderr } = await dockerd!.docker(args, PATIENCE_MS);
      if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
      return (performance.now() - start) / 1000;
    };
    const run = await timed("run", "-d", "--name", "range", "-p", `${range}:${range}`, IMAGE, "sleep", "100000");
    await sleep(SETTLE_MS);
    const pids = dockerd.processes(PROXIES).map(({ pid }) => pid);
    const memory = memoryOf(pids);
    return { run, remove: await timed("rm", "-f", "range"), processes: pids.length, ...memory };
  } finally {
    await dockerd?.remove();
    await lab.close();
  }
}

/** Every round begins with another case. */
export async function measurePorts(cases: readonly Case[], rounds: PortRounds, ports: number, command: string): Promise<PortResults> {
  const costs: Record<string, Costs[]> = Object.fromEntries(cases.map(({ name }) => [name, []]));
  for (let round = 0; round < Math.max(rounds.iptables, rounds.noIptables); round++) {
    const due = cases.filter(({ iptables }) => round < (iptables ? rounds.iptables : rounds.noIptables));
    for (let k = 0; k < due.length; k++) {
      const item = due[(k + round) % due.length]!;
      const one = await measure(configOf(item), ports);
      costs[item.name]!.push(one);
      console.log(`round ${round + 1} ${item.name}, ${ports} ports: ${JSON.stringify(one)}`);
    }
  }
  return { date: new Date().toISOString(), command, machine: describeMachine(), versions: versionsOf(), rounds, ports, costs };
}
