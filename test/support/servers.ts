/** Real servers in a namespace, started and listening when the call returns; `peers` is what each of them saw. */
import { fileURLToPath } from "node:url";
import type { Lab } from "./lab.js";
import type { Proc } from "./proc.js";

export function program(name: string): string {
  return fileURLToPath(new URL(`programs/${name}.mjs`, import.meta.url));
}

export type ServerKind = "http" | "tcp" | "udp" | "dns";

export class Server {
  constructor(readonly proc: Proc) {}

  /** `ADDRESS:PORT` of every request so far, in order. */
  get peers(): string[] {
    return this.proc
      .events()
      .filter(({ event }) => event === "request")
      .map(({ peer }) => String(peer));
  }

  /** Addresses alone. */
  get hosts(): string[] {
    return this.peers.map((peer) => peer.slice(0, peer.lastIndexOf(":")).replace(/^::ffff:(?=[\d.]+$)/, ""));
  }
}

export async function serve(lab: Lab, ns: string, kind: ServerKind, port: number, env: Record<string, string> = {}): Promise<Server> {
  const proc = lab.start(ns, [process.execPath, program(`${kind}-server`), String(port)], { env });
  return new Server(await proc.until("listening", () => proc.events().some(({ event }) => event === "listening")));
}

/** iperf3 server for one port; ended with the lab. */
export async function serveIperf(lab: Lab, ns: string, port: number): Promise<Proc> {
  const proc = lab.start(ns, ["iperf3", "-s", "--forceflush", "-p", String(port)]);
  return proc.until("listening", () => proc.stdout.includes("Server listening"));
}
