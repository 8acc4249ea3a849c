/**
 * Loads the programs that carry flows (offload-program.ts), as far as they are wanted and the kernel takes them. Whatever it refuses, flows are served
 * without it, unless that must not be.
 */
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import { randomHex } from "../sys/random.js";
import type { LinkLayer, MapFds } from "./program.js";
import { type SteerOptions, steerProgram } from "./steer-program.js";

/** `auto`: where the kernel takes the programs, else not. */
export type OffloadMode = "auto" | "always" | "never";

/** What became of it. */
export interface OffloadState {
  mode: OffloadMode;
  /** Flows of the family are carried. */
  ipv4: boolean;
  ipv6: boolean;
  /** Why not, though they were to be. */
  reason?: string;
  /** Programs that the kernel refused. */
  refused: number;
  /** It is not known yet. */
  loading?: boolean;
}

/** As in `SteeringOptions`. */
interface Options extends Pick<SteerOptions, "bypass" | "ipsec" | "ipv6" | "pastBridge"> {
  uplinks: readonly number[];
  store?: FdStore | undefined;
  /** Called for each program that does without going past bridges, since the kernel has refused it with. */
  refused?: (reason: string) => void;
}

/** Devices of these kinds get programs that carry. */
export const CARRYING_LINKS = ["ethernet", "loopback"] as const;

/** As long as it is not known what the kernel takes. Flows are decided on as if it took all: until it does, their packets come to the engine. */
export function offloadToCome({ ipv6 = false }: Pick<Options, "ipv6">): OffloadState {
  return { mode: "auto", ipv4: true, ipv6, refused: 0, loading: true };
}

/** What was loaded: descriptors, also added to `fds`, of programs by device, none where flows are not carried. */
export interface LoadedOffload {
  state: OffloadState;
  programs: ReadonlyMap<LinkLayer, number>;
}

/** `TSP_ERR_OFFLOAD`: flows must be carried, and the kernel refuses. */
export function* useOffload(mode: OffloadMode, options: Options, maps: MapFds, fds: number[]): bpf.Steps<LoadedOffload> {
  const state: OffloadState = { mode, ipv4: false, ipv6: false, refused: 0 };
  const programs = new Map<LinkLayer, number>();
  if (mode === "never") return { state, programs };
  const refuse = (reason: string): void => {
    state.reason = reason;
    state.refused++;
  };
  try {
    let ipv6Error: TsproxyError | undefined;
    for (const link of CARRYING_LINKS) {
      const loaded = yield* loadOffload(options, maps, fds, link);
      programs.set(link, loaded.fd);
      ipv6Error ??= loaded.ipv6Error;
    }
    state.ipv4 = true;
    state.ipv6 = options.ipv6 === true && ipv6Error === undefined;
    if (ipv6Error !== undefined) refuse(`IPv6 flows are not offloaded: ${ipv6Error.message}; with CAP_PERFMON they may be`);
  } catch (error) {
    if (mode === "always" || !(error instanceof TsproxyError)) throw error;
    programs.clear();
    refuse(`flows are not offloaded: ${causeOf(error)}`);
  }
  return { state, programs };
}

/** A warning, if flows are not carried though they were to be. That an old kernel does not know how is no news. */
export function tellOffload({ reason }: OffloadState): void {
  if (reason !== undefined) log[isOld() ? "info" : "warn"](`${reason}; TypeScript moves their packets`);
}

/** Before Linux 5.11, whose programs may look at a clock that is cheap. */
function isOld(): boolean {
  const [major = 0, minor = 0] = os.release().split(".").map(Number);
  return major < 5 || (major === 5 && minor < 11);
}

/** What the kernel said, without what to do about it when offload is wanted. */
function causeOf(error: TsproxyError): string {
  return error.code === "TSP_ERR_OFFLOAD" && error.cause instanceof Error ? error.cause.message : error.message;
}

/**
 * Descriptor, also added to `fds`, of the program that devices of the kind get with offload. It is one a family, the second called by the first:
 * the verifier would find both together too complex, for who lacks CAP_PERFMON. `TSP_ERR_OFFLOAD`: the kernel refuses it. Extension headers make the one
 * for IPv6 longer: where the verifier refuses that alone (`ipv6Error`), IPv6 packets go to the engine, as without offload.
 */
export function* loadOffload(
  options: Options,
  maps: MapFds,
  fds: number[],
  link: (typeof CARRYING_LINKS)[number] = "ethernet",
): bpf.Steps<{ fd: number; ipv6Error?: TsproxyError }> {
  const load = (name: string, more: SteerOptions): bpf.Steps<number> =>
    loadPastBridge(options, function* (pastBridge) {
      const code = steerProgram(link, options.uplinks, maps, { ...options, offload: true, ...more, pastBridge });
      const fd = yield* bpf.loadingProgram(name, code);
      fds.push(fd);
      return fd;
    });
  try {
    if (options.ipv6 !== true) return { fd: yield* load("tsproxy_offload", {}) };
    const ipv6Program = bpf.createMap({ name: "tsproxy_offload6", type: bpf.MAP_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 });
    fds.push(ipv6Program);
    const fd = yield* load("tsproxy_offload", { version: 4, ipv6Program });
    let fd6: number;
    let ipv6Error: TsproxyError | undefined;
    try {
      fd6 = yield* load("tsproxy_off6", { version: 6 });
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      ipv6Error = error;
      fd6 = yield* load("tsproxy_steer6", { version: 6, offload: false });
    }
    bpf.updateElement(ipv6Program, new Uint8Array(4), new Uint8Array(Uint32Array.of(fd6).buffer));
    options.store?.put(ownName(`offload6-${link}`), [ipv6Program]); // who holds the array keeps what is in it
    return { fd, ...(ipv6Error && { ipv6Error }) };
  } catch (error) {
    if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_BPF_REJECTED") throw error;
    const hint = "leave '--offload always' out, and TypeScript moves what the kernel cannot; it needs Linux 5.11 or later";
    throw new TsproxyError("TSP_ERR_OFFLOAD", "unavailable", `--offload always does not work here: ${error.message}`, hint, error);
  }
}

/** For the store, of what no other process takes up: what a former one has put there by its names is let go of by them. */
export function ownName(name: string): string {
  return `${name}-${randomHex(6)}`;
}

/** A program that may go past bridges; where the kernel refuses that, for whatever reason, one that does not. */
export function* loadPastBridge(
  { pastBridge = false, refused }: Pick<Options, "pastBridge" | "refused">,
  load: (pastBridge: boolean) => bpf.Steps<number>,
): bpf.Steps<number> {
  try {
    return yield* load(pastBridge);
  } catch (error) {
    if (!pastBridge || !(error instanceof TsproxyError)) throw error;
    const without = yield* load(false); // throws when it is not that
    refused?.(`packets do not go past bridges: ${error.message}`);
    return without;
  }
}
