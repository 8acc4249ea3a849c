/** `npm run bench -- docker`: tsproxy's launcher beside docker-proxy in a real dockerd. */
import { folderOf, runRounds } from "../end-to-end.js";
import { parseDocker } from "./options.js";
import { measurePorts } from "./ports.js";
import { type DockerResults, writeDocker } from "./report.js";
import { obstacle, peerOf, TRAFFIC } from "./traffic.js";

export async function docker(argv: string[]): Promise<void> {
  const { quick, cases, rounds, ports, seconds, congestion, bridgeNetfilter, out } = parseDocker(argv);
  const why = obstacle();
  if (why !== undefined) throw new Error(why);

  const command = ["npm run bench -- docker", ...argv].join(" ");
  const results: DockerResults = {};
  if (cases.ports.length > 0) results.ports = await measurePorts(cases.ports, rounds.ports, ports, command);
  if (cases.traffic.length > 0)
    results.traffic = await runRounds({
      quick,
      peers: cases.traffic.map((item) => peerOf(item, bridgeNetfilter)),
      workloads: [...TRAFFIC],
      scenarios: ["publish"],
      rounds: rounds.traffic,
      seconds,
      congestion,
      out,
    });
  console.log(writeDocker(results, folderOf({ quick, out })));
}
