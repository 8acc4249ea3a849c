/** `npm run bench -- docker`: tsproxy's launcher beside docker-proxy in a real dockerd. */
import { parseArgs } from "node:util";
import { folderOf, runRounds } from "../end-to-end.js";
import { congestionOf, positive } from "../options.js";
import { CASES } from "./cases.js";
import { measurePorts } from "./ports.js";
import { type DockerResults, writeDocker } from "./report.js";
import { obstacle, peerOf, TRAFFIC } from "./traffic.js";

const HALVES = ["ports", "traffic"];

export async function docker(argv: string[]): Promise<void> {
  const options = {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    congestion: { type: "string" },
    ports: { type: "string" },
    iptables: { type: "string" },
    "no-bridge-netfilter": { type: "boolean", default: false },
    out: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const unknown = positionals.find((word) => !HALVES.includes(word));
  if (unknown !== undefined) throw new Error(`docker: there is no '${unknown}': ${HALVES.join(", ")}`);
  const { quick, iptables, out } = values;
  const cases = CASES.filter((item) => iptables === undefined || iptables === String(item.iptables));
  if (cases.length === 0) throw new Error(`--iptables '${iptables}': true or false`);
  const roundsOr = (otherwise: number): number => positive("--rounds", values.rounds, quick ? 1 : otherwise);
  const portRounds = { iptables: roundsOr(1), noIptables: roundsOr(3) };
  const trafficRounds = roundsOr(5);
  const ports = positive("--ports", values.ports, quick ? 20 : 1_000);
  const seconds = positive("--seconds", values.seconds, 1);
  const congestion = congestionOf(values.congestion);
  const why = obstacle();
  if (why !== undefined) throw new Error(why);

  const wanted = (half: string): boolean => positionals.length === 0 || positionals.includes(half);
  const command = ["npm run bench -- docker", ...argv].join(" ");
  const results: DockerResults = {};
  if (wanted("ports"))
    results.ports = await measurePorts(
      cases.filter(({ loop, driver }) => !loop && !driver),
      portRounds,
      ports,
      command,
    );
  if (wanted("traffic"))
    results.traffic = await runRounds({
      quick,
      peers: cases.map((item) => peerOf(item, !values["no-bridge-netfilter"])),
      workloads: [...TRAFFIC],
      scenarios: ["publish"],
      rounds: trafficRounds,
      seconds,
      congestion,
      out,
    });
  console.log(writeDocker(results, folderOf({ quick, out })));
}
