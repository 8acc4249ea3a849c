/**
 * What a worker does at the control side's word: carries out the messages of `messages.ts` on its tables and its packet input and output, and
 * answers what is asked. Between two batches, never during one.
 */
import { FormerFlows } from "../dataplane/adopt.js";
import type { State } from "../dataplane/state.js";
import type { PacketIo } from "../device/packet-io.js";
import { SLOTS } from "../mem/packet-memory.js";
import { EGRESS_OFFLOAD } from "../table/conntrack.js";
import { fdbKey } from "../table/fdb.js";
import type { FlowFile } from "../table/flow-file.js";
import { ENDPOINT } from "../table/ports.js";
import { Prefix } from "../table/prefix.js";
import type { StationPairMap } from "../table/station-pairs.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { macHi, macLo } from "../wire/ethernet.js";
import type { IpAddress } from "../wire/ip-address.js";
import { Captures, preciseTime } from "./captures.js";
import type { EngineHooks } from "./engine.js";
import { FlowCommands } from "./flow-commands.js";
import type { Adopted, FromWorker, Overlay, Query, Subnet, ToWorker } from "./messages.js";
import { OverlayCommands } from "./overlay-commands.js";
import { PortCommands, wordsOf } from "./port-commands.js";
import type { FlowMap } from "./recorder.js";
import { Rules } from "./rules.js";
import { SteeringMaps } from "./steering-maps.js";
import { fdbRows, flowRows, holderRows, nodeRows, strangerRows, summary } from "./views.js";
import { Withholder } from "./withhold.js";

/** What commands need beside the tables and the packet input and output. */
export interface CommandsHooks {
  tell(message: FromWorker): void;
  /** Has it noticed when `fd` becomes readable. */
  watch(fd: number): void;
  /** The map behind the descriptor, with keys of that family. */
  openFlowMap(fd: number, family: 4 | 6): FlowMap;
  /** Memory of the map `order`. */
  mapOrder(fd: number): ArrayBuffer;
  /** The map `station_pairs` behind the descriptor. */
  openStationPairs(fd: number): StationPairMap;
  /** What former processes left. */
  readFormer(): FlowFile[];
}

export class Commands implements EngineHooks {
  /** Until the control side says stop. */
  running = true;
  private mapIsNew = true;
  private former: FormerFlows | undefined;
  private readonly maps: SteeringMaps;
  private readonly overlay: OverlayCommands;
  private readonly ports: PortCommands;
  private readonly rules: Rules;
  private readonly flows: FlowCommands;
  private readonly withholder: Withholder;
  private readonly captures: Captures;
  /** Words held for what the control side said last. */
  private localWords: number[] = [];

  constructor(
    private readonly state: State,
    io: Pick<PacketIo, "addPort" | "addRing" | "removePort">,
    counters: Float64Array,
    private readonly hooks: CommandsHooks,
  ) {
    this.maps = new SteeringMaps(state, (fd, family) => hooks.openFlowMap(fd, family), counters);
    this.flows = new FlowCommands(
      state,
      () => this.forget(),
      (keys, count, family) => this.maps.delete(keys, count, family),
    );
    this.overlay = new OverlayCommands(state, counters, {
      lookup: (key, value, family) => this.maps.lookup(key, value, family),
      forget: () => this.forget(),
      flush: (matches) => this.flows.flush(matches),
    });
    this.ports = new PortCommands(state, io, counters, {
      flush: (matches) => this.flows.flush(matches),
      tunnelGone: () => this.overlay.removeTunnel(),
    });
    this.rules = new Rules(state, (matches) => this.flows.flush(matches));
    this.withholder = new Withholder(state, this.maps);
    this.captures = new Captures(state, SLOTS, this.withholder, {
      captured: (id) => hooks.tell({ type: "captured", id }),
      now: preciseTime,
    });
  }

  carryOut(m: ToWorker): void {
    const { state } = this;
    switch (m.type) {
      case "add-port":
        this.ports.add(m);
        if (m.kind === ENDPOINT && state.awaitsFormer) this.formerFlows().endOfOthers();
        break;
      case "remove-port":
        this.ports.remove(m.port);
        break;
      case "add-network":
        this.addNetwork(m.network, m.subnets, m.flags, m.overlay);
        break;
      case "remove-network":
        this.removeNetwork(m.network);
        break;
      case "parent-mac":
        state.networks.macHi[m.network] = macHi(m.mac);
        state.networks.macLo[m.network] = macLo(m.mac);
        if (state.networks.lanPort[m.network] !== -1) state.ports.device[state.networks.lanPort[m.network]!] = m.device;
        state.networks.vlan[m.network] = m.vlan;
        state.stationPairs.takeBack();
        break;
      case "station-pairs":
        state.stationPairs.map = this.hooks.openStationPairs(m.fd);
        break;
      case "announce":
        state.announcements.add(state.fdb.lookup(fdbKey(macHi(m.mac), m.network), macLo(m.mac)));
        break;
      case "add-tunnel":
        this.overlay.addTunnel(m);
        this.ports.read(m.port, m.fd);
        break;
      case "set-remote":
        this.overlay.setRemote(m, ...wordsOf(state.addresses, m.addresses));
        break;
      case "remove-remote":
        this.overlay.removeRemote(m);
        break;
      case "snat-address":
        this.overlay.setSnat(m, ...wordsOf(state.addresses, m.addresses));
        break;
      case "set-seal":
        this.overlay.setSeal(m);
        break;
      case "seal-node":
        this.overlay.sealNode(m);
        break;
      case "drop-seal":
        this.overlay.dropSeal(m.key);
        break;
      case "remote-mtu":
        state.networks.mtu[m.network] = m.mtu;
        break;
      case "link":
        this.link(m);
        break;
      case "publish":
        this.rules.publish(m.id, m.rule);
        break;
      case "targets":
        this.rules.retarget(m.id, m.targets);
        break;
      case "withdraw":
        this.rules.withdraw(m.id);
        break;
      case "locals":
        this.setLocals(m.addresses, m.broadcasts);
        break;
      case "routes":
        state.ways.change(m.refused ?? [], m.exact ?? false);
        state.networks.setWaysIn(m.forwarding ?? [], m.forwarding6 ?? []);
        state.reviewAt = 0;
        break;
      case "allow":
        state.allow = m.prefixes.map((prefix) => new Prefix(prefix));
        break;
      case "steering":
        state.uplinkDevice = m.uplinkDevice;
        this.mapIsNew = m.isNew;
        state.ways.uplink = m.uplinkDevice;
        state.offloads = m.offload.ipv4;
        state.offloads6 = m.offload.ipv6;
        this.maps.use(m.flowsFd, m.flows6Fd, m.acrossFd);
        if (m.orderFd !== -1 && (state.offloads || !state.bypass)) state.order.open(this.hooks.mapOrder(m.orderFd), state.worker);
        break;
      case "offload":
        this.flows.limitOffload(m.ipv4, m.ipv6);
        break;
      case "bare":
        state.bare = new Set(m.devices);
        break;
      case "add-held":
        this.ports.addHeld(m);
        break;
      case "watch":
        this.hooks.watch(m.fd);
        break;
      case "query":
        this.hooks.tell({ type: "answer", id: m.id, value: this.answer(m.what) });
        break;
      case "end-flows":
        this.hooks.tell({ type: "answer", id: m.id, value: this.flows.end(m) });
        break;
      case "sweep-entries":
        this.flows.sweep(m);
        this.hooks.tell({ type: "answer", id: m.id, value: null });
        break;
      case "adopt":
        this.hooks.tell({ type: "answer", id: m.id, value: this.adopt(m.last) });
        break;
      case "capture":
        this.captures.start(m, () => this.hooks.tell({ type: "answer", id: m.id, value: null }));
        break;
      case "end-capture":
        this.captures.end(m.capture);
        break;
      case "stop":
        this.running = false;
    }
  }

  portGone(port: number, errno: number): void {
    this.hooks.tell({ type: "port-gone", port, errno });
  }

  forget(): void {
    this.maps.forget();
  }

  record(): void {
    this.maps.record();
  }

  settle(id: number): boolean {
    return this.maps.offload?.settle(id) ?? false;
  }

  withhold(): void {
    this.withholder.step();
  }

  tick(): void {
    this.withholder.tick();
  }

  unsee(id: number): void {
    this.maps.offload?.unsee(id);
  }

  carriedAck(id: number, dir: number): number {
    return this.maps.offload?.carriedAck(id, dir) ?? 0;
  }

  carriedPackets(id: number, dir: number): number {
    return this.maps.offload?.carriedPackets(id, dir) ?? 0;
  }

  /** Brings all flows that the kernel carries up to date: how many both ends keep up is asked at the end. */
  settleAll(): void {
    const { conntrack } = this.state;
    for (let id = 0; id < conntrack.end; id++)
      if (conntrack.isLive(id) && (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0) this.settle(id);
  }

  private addNetwork(id: number, subnets: readonly Subnet[], flags: number, overlay?: Overlay): void {
    const { addresses, networks } = this.state;
    const of = (family: 4 | 6): Subnet | undefined => subnets.find(({ gateway }) => gateway.family === family);
    const take = (address: IpAddress | null): number => (address === null ? NO_ADDRESS : addresses.take(address));
    const [ipv4, ipv6] = [of(4), of(6)];
    if (ipv4 === undefined) networks.set(id, -1, 32, NO_ADDRESS, flags, NO_ADDRESS);
    else networks.set(id, addresses.take(ipv4.prefix.address), ipv4.prefix.prefixLength, take(ipv4.gateway), flags, take(ipv4.outside));
    if (ipv6 !== undefined) networks.set6(id, new Prefix(ipv6.prefix), take(ipv6.gateway), take(ipv6.outside));
    if (overlay !== undefined) this.overlay.add(id, overlay);
  }

  private removeNetwork(id: number): void {
    const { addresses, networks } = this.state;
    if (networks.remotePort[id] !== -1) this.overlay.remove(id);
    addresses.release(networks.gateway6[id]!);
    addresses.release(networks.outside6[id]!);
    networks.clear(id);
    this.state.stationPairs.takeBack();
  }

  /** Words are held as long as there are ports. */
  private link({ client, server, ports }: Extract<ToWorker, { type: "link" }>): void {
    const { addresses, links } = this.state;
    const words = [addresses.take(client), addresses.take(server)] as const;
    const before = links.delete(...words);
    if (ports.length > 0) links.set(...words, ports);
    for (const word of words) {
      if (before) addresses.release(word);
      if (ports.length === 0) addresses.release(word);
    }
  }

  /**
   * A flow that leaves with an address which the host no longer has ends: its answers come no more. Its next packet opens another, with an address
   * that the host has, as behind the kernel's MASQUERADE.
   */
  private setLocals(own: readonly IpAddress[], broadcasts: readonly IpAddress[]): void {
    const { addresses, conntrack, locals } = this.state;
    const before = this.localWords;
    this.localWords = own.map((address) => addresses.take(address));
    locals.clear();
    for (const word of this.localWords) locals.set(word, 0, 1);
    for (const address of broadcasts) locals.set(addresses.take(address), 1, 1);
    const gone = before.filter((word) => !this.localWords.includes(word));
    if (gone.length > 0) this.flows.flush((id) => conntrack.hasOtherSource(id) && gone.includes(conntrack.newSrc(id, 0)));
    for (const word of before) addresses.release(word);
  }

  private formerFlows(): FormerFlows {
    this.former ??= new FormerFlows(this.state, this.hooks.readFormer(), () => this.mapIsNew, this);
    return this.former;
  }

  private adopt(last: boolean): Adopted {
    const former = this.formerFlows();
    former.adopt(last);
    this.captures.adopted();
    this.state.awaitsFormer = former.left > 0;
    this.ports.startReading();
    return { taken: former.taken, left: former.left, lost: former.lost };
  }

  private answer(what: Query): unknown {
    if (what === "flows") return flowRows(this.state, this.maps.offload);
    if (what === "nodes") return nodeRows(this.state);
    if (what === "strangers") return strangerRows(this.state);
    return what === "fdb" ? fdbRows(this.state) : what === "holders" ? holderRows(this.state) : summary(this.state);
  }
}
