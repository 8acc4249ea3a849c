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
 * Map capacity: `flows` forgets the least recently used entry when it is full, but never below two of each of the stated number of
 * flows, one for each direction (`flows6`: of a quarter of that number), `fragments` likewise; `publish` fails when `ports` is full.
 */
import fs from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import type { Ipv6Conf } from "../sys/ipv6-conf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
import { formatPrefix, type IpAddress, type IpPrefix, toBytes } from "../wire/ip-address.js";
import { PROTO_SCTP } from "../wire/ipv4.js";
import { acceptProgram, acceptRawProgram, RING_SIZE } from "./accept-program.js";
import { Attacher, type AttachMode, type Attachment } from "./attach.js";
import { CarriedCounts } from "./carried.js";
import { emitProgram } from "./emit-program.js";
import { EndpointEnds } from "./endpoint-ends.js";
import { homeProgram } from "./home-program.js";
import { acrossName, type BegunMaps, bytes, createMaps, createRing, flowsName, placesOf, portKeys, VALUE_SIZE } from "./maps.js";
import {
  CARRYING_LINKS,
  type LoadedOffload,
  loadPastBridge,
  type OffloadMode,
  type OffloadState,
  offloadToCome,
  tellOffload,
  useOffload,
} from "./offload.js";
import { COUNTERS, type LinkLayer, LOOPBACK, type MapFds } from "./program.js";
import { queueProgram, tunnelQueueProgram } from "./queue-program.js";
import { RawSctp } from "./raw-sctp.js";
import { Stations, type TunnelEnd } from "./stations.js";
import { steerProgram } from "./steer-program.js";

/**
 * net.ipv6.conf of the uplink, and of no other device. `forwarding` as above; `forceForwarding` (Linux 6.17) lets the host's stack forward what it
 * is handed, though the host is no router.
 */
export const UPLINK_IPV6_CONF: Partial<Ipv6Conf> = { disableIpv6: 0, acceptRa: 0, acceptRedirects: 0, forwarding: 1, forceForwarding: 1 };

/**
 * net.ipv4.conf of the uplink, and of no other device. `forwarding`: else bpf_fib_lookup answers nothing. The others let the host's
 * own stack take packets from and to its own addresses, 127/8 among them, off this device. rp_filter is loose mode since the kernel
 * uses the larger value of this and `all`; it needs some address on the device (UPLINK_ADDRESS), else it drops what comes from the host.
 */
export const UPLINK_CONF: Partial<Ipv4Conf> = { forwarding: 1, acceptLocal: 1, routeLocalnet: 1, rpFilter: 2 };

/**
 * Address for the uplink, /32 of scope host, if it has no other: loose rp_filter wants one. Being in 127/8 it is nobody else's, is not
 * reachable from outside, and with scope host the kernel never picks it as a source.
 */
export const UPLINK_ADDRESS = "127.84.83.80";

/** ARPHRD_* of linux/if_arp.h, without those whose link layer the programs do not know. */
const LINK_LAYERS = new Map<number, LinkLayer>([
  [1, "ethernet"],
  [772, "loopback"],
  [512, "ip"], // PPP
  [519, "ip"], // RAWIP
  [768, "ip"], // TUNNEL, ipip
  [776, "ip"], // SIT
  [778, "ip"], // IPGRE
  [0xfffe, "ip"], // NONE: tun, wireguard
]);

/** Whether steering can work on devices of this type (ARPHRD_*, `/sys/class/net/NAME/type`). */
export function isSteerable(arphrdType: number): boolean {
  return LINK_LAYERS.has(arphrdType);
}

export { RING_SIZE };

export interface SteeringOptions {
  /** Interface indices of the uplinks, one a worker. */
  uplinks: readonly number[];
  /** Flows that `flows` holds without forgetting one. */
  flowCapacity: number;
  /** Takes packets for published ports before the host's firewall, and whatever else its kernel checks, sees them. */
  bypass?: boolean;
  /** The kernel has IPsec: `setIpsec` says what its policies are about. */
  ipsec?: boolean;
  /** The kernel has IPv6. */
  ipv6?: boolean;
  /** Whether the programs are to carry out what the engine enters into `flows` (offload-program.ts), which needs Linux 5.11. Default: never. */
  offload?: OffloadMode;
  /** `auto` waits for `loadOffload`, where programs can be replaced. */
  offloadLater?: boolean;
  /** Packets may go to containers past their bridges, as `setPeer` says (past-bridge-program.ts). Needs Linux 6.7. */
  pastBridge?: boolean;
  /** Do not use TCX even where the kernel has it. */
  forceClsact?: boolean;
  /** Needed where TCX is missing. */
  routeSocket?: RouteSocket;
  /** Keeps what is attached, and flows, while the process is restarted. */
  store?: FdStore | undefined;
  /** Devices that will be attached to, with their types, as far as that is known: it is begun early. */
  devices?: readonly { ifindex: number; arphrdType: number }[];
  /** As in `MapOptions`. */
  manyPorts?: boolean | undefined;
  /** Begun before, if they are the right ones. */
  maps?: BegunMaps | undefined;
  /** The uplinks are those of the process before, so the flows that it entered in the map, if that was kept, lead to them. */
  sameUplinks?: boolean;
}

export class Steering {
  /** Changes once, by `loadOffload`. */
  readonly offload: OffloadState;
  readonly carried: CarriedCounts;
  readonly maps: MapFds;
  private readonly programs = new Map<LinkLayer, number>();
  private readonly attachments = new Map<number, Attachment & { link: LinkLayer }>();
  private readonly homes = new Map<number, Attachment>();
  /** Whose programs carry flows. */
  private carrying: ReadonlySet<LinkLayer> = new Set();
  private readonly bare = new Set<number>();
  private readonly fds: number[] = []; // of maps and programs
  private readonly emitters: Attachment[] = [];
  private readonly tunnelDevices = new Map<number, Attachment>();
  private readonly rings: number[] = [];
  /** Descriptor of the program for sockets that hold published ports; -1 where the firewall is bypassed: they are to drop all. */
  readonly acceptFd: number = -1;
  private readonly homeFds = new Map<LinkLayer, number>();
  private readonly rawSctp = new RawSctp((family) => this.rawFilter(family));
  private readonly rawFilters = new Map<4 | 6, number>();
  private readonly locals: Record<4 | 6, Map<bigint, number>> = { 4: new Map<bigint, number>(), 6: new Map<bigint, number>() }; // address to the device that has it, or 0
  private readonly ipsec = { 4: new Map<string, IpPrefix>(), 6: new Map<string, IpPrefix>() };
  readonly attacher: Attacher;
  /** Of endpoints on veth pairs. */
  readonly ends: EndpointEnds;
  /** Of overlay networks. */
  readonly stations: Stations;
  /** Nothing has been entered in `flows` yet. */
  readonly flowsAreNew: boolean = true;
  private queue: number | undefined;
  /** Programs that the kernel has refused to let go past bridges. */
  private withoutPast = 0;
  private awaitsOffload = false;
  private closed = false;
  private tunnelQueue: number | undefined;

  /**
   * Makes the maps, and attaches to the uplinks. Throws `TSP_ERR_BPF` of kind permission where BPF is not allowed, `TSP_ERR_OFFLOAD` where
   * the kernel knows too little for offload.
   */
  constructor(private readonly options: SteeringOptions) {
    const { store, uplinks } = options;
    this.attacher = new Attacher(options.routeSocket, options.forceClsact !== true, store);
    try {
      if (options.sameUplinks !== true) discardFlows(options);
      this.flowsAreNew = store?.has(flowsName(options.flowCapacity)) !== true;
      const { offload: mode = "never" } = options;
      this.attacher.prepare(this.placesOf(options.devices ?? []));
      this.maps = createMaps({ ...options, offload: mode !== "never", workers: uplinks.length }, this.fds, options.maps);
      this.carried = new CarriedCounts(this.maps.carried, placesOf(options));
      this.ends = new EndpointEnds(this.attacher, this.maps, options, () => this.offload);
      this.stations = new Stations(this.maps, mode !== "never", options);
      if (mode === "auto" && options.offloadLater === true && this.attacher.canReplace) {
        this.offload = offloadToCome(options);
        this.carrying = new Set(CARRYING_LINKS);
        this.awaitsOffload = true;
      } else {
        const found = bpf.now(useOffload(mode, this.toLoad(), this.maps, this.fds));
        this.offload = found.state;
        this.useLoaded(found);
      }
      if (options.bypass !== true) {
        this.rings = uplinks.map((_, worker) => createRing(`${worker}of${uplinks.length}`, store, this.fds));
        this.acceptFd = this.load("accept", acceptProgram(this.rings, this.maps, options), bpf.PROG_TYPE_SOCKET_FILTER);
      }
      this.homeFds.set("ethernet", this.load("home", homeProgram("ethernet", options.uplinks, this.maps, options)));
      for (const { arphrdType } of options.devices ?? []) this.programFor(LINK_LAYERS.get(arphrdType)!);
      for (const uplink of options.uplinks) this.emitters.push(this.attacher.attach(uplink, this.loadEmit(uplink)));
      this.offload.refused += this.withoutPast;
      tellOffload(this.offload);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether flows to and from endpoints on veth pairs are carried, or may be once all is loaded. */
  get carriesInside(): boolean {
    return this.offload.ipv4 && this.options.pastBridge === true;
  }

  /**
   * Loads what `offloadLater` has left for later, beside everything else, and has it take the place of what is attached. Nothing is lost by that: a flow is
   * entered as it will be carried, and until then its packets come to the engine. False when there was nothing to load.
   */
  async loadOffload(): Promise<boolean> {
    if (!this.awaitsOffload || this.closed) return false;
    this.awaitsOffload = false;
    const fds: number[] = [];
    const found = await bpf.apart(useOffload("auto", this.toLoad(), this.maps, fds));
    if (this.closed) {
      for (const fd of fds) fs.closeSync(fd);
      return false;
    }
    const replaced = [...found.programs.keys()].flatMap((link) => this.programs.get(link) ?? []);
    this.fds.push(...fds);
    delete this.offload.loading;
    Object.assign(this.offload, found.state, { refused: found.state.refused + this.withoutPast });
    this.useLoaded(found);
    await this.ends.loadOffload();
    if (this.closed) return false; // meanwhile
    for (const fd of replaced) fs.closeSync(this.fds.splice(this.fds.indexOf(fd), 1)[0]!);
    tellOffload(this.offload);
    return true;
  }

  private toLoad(): SteeringOptions & { refused(reason: string): void } {
    const refused = (reason: string): void => {
      if (this.withoutPast++ === 0) log.warn(reason);
    };
    return { ...this.options, refused };
  }

  /** What is attached already is replaced. */
  private useLoaded({ programs }: LoadedOffload): void {
    this.carrying = new Set(programs.keys());
    for (const [link, fd] of programs) this.programs.set(link, fd);
    for (const [ifindex, { link, replace }] of this.attachments) {
      const fd = programs.get(link);
      if (fd === undefined || replace?.(fd) !== true) this.bare.add(ifindex); // refused, or the device is gone
    }
  }

  /** Interface indices of the uplinks. */
  get uplinks(): readonly number[] {
    return this.options.uplinks;
  }

  /** Interface indices of the devices of tunnels. */
  get tunnels(): readonly number[] {
    return [...this.tunnelDevices.keys()];
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
    const { device: ifindex } = tunnel;
    const progFd = bpf.loadProgram(
      "tsproxy_tunnel",
      emitProgram(ifindex, this.maps, { ...this.options, givesBack: false, pastBridge: false }),
    );
    try {
      this.tunnelDevices.set(ifindex, this.attacher.attach(ifindex, progFd));
    } finally {
      fs.closeSync(progFd); // the kernel keeps it as long as it is attached
    }
    const close = this.stations.open(tunnel);
    return () => {
      close();
      this.tunnelDevices.get(ifindex)?.detach();
      this.tunnelDevices.delete(ifindex);
    };
  }

  /** Descriptor of the `flows` map. */
  get flowsFd(): number {
    return this.maps.flows;
  }

  /** Descriptor of the `across` map. */
  get acrossFd(): number {
    return this.maps.across;
  }

  /** Descriptor of the `pairs` map. */
  get pairsFd(): number {
    return this.maps.pairs;
  }

  /** Descriptor of the `pairs6` map. */
  get pairs6Fd(): number {
    return this.maps.pairs6;
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

  /** Descriptors of the workers' ring buffers, of RING_SIZE bytes; none where the firewall is bypassed. */
  get ringFds(): readonly number[] {
    return this.rings;
  }

  /** Starts to steer what comes in at a host interface; it may be attached already. `arphrdType`: its `/sys/class/net/NAME/type`. */
  attach(ifindex: number, arphrdType: number): AttachMode {
    const present = this.attachments.get(ifindex);
    if (present !== undefined) return present.mode;
    const link = LINK_LAYERS.get(arphrdType);
    if (link === undefined || this.isUplink(ifindex)) {
      const why = link === undefined ? `its type ${arphrdType} is none that tsproxy knows` : "it is an uplink";
      throw new TsproxyError("TSP_ERR_STEER_DEVICE", "invalid", `cannot steer device ${ifindex}: ${why}`);
    }
    const progFd = this.programFor(link);
    if (link !== "loopback") this.attachHome(ifindex, link);
    const attachment = { ...this.attacher.attach(ifindex, progFd), link };
    this.attachments.set(ifindex, attachment);
    if (!this.carrying.has(link)) this.bare.add(ifindex);
    return attachment.mode;
  }

  /** All that was prepared and is wanted has been attached. */
  allAttached(): void {
    this.attacher.releasePrepared();
  }

  /** Where programs go that these devices and the uplinks get. */
  private placesOf(devices: NonNullable<SteeringOptions["devices"]>): bpf.TcxPlace[] {
    const ingress = [...this.options.uplinks, ...devices.map(({ ifindex }) => ifindex)];
    const egress = devices.filter(({ arphrdType }) => LINK_LAYERS.get(arphrdType) !== "loopback").map(({ ifindex }) => ifindex);
    const at = (direction: bpf.TcxPlace["direction"]) => (ifindex: number) => ({ ifindex, direction });
    return [...ingress.map(at("ingress")), ...egress.map(at("egress"))];
  }

  private programFor(link: LinkLayer): number {
    let progFd = this.programs.get(link);
    if (progFd === undefined) {
      progFd = this.load(link, steerProgram(link, this.options.uplinks, this.maps, { ...this.options, offload: false }));
      this.programs.set(link, progFd);
    }
    return progFd;
  }

  /** Interface indices of those attached whose packets go to the engine, carried flows' too. */
  get bareDevices(): readonly number[] {
    return [...this.bare];
  }

  /** The same for the host's device in a network of our own, where nothing is to be taken: the engine has seen it. */
  attachOwn(ifindex: number): void {
    const asOthers = this.attachments.get(ifindex); // it was there before its network, left by a former process
    if (this.homes.has(ifindex) && asOthers === undefined) return;
    asOthers?.detach();
    this.attachments.delete(ifindex);
    this.attachHome(ifindex, "ethernet");
    bpf.updateBatch(this.maps.own, bytes(Int32Array.of(ifindex)), new Uint8Array(VALUE_SIZE), 1);
  }

  /** Also for a device that is gone. Nothing happens when it was not attached. */
  detach(ifindex: number): void {
    bpf.deleteBatch(this.maps.own, bytes(Int32Array.of(ifindex)), 4, 1);
    this.bare.delete(ifindex);
    for (const attached of [this.attachments, this.homes]) {
      attached.get(ifindex)?.detach();
      attached.delete(ifindex);
    }
  }

  /** Interface indices of what was attached to, the uplinks not among them. */
  attached(): number[] {
    return [...new Set([...this.attachments.keys(), ...this.homes.keys()])];
  }

  /**
   * Takes ports `firstPort` to `lastPort`, both included, of `hostIp` (unspecified: any address of the host of that family). `proto`: IANA's number.
   * Unless the firewall is bypassed, the sockets that hold the ports do it, and here is written but where what is carried is counted: `carried`. SCTP may
   * have no sockets.
   */
  publish(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number, carried = 0): void {
    const takes = this.options.bypass === true || proto === PROTO_SCTP;
    if (!takes && carried === 0) return;
    const { ports } = this.mapsOf(hostIp.family);
    const keys = portKeys(proto, hostIp, firstPort, lastPort);
    const count = lastPort - firstPort + 1;
    try {
      bpf.updateBatch(ports, keys, bytes(new Int32Array(count).fill(carried)), count);
      if (takes && this.options.bypass !== true) this.rawSctp.add(hostIp, count);
    } catch (error) {
      bpf.deleteBatch(ports, keys, keys.length / count, count);
      if (takes) throw error; // else what is carried counts in all alone
    }
  }

  /** The opposite of `publish`. */
  withdraw(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): void {
    const takes = this.options.bypass === true || proto === PROTO_SCTP;
    if (!takes && !this.offload.ipv4) return;
    const keys = portKeys(proto, hostIp, firstPort, lastPort);
    const count = lastPort - firstPort + 1;
    bpf.deleteBatch(this.mapsOf(hostIp.family).ports, keys, keys.length / count, count);
    if (takes && this.options.bypass !== true) this.rawSctp.remove(hostIp, count);
  }

  private rawFilter(family: 4 | 6): number {
    const known = this.rawFilters.get(family);
    if (known !== undefined) return known;
    const fd = this.load("accept_raw", acceptRawProgram(this.rings, this.maps, family), bpf.PROG_TYPE_SOCKET_FILTER);
    this.rawFilters.set(family, fd);
    return fd;
  }

  /** The same of the tunnels' device. */
  get tunnelQueueFd(): number {
    const { uplinks } = this.options;
    this.tunnelQueue ??= this.load(
      "tunnel_queue",
      tunnelQueueProgram(uplinks.length, this.maps, this.options),
      bpf.PROG_TYPE_SOCKET_FILTER,
    );
    return this.tunnelQueue;
  }

  /** Program for `native.tapSteering` of a bridge TAP with a queue a worker. */
  get queueFd(): number {
    this.queue ??= this.load("queue", queueProgram(this.options.uplinks.length, this.maps, this.options), bpf.PROG_TYPE_SOCKET_FILTER);
    return this.queue;
  }

  /** Whether the program with this number is what `attach` puts on the egress of Ethernet devices, of this process or of another one like it. */
  isHome(id: number): boolean {
    const own = bpf.programInfo(this.homeFds.get("ethernet")!);
    return id === own.id || bpf.programName(id) === own.name;
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
    for (const family of this.families) {
      const before = this.locals[family];
      const next = new Map<bigint, number>();
      for (const { address, ifindex } of addresses) {
        // Of several devices that have it the kernel takes the first.
        if (address.family !== family || next.has(address.value)) continue;
        next.set(address.value, ifindex === LOOPBACK || this.homes.has(ifindex) ? ifindex : 0);
      }
      const changed = [...next].filter(([value, ifindex]) => before.get(value) !== ifindex);
      const gone = [...before.keys()].filter((value) => !next.has(value));
      const keys = (values: bigint[]): Uint8Array => Buffer.concat(values.map((value) => toBytes({ family, value })));
      const { locals } = this.mapsOf(family);
      bpf.updateBatch(
        locals,
        keys(changed.map(([value]) => value)),
        bytes(Int32Array.from(changed, ([, ifindex]) => ifindex)),
        changed.length,
      );
      bpf.deleteBatch(locals, keys(gone), family === 4 ? 4 : 16, gone.length);
      this.locals[family] = next;
    }
  }

  /** Networks that IPsec policies of the host are about: packets to them the host forwards, and those from them come to us if they came by IPsec. */
  setIpsec(networks: readonly IpPrefix[]): void {
    const keyOf = ({ address, prefixLength }: IpPrefix): Uint8Array =>
      Buffer.concat([bytes(Int32Array.of(prefixLength)), toBytes(address)]);
    for (const family of this.families) {
      const before = this.ipsec[family];
      const { ipsec } = this.mapsOf(family);
      const next = new Map(networks.filter(({ address }) => address.family === family).map((network) => [formatPrefix(network), network]));
      for (const [name, network] of next) if (!before.has(name)) bpf.updateElement(ipsec, keyOf(network), new Uint8Array(VALUE_SIZE));
      for (const [name, network] of before) if (!next.has(name)) bpf.deleteElement(ipsec, keyOf(network));
      this.ipsec[family] = next;
    }
  }

  /** Packets since the start, by the names in COUNTERS, and `offloaded`: translated on the spot, as the engine had said. */
  stats(): Record<string, number> {
    const value = new BigUint64Array(bpf.possibleCpus());
    const total = (counter: number): number => {
      bpf.lookupElement(this.maps.counters, bytes(Int32Array.of(counter)), new Uint8Array(value.buffer));
      return Number(value.reduce((sum, n) => sum + n, 0n));
    };
    return { ...Object.fromEntries(COUNTERS.map((name, i) => [name, total(i)])), offloaded: this.carried.total().packets };
  }

  /** Detaches everything and gives the maps back. */
  close(): void {
    this.closed = true;
    this.attacher.releasePrepared();
    for (const ifindex of this.attached()) this.detach(ifindex);
    for (const emitter of [...this.emitters.splice(0), ...this.tunnelDevices.values()]) emitter.detach();
    this.tunnelDevices.clear();
    this.rawSctp.close();
    this.ends?.close();
    for (const fd of this.fds.splice(0)) fs.closeSync(fd);
    this.programs.clear();
  }

  /** Those that are steered. */
  private get families(): (4 | 6)[] {
    return this.ipv6 ? [4, 6] : [4];
  }

  private mapsOf(family: 4 | 6): Pick<MapFds, "ports" | "locals" | "ipsec"> {
    const { ports6, locals6, ipsec6 } = this.maps;
    return family === 4 ? this.maps : { ports: ports6, locals: locals6, ipsec: ipsec6 };
  }

  private loadEmit(uplink: number): number {
    const { maps, options } = this;
    const load = (pastBridge: boolean): bpf.Steps<number> => this.loading("emit", emitProgram(uplink, maps, { ...options, pastBridge }));
    return bpf.now(loadPastBridge(this.toLoad(), load));
  }

  private attachHome(ifindex: number, link: LinkLayer): void {
    if (this.homes.has(ifindex)) return;
    const progFd = this.homeFds.get(link) ?? this.load("home", homeProgram(link, this.options.uplinks, this.maps, this.options));
    this.homeFds.set(link, progFd);
    this.homes.set(ifindex, this.attacher.attach(ifindex, progFd, "egress"));
  }

  private load(name: string, code: Uint8Array, type?: number): number {
    return bpf.now(this.loading(name, code, type));
  }

  private *loading(name: string, code: Uint8Array, type?: number): bpf.Steps<number> {
    const fd = yield* bpf.loadingProgram(`tsproxy_${name}`, code, type);
    this.fds.push(fd);
    return fd;
  }
}

function peerKey(ifindex: number, address: IpAddress): Uint8Array {
  return Buffer.concat([bytes(Int32Array.of(ifindex)), toBytes(address)]);
}

/** Entries of a former process that lead to other uplinks are of no use. */
function discardFlows({ store, flowCapacity, ipv6 = false }: SteeringOptions): void {
  for (const name of [flowsName(flowCapacity), flowsName(flowCapacity, ipv6), acrossName(flowCapacity)]) {
    const fds = store?.take(name) ?? [];
    for (const fd of fds) fs.closeSync(fd);
    if (fds.length > 0) store?.remove(name);
  }
}
