/** What can be measured: something that brings packets from one namespace to another. */
import fs from "node:fs";
import type { Containers, Scenario, Session } from "../topology.js";

export interface Started {
  /** Processes that move the bytes; none when the kernel does. */
  movers: number[];
  /** Who moved the bytes so far, in words, where only observation tells. */
  observe?(): Promise<string>;
  stop(): Promise<void>;
}

export interface Peer {
  /** As in `--peers`. */
  name: string;
  title: string;
  /** Who moves the bytes, in words. */
  mover: string;
  scenarios: readonly Scenario[];
  /** How the containers are attached before `start`. */
  containers: Containers | ((scenario: Scenario) => Containers);
  /** False: TCP only. */
  udp?: false;
  version(): string;
  /** Why it cannot run here. */
  missing(): string | undefined;
  /** Makes the network, instead of `containers`. */
  open?(): Promise<Session>;
  start(session: Session): Promise<Started>;
}

/** Path of a program, or undefined; also looked for where root's PATH may not lead. */
export function which(name: string, folders: string[] = []): string | undefined {
  const all = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/sbin", ...folders];
  if (name.startsWith("/")) return fs.existsSync(name) ? name : undefined;
  return all.map((folder) => `${folder}/${name}`).find((file) => fs.existsSync(file));
}

/** The `missing` of a peer that is made of programs. */
export function needs(...names: string[]): () => string | undefined {
  return () => {
    const absent = names.filter((name) => which(name) === undefined);
    return absent.length === 0 ? undefined : `not installed: ${absent.join(", ")}`;
  };
}

/** For peers that are nothing but kernel configuration, which ends with the namespace. */
export const IN_KERNEL: Started = { movers: [], stop: async () => {} };
