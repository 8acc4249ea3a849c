/**
 * Which containers behind the host's own bridges (Docker's, say) packets go to past the bridge, straight into the container's end of its veth
 * (`steer/past-bridge-program.ts`). Only where nobody could tell, but by the counters of bridge and port:
 *
 * - the bridge sorts no VLANs, and knows the container's MAC behind a port that is up, passes frames on, and takes what fits the bridge;
 * - the port is a veth whose other end is in another namespace, is up, and has no XDP program there;
 * - neither bridge nor port has a queueing discipline, tc filters or TCX programs of others, or somebody who captures;
 * - there are no rules of nftables about bridges or single devices, and none of ebtables.
 *
 * What changes is heard of by netlink, and an entry that it may be about is dropped at once. Captures, TCX programs, rules and what is in the
 * container's namespace are not told of, so once a second entries that are in use are looked at, and hold for HOLD_SEC from then on: what nobody
 * looks after any more, since the process has ended or hangs, ends by itself. Others are not looked at; their next packets take the usual
 * way until they have been.
 *
 * The kernel asks a neighbor that it is not sure of when it sends to it, which it does no more here. So it is told of that use when it says that it is
 * not sure.
 */
import os from "node:os";
import { log } from "../log.js";
import { MAX_BRIDGED } from "../steer/maps.js";
import { NO_PORT } from "../steer/moved.js";
import {
  PEER_HEADER_AT,
  PEER_NUMBER_AT,
  PEER_PORT_AT,
  PEER_SEEN_AT,
  PEER_UNTIL_AT,
  PEER_VALUE_SIZE,
} from "../steer/past-bridge-program.js";
import type { Steering } from "../steer/steering.js";
import { type BridgeEntry, type BridgeEvent, type BridgeLink, BridgeMonitor, BridgeSocket } from "../sys/bridges.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Neighbor, NeighborState } from "../sys/rtnetlink-entries.js";
import { parseMac } from "../wire/ethernet.js";
import { type IpAddress, parseIp } from "../wire/ip-address.js";
import { BridgeWatch, isContainers } from "./over-bridge.js";
import type { Workers } from "./workers.js";

/** What was looked at holds so long: until the next look, and the one after should that be late. */
const HOLD_SEC = 3;
/** An entry is in use as long as a packet has come for it within so many seconds. */
const USED_SEC = 10;
const LOOK_MS = 1000,
  /** While none is in use: the process is to wake less than once a second. */
  REST_MS = 1500,
  REREAD_MS = 200,
  /** A container may have the bridge learn a new MAC with each frame: so much is heard at once, and of all time such a part goes into reading anew. */
  HEAR_MS = 20,
  MAX_EVENTS = 256,
  REREAD_PART = 1 / 20;
const ETHERTYPES = { 4: [0x08, 0x00], 6: [0x86, 0xdd] } as const;
/** The kernel sends to it. */
const VALID: ReadonlySet<NeighborState> = new Set(["reachable", "stale", "delay", "probe", "permanent"]);

/** A container's address, and the way to it. */
interface Peer {
  bridge: number;
  address: IpAddress;
  /** As netlink writes it. */
  text: string;
  mac: string;
  port: BridgeLink;
  /** As in the map. */
  value: Uint8Array;
  holds: boolean;
  /** Something was heard about it since all was read: it does not hold again before that is read anew. */
  inDoubt: boolean;
}

const peerName = (bridge: number, address: string): string => `${bridge} ${address}`;

export class PastBridge {
  private readonly socket = new BridgeSocket();
  private readonly monitor = new BridgeMonitor();
  private readonly peers = new Map<string, Peer>();
  /** By bridge and MAC. */
  private readonly byMac = new Map<string, Peer[]>();
  private bridges = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private due = Number.POSITIVE_INFINITY;
  private stale = true;
  private hearing: NodeJS.Timeout | undefined;
  private heardAt = 0;
  private rereadAt = 0;
  private closed = false;
  /** Addresses that are reached over their bridges since there is no room for them. */
  left = 0;

  constructor(
    private readonly routes: RouteSocket,
    workers: Pick<Workers, "watch">,
    private readonly steering: Steering,
  ) {
    workers.watch(this.monitor.fd);
    this.lookWithin(REREAD_MS); // the start has enough to do
  }

  /** From Linux 6.7 on what comes this way counts among what the container's device has received. */
  static isPossible(release = os.release()): boolean {
    const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
    return major > 6 || (major === 6 && minor >= 7);
  }

  /** To be called when the worker says that the monitor's descriptor is readable. What there is no room for until it is read is lost, and all is in doubt. */
  onReadable(): void {
    if (this.closed || this.hearing !== undefined) return;
    const wait = this.heardAt + HEAR_MS - Date.now();
    if (wait <= 0) this.hearAll();
    else this.hearWithin(wait);
  }

  private hearWithin(ms: number): void {
    this.hearing = setTimeout(() => this.hearAll(), ms).unref();
  }

  private hearAll(): void {
    this.hearing = undefined;
    this.heardAt = Date.now();
    let events: readonly BridgeEvent[] = [];
    try {
      events = this.monitor.drain(MAX_EVENTS);
      for (const event of events) this.hear(event);
    } catch (error) {
      log.warn(`packets go over bridges for a while: ${(error as Error).message}`); // what held ends by itself
      this.stale = true;
    }
    if (events.length >= MAX_EVENTS) this.hearWithin(HEAR_MS);
    if (this.stale) this.lookWithin(Math.max(REREAD_MS, this.rereadAt - this.heardAt));
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.hearing);
    this.monitor.close();
    this.socket.close();
  }

  private hear(event: BridgeEvent): void {
    if (event.kind === "overrun") this.doubt(this.peers.values());
    else if (event.kind === "device")
      this.doubt([...this.peers.values()].filter(({ bridge, port }) => bridge === event.ifindex || port.index === event.ifindex));
    else if (event.kind === "entry") this.hearEntry(event.entry, event.gone);
    else this.hearNeighbor(event.neighbor, event.gone);
  }

  private hearEntry({ bridge, mac, port }: BridgeEntry, gone: boolean): void {
    const known = this.byMac.get(peerName(bridge, mac));
    if (known === undefined) this.stale ||= !gone;
    else if (gone || known[0]!.port.index !== port) this.doubt(known);
  }

  private hearNeighbor({ ifindex, address, mac, state }: Neighbor, gone: boolean): void {
    const peer = this.peers.get(peerName(ifindex, address));
    const isValid = !gone && VALID.has(state);
    if (peer === undefined) {
      if (isValid && this.bridges.has(ifindex)) this.stale = true;
    } else if (!isValid || mac !== peer.mac) this.doubt([peer]);
    else if (state === "stale" && peer.holds) this.routes.useNeighbor(ifindex, address);
  }

  /** These are not sure any more; all is read again. */
  private doubt(peers: Iterable<Peer>): void {
    this.stale = true;
    for (const peer of peers) {
      peer.inDoubt = true;
      if (peer.holds) this.hold(peer, 0);
    }
  }

  private lookWithin(ms: number): void {
    const due = Date.now() + ms;
    if (this.closed || due >= this.due) return;
    this.due = due;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), ms).unref();
  }

  private look(): void {
    this.due = Number.POSITIVE_INFINITY;
    try {
      const start = Date.now();
      if (this.stale && start >= this.rereadAt) {
        this.reread();
        this.rereadAt = start + (Date.now() - start) / REREAD_PART;
      }
      const areUsed = this.renew();
      if (this.peers.size > 0 || this.stale) this.lookWithin(areUsed ? LOOK_MS : REST_MS);
    } catch (error) {
      log.warn(`packets go over bridges for a while: ${(error as Error).message}`); // what held ends by itself
      this.stale = true;
      this.lookWithin(LOOK_MS);
    }
  }

  /** Containers anew, those that are as they were with what is known of them. */
  private reread(): void {
    this.stale = false;
    const links = new Map(this.socket.links().map((link) => [link.index, link]));
    this.bridges = new Set([...links.values()].filter(({ kind }) => kind === "bridge").map(({ index }) => index));
    const near = this.bridges.size > 0 ? this.routes.neighbors() : [];
    const room = { 4: MAX_BRIDGED, 6: MAX_BRIDGED };
    const all = near
      .filter(({ ifindex, mac, state }) => this.bridges.has(ifindex) && mac !== "" && VALID.has(state))
      .flatMap((neighbor) => peerOf(neighbor, links, portOf(links, this.socket.entry(neighbor.ifindex, neighbor.mac))) ?? []);
    const wanted = all.filter(({ address }) => room[address.family]-- > 0);
    this.noteLeft(all.length - wanted.length);
    const before = new Map(this.peers);
    this.peers.clear();
    this.byMac.clear();
    const names = new Set(wanted.map(({ bridge, text }) => peerName(bridge, text)));
    // First: there is no more room in the map than for those that are wanted.
    for (const [name, { bridge, address }] of before) if (!names.has(name)) this.steering.setPeer(bridge, address, null);
    for (const peer of wanted) {
      const name = peerName(peer.bridge, peer.text);
      const former = before.get(name);
      if (former === undefined || !sameWay(former.value, peer.value)) this.steering.setPeer(peer.bridge, peer.address, peer.value);
      else Object.assign(peer, { value: former.value, holds: former.holds });
      this.peers.set(name, peer);
      const mac = peerName(peer.bridge, peer.mac);
      this.byMac.set(mac, [...(this.byMac.get(mac) ?? []), peer]);
    }
  }

  private noteLeft(count: number): void {
    if (count > 0 && this.left === 0)
      log.warn(`no more than ${MAX_BRIDGED} addresses of containers a family are reached past their bridges; others over them`);
    this.left = count;
  }

  /** Lets entries hold that are used and beyond doubt; answers whether there are such. */
  private renew(): boolean {
    const now = Number(process.hrtime.bigint() / 1_000_000_000n);
    const used: Peer[] = [];
    for (const peer of this.peers.values()) {
      if (peer.inDoubt) continue;
      const value = new Uint8Array(PEER_VALUE_SIZE);
      if (!this.steering.peer(peer.bridge, peer.address, value)) continue;
      peer.value = value;
      if (now - new DataView(value.buffer).getUint32(PEER_SEEN_AT, true) <= USED_SEC) used.push(peer);
      else peer.holds = new DataView(value.buffer).getUint32(PEER_UNTIL_AT, true) >= now; // so an event may still end it
    }
    if (used.length === 0) return false;
    const isSeen = this.observers(used);
    for (const peer of used) this.hold(peer, isSeen(peer) ? 0 : now + HOLD_SEC);
    return true;
  }

  private hold(peer: Peer, until: number): void {
    peer.holds = until !== 0;
    new DataView(peer.value.buffer).setUint32(PEER_UNTIL_AT, until, true);
    this.steering.setPeer(peer.bridge, peer.address, peer.value);
  }

  /** Answers who tells whether somebody would see or change what goes to a peer over its bridge. */
  private observers(used: readonly Peer[]): (peer: Peer) => boolean {
    const watch = new BridgeWatch(this.socket, this.routes, (id) => this.steering.isHome(id));
    if (watch.everywhere !== undefined) return () => true;
    const inWay = (ifindex: number): boolean => watch.of(ifindex) !== undefined;
    const bridges = new Map([...new Set(used.map(({ bridge }) => bridge))].map((bridge) => [bridge, inWay(bridge)]));
    const ports = new Map(
      [...new Set(used.map(({ port }) => port))].map((port) => [port, inWay(port.index) || watch.ofEnd(port) !== undefined]),
    );
    return ({ bridge, port }) => bridges.get(bridge) === true || ports.get(port) === true;
  }
}

/** The port behind which packets may go past their bridge, or null. `entry`: the bridge's own of the container's MAC. */
export function portOf(links: ReadonlyMap<number, BridgeLink>, entry: BridgeEntry | null): BridgeLink | null {
  const port = links.get(entry?.port ?? 0);
  const over = links.get(entry?.bridge ?? 0);
  if (port === undefined || over === undefined || port.master !== over.index) return null;
  const passes = over.kind === "bridge" && over.up && !over.vlanFiltering && port.mtu >= over.mtu;
  return isContainers(port) && passes ? port : null;
}

function peerOf(
  { ifindex, family, address: text, mac }: Neighbor,
  links: ReadonlyMap<number, BridgeLink>,
  port: BridgeLink | null,
): Peer | null {
  const address = parseIp(text);
  const to = parseMac(mac);
  const from = parseMac(links.get(ifindex)?.mac ?? "");
  if (port === null || address === null || to === null || from === null) return null;
  const value = new Uint8Array(PEER_VALUE_SIZE);
  const view = new DataView(value.buffer);
  view.setUint32(PEER_PORT_AT, port.index, true);
  view.setUint32(PEER_NUMBER_AT, NO_PORT, true);
  value.set([...to, ...from, ...ETHERTYPES[family === "ipv4" ? 4 : 6]], PEER_HEADER_AT);
  return { bridge: ifindex, address, text, mac, port, value, holds: false, inDoubt: false };
}

function sameWay(a: Uint8Array, b: Uint8Array): boolean {
  return a.subarray(0, PEER_UNTIL_AT).every((byte, i) => byte === b[i]);
}
