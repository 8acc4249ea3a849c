/** Connections that speak by themselves, from both ends, while what they go through is restarted. */
import { expect } from "vitest";
import type { Case } from "./cases.js";
import { eventually, sleep } from "./proc.js";
import { program } from "./servers.js";
import { ADDR } from "./topology.js";

/** So long as the machine is busy, a thousand connections take some time to speak. */
const PERIOD_MS = 250;

export interface Report {
  open: number;
  ended: string[];
  wrong: number;
  silent: number;
  gapMs: number;
}

/** Connections that both ends keep busy, the server by itself. */
export async function stream(
  c: Case,
  from: string,
  to: string,
  at: { ns: string; port: number },
  count: number,
): Promise<() => Promise<Report>> {
  const server = c.lab.start(at.ns, [process.execPath, program("stream-server"), String(at.port), String(PERIOD_MS)]);
  await server.until("listening", () => server.stdout.includes("listening"));
  const [host = "", port = ""] = to.split(":");
  const argv = [process.execPath, program("stream-client"), host, port, String(count), String(PERIOD_MS)];
  const client = c.lab.start(from, argv, { input: "pipe" });
  await client.until("all connections", () => client.stdout.includes("ready"), 20_000);
  let asked = 0;
  return async () => {
    client.write("\n");
    asked++;
    const reports = (): Report[] => client.events().filter(({ event }) => event === "report") as unknown as Report[];
    await client.until("a report", () => reports().length === asked);
    const { open, ended, wrong, silent, gapMs } = reports().at(-1)!;
    return { open, ended, wrong, silent, gapMs };
  };
}

/** Waits until all connections speak again, none of them lost; answers the longest silence, in ms. TCP tries again after pauses that double. */
export async function speaking(report: () => Promise<Report>, count: number): Promise<number> {
  let gapMs = 0;
  await sleep(1100);
  const last = await eventually(
    "all speak again",
    async () => {
      const now = await report();
      gapMs = Math.max(gapMs, now.gapMs);
      return (now.silent === 0 || now.open < count) && now;
    },
    15_000,
  );
  expect(last).toMatchObject({ open: count, ended: [], wrong: 0, silent: 0 });
  return gapMs;
}

/** Whether a new connection comes about, in the end. */
export async function opens(c: Case, from: string, port: number): Promise<boolean> {
  const { code } = await c.lab.run(from, ["nc", "-z", "-w", "8", ADDR.host, String(port)]);
  return code === 0;
}

/** As dockerd sets its host up: what a container sends by itself is forwarded behind another source, if nobody holds it back. */
export function asDockerd(c: Case): void {
  c.lab.sysctl(c.host, "net.ipv4.ip_forward", 1);
  const masquerade = ["-s", "172.17.0.0/16", "!", "-o", "docker0", "-j", "MASQUERADE"];
  c.lab.runSync(c.host, ["iptables", "-t", "nat", "-A", "POSTROUTING", ...masquerade]);
}
