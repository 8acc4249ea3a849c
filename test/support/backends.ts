/**
 * What does the same job in the same world, so that a case can compare what arrives: tsproxy as by default, where the kernel carries what is decided;
 * tsproxy with every packet by its loop in TypeScript; and kernel NAT.
 */

import { startNftables } from "./nftables.js";
import type { World } from "./topology.js";
import { startTsproxy } from "./tsproxy.js";

export interface StartOptions {
  /** As for `-p`. */
  publish?: string[];
  /** As for `--allow-from`. */
  allowFrom?: string;
}

/** A translated flow: what the first packet looked like on arrival, and what the answer looks like where it starts. */
export interface Flow {
  proto: string;
  /** `ADDRESS:PORT`. */
  original: { src: string; dst: string };
  reply: { src: string; dst: string };
}

export interface Running {
  /** Flows translated since the start; those that merely passed do not count. */
  created(): Promise<number>;
  /** Translated flows that are alive. */
  flows(): Promise<Flow[]>;
  stop(): Promise<void>;
}

export type BackendName = "tsproxy" | "loop" | "nftables";

/** TSPROXY_TEST_BACKENDS=nftables leaves tsproxy out: for work on the laboratory itself. */
export const BACKENDS = (process.env.TSPROXY_TEST_BACKENDS?.split(",") ?? ["tsproxy", "loop", "nftables"]) as BackendName[];

export function startBackend(name: BackendName, world: World, options: StartOptions): Promise<Running> {
  if (name === "nftables") return startNftables(world, options);
  return startTsproxy(world, options, name === "loop" ? ["--offload", "never"] : []);
}
