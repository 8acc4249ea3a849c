/**
 * Steering: what the host's interfaces and sockets give to the engine, and how what the engine sends gets out (program.ts).
 *
 * An uplink is a worker's TAP in the host's namespace; what it needs there is UPLINK_CONF and an address of its own. Nothing
 * global is changed, no iptables rule made.
 *
 * New flows come by the sockets that hold the published ports, each of which gets the program `acceptFd`; it writes to a ring buffer a
 * worker. Where the host's firewall is to be bypassed there is none of that, and `publish` and `withdraw` say which ports are taken.
 * SCTP's come by a raw socket where the kernel has no others.
 *
 * Map capacity: `flows` and `flows6` have room for two entries of each of the stated number of flows, one for each direction, and some to spare. Entries take memory when
 * they are made. `fragments` and the like forget the least recently used entry when they are full; `publish` fails when `ports` is full.
 */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import { type IpAddress, type IpPrefix, toBytes } from "../wire/ip-address.js";
import { acceptProgram, RING_SIZE } from "./accept-program.js";
import { Attacher, type AttachMode, type Attachment } from "./attach.js";
import { CarriedCounts } from "./carried.js";
import { Descriptors } from "./descriptors.js";
import { EndpointEnds } from "./endpoint-ends.js";
import { HostNetworks } from "./host-networks.js";
import { acrossName, bytes, createMaps, createRing, flowsName, placesOf } from "./maps.js";
import type { OffloadState } from "./offload.js";
import { OffloadLoading } from "./offload-loading.js";
import { COUNTERS, type Counter, type MapFds } from "./program.js";
import { PublishedPorts } from "./published-ports.js";
import { queueProgram, tunnelQueueProgram } from "./queue-program.js";
import { Stations, type TunnelEnd } from "./stations.js";
import { SteeredDevices } from "./steered-devices.js";
import type { SteeringOptions } from "./steering-options.js";
import { TunnelDevices } from "./tunnel-devices.js";

export { RING_SIZE };

export class Steering {
  readonly carried: CarriedCounts;
  readonly maps: MapFds;
  readonly attacher: Attacher;
  /** Of endpoints on veth pairs. */
  readonly ends: EndpointEnds;
  /** Of overlay networks. */
  readonly stations: Stations;
  /** Nothing has been entered in `flows` yet. */
  readonly flowsAreNew: boolean = true;
  /** Descriptor of the program for sockets that hold published ports; -1 where the firewall is bypassed: they are to drop all. */
  get acceptFd(): number {
    return this.accept;
  }
  /** Descriptors of the workers' ring buffers, of RING_SIZE bytes; none where the firewall is bypassed. */
  readonly ringFds: readonly number[] = [];
  private readonly descriptors = new Descriptors();
  private accept = -1;
  private readonly devices: SteeredDevices;
  private readonly loading: OffloadLoading;
  private readonly tunnelDevices: TunnelDevices;
  private readonly host: HostNetworks;
  private readonly published: PublishedPorts;
  private readonly emitters: Attachment[] = [];
  private queue: number | undefined;
  private tunnelQueue: number | undefined;

  /**
   * Makes the maps, and attaches to the uplinks. Throws `TSP_ERR_BPF` of kind permission where BPF is not allowed, `TSP_ERR_OFFLOAD` where
   * the kernel knows too little for offload.
   */
  constructor(private readonly options: SteeringOptions) {
    const { descriptors } = this;
    const { store, uplinks } = options;
    const { linksLater } = options;
    this.attacher = new Attacher(options.routeSocket, options.forceClsact !== true, store, { linksLater });
    try {
      if (options.keepsFlows !== true) discardFlows(options);
      this.flowsAreNew = store?.has(flowsName(options.flowCapacity)) !== true;
      const { offload: mode = "never" } = options;
      this.maps = createMaps({ ...options, offload: mode !== "never", workers: uplinks.length }, descriptors.all, options.maps);
      const { attacher, maps } = this;
      this.carried = new CarriedCounts(maps.carried, placesOf(options));
      this.ends = new EndpointEnds(attacher, maps, options, () => this.offload);
      this.stations = new Stations(maps, mode !== "never", options);
      this.tunnelDevices = new TunnelDevices(options, maps, attacher, this.stations);
      this.devices = new SteeredDevices(options, maps, attacher, descriptors, (ifindex) => this.isUplink(ifindex));
      this.host = new HostNetworks(maps, options.ipv6 === true ? [4, 6] : [4], (ifindex) => this.devices.hasHome(ifindex));
      this.loading = new OffloadLoading(options, maps, descriptors, this.devices);
      if (options.bypass !== true)
        this.ringFds = uplinks.map((_, worker) => createRing(`${worker}of${uplinks.length}`, store, descriptors.all));
      this.published = new PublishedPorts(options, maps, descriptors, this.ringFds);
      if (options.programsLater !== true)
        this.attachUplinks(
          bpf.now(this.loadingAccept()),
          uplinks.map((uplink) => bpf.now(this.loading.loadingEmit(uplink))),
        );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /**
   * Loads what `programsLater` has left for later, and what each host needs at its devices, each program in a thread of its own: the verifier takes longer for them
   * than the rest of a start. Throws as the constructor does.
   */
  async loadPrograms(): Promise<void> {
    const { devices, loading, options } = this;
    const usual = devices.loadingUsual().map((steps) => bpf.apart(steps));
    const emits = options.uplinks.map((uplink) => bpf.apart(loading.loadingEmit(uplink)));
    const accept = bpf.apart(this.loadingAccept());
    for (const each of await Promise.allSettled<unknown>([...usual, ...emits, accept])) if (each.status === "rejected") throw each.reason;
    this.attachUplinks(await accept, await Promise.all(emits));
  }

  private *loadingAccept(): bpf.Steps<number> {
    const { descriptors, maps, options, ringFds } = this;
    if (options.bypass === true) return -1;
    return yield* descriptors.loading("accept", acceptProgram(ringFds, maps, options), bpf.PROG_TYPE_SOCKET_FILTER);
  }

  private attachUplinks(acceptFd: number, emitFds: readonly number[]): void {
    this.accept = acceptFd;
    for (const [i, uplink] of this.options.uplinks.entries()) this.emitters.push(this.attacher.attachUplink(uplink, emitFds[i]!));
    this.loading.tell();
  }

  /** Changes once, by `loadOffload`. */
  get offload(): OffloadState {
    return this.loading.state;
  }

  /** Whether flows to and from endpoints on veth pairs are carried, or may be once all is loaded. */
  get carriesInside(): boolean {
    return this.offload.ipv4 && this.options.pastBridge === true;
  }

  /**
   * Loads what `offloadLater` has left for later, beside everything else, and has it take the place of what is attached. Nothing is lost by that: a flow is
   * entered as it will be carried, and until then its packets come to the engine. False when there was nothing to load.
   */
  loadOffload(): Promise<boolean> {
    return this.loading.loadLater(() => this.ends.loadOffload());
  }

  /** Makes what `linksLater` has left for later, beside everything else. */
  makeLinks(): Promise<void> {
    return this.attacher.makeLinks();
  }

  /** What processes had attached that are no more can go: all that takes its place is there. */
  sweep(): void {
    this.attacher.sweep();
  }

  /** The process is restarted: what is kept for the next one stays in force. To be called before anything is detached. */
  leave(): void {
    this.attacher.leave();
  }

  /** Interface indices of the uplinks. */
  get uplinks(): readonly number[] {
    return this.options.uplinks;
  }

  /** Interface indices of the devices of tunnels. */
  get tunnels(): readonly number[] {
    return this.tunnelDevices.all;
  }

  /** Whether the engine sends by the device: it is an uplink, or one of tunnels. */
  isUplink(ifindex: number): boolean {
    return this.options.uplinks.includes(ifindex) || this.tunnelDevices.has(ifindex);
  }

  /**
   * What the engine writes to the device of tunnels, which is set up as an uplink is, finds its way out as from there; what comes in at its UDP
   * port may be from nodes that are entered without theirs. Answers how to end that.
   */
  addTunnel(tunnel: TunnelEnd): () => void {
    return this.tunnelDevices.add(tunnel);
  }

  /** Descriptor of the `flows` map. */
  get flowsFd(): number {
    return this.maps.flows;
  }

  /** Descriptor of the `across` map. */
  get acrossFd(): number {
    return this.maps.across;
  }

  /** Descriptor of the `order` map, of `orderPlaces` values. */
  get orderFd(): number {
    return this.maps.order;
  }

  /** Descriptor of the `flows6` map. */
  get flows6Fd(): number {
    return this.maps.flows6;
  }

  /** Whether IPv6 is steered. */
  get ipv6(): boolean {
    return this.options.ipv6 === true;
  }

  /** Starts to steer what comes in at a host interface; it may be attached already. `arphrdType`: its `/sys/class/net/NAME/type`. */
  attach(ifindex: number, arphrdType: number): AttachMode {
    return this.devices.attach(ifindex, arphrdType);
  }

  /** Interface indices of those attached whose packets go to the engine, carried flows' too. */
  get bareDevices(): readonly number[] {
    return this.devices.bareDevices;
  }

  /** The same for the host's device in a network of our own, where nothing is to be taken: the engine has seen it. */
  attachOwn(ifindex: number): void {
    this.devices.attachOwn(ifindex);
  }

  /** Also for a device that is gone. Nothing happens when it was not attached. */
  detach(ifindex: number): void {
    this.devices.detach(ifindex);
  }

  /** Interface indices of what was attached to, the uplinks not among them. */
  attached(): number[] {
    return this.devices.attached();
  }

  /**
   * Takes ports `firstPort` to `lastPort`, both included, of `hostIp` (unspecified: any address of the host of that family). `proto`: IANA's number.
   * Unless the firewall is bypassed, the sockets that hold the ports do it, and here is written but where what is carried is counted: `carried`. SCTP may
   * have no sockets.
   */
  publish(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number, carried = 0): void {
    this.published.publish(proto, hostIp, firstPort, lastPort, carried);
  }

  /** The opposite of `publish`. */
  withdraw(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): void {
    this.published.withdraw(proto, hostIp, firstPort, lastPort);
  }

  /** Program for `native.tapSteering` of a bridge TAP with a queue a worker. */
  get queueFd(): number {
    this.queue ??= this.descriptors.load(
      "queue",
      queueProgram(this.options.uplinks.length, this.maps, this.options),
      bpf.PROG_TYPE_SOCKET_FILTER,
    );
    return this.queue;
  }

  /** The same of the tunnels' device. */
  get tunnelQueueFd(): number {
    const { uplinks } = this.options;
    this.tunnelQueue ??= this.descriptors.load(
      "tunnel_queue",
      tunnelQueueProgram(uplinks.length, this.maps, this.options),
      bpf.PROG_TYPE_SOCKET_FILTER,
    );
    return this.tunnelQueue;
  }

  /** Whether the program with this number is what `attach` puts on the egress of Ethernet devices, of this process or of another one like it. */
  isHome(id: number): boolean {
    return this.devices.isHome(id);
  }

  /** Value of the map `peers` for an address behind the bridge `ifindex`; null: no more. */
  setPeer(ifindex: number, address: IpAddress, value: Uint8Array | null): void {
    const map = address.family === 4 ? this.maps.peers : this.maps.peers6;
    const key = peerKey(ifindex, address);
    if (value === null) bpf.deleteElement(map, key);
    else bpf.updateElement(map, key, value);
  }

  /** The value that `setPeer` has set, with what the programs have noted in it; false when there is none. */
  peer(ifindex: number, address: IpAddress, value: Uint8Array): boolean {
    return bpf.lookupElement(address.family === 4 ? this.maps.peers : this.maps.peers6, peerKey(ifindex, address), value);
  }

  /** What the engine sends for its port `port` is of the endpoint with this address, an IPv6 one. */
  setInside(port: number, address: IpAddress): void {
    if (this.ipv6) bpf.updateElement(this.maps.inside6, bytes(Int32Array.of(port)), toBytes(address));
  }

  /** The host's own addresses, and the interface index of each one's device; 127/8 and ::1 need not be among them. */
  setLocals(addresses: readonly { address: IpAddress; ifindex: number }[]): void {
    this.host.setLocals(addresses);
  }

  /** Networks that IPsec policies of the host are about: packets to them the host forwards, and those from them come to us if they came by IPsec. */
  setIpsec(networks: readonly IpPrefix[]): void {
    this.host.setIpsec(networks);
  }

  /** Packets since the start, by the names in COUNTERS, and `offloaded`: translated on the spot, as the engine had said. */
  stats(): Record<string, number> {
    return {
      ...Object.fromEntries(COUNTERS.map((name) => [name, this.counted(name)])),
      offloaded: this.carried.total().packets,
      "not-carried": this.ends.refused + this.stations.refused,
    };
  }

  /** Entries of flows that the programs wanted to make, and the kernel refused. */
  get notRecorded(): number {
    return this.counted("flow-not-recorded");
  }

  private counted(name: Counter): number {
    const value = new BigUint64Array(bpf.possibleCpus());
    bpf.lookupElement(this.maps.counters, bytes(Int32Array.of(COUNTERS.indexOf(name))), new Uint8Array(value.buffer));
    return Number(value.reduce((sum, n) => sum + n, 0n));
  }

  /** Detaches everything and gives the maps back. */
  close(): void {
    this.loading?.close();
    this.devices?.close();
    for (const emitter of this.emitters.splice(0)) emitter.detach();
    this.tunnelDevices?.close();
    this.published?.close();
    this.ends?.close();
    this.attacher.close();
    this.descriptors.close();
  }
}

function peerKey(ifindex: number, address: IpAddress): Uint8Array {
  return Buffer.concat([bytes(Int32Array.of(ifindex)), toBytes(address)]);
}

/** Entries of a former process that lead to other uplinks are of no use; those of flows that are not taken up are carried past us. */
function discardFlows({ store, flowCapacity, ipv6 = false }: SteeringOptions): void {
  for (const name of [flowsName(flowCapacity), flowsName(flowCapacity, ipv6), acrossName(flowCapacity)]) {
    const fds = store?.take(name) ?? [];
    for (const fd of fds) fs.closeSync(fd);
    if (fds.length > 0) store?.remove(name);
  }
}
