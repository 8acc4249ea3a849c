/**
 * Says of each frame that the engine sent whether it was allowed to: who may talk to whom, by whose address, with which checksums. It knows the
 * world and what it has seen being sent, nothing of the engine's tables. Where time passes or tables are full the engine may drop what
 * would be allowed; it may never send what is not.
 *
 * A packet that is sent translated, or between networks, either opens a flow, by the rules of `opens`, or belongs to one. To one it belongs if, with its ends
 * exchanged, it is a packet that was sent before, out of the port that this one came in by; then it must arrive where that one came from.
 */
import { HEAD_SIZE, headAt, slotOf } from "../../../src/mem/packet-memory.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE } from "../../../src/table/networks.js";
import * as x from "./bytes.js";
import { addressAt, addressOf, first16, frameAt, isIn64, isIpv6, linkLocalOf, type Packet, packetAt } from "./packet.js";
import {
  CLIENTS6,
  ENDPOINTS,
  gatewayOf,
  HELD,
  HELD_LO,
  HOST_IP,
  HOST_IP6,
  isLoopback,
  macOf,
  NETWORKS,
  PORT_COUNT,
  type Published,
  UP,
  type World,
} from "./world.js";

const ARP = 0x0806,
  IPV4 = 0x0800,
  IPV6 = 0x86dd,
  VLAN = 0x8100,
  PROVIDER_VLAN = 0x88a8;

/** Addresses as in `packet.ts`. */
interface Tuple {
  src: number;
  dst: number;
  /** Source and destination port; of ICMP queries the identifier twice. */
  sport: number;
  dport: number;
  proto: number;
}

/** A translated packet that was sent. */
interface Sent {
  /** As it came in. */
  from: Tuple;
  ingress: number;
  egress: number;
  opened: Published | null;
}

function key(t: Tuple): string {
  return `${t.src},${t.dst},${t.sport},${t.dport},${t.proto}`;
}

function reversed(t: Tuple): Tuple {
  return { src: t.dst, dst: t.src, sport: t.dport, dport: t.sport, proto: t.proto };
}

function same(a: Tuple, b: Tuple): boolean {
  return a.src === b.src && a.dst === b.dst && a.sport === b.sport && a.dport === b.dport && a.proto === b.proto;
}

/** Of TCP's flags. */
const RST = 4,
  ACK = 16;
/** ICMP and ICMPv6: "unreachable", errors, queries. */
const UNREACHABLE = { 4: 3, 6: 1 };
const ERRORS = { 4: new Set([3, 11, 12]), 6: new Set([1, 2, 3, 4]) };
const QUERIES = { 4: new Set([0, 8, 13, 14, 15, 16, 17, 18]), 6: new Set([128, 129]) };
const ADVERTISEMENT = 136;

/** The packet's tuple; null where it has none (errors, later fragments, other protocols), or less than 8 bytes of layer 4 are there before `end`. */
function tupleOf(b: Uint8Array, p: Packet, end: number): Tuple | null {
  const { src, dst, proto, l4 } = p;
  if (p.later || l4 + 8 > end) return null;
  if (isIcmp(p)) {
    if (!QUERIES[p.version].has(b[l4]!)) return null;
    const id = x.u16(b, l4 + 4);
    return { src, dst, sport: id, dport: id, proto };
  }
  if (proto !== x.TCP && proto !== x.UDP && proto !== x.SCTP) return null;
  return { src, dst, sport: x.u16(b, l4), dport: x.u16(b, l4 + 2), proto };
}

function isIcmp({ version, proto }: Packet): boolean {
  return proto === (version === 4 ? x.ICMP : x.ICMPV6);
}

function isError(b: Uint8Array, p: Packet): boolean {
  return isIcmp(p) && !p.later && ERRORS[p.version].has(b[p.l4]!);
}

/** Tuple of the packet that the ICMP error quotes. */
function quotedBy(b: Uint8Array, error: Packet, end: number): Tuple | null {
  const inner = packetAt(b, error.l4 + 8, end - error.l4 - 8);
  return inner === null || inner.version !== error.version ? null : tupleOf(b, inner, end);
}

function macAt(b: Uint8Array, at: number): string {
  let text = "";
  for (let i = 0; i < 6; i++) text += (i === 0 ? "" : ":") + b[at + i]!.toString(16).padStart(2, "0");
  return text;
}

const NETWORK_MASKS = NETWORKS.map(({ net, prefixLength, net6 }) => ({
  net: addressOf(net),
  mask: x.word(Uint8Array.of(...[24, 16, 8, 0].map((shift) => ((0xffffffff << (32 - prefixLength)) >>> shift) & 255)), 0),
  net6: addressOf(net6),
}));
const UNSPECIFIED6 = addressOf("::"),
  KERNEL_NET = addressOf("10.0.0.0"),
  KERNEL_NET6 = addressOf("fd00:10::"),
  CLIENT_NET = addressOf("198.51.100.0"),
  CLIENT_NET6 = addressOf(CLIENTS6);

/** Number of the own network that the address is in, or -1. */
function networkOf(address: number): number {
  return NETWORK_MASKS.findIndex(({ net, mask, net6 }) => (isIpv6(address) ? isIn64(address, net6) : (address & mask) === net));
}

/** Multicast, broadcast, class E; of IPv6 what is of a link alone, too. */
function isForNobody(address: number): boolean {
  if (!isIpv6(address)) return (address & 0xff) >= 224;
  const first = first16(address);
  return first >> 8 === 0xff || (first & 0xffc0) === 0xfe80;
}

function isKernels(address: number): boolean {
  return isIpv6(address) ? isIn64(address, KERNEL_NET6) : (address & 0xffffff) === (KERNEL_NET & 0xffffff);
}

function isAllowed(src: number): boolean {
  return isIpv6(src) ? isIn64(src, CLIENT_NET6) : (src & 0xffffff) === (CLIENT_NET & 0xffffff);
}

/** What the oracle needs of a port, worked out once. */
const PORTS = Array.from({ length: PORT_COUNT }, (_, port) => {
  const endpoint = ENDPOINTS.get(port);
  const hostOf = NETWORKS.findIndex(({ hostPort }) => hostPort === port);
  const network = endpoint?.network ?? hostOf;
  const address = endpoint?.address ?? NETWORKS[hostOf]?.gateway;
  const address6 = endpoint?.address6 ?? NETWORKS[hostOf]?.gateway6;
  return {
    name: endpoint?.name ?? (hostOf === -1 ? "uplink" : `host${hostOf}`),
    kind: endpoint !== undefined ? "endpoint" : hostOf !== -1 ? "host" : port === UP ? "uplink" : "none",
    network,
    flags: NETWORKS[network]?.flags ?? 0,
    address: address === undefined ? 0 : addressOf(address),
    address6: address6 === undefined ? 0 : addressOf(address6),
    linkLocal: address === undefined ? 0 : addressOf(linkLocalOf(macOf(address))),
    mac: address === undefined ? "" : macOf(address),
    gateway: NETWORKS[network] === undefined ? 0 : addressOf(NETWORKS[network].gateway),
    gatewayMac: NETWORKS[network] === undefined ? "" : macOf(NETWORKS[network].gateway),
  };
});

export class Oracle {
  private readonly sent = new Map<string, Sent>();
  /** Datagrams whose first fragment was sent: where to, and its addresses then. */
  private readonly firsts = new Map<string, { egress: number; src: number; dst: number } | null>();
  /** Packets whose TTL ended here: they open flows, too, but nothing was seen being sent. By tuple: the port that they came in by. */
  private readonly ended = new Map<string, number>();
  /** Packets that were sent, by their tuple as they came in. */
  private readonly origins = new Map<string, { after: Tuple; ingress: number; egress: number }>();
  /** Of the batch: tuples of what the kernel has accepted. */
  private readonly accepted = new Set<string>();
  /** Routed packets that were looked at, and of them those whose checksums a full recompute confirmed. */
  routed = 0;
  confirmed = 0;
  /** Of the routed ones, those that became the other family's. */
  across = 0;

  /** Port that the frame under judgement came by. */
  private came = UP;

  constructor(private readonly world: World) {}

  /** Packets remembered. */
  get size(): number {
    return this.sent.size + this.firsts.size + this.ended.size;
  }

  forget(): void {
    this.sent.clear();
    this.firsts.clear();
    this.ended.clear();
    this.origins.clear();
  }

  /** A port was removed, or ports withdrawn: nothing may belong to their flows any more. */
  forgetPort(port: number): void {
    for (const [k, s] of this.sent) if (s.ingress === port || s.egress === port) this.sent.delete(k);
    for (const [k, f] of this.firsts) if (f?.egress === port || k.endsWith(`,${port}`)) this.firsts.delete(k);
    for (const [k, o] of this.origins) if (o.ingress === port || o.egress === port) this.origins.delete(k);
    for (const [k, ingress] of this.ended) if (ingress === port) this.ended.delete(k);
  }

  forgetPublished(p: Published): void {
    for (const [k, s] of this.sent) if (s.opened === p) this.sent.delete(k);
    for (const k of this.ended.keys()) if (k.endsWith(`,${p.port},${p.proto}`)) this.ended.delete(k);
  }

  /** "Unreachable" of the engine's own about what it refused: sent, and counted as a drop besides. */
  refused = 0;

  /** Null, or what is wrong about sending the input frame as the `len` bytes at `at` of `memory` out of `egress`. */
  judge(input: Uint8Array, inputLen: number, port: number, memory: Uint8Array, at: number, len: number, egress: number): string | null {
    // What the kernel has accepted belongs to the flows of the uplink.
    const ingress = port === HELD || port === HELD_LO ? UP : port;
    this.came = port;
    const out = PORTS[egress]!;
    const from = PORTS[ingress]!;
    if (out.kind === "none") return "sent to a port that there is not";
    const vnet = from.kind === "host" ? null : vnetLies(memory, at, len); // the host's kernel means what it says
    if (vnet !== null) return vnet;
    if (egress === ingress) return this.answer(input, inputLen, ingress, memory, at, len);
    if (from.kind !== "uplink" && out.kind !== "uplink" && from.network === out.network) {
      const routed =
        from.kind === "endpoint" && macAt(memory, at + x.VNET + 6) === out.gatewayMac && macAt(input, x.VNET + 6) !== out.gatewayMac;
      if (!routed) return this.bridged(input, inputLen, ingress, memory, at, len, egress);
    }
    return this.translated(input, inputLen, ingress, memory, at, len, egress);
  }

  /** What goes back where it came from is made by the engine: an answer of ARP or neighbor discovery, an ICMP error, a reset. */
  private answer(input: Uint8Array, inputLen: number, port: number, memory: Uint8Array, at: number, len: number): string | null {
    const p = PORTS[port]!;
    const frame = at + x.VNET;
    const type = x.u16(memory, frame + 12);
    if (type === ARP) {
      if (p.kind === "uplink" || len < x.VNET + x.ETH + 28) return "an ARP answer to nobody";
      const arp = frame + x.ETH;
      if (x.u16(memory, arp + 6) !== 2) return "an ARP request goes back";
      if (p.kind === "endpoint" && macAt(memory, frame) !== p.mac) return "an ARP answer to a station that the port does not have";
      const asked = x.word(memory, arp + 14);
      const owner =
        asked === p.gateway ? p.gatewayMac : [...ENDPOINTS.values()].find((e) => e.network === p.network && addressOf(e.address) === asked);
      const mac = typeof owner === "string" ? owner : owner === undefined ? null : macOf(owner.address);
      return mac === macAt(memory, arp + 8) ? null : "an ARP answer names a wrong owner";
    }
    const made = frameAt(memory, at, len);
    const about = frameAt(input, 0, inputLen);
    if (made === null || about === null) return "goes back where it came from";
    if (made.version === 6 && made.proto === x.ICMPV6 && memory[made.l4] === ADVERTISEMENT)
      return this.advertised(input, about, p, memory, at, made);
    if (isError(memory, made) && !isError(input, about)) {
      if (made.version !== about.version || made.dst !== about.src) return "an ICMP error goes to somebody else than the sender";
      if (p.kind === "endpoint" && !isOf(p, about.src)) return "an ICMP error about a spoofed packet";
      const own = this.world.isLocal(made.src) || made.src === about.dst;
      if (own) {
        this.noteEnded(input, about, port);
        if (memory[made.l4] === UNREACHABLE[made.version]) this.refused++;
        return this.isRight(memory, at, made) ? null : "an ICMP error with a wrong checksum";
      }
    }
    const reset = this.reset(input, about, p, memory, at, made);
    if (reset !== undefined) return reset;
    // A translated packet may go back by the uplink, and, by hairpin, to the endpoint that it came from.
    if (p.kind === "host") return "goes back to the host";
    return this.translated(input, inputLen, port, memory, at, len, port);
  }

  private isRight(memory: Uint8Array, at: number, p: Packet): boolean {
    return (p.version === 6 || x.ipChecksumRight(memory, p.ip)) && x.l4Checksum(memory, at, p, HEAD_SIZE, null, 0) === x.RIGHT;
  }

  /** An answer to who has asked for the gateway's or an endpoint's MAC address. */
  private advertised(
    input: Uint8Array,
    about: Packet,
    p: (typeof PORTS)[number],
    memory: Uint8Array,
    at: number,
    made: Packet,
  ): string | null {
    if (p.kind === "uplink") return "an advertisement to nobody";
    if (about.proto !== x.ICMPV6 || input[about.l4] !== 135) return "an advertisement that nobody has asked for";
    const asked = addressAt(input, about.l4 + 8, 16);
    if (addressAt(memory, made.l4 + 8, 16) !== asked || made.src !== asked || made.dst !== about.src)
      return "another advertisement than asked for";
    if (p.kind === "endpoint" && !isOf(p, about.src)) return "an advertisement about a spoofed question";
    const owner = PORTS.find((o) => o.network === p.network && (o.kind === "endpoint" || o.kind === "host") && isOf(o, asked));
    if (owner === undefined || owner === p || owner.mac !== macAt(memory, made.l4 + 26)) return "an advertisement names a wrong owner";
    return this.isRight(memory, at, made) ? null : "an advertisement with a wrong checksum";
  }

  /** Of a reset that the engine has made, which has no window, whether it is one; undefined: it is no reset of the engine's. */
  private reset(
    input: Uint8Array,
    about: Packet,
    p: (typeof PORTS)[number],
    memory: Uint8Array,
    at: number,
    made: Packet,
  ): string | null | undefined {
    const { l4 } = made;
    if (made.proto !== x.TCP || made.end - l4 !== 20 || memory[l4 + 13] !== RST || x.u16(memory, l4 + 14) !== 0) return undefined;
    const asked = tupleOf(input, about, about.end);
    if (asked === null || asked.proto !== x.TCP || (input[about.l4 + 13]! & (RST | ACK)) !== ACK) return undefined;
    if (p.kind === "endpoint" && !isOf(p, asked.src)) return "a reset about a spoofed segment";
    const told = tupleOf(memory, made, made.end);
    if (told === null || !same(told, reversed(asked))) return "a reset of another connection";
    if (x.word(memory, l4 + 4) !== x.word(input, about.l4 + 8)) return "a reset outside of its receiver's window";
    this.refused++;
    return this.isRight(memory, at, made) ? null : "a reset with a wrong checksum";
  }

  /** Another batch. */
  begin(): void {
    this.accepted.clear();
  }

  /** The kernel has accepted the frame, of the batch that is to be judged: its flow, if it lost its place for another's, may be opened again by this one. */
  accept(input: Uint8Array, inputLen: number): void {
    const p = frameAt(input, 0, inputLen);
    const tuple = p === null ? null : tupleOf(input, p, p.end);
    if (tuple !== null) this.accepted.add(key(tuple));
  }

  /** The frame has opened a flow, maybe, but could not be sent as the other family's. */
  untranslatable(input: Uint8Array, inputLen: number, port: number): void {
    const about = frameAt(input, 0, inputLen);
    if (about !== null) this.noteEnded(input, about, port === HELD || port === HELD_LO ? UP : port);
  }

  private noteEnded(input: Uint8Array, about: Packet, port: number): void {
    const tuple = tupleOf(input, about, about.end);
    if (tuple !== null) this.ended.set(key(tuple), port);
    if (about.first) this.firsts.set(`${about.datagram},${port}`, null);
  }

  private bridged(
    input: Uint8Array,
    inputLen: number,
    ingress: number,
    memory: Uint8Array,
    at: number,
    len: number,
    egress: number,
  ): string | null {
    const from = PORTS[ingress]!;
    const out = PORTS[egress]!;
    if (len !== inputLen) return "a bridged frame changed its length";
    for (let k = 0; k < Math.min(len, HEAD_SIZE); k++) if (memory[at + k] !== input[k]) return `a bridged frame changed at ${k}`;
    const dst = macAt(input, x.VNET);
    const group = (input[x.VNET]! & 1) !== 0;
    if (dst.startsWith("01:80:c2:00:00:0")) return "a reserved group address is forwarded";
    if ((input[x.VNET + 6]! & 1) !== 0) return "a group address as sender is forwarded";
    if (from.kind === "endpoint" && out.kind === "endpoint" && (out.flags & NO_ICC) !== 0) return "endpoints without icc reach each other";
    if (from.kind === "endpoint") {
      if (macAt(input, x.VNET + 6) !== from.mac) return "a foreign source MAC is forwarded";
      const spoofed = this.spoofs(input, inputLen, from);
      if (spoofed !== null) return spoofed;
    }
    if (out.kind === "host") return this.toHost(input, inputLen, group);
    const packet = from.kind === "host" ? frameAt(input, 0, inputLen) : null;
    if (packet === null || this.world.isLocal(packet.src)) return null;
    const own = packet.version === 6 && (packet.src === UNSPECIFIED6 || (first16(packet.src) & 0xffc0) === 0xfe80);
    return own ? null : "what the host forwards gets into an own network";
  }

  /** Null, or what the frame says that its sender is not; looked at behind VLAN tags, too. */
  private spoofs(f: Uint8Array, len: number, from: (typeof PORTS)[number]): string | null {
    const { address, mac } = from;
    let at = x.VNET + 12;
    for (let tags = 0; tags < 4 && at + 6 <= len && (x.u16(f, at) === VLAN || x.u16(f, at) === PROVIDER_VLAN); tags++) at += 4;
    if (at + 2 > len) return null;
    const type = x.u16(f, at);
    at += 2;
    if (type === IPV4 && len >= at + 20 && x.word(f, at + 12) !== address) return "a foreign source address is forwarded";
    if (type === ARP && len >= at + 28) {
      if (macAt(f, at + 8) !== mac) return "a foreign MAC in ARP is forwarded";
      const sender = x.word(f, at + 14);
      if (sender !== address && sender !== 0) return "a foreign address in ARP is forwarded";
    }
    if (type === IPV6 && len >= at + 40 && this.world.config.ipv6 === true) return this.spoofs6(f, len, at, from);
    return null;
  }

  private spoofs6(f: Uint8Array, len: number, ip: number, from: (typeof PORTS)[number]): string | null {
    const src = addressAt(f, ip + 8, 16);
    if (!isOf(from, src) && src !== UNSPECIFIED6) return "a foreign IPv6 source address is forwarded";
    const p = packetAt(f, ip, len - ip);
    if (p === null || p.proto !== x.ICMPV6 || p.later || p.l4 + 24 > len) return null;
    const type = f[p.l4]!;
    if (type === 134 || type === 137) return "an endpoint speaks as a router";
    if (type !== ADVERTISEMENT && !(type === 135 && src === UNSPECIFIED6)) return null;
    return isOf(from, addressAt(f, p.l4 + 8, 16)) ? null : "a claim to a foreign IPv6 address is forwarded";
  }

  /** The host's device takes IP for the host's own addresses, of IPv4 what is for all, and ARP. */
  private toHost(f: Uint8Array, len: number, group: boolean): string | null {
    const type = x.u16(f, x.VNET + 12);
    if (type === ARP) return null;
    const p = frameAt(f, 0, len);
    if (p === null) return `ethertype ${type.toString(16)} gets to the host`;
    return (group && p.version === 4) || this.world.isLocal(p.dst) ? null : "the host gets what it would have to forward";
  }

  private translated(
    input: Uint8Array,
    inputLen: number,
    ingress: number,
    memory: Uint8Array,
    at: number,
    len: number,
    egress: number,
  ): string | null {
    const from = PORTS[ingress]!;
    const out = PORTS[egress]!;
    const was = frameAt(input, 0, inputLen);
    const is = frameAt(memory, at, len);
    if (is === null) return "what is no IP leaves its network";
    if (was === null) return "IP is made from something else";
    if (from.kind === "host") return "what comes from the host's device is routed";
    if (from.kind === "endpoint") {
      if (was.src !== (was.version === 4 ? from.address : from.address6)) return "a foreign source address is routed";
      if (macAt(input, x.VNET + 6) !== from.mac) return "a foreign source MAC is routed";
    }
    if (out.kind === "endpoint") {
      if (is.dst !== (is.version === 4 ? out.address : out.address6)) return "an endpoint gets what is for another address";
      if (macAt(memory, at + x.VNET) !== out.mac || macAt(memory, at + x.VNET + 6) !== out.gatewayMac) return "wrong MAC addresses";
    }
    const sums = this.checksums(input, was, memory, at, is);
    if (sums !== null) return sums;
    if (out.kind === "host") {
      if (from.kind !== "endpoint" || from.network !== out.network) return "the host's device gets what is not of its network";
      return this.world.isLocal(is.dst) ? null : "the host gets what it would have to forward";
    }
    this.routed++;
    if (was.version !== is.version) this.across++;
    const datagram = `${was.datagram},${ingress}`;
    if (was.later) {
      const first = this.firsts.get(datagram);
      if (first === undefined) return "a later fragment of an unknown datagram is routed";
      if (first === null) return null;
      return first.egress === egress && first.src === is.src && first.dst === is.dst
        ? null
        : "a later fragment goes another way than the first";
    }
    if (isError(input, was)) return this.error(input, was, ingress, memory, is, egress);
    const before = tupleOf(input, was, was.end);
    // What is for all and the kernel has accepted is answered from the host's own address, so the flow is one of that.
    const isForAll = was.version === 4 ? (was.dst & 0xff) >= 224 : first16(was.dst) >> 8 === 0xff;
    if (before !== null && isForAll && (this.came === HELD || this.came === HELD_LO))
      before.dst = addressOf(was.version === 4 ? HOST_IP : HOST_IP6);
    const after = tupleOf(memory, is, Math.min(is.end, at + HEAD_SIZE));
    if (before === null || after === null) return "a packet without ports is routed";
    const belongs = this.belongs(before, after, ingress, egress);
    const opened = belongs ? null : this.opens(before, after, ingress, egress);
    if (typeof opened === "string") return opened;
    const former = this.sent.get(key(reversed(before)));
    this.origins.set(key(before), { after, ingress, egress });
    this.sent.set(key(after), { from: before, ingress, egress, opened: opened ?? (belongs ? (former?.opened ?? null) : null) });
    if (was.first) this.firsts.set(datagram, { egress, src: is.src, dst: is.dst });
    return null;
  }

  /** Whether it answers a packet that was sent out of `ingress`, and arrives where that one came from. */
  private belongs(before: Tuple, after: Tuple, ingress: number, egress: number): boolean {
    const answered = this.sent.get(key(reversed(before)));
    if (answered !== undefined && answered.egress === ingress && answered.ingress === egress && same(after, reversed(answered.from)))
      return true;
    if (this.ended.get(key(reversed(after))) === egress) return true;
    // Another packet of the direction that opened: translated as the first.
    const again = this.sent.get(key(after));
    return again !== undefined && again.ingress === ingress && again.egress === egress && same(again.from, before);
  }

  /** The published port that a new flow goes to, null for one to the outside; else why it may not be. */
  private opens(before: Tuple, after: Tuple, ingress: number, egress: number): Published | null | string {
    const from = PORTS[ingress]!;
    const out = PORTS[egress]!;
    if ((from.flags & INTERNAL) !== 0) return "an internal network reaches out";
    if (this.world.isLocal(before.dst) || this.came === HELD || this.came === HELD_LO) {
      const from6 = isIpv6(before.dst);
      const published = [...this.world.published].find(
        (p) => p.proto === before.proto && p.port === before.dport && (p.from6 ?? false) === from6,
      );
      if (published === undefined) return "a flow opens to a port that is not published";
      if (published.behind !== egress || after.dst !== addressOf(published.target) || after.dport !== published.targetPort)
        return "a published port leads elsewhere";
      if (isLoopback(before.dst) && ingress !== UP) return "an endpoint uses the host's loopback";
      const past = ingress === UP && this.came === UP && !this.world.config.bypass;
      if (past && this.ended.get(key(before)) !== UP && !this.accepted.has(key(before))) return "a flow opens past the host's firewall";
      const local = ingress === UP && (this.came === HELD_LO || this.world.isLocal(before.src));
      if (this.world.config.allowFrom && !local && !isAllowed(before.src)) return "a client that is not allowed opens a flow";
      return after.src === before.src || after.src === addressOf(gatewayOf(published)) ? published : "a client appears as somebody else";
    }
    if (from.kind !== "endpoint") return "somebody outside opens a flow that was not published";
    if (out.kind !== "uplink") return "an endpoint reaches another network";
    if (networkOf(before.dst) !== -1 || isForNobody(before.dst) || isKernels(before.dst)) return "an endpoint reaches what is not outside";
    const hasPorts = before.proto !== x.ICMP && before.proto !== x.ICMPV6;
    if (after.dst !== before.dst || (hasPorts && after.dport !== before.dport)) return "the way out changes the destination";
    const source = (from.flags & NO_MASQUERADE) !== 0 ? before.src : addressOf(isIpv6(before.dst) ? HOST_IP6 : HOST_IP);
    return after.src === source ? null : "leaves with a wrong source";
  }

  /** An ICMP error must be about a packet that was sent where it comes from, and tell its sender of the packet as it was. */
  private error(input: Uint8Array, was: Packet, ingress: number, memory: Uint8Array, is: Packet, egress: number): string | null {
    const about = quotedBy(input, was, was.end);
    const sent = about === null ? undefined : this.sent.get(key(about));
    const told = isError(memory, is) ? quotedBy(memory, is, is.end) : null;
    // The packet's flow may have been opened by one whose TTL ended here, or be the sender's own that nobody has answered yet.
    if (told !== null && this.ended.get(key(told)) === egress) return null;
    if (about !== null && this.ended.get(key(reversed(about))) === ingress) return null;
    const own = about === null ? undefined : this.origins.get(key(reversed(about)));
    if (own !== undefined && own.ingress === ingress && own.egress === egress && told !== null && same(reversed(told), own.after))
      return null;
    if (sent === undefined || sent.egress !== ingress) return "an ICMP error about a packet that was not sent there is routed";
    if (sent.ingress !== egress) return "an ICMP error goes to somebody else than the sender";
    if (told === null || !same(told, sent.from)) return "an ICMP error quotes what its receiver did not send";
    return is.dst === sent.from.src ? null : "an ICMP error goes to a wrong address";
  }

  private checksums(input: Uint8Array, from: Packet, memory: Uint8Array, at: number, to: Packet): string | null {
    if (to.version === 4 && !x.ipChecksumRight(memory, to.ip)) return "an IP header with a wrong checksum is sent";
    if (from.first || from.later) return null;
    const was = x.l4Checksum(input, 0, from, input.length, null, 0);
    const is = x.l4Checksum(memory, at, to, HEAD_SIZE - at + headAt(slotOf(at)), input, HEAD_SIZE);
    if (was === x.RIGHT && is === x.WRONG) return "a right checksum became wrong";
    // Of what the kernel has accepted nothing says whether the checksum is partial: the field alone tells.
    const told = this.came === HELD || this.came === HELD_LO;
    if (was === x.WRONG && is === x.RIGHT && !told) return "a wrong checksum became right";
    if (was === x.RIGHT && is === x.RIGHT) this.confirmed++;
    return null;
  }
}

/** Whether the port's station has the address. */
function isOf(p: (typeof PORTS)[number], address: number): boolean {
  return isIpv6(address) ? address === p.address6 || address === p.linkLocal : address === p.address;
}

/**
 * What a virtio-net header asks of the kernel must be about the layer-4 checksum of this very packet, and its segmentation about its protocol; also
 * behind VLAN tags. A tunnel's datagram may ask for the checksum of the packet inside; what is no IP can do no harm beyond itself.
 */
function vnetLies(b: Uint8Array, at: number, len: number): string | null {
  const flags = b[at]!;
  const gso = b[at + 1]! & 0x7f;
  if ((flags & 1) === 0 && gso === 0) return null;
  const start = x.le16(b, at + 6);
  if ((flags & 1) !== 0 && start < x.ETH) return "asks for a checksum in the Ethernet header";
  let l3 = x.ETH;
  let type = x.u16(b, at + x.VNET + 12);
  while ((type === VLAN || type === PROVIDER_VLAN) && x.VNET + l3 + 4 <= len) {
    type = x.u16(b, at + x.VNET + l3 + 2);
    l3 += 4;
  }
  const ip = at + x.VNET + l3;
  let proto = -1;
  let l4 = -1;
  if (type === IPV4 && len >= x.VNET + l3 + 20 && b[ip]! >> 4 === 4) {
    proto = b[ip + 9]!;
    l4 = l3 + (b[ip]! & 15) * 4;
  } else if (type === IPV6 && len >= x.VNET + l3 + 40) {
    proto = b[ip + 6]!;
    l4 = l3 + 40;
    if (proto === 0 || proto === 43 || proto === 44 || proto === 60) return start >= l4 ? null : "asks for a checksum in the IPv6 header"; // extension headers
  } else return null;
  const place = x.checksumAt(proto);
  const inside = place === -1 || (proto === x.UDP && gso === 0) ? start >= l4 + (proto === x.UDP ? 8 : 0) : false;
  if ((flags & 1) !== 0 && !inside && (start !== l4 || x.le16(b, at + 8) !== place)) return "asks for a checksum that is elsewhere";
  if (gso === 0) return null;
  const fits = (gso === (type === IPV4 ? 1 : 4) && proto === x.TCP) || (gso === 5 && proto === x.UDP);
  if (!fits) return "asks to segment another protocol";
  return x.le16(b, at + 4) === 0 ? "asks for segments of nothing" : null;
}
