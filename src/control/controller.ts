/**
 * The dataplane as the control side sees it: uplinks with their steering, workers, and on top of them networks, endpoints and published
 * ports, which come and go while it runs. Each `add…` and `publish` answers with how to undo it.
 */

import type { PortStats } from "../api/types.js";
import type { FdbRow, FlowRow, HolderRow, NodeRow, Summary } from "../engine/views.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { Carried } from "../steer/carried.js";
import { HostGuard } from "../steer/host-guard.js";
import type { OffloadMode, OffloadState } from "../steer/offload.js";
import { addTo } from "../steer/stations.js";
import { RING_SIZE, Steering } from "../steer/steering.js";
import { FdStore } from "../sys/fd-store.js";
import { native } from "../sys/native.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { UPLINK } from "../table/ports.js";
import type { IpPrefix } from "../wire/ip-address.js";
import { Adoption } from "./adoption.js";
import type { Begun } from "./begin.js";
import type { CaptureSite } from "./capture/captures.js";
import { EntrySweep } from "./entry-sweep.js";
import { FlowFiles, type FlowRole } from "./flow-files.js";
import type { FlowFilter } from "./flow-filter.js";
import { Host } from "./host.js";
import { Ipsec } from "./ipsec.js";
import type { LimitOptions } from "./limits.js";
import { KeyRing } from "./network/key-ring.js";
import { Lans } from "./network/lans.js";
import { LinkRemover } from "./network/link-remover.js";
import { NetworkNumbers } from "./network/network-numbers.js";
import { NetworkRegistry } from "./network/registry.js";
import { TapPorts } from "./network/tap-ports.js";
import { Tunnels, tunnelCounters } from "./network/tunnels.js";
import { VethSupport } from "./network/veth-support.js";
import { PastBridge } from "./past-bridge.js";
import { type PortInfo, PortNumbers } from "./port-numbers.js";
import { Publisher } from "./publisher.js";
import { allUndone, Undo } from "./undo.js";
import { openUplinks } from "./uplink.js";
import { type PortCounters, partOfTable, Workers } from "./workers.js";

export interface ControllerOptions {
  workers: number;
  conntrackMax: number;
  /** Seconds by state of conntrack. */
  timeouts: Int32Array;
  masqueradePorts: { first: number; last: number };
  /** Clients that may use published ports; empty: all. */
  allowFrom: IpPrefix[];
  /** Whether flows to published ports are carried by the steering programs, decided here still. */
  offload: OffloadMode;
  /** Packets go to containers of the host's bridges past these, where nobody could tell. */
  pastBridge: boolean;
  firewall: Firewall;
  /** What one client, endpoint or published port may have. */
  limits: LimitOptions;
  /**
   * Folder where flows are kept for the next process of the same kind, and those of the one before are found; a daemon's devices, ports and
   * programs are kept too (`sys/fd-store.ts`). Default: all ends with the process.
   */
  continuity?: { dir: string; role: FlowRole } | undefined;
  /** What was begun before (`begin.ts`). */
  begun?: Begun | undefined;
  /** As in `MapOptions`. */
  fixedPorts?: number | undefined;
}

/** Whether clients of published ports must pass what the host's kernel checks, its firewall above all, as those of a program on the host must. */
export type Firewall = "honour" | "bypass";

export type { OffloadMode, OffloadState };

/** That a daemon has with some networks and ports. For more, the kernel makes its table larger as they come. */
const DESCRIPTORS = 1024;

export class Controller {
  private halted: Promise<void> | undefined;

  private constructor(
    private readonly undo: Undo,
    private readonly numbers: PortNumbers,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly files: FlowFiles | undefined,
    private readonly adoption: Adoption,
    private readonly store: FdStore | undefined,
    readonly host: Host,
    readonly networks: NetworkRegistry,
    private readonly socket: RouteSocket,
    readonly publisher: Publisher,
    private readonly past: PastBridge | undefined,
    /** Of this process, for encrypted networks; undefined: this Node.js has nothing to seal with. */
    readonly keys: KeyRing | undefined,
  ) {}

  /**
   * Throws with everything undone: TSP_ERR_BPF or TSP_ERR_SYSCALL of kind permission where the kernel does not let us. `onDeath`: it died after that; until then
   * the start fails.
   */
  static async start(options: ControllerOptions, onDeath: (error: Error) => void): Promise<Controller> {
    const undo = new Undo();
    let death: Error | undefined;
    let die = (error: Error): void => {
      death ??= error;
    };
    let store: FdStore | undefined;
    try {
      if (options.begun === undefined) void native.descriptorRoom(DESCRIPTORS);
      const { masqueradePorts, workers: count, conntrackMax, timeouts, offload, limits } = options;
      const socket = new RouteSocket();
      undo.add("route socket", () => socket.close());
      const { continuity } = options;
      store = continuity?.role === "daemon" ? FdStore.open(continuity.dir) : undefined;
      const canPass = PastBridge.isPossible();
      const bypass = options.firewall === "bypass";
      const files =
        continuity === undefined ? undefined : new FlowFiles(continuity.dir, continuity.role, count, partOfTable(conntrackMax, count));
      undo.add("files of flows", () => files?.close());
      undo.add("what was begun of the workers", allUndone); // they may map files still
      const numbers = new PortNumbers();
      let host: Host | undefined;
      let lans: Lans | undefined;
      let ipsec: Ipsec | undefined;
      let past: PastBridge | undefined;
      let dead = false;
      let uplinkNames = "the uplink";
      // Without it nothing is served, whoever is to blame: better to end, and to be started anew.
      const uplinkGone = (): void => {
        if (dead) return;
        dead = true;
        die(
          new TsproxyError(
            "TSP_ERR_NO_DEVICE",
            "not-found",
            `${uplinkNames}: the device was deleted by somebody else`,
            "start tsproxy again",
          ),
        );
      };
      // First, as a thread takes a while to start, and can do that beside the rest.
      const workers = new Workers(
        {
          workers: count,
          conntrackMax,
          timeouts,
          masqueradeFirst: masqueradePorts.first,
          masqueradeLast: masqueradePorts.last,
          bypass,
          limits,
          files,
          threads: options.begun?.threads,
        },
        {
          portGone: (port, errno) => {
            const { name = `port ${port}`, kind } = numbers.info(port) ?? {};
            if (kind === "uplink") return uplinkGone();
            workers.post({ type: "remove-port", port });
            if (!numbers.onGone(port)) log.warn(`${name} is gone (errno ${errno}): its namespace ended`);
          },
          readable: () => {
            host?.onReadable();
            ipsec?.onReadable();
            past?.onReadable();
          },
          onDeath: (error) => die(error),
        },
      );
      undo.add("workers", () => workers.stop());
      const { uplinks, areFormer } = openUplinks(count, socket, undo, store);
      uplinkNames = uplinks.map(({ name }) => name).join(", ");
      const indices = uplinks.map((uplink) => uplink.ifindex);
      const hasIpsec = Ipsec.isThere();
      const steering = new Steering({
        uplinks: indices,
        flowCapacity: conntrackMax,
        offload,
        offloadLater: true,
        linksLater: true,
        programsLater: true,
        pastBridge: canPass,
        bypass,
        ipsec: hasIpsec,
        ipv6: uplinks.every(({ ipv6 }) => ipv6),
        routeSocket: socket,
        store,
        fixedPorts: options.fixedPorts,
        maps: options.begun?.maps,
        keepsFlows: areFormer && files !== undefined && files.former.length > 0,
      });
      undo.add("steering", () => steering.close());
      await steering.loadPrograms();
      undo.add("what LANs are carried by", () => lans?.close());
      undo.add("workers", () => workers.stop()); // before what they use ends
      workers.post({
        type: "allow",
        prefixes: options.allowFrom,
      });
      if (steering.carriesInside) workers.post({ type: "station-pairs", fd: steering.maps.stationPairs });
      // The same number in every worker, behind which each has a device of its own.
      const port = numbers.take({ name: uplinks.map(({ name }) => name).join(","), kind: "uplink" });
      for (const [i, { fd, mac, ifindex }] of uplinks.entries()) {
        workers.postTo(i, {
          type: "steering",
          flowsFd: steering.flowsFd,
          flows6Fd: steering.ipv6 ? steering.flows6Fd : -1,
          acrossFd: steering.ipv6 ? steering.acrossFd : -1,
          orderFd: steering.orderFd,
          uplinkDevice: ifindex,
          isNew: steering.flowsAreNew,
          offload: steering.offload,
        });
        workers.postTo(i, { type: "add-port", port, kind: UPLINK, mac, addresses: [], network: 0, device: 0, fd });
      }
      undo.add("uplink port", () => workers.removePort(port));
      if (!bypass) {
        const held = numbers.take({ name: "held ports", kind: "held" });
        for (const [i, fd] of steering.ringFds.entries()) workers.postTo(i, { type: "add-held", port: held, fd, size: RING_SIZE });
        undo.add("held ports", () => workers.removePort(held));
      }
      const sweep = new EntrySweep(
        [{ fd: steering.flowsFd, family: 4 } as const, ...(steering.ipv6 ? [{ fd: steering.flows6Fd, family: 6 } as const] : [])],
        workers,
        (ifindex) => steering.isUplink(ifindex),
        () => steering.notRecorded + workers.refused.flows,
      );
      undo.add("sweep of flows' entries", () => sweep.close());
      host = new Host(socket, workers, steering, indices, uplinkGone);
      undo.add("host monitor", () => host?.close());
      if (hasIpsec) ipsec = Ipsec.watch(workers, steering);
      undo.add("IPsec monitor", () => ipsec?.close());
      if (options.pastBridge && canPass) past = new PastBridge(socket, workers, steering);
      undo.add("watch of bridges", () => past?.close());
      const guard = new HostGuard(steering);
      undo.add("host guard", () => guard.close());
      const taps = new TapPorts(workers, numbers, steering, store);
      const tunnels = new Tunnels({ socket, workers, host, steering, numbers, taps });
      const networkNumbers = new NetworkNumbers();
      lans = new Lans({ socket, workers, host, steering, taps, networkNumbers });
      const networks = new NetworkRegistry({
        socket,
        workers,
        host,
        guard,
        remover: new LinkRemover(socket),
        veths: new VethSupport(socket),
        ends: steering.ends,
        stations: steering.stations,
        taps,
        numbers,
        networkNumbers,
        tunnels,
        lans,
        fail: (error) => die(error),
      });
      const adoption = new Adoption(workers, files, () => sweep.soon());
      undo.add("adoption", () => adoption.close());
      const publisher = new Publisher(socket, host, workers, steering, networks, store);
      undo.add("what is undone by itself", allUndone); // once networks and ports are closed
      undo.add("networks", () => networks.close());
      undo.add("published ports", () => publisher.close());
      const support = native.sealSupport();
      const keys =
        support === 0 ? undefined : new KeyRing({ workers: count, aes: (support & 2) !== 0, post: (message) => workers.post(message) });
      undo.add("keys", () => keys?.close());
      await workers.ready();
      if (death !== undefined) throw death;
      die = onDeath;
      return new Controller(undo, numbers, workers, steering, files, adoption, store, host, networks, socket, publisher, past, keys);
    } catch (error) {
      store?.abandon();
      await undo.run();
      throw error;
    }
  }

  /**
   * Does what is left for when nobody waits for the start any more, as the kernel takes a while: TCX links, and, with `auto`, the programs that carry flows.
   * Resolves to what became of these; undefined: that was known before. Never rejects: what fails is said, and all goes on without.
   */
  async finishStart(): Promise<OffloadState | undefined> {
    try {
      const links = this.steering.makeLinks();
      const isNews = await this.steering.loadOffload();
      if (isNews) {
        const { ipv4, ipv6 } = this.steering.offload;
        this.workers.post({ type: "offload", ipv4, ipv6 });
        this.host.tellBare();
      }
      await links;
      return isNews ? this.steering.offload : undefined;
    } catch (error) {
      log.fault("what follows the start", error);
      return undefined;
    }
  }

  /** Resolves once all that was asked for so far is in force. */
  settled(): Promise<void> {
    return this.workers.settled();
  }

  /**
   * What is remembered of a former process is there again: its flows go on, as far as what they need is there, and what else it left ends. `all`:
   * nothing more will come.
   */
  async takeUp(all: boolean): Promise<void> {
    await this.adoption.begin(all);
    this.steering.sweep();
    this.store?.releaseRest();
    this.files?.sweepRegularly();
  }

  /** Something was made that flows of a former process may wait for. */
  takeUpMore(): void {
    this.adoption.soon();
  }

  /** The first step of an end, before ports are taken back: flows end with the workers, so they, and what is kept, stay as they are for the next process. */
  halt(): Promise<void> {
    this.halted ??= this.haltOnce();
    return this.halted;
  }

  private async haltOnce(): Promise<void> {
    if ((await this.store?.isRestart()) === true) this.steering.leave();
    this.store?.end();
    this.adoption.close();
    await this.workers.stop();
    if (this.workers.held > 0) this.files?.leave();
  }

  /** Undoes what is left of ports and networks, then the rest. */
  async stop(): Promise<void> {
    await this.halt().finally(() => this.undo.run());
  }

  /** Where packets are captured (`capture/captures.ts`). */
  get captureSite(): CaptureSite {
    const { networks, numbers, socket, steering, workers } = this;
    return { networks, numbers, socket, stations: steering.stations, workers };
  }

  flows(): Promise<FlowRow[]> {
    return this.workers.flows();
  }

  /** Ends flows; answers how many. */
  endFlows(filter: FlowFilter): Promise<number> {
    return this.workers.endFlows(filter);
  }

  async fdb(): Promise<(FdbRow & { name: string; address?: string })[]> {
    return (await this.workers.fdb()).map((row) => {
      const { name = "", address } = this.numbers.info(row.port) ?? {};
      return { ...row, name, ...(address !== undefined && { address }) };
    });
  }

  holders(): Promise<HolderRow[]> {
    return this.workers.holders();
  }

  async nodes(): Promise<NodeRow[]> {
    const rows = await this.workers.nodes();
    const carried = this.steering.stations.ofNodes();
    for (const row of rows) {
      const more = carried.get(row.address);
      if (more !== undefined) addTo(row, more);
    }
    return rows;
  }

  summary(): Promise<Summary> {
    return this.workers.summary();
  }

  /** Received so far. */
  packets(): number {
    return this.portStats().reduce((sum, { rxPackets }) => sum + rxPackets, 0);
  }

  portStats(): PortStats[] {
    const countersOf = ({ port, kind, carried }: PortInfo): PortCounters => {
      const counters = this.workers.counters(port);
      const more = carried?.();
      if (more !== undefined) addTo(counters, more);
      return kind === "tunnel" ? tunnelCounters(counters) : counters;
    };
    return this.numbers.all().map(({ carried, ...info }) => {
      const counters = { ...info, ...countersOf({ ...info, carried }) };
      if (info.kind === "endpoint" || info.kind === "host") addTo(counters, this.steering.ends.moved.at(info.port));
      return counters;
    });
  }

  /** Whether the kernel carries flows, and why not. */
  get offload(): OffloadState {
    return this.steering.offload;
  }

  /** Packets and bytes that the kernel has carried, since the start. */
  carried(): Carried {
    return this.steering.carried.total();
  }

  /** What the programs count, and which entries the kernel refused, whoever wanted them. */
  steeringStats(): Record<string, number> {
    const stats = this.steering.stats();
    const { flows, pairs } = this.workers.refused;
    const refused = { "flow-not-recorded": stats["flow-not-recorded"]! + flows, "pair-not-recorded": pairs };
    return { ...stats, ...refused, "over-bridge": this.past?.left ?? 0 };
  }
}
