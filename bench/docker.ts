/**
 * `npm run bench -- docker`: what a long port range costs in a real dockerd, with Docker's own proxy and with tsproxy's launcher: time of
 * `docker run` and `docker rm`, processes, and their memory.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Dockerd, dockerObstacle } from "../test/support/dockerd.js";
import { Lab } from "../test/support/lab.js";
import { sleep } from "../test/support/proc.js";
import { buildWorld } from "../test/support/topology.js";
import { memoryOf } from "./cpu.js";
import { describeMachine, versionOf } from "./machine.js";
import { RESULTS, ROOT } from "./paths.js";
import { table } from "./report.js";
import { format, summarize } from "./stats.js";

const LAUNCHER = `${ROOT}native/build/tsproxy-docker-proxy`;
const FIRST_PORT = 20_000;
/** 1,000 ports with two runs of iptables each take minutes on a slow machine. */
const PATIENCE_MS = 600_000;
/** Until garbage of the start has been collected, or not. */
const SETTLE_MS = 1_000;
const PROXIES = /docker-proxy -proto|main\.js daemon/;

interface Costs {
  /** Seconds of the client. */
  run: number;
  remove: number;
  /** Proxies, and the daemon behind them. */
  processes: number;
  /** MiB. */
  rss: number;
  pss: number;
}

const COLUMNS: [keyof Costs, string][] = [
  ["run", "docker run, s"],
  ["remove", "docker rm -f, s"],
  ["processes", "processes"],
  ["rss", "RSS summed, MiB"],
  ["pss", "PSS summed, MiB"],
];

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
    const run = await timed("run", "-d", "--name", "range", "-p", `${range}:${range}`, "tsproxy-test", "sleep", "100000");
    await sleep(SETTLE_MS);
    const pids = dockerd.processes(PROXIES).map(({ pid }) => pid);
    const memory = memoryOf(pids);
    return { run, remove: await timed("rm", "-f", "range"), processes: pids.length, ...memory };
  } finally {
    await dockerd?.remove();
    await lab.close();
  }
}

export async function docker(argv: string[]): Promise<void> {
  const options = {
    rounds: { type: "string", default: "3" },
    ports: { type: "string", default: "1000" },
    iptables: { type: "string", default: "true,false" },
    out: { type: "string" },
  } as const;
  const { values } = parseArgs({ args: argv, options });
  const [rounds, ports] = [Number(values.rounds), Number(values.ports)];
  const obstacle = dockerObstacle();
  if (obstacle !== undefined) throw new Error(obstacle);
  const modes = values.iptables.split(",").map((word) => word === "true");
  const cases = modes.flatMap((iptables) => [
    { name: "docker-proxy", iptables, config: { iptables } },
    { name: "tsproxy", iptables, config: { iptables, "userland-proxy-path": LAUNCHER } },
  ]);
  const costs = cases.map((): Costs[] => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, { name, iptables, config }] of cases.entries()) {
      const one = await measure(config, ports);
      costs[i]!.push(one);
      console.log(`round ${round + 1}/${rounds} ${name}, iptables ${iptables}: ${JSON.stringify(one)}`);
    }

  const rows = cases.map(({ name, iptables }, i) => [
    name,
    String(iptables),
    ...COLUMNS.map(([key]) => format(summarize(costs[i]!.map((one) => one[key])).median)),
  ]);
  const machine = describeMachine();
  const markdown = `# A port range under Docker

\`npm run bench -- docker\`: \`docker run -p ${FIRST_PORT}-${FIRST_PORT + ports - 1}\` in dockerd ${versionOf(["dockerd", "--version"], /\d+\.\d+\.\d+/)}, each port for IPv4 and IPv6.
${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}. Medians of ${rounds} rounds. Processes and memory: the proxies and, of tsproxy,
the daemon behind them.

${table([["userland proxy", "iptables", ...COLUMNS.map(([, title]) => title)], ...rows])}
`;
  const folder = values.out ?? RESULTS;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "docker.json"), `${JSON.stringify({ machine, ports, cases, costs }, null, 1)}\n`);
  fs.writeFileSync(path.join(folder, "docker.md"), markdown);
  console.log(markdown);
}
