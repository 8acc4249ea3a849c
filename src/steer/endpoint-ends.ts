/** Endpoints on veth pairs, as the steering knows them: their entries in the maps of `endpoint-programs.ts`, and the programs on their devices. */
import fs from "node:fs";
import os from "node:os";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import { FLOW_KEY_SIZE, FLOW6_KEY_SIZE } from "../wire/flow-entry.js";
import type { IpAddress } from "../wire/ip-address.js";
import type { Attacher, Attachment } from "./attach.js";
import { type CarriedEndpoint, type HostEnd, NOBODY, peerKey, peerValue, withEndpoint, word } from "./endpoint-entries.js";
import {
  type EndpointMapFds,
  type EndpointOptions,
  fromEndpointProgram,
  GUARD_SIZE,
  GUARD_TAP_AT,
  MAX_ENDPOINTS,
  toEndpointProgram,
} from "./endpoint-programs.js";
import { HostCarry } from "./host-carry.js";
import { HOST_FLOW_VALUE_SIZE } from "./host-flow-program.js";
import { LRU_SLACK } from "./maps.js";
import { MovedCounts } from "./moved.js";
import { type OffloadState, ownName } from "./offload.js";
import type { MapFds } from "./program.js";

/** Connections of the host to endpoints that are carried both ways; beyond that the engine moves the answers of those silent for longest. */
const MAX_HOST_FLOWS = 1 << 12;

/** Interface indices, in the host's namespace, of the pair's end and of the TAP beside it. */
export interface Ends {
  end: number;
  tap: number;
}

interface Loaded {
  maps: EndpointMapFds;
  /** Replaced once, when it is known what the kernel carries. */
  from: number;
  to: number;
}

interface Options {
  ipsec?: boolean;
  /** As in `SteeringOptions`. */
  pastBridge?: boolean;
  store?: FdStore | undefined;
  /** One a worker. */
  uplinks?: readonly number[];
}

export class EndpointEnds {
  readonly moved: MovedCounts;
  private readonly fromHost: HostCarry;
  private loaded: Loaded | undefined;
  private readonly fds: number[] = [];
  /** Values of the map `guard`. */
  private readonly guards = new Map<number, Uint8Array>();
  private readonly hosts = new Map<number, HostEnd>();
  private readonly carried = new Set<{ network: number; endpoint: CarriedEndpoint }>();
  /** How often the kernel had no room for an endpoint. */
  refused = 0;
  private readonly attached = new Map<number, Attachment>();
  private closed = false;

  /** Nothing is made before there is such an endpoint. `offload`: whether the programs of the host's devices carry flows. */
  constructor(
    private readonly attacher: Attacher,
    private readonly maps: MapFds,
    private readonly options: Options,
    private readonly offload: () => Pick<OffloadState, "ipv4" | "ipv6" | "loading">,
  ) {
    this.moved = new MovedCounts(maps.moved);
    this.fromHost = new HostCarry();
  }

  /** Descriptor of the map `guard`. */
  get guardMap(): number {
    return this.load().maps.guard;
  }

  /** Frames find their way from now on; answers how to end that. TSP_ERR_BPF_REJECTED: the kernel is older than Linux 5.10. */
  attach({ end, tap }: Ends): () => void {
    const { maps, from, to } = this.load();
    const guard = new Uint8Array(GUARD_SIZE);
    new DataView(guard.buffer).setUint32(GUARD_TAP_AT, tap, true);
    const steps = [
      (): void => {
        this.guards.delete(end);
        bpf.deleteElement(maps.guard, word(end));
      },
      () => bpf.deleteElement(maps.ends, word(tap)),
    ];
    // Entries first: what the programs know nothing of is dropped.
    const undo = (): void => {
      for (const step of steps.splice(0)) step();
    };
    try {
      this.setGuard(end, guard);
      bpf.updateElement(maps.ends, word(tap), word(end));
      const attachment = this.attacher.attachOwn(end, from);
      this.attached.set(end, attachment);
      steps.push(() => {
        this.attached.delete(end);
        attachment.detach();
      });
      steps.push(this.attacher.attachOwn(tap, to).detach);
    } catch (error) {
      undo();
      throw error;
    }
    return undo;
  }

  /**
   * The network's packets come and go by that device of the host; answers how to end that. There is room for its endpoints: the map of peers has a place for
   * each port that there can be, and what they had by another device goes first. Should the kernel refuse all the same, that is said and counted.
   */
  setHost(network: number, host: HostEnd): () => void {
    this.leaveAll(network);
    this.hosts.set(network, host);
    for (const one of this.carried) if (one.network === network) this.enter(network, one.endpoint, host);
    return () => {
      if (this.hosts.get(network) === host) this.leaveAll(network);
    };
  }

  private leaveAll(network: number): void {
    const host = this.hosts.get(network);
    if (host === undefined) return;
    for (const one of this.carried) if (one.network === network) this.leave(network, one.endpoint, host);
    this.fromHost.remove(network);
    this.hosts.delete(network);
  }

  /**
   * Packets from and to the endpoint, which is attached, may be carried from now on; answers how to end that. Undefined: the kernel has no room for it, so the
   * engine must not have any of its flows carried.
   */
  carry(network: number, endpoint: CarriedEndpoint): (() => void) | undefined {
    this.moved.clear(endpoint.port);
    const host = this.hosts.get(network);
    if (host !== undefined && !this.enter(network, endpoint, host)) return undefined;
    const guard = this.guards.get(endpoint.end);
    // On a LAN, where another program carries what it sends, and asks for its port.
    if (host === undefined && guard !== undefined) this.setGuard(endpoint.end, withEndpoint(guard, network, endpoint, NOBODY, false));
    const one = { network, endpoint };
    this.carried.add(one);
    return () => {
      this.carried.delete(one);
      const now = this.hosts.get(network);
      if (now !== undefined) this.leave(network, endpoint, now);
    };
  }

  /** It is known now what the kernel carries: programs that do take the place of those that do not. */
  async loadOffload(): Promise<void> {
    const { loaded } = this;
    if (loaded === undefined || this.closed) return; // the first endpoint will have them loaded
    const fds: number[] = [];
    let from: number | undefined;
    try {
      from = await bpf.apart(this.loadFrom(loaded.maps, fds));
    } catch (error) {
      log.warn(`what endpoints send is not carried by the kernel: ${(error as Error).message}`);
    }
    if (this.closed || from === undefined) {
      for (const fd of fds) fs.closeSync(fd);
      return;
    }
    this.fds.push(...fds);
    loaded.from = from;
    for (const { network } of this.carried) this.carryFromHost(network);
    for (const { replace } of this.attached.values())
      try {
        replace(from);
      } catch (error) {
        // It goes just now, or somebody has taken the filter: the one that it has leaves all to the engine.
        log.warn(`what an endpoint sends is not carried by the kernel: ${(error as Error).message}`);
      }
  }

  close(): void {
    this.closed = true;
    this.fromHost.close();
    this.unload();
  }

  private unload(): void {
    for (const fd of this.fds.splice(0)) fs.closeSync(fd);
    this.loaded = undefined;
  }

  /** False: the kernel refuses, and nothing is entered. */
  private enter(network: number, endpoint: CarriedEndpoint, host: HostEnd): boolean {
    const guard = this.guards.get(endpoint.end);
    if (guard === undefined) return true;
    try {
      for (const address of endpoint.addresses)
        bpf.updateElement(this.peersOf(address), peerKey(host, address), peerValue(endpoint, host, address));
      this.setGuard(endpoint.end, withEndpoint(guard, network, endpoint, host, true));
      this.carryFromHost(network);
      return true;
    } catch (error) {
      this.refused++;
      log.warn(`network ${network}: packets of an endpoint are not carried by the kernel: ${(error as Error).message}`);
      this.leave(network, endpoint, host);
      return false;
    }
  }

  /** Once it is known that flows are carried: until then it would be in the way of being ready. */
  private carryFromHost(network: number): void {
    const host = this.hosts.get(network);
    const { ipv4, loading = false } = this.offload();
    if (host !== undefined && ipv4 && !loading)
      this.fromHost.add(this.load().maps, { network, ...host, workers: this.options.uplinks?.length ?? 1 });
  }

  private leave(network: number, endpoint: CarriedEndpoint, host: HostEnd): void {
    const guard = this.guards.get(endpoint.end);
    if (guard !== undefined) this.setGuard(endpoint.end, withEndpoint(guard, network, endpoint, host, false));
    for (const address of endpoint.addresses) bpf.deleteElement(this.peersOf(address), peerKey(host, address));
  }

  private setGuard(end: number, value: Uint8Array): void {
    this.guards.set(end, value);
    bpf.updateElement(this.load().maps.guard, word(end), value);
  }

  private peersOf({ family }: IpAddress): number {
    return family === 4 ? this.maps.peers : this.maps.peers6;
  }

  private load(): Loaded {
    if (this.loaded !== undefined) return this.loaded;
    try {
      const map = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number): number =>
        this.keep(bpf.createMap({ name: `tsproxy_${name}`, type, keySize, valueSize, maxEntries }));
      const flows = (name: string, keySize: number): number =>
        map(name, bpf.MAP_LRU_HASH, keySize, HOST_FLOW_VALUE_SIZE, MAX_HOST_FLOWS + LRU_SLACK * os.cpus().length);
      const maps = {
        ...this.maps,
        guard: map("guard", bpf.MAP_HASH, 4, GUARD_SIZE, MAX_ENDPOINTS),
        ends: map("ends", bpf.MAP_HASH, 4, 4, MAX_ENDPOINTS),
        hostFlows: flows("host_flows", FLOW_KEY_SIZE),
        hostFlows6: flows("host_flows6", FLOW6_KEY_SIZE),
      };
      this.loaded = {
        maps,
        from: bpf.now(this.loadFrom(maps, this.fds)),
        to: this.keep(bpf.loadProgram("tsproxy_to_ep", toEndpointProgram(maps))),
      };
      return this.loaded;
    } catch (error) {
      this.unload(); // it is tried again with the next endpoint
      throw error;
    }
  }

  /** One program a family, the second called by the first, as for host devices (`offload.ts`). What the kernel refuses, the engine moves. */
  private *loadFrom(maps: EndpointMapFds, fds: number[]): bpf.Steps<number> {
    const { options } = this;
    const load = function* (name: string, more: EndpointOptions): bpf.Steps<number> {
      const fd = yield* bpf.loadingProgram(
        `tsproxy_${name}`,
        fromEndpointProgram(maps, { ...more, ipsec: options.ipsec, workers: options.uplinks?.length }),
      );
      fds.push(fd);
      return fd;
    };
    const { ipv4, ipv6, loading = false } = this.offload();
    if (!ipv4 || loading || options.pastBridge !== true) return yield* load("from_ep", {});
    try {
      if (!ipv6) return yield* load("from_ep", { version: 4 });
      const ipv6Program = bpf.createMap({ name: "tsproxy_from_ep6", type: bpf.MAP_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 });
      fds.push(ipv6Program);
      bpf.updateElement(ipv6Program, new Uint8Array(4), word(yield* load("from_ep6", { version: 6 })));
      options.store?.put(ownName("from_ep6"), [ipv6Program]); // who holds the array keeps what is in it
      return yield* load("from_ep", { version: 4, ipv6Program });
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      log.warn(`what endpoints send is not carried by the kernel: ${error.message}`);
      return yield* load("from_ep", {});
    }
  }

  private keep(fd: number): number {
    this.fds.push(fd);
    return fd;
  }
}
