/**
 * Says of each frame that the engine sent whether it was allowed to: who may talk to whom, by whose address, with which checksums. It knows the
 * world and what it has seen being sent, nothing of the engine's tables. Where time passes or tables are full the engine may drop what
 * would be allowed; it may never send what is not.
 *
 * A packet that is sent translated, or between networks, either opens a flow, by the rules of `opens`, or belongs to one. To one it belongs if, with its ends
 * exchanged, it is a packet that was sent before, out of the port that this one came in by; then it must arrive where that one came from.
 */
import { HEAD_SIZE } from "../../../src/mem/packet-memory.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE } from "../../../src/table/networks.js";
import { raw } from "../../support/host.js";
import * as x from "./bytes.js";
import { ENDPOINTS, HELD, HELD_LO, HOST_IP, KERNEL_GATEWAY, macOf, NETWORKS, PORT_COUNT, type Published, UP, type World } from "./world.js";

const ARP = 0x0806,
  IPV4 = 0x0800,
  IPV6 = 0x86dd,
  VLAN = 0x8100,
  PROVIDER_VLAN = 0x88a8;
const LATER_FRAGMENT = 0x1fff,
  MORE_FRAGMENTS = 0x2000;

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

const UNREACHABLE = 3;
/** Of TCP's flags. */
const RST = 4,
  ACK = 16;
const ERRORS = new Set([UNREACHABLE, 11, 12]);
const QUERIES = new Set([0, 8, 13, 14, 15, 16, 17, 18]);

/** The tuple of the IPv4 packet at `ip` of which `len` bytes are there; null where it has none (errors, later fragments, other protocols). */
function tupleAt(b: Uint8Array, ip: number, len: number): Tuple | null {
  const size = (b[ip]! & 15) * 4;
  const l4 = ip + size;
  if (len < size + 8 || (x.u16(b, ip + 6) & LATER_FRAGMENT) !== 0) return null;
  const proto = b[ip + 9]!;
  const [src, dst] = [x.word(b, ip + 12), x.word(b, ip + 16)];
  if (proto === x.ICMP) {
    if (!QUERIES.has(b[l4]!)) return null;
    const id = x.u16(b, l4 + 4);
    return { src, dst, sport: id, dport: id, proto };
  }
  if (proto !== x.TCP && proto !== x.UDP && proto !== x.SCTP) return null;
  return { src, dst, sport: x.u16(b, l4), dport: x.u16(b, l4 + 2), proto };
}

/** What the fragments of one datagram have in common. */
function datagramOf(f: Uint8Array, ingress: number): string {
  const ip = x.VNET + x.ETH;
  return `${x.word(f, ip + 12)},${x.word(f, ip + 16)},${x.u16(f, ip + 4)},${f[ip + 9]},${ingress}`;
}

function isError(b: Uint8Array, ip: number): boolean {
  return b[ip + 9] === x.ICMP && (x.u16(b, ip + 6) & LATER_FRAGMENT) === 0 && ERRORS.has(b[ip + (b[ip]! & 15) * 4]!);
}

function macAt(b: Uint8Array, at: number): string {
  let text = "";
  for (let i = 0; i < 6; i++) text += (i === 0 ? "" : ":") + b[at + i]!.toString(16).padStart(2, "0");
  return text;
}

const NETWORK_MASKS = NETWORKS.map(({ net, prefixLength }) => ({
  net: raw(net),
  mask: x.word(Uint8Array.of(...[24, 16, 8, 0].map((shift) => ((0xffffffff << (32 - prefixLength)) >>> shift) & 255)), 0),
}));

/** Number of the own network that the address is in, or -1. */
function networkOf(address: number): number {
  return NETWORK_MASKS.findIndex(({ net, mask }) => (address & mask) === net);
}

/** What the oracle needs of a port, worked out once. */
const PORTS = Array.from({ length: PORT_COUNT }, (_, port) => {
  const endpoint = ENDPOINTS.get(port);
  const hostOf = NETWORKS.findIndex(({ hostPort }) => hostPort === port);
  const network = endpoint?.network ?? hostOf;
  const address = endpoint?.address ?? NETWORKS[hostOf]?.gateway;
  return {
    name: endpoint?.name ?? (hostOf === -1 ? "uplink" : `host${hostOf}`),
    kind: endpoint !== undefined ? "endpoint" : hostOf !== -1 ? "host" : port === UP ? "uplink" : "none",
    network,
    flags: NETWORKS[network]?.flags ?? 0,
    address: address === undefined ? 0 : raw(address),
    mac: address === undefined ? "" : macOf(address),
    gateway: NETWORKS[network] === undefined ? 0 : raw(NETWORKS[network].gateway),
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
  /** Routed packets that were looked at, and of them those whose checksums a full recompute confirmed. */
  routed = 0;
  confirmed = 0;

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
    const type = x.u16(memory, at + x.VNET + 12);
    if (egress === ingress) return this.answer(input, inputLen, ingress, memory, at, len);
    if (from.kind !== "uplink" && out.kind !== "uplink" && from.network === out.network) {
      const routed =
        from.kind === "endpoint" && macAt(memory, at + x.VNET + 6) === out.gatewayMac && macAt(input, x.VNET + 6) !== out.gatewayMac;
      if (!routed) return this.bridged(input, inputLen, ingress, memory, at, len, egress);
    }
    if (type !== IPV4 || !x.isIpv4(memory, at, len)) return "what is no IPv4 leaves its network";
    return this.translated(input, inputLen, ingress, memory, at, len, egress);
  }

  /** What goes back where it came from is made by the engine: an ARP answer, or an ICMP error. */
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
        asked === p.gateway ? p.gatewayMac : [...ENDPOINTS.values()].find((e) => e.network === p.network && raw(e.address) === asked);
      const mac = typeof owner === "string" ? owner : owner === undefined ? null : macOf(owner.address);
      return mac === macAt(memory, arp + 8) ? null : "an ARP answer names a wrong owner";
    }
    if (!x.isIpv4(memory, at, len)) return "goes back where it came from";
    const ip = frame + x.ETH;
    if (isError(memory, ip) && x.isIpv4(input, 0, inputLen)) {
      const sender = x.word(input, x.VNET + x.ETH + 12);
      if (x.word(memory, ip + 16) !== sender) return "an ICMP error goes to somebody else than the sender";
      if (p.kind === "endpoint" && sender !== p.address) return "an ICMP error about a spoofed packet";
      this.noteEnded(input, inputLen, port);
      const own = this.world.isLocal(x.word(memory, ip + 12)) || x.word(memory, ip + 12) === x.word(input, x.VNET + x.ETH + 16);
      if (own && memory[ip + 20] === UNREACHABLE) this.refused++;
      if (own)
        return x.ipChecksumRight(memory, ip) && x.l4Checksum(memory, at, HEAD_SIZE, null, 0) === x.RIGHT
          ? null
          : "an ICMP error with a wrong checksum";
    }
    const reset = this.reset(input, inputLen, p, memory, at, len);
    if (reset !== undefined) return reset;
    // A translated packet may go back by the uplink, and, by hairpin, to the endpoint that it came from.
    if (p.kind === "host") return "goes back to the host";
    return this.translated(input, inputLen, port, memory, at, len, port);
  }

  /** Of a reset that the engine has made, which has no window, whether it is one; undefined: it is no reset of the engine's. */
  private reset(
    input: Uint8Array,
    inputLen: number,
    p: (typeof PORTS)[number],
    memory: Uint8Array,
    at: number,
    len: number,
  ): string | null | undefined {
    const ip = at + x.VNET + x.ETH;
    const l4 = ip + 20;
    if (len !== x.VNET + x.ETH + 40 || memory[ip + 9] !== x.TCP || memory[l4 + 13] !== RST || x.u16(memory, l4 + 14) !== 0)
      return undefined;
    const inIp = x.VNET + x.ETH;
    const asked = tupleAt(input, inIp, inputLen - inIp);
    const inL4 = inIp + (input[inIp]! & 15) * 4;
    if (asked === null || asked.proto !== x.TCP || (input[inL4 + 13]! & (RST | ACK)) !== ACK) return undefined;
    if (p.kind === "endpoint" && asked.src !== p.address) return "a reset about a spoofed segment";
    const told = tupleAt(memory, ip, 40);
    if (told === null || !same(told, reversed(asked))) return "a reset of another connection";
    if (x.word(memory, l4 + 4) !== x.word(input, inL4 + 8)) return "a reset outside of its receiver's window";
    this.refused++;
    return x.ipChecksumRight(memory, ip) && x.l4Checksum(memory, at, HEAD_SIZE, null, 0) === x.RIGHT
      ? null
      : "a reset with a wrong checksum";
  }

  private noteEnded(input: Uint8Array, inputLen: number, port: number): void {
    const ip = x.VNET + x.ETH;
    const tuple = tupleAt(input, ip, inputLen - ip);
    if (tuple !== null) this.ended.set(key(tuple), port);
    if ((x.u16(input, ip + 6) & MORE_FRAGMENTS) !== 0) this.firsts.set(datagramOf(input, port), null);
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
      const spoofed = this.spoofs(input, inputLen, from.address, from.mac);
      if (spoofed !== null) return spoofed;
    }
    if (out.kind === "host") return this.toHost(input, inputLen, group);
    if (from.kind === "host" && x.isIpv4(input, 0, inputLen) && !this.world.isLocal(x.word(input, x.VNET + x.ETH + 12)))
      return "what the host forwards gets into an own network";
    return null;
  }

  /** Null, or what the frame says that its sender is not; looked at behind VLAN tags, too. */
  private spoofs(f: Uint8Array, len: number, address: number, mac: string): string | null {
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
    return null;
  }

  /** The host's device takes IPv4 for the host's own addresses, and ARP. */
  private toHost(f: Uint8Array, len: number, group: boolean): string | null {
    const type = x.u16(f, x.VNET + 12);
    if (type === ARP) return null;
    if (type !== IPV4 || !x.isIpv4(f, 0, len)) return `ethertype ${type.toString(16)} gets to the host`;
    return group || this.world.isLocal(x.word(f, x.VNET + x.ETH + 16)) ? null : "the host gets what it would have to forward";
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
    const inIp = x.VNET + x.ETH;
    const ip = at + x.VNET + x.ETH;
    if (!x.isIpv4(input, 0, inputLen)) return "IPv4 is made from something else";
    if (from.kind === "host") return "what comes from the host's device is routed";
    const inSrc = x.word(input, inIp + 12);
    if (from.kind === "endpoint") {
      if (inSrc !== from.address) return "a foreign source address is routed";
      if (macAt(input, x.VNET + 6) !== from.mac) return "a foreign source MAC is routed";
    }
    if (out.kind === "endpoint") {
      if (x.word(memory, ip + 16) !== out.address) return "an endpoint gets what is for another address";
      if (macAt(memory, at + x.VNET) !== out.mac || macAt(memory, at + x.VNET + 6) !== out.gatewayMac) return "wrong MAC addresses";
    }
    const sums = this.checksums(input, inputLen, memory, at, len);
    if (sums !== null) return sums;
    if (out.kind === "host") {
      if (from.kind !== "endpoint" || from.network !== out.network) return "the host's device gets what is not of its network";
      return this.world.isLocal(x.word(memory, ip + 16)) ? null : "the host gets what it would have to forward";
    }
    this.routed++;
    const later = (x.u16(input, inIp + 6) & LATER_FRAGMENT) !== 0;
    const datagram = datagramOf(input, ingress);
    if (later) {
      const first = this.firsts.get(datagram);
      if (first === undefined) return "a later fragment of an unknown datagram is routed";
      if (first === null) return null;
      const fits = first.egress === egress && first.src === x.word(memory, ip + 12) && first.dst === x.word(memory, ip + 16);
      return fits ? null : "a later fragment goes another way than the first";
    }
    if (isError(input, inIp)) return this.error(input, inputLen, ingress, memory, at, len, egress);
    const before = tupleAt(input, inIp, inputLen - inIp);
    // A broadcast that the kernel has accepted is answered from the host's own address, so the flow is one of that.
    if (before !== null && (this.came === HELD || this.came === HELD_LO) && (before.dst & 0xff) >= 224) before.dst = raw(HOST_IP);
    const after = tupleAt(memory, ip, Math.min(len, HEAD_SIZE) - x.VNET - x.ETH);
    if (before === null || after === null) return "a packet without ports is routed";
    const belongs = this.belongs(before, after, ingress, egress);
    const opened = belongs ? null : this.opens(before, after, ingress, egress);
    if (typeof opened === "string") return opened;
    const former = this.sent.get(key(reversed(before)));
    this.origins.set(key(before), { after, ingress, egress });
    this.sent.set(key(after), { from: before, ingress, egress, opened: opened ?? (belongs ? (former?.opened ?? null) : null) });
    if ((x.u16(input, inIp + 6) & MORE_FRAGMENTS) !== 0)
      this.firsts.set(datagram, { egress, src: x.word(memory, ip + 12), dst: x.word(memory, ip + 16) });
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
      const published = [...this.world.published].find((p) => p.proto === before.proto && p.port === before.dport);
      if (published === undefined) return "a flow opens to a port that is not published";
      if (published.behind !== egress || after.dst !== raw(published.target) || after.dport !== published.targetPort)
        return "a published port leads elsewhere";
      if ((before.dst & 0xff) === 127 && ingress !== UP) return "an endpoint uses 127/8 of the host";
      const past = ingress === UP && this.came === UP && !this.world.config.bypass;
      if (past && this.ended.get(key(before)) !== UP) return "a flow opens past the host's firewall";
      const local = ingress === UP && (this.came === HELD_LO || this.world.isLocal(before.src));
      if (this.world.config.allowFrom && !local && !isAllowed(before.src)) return "a client that is not allowed opens a flow";
      const gateway = egress === UP ? raw(KERNEL_GATEWAY) : out.gateway;
      return after.src === before.src || after.src === gateway ? published : "a client appears as somebody else";
    }
    if (from.kind !== "endpoint") return "somebody outside opens a flow that was not published";
    if (out.kind !== "uplink") return "an endpoint reaches another network";
    if (networkOf(before.dst) !== -1 || (before.dst & 0xff) >= 224 || (before.dst & 0xffffff) === (raw("10.0.0.0") & 0xffffff))
      return "an endpoint reaches what is not outside";
    if (after.dst !== before.dst || (before.proto !== x.ICMP && after.dport !== before.dport)) return "the way out changes the destination";
    const source = (from.flags & NO_MASQUERADE) !== 0 ? before.src : raw(HOST_IP);
    return after.src === source ? null : "leaves with a wrong source";
  }

  /** An ICMP error must be about a packet that was sent where it comes from, and tell its sender of the packet as it was. */
  private error(
    input: Uint8Array,
    inputLen: number,
    ingress: number,
    memory: Uint8Array,
    at: number,
    len: number,
    egress: number,
  ): string | null {
    const inIp = x.VNET + x.ETH;
    const inner = inIp + (input[inIp]! & 15) * 4 + 8;
    const about = tupleAt(input, inner, inputLen - inner);
    const sent = about === null ? undefined : this.sent.get(key(about));
    const outInner = inner + at;
    const told = tupleAt(memory, outInner, Math.min(len, HEAD_SIZE) - inner);
    // The packet's flow may have been opened by one whose TTL ended here, or be the sender's own that nobody has answered yet.
    if (told !== null && this.ended.get(key(told)) === egress) return null;
    if (about !== null && this.ended.get(key(reversed(about))) === ingress) return null;
    const own = about === null ? undefined : this.origins.get(key(reversed(about)));
    if (own !== undefined && own.ingress === ingress && own.egress === egress && told !== null && same(reversed(told), own.after))
      return null;
    if (sent === undefined || sent.egress !== ingress) return "an ICMP error about a packet that was not sent there is routed";
    if (sent.ingress !== egress) return "an ICMP error goes to somebody else than the sender";
    if (told === null || !same(told, sent.from)) return "an ICMP error quotes what its receiver did not send";
    return x.word(memory, at + inIp + 16) === sent.from.src ? null : "an ICMP error goes to a wrong address";
  }

  private checksums(input: Uint8Array, inputLen: number, memory: Uint8Array, at: number, len: number): string | null {
    const ip = at + x.VNET + x.ETH;
    if (!x.ipChecksumRight(memory, ip)) return "an IP header with a wrong checksum is sent";
    if ((x.u16(memory, ip + 6) & (LATER_FRAGMENT | MORE_FRAGMENTS)) !== 0) return null;
    const was = x.l4Checksum(input, 0, inputLen, null, 0);
    const is = x.l4Checksum(memory, at, Math.min(len, HEAD_SIZE), input, HEAD_SIZE);
    if (was === x.RIGHT && is === x.WRONG) return "a right checksum became wrong";
    // Of what the kernel has accepted nothing says whether the checksum is partial: the field alone tells.
    const told = this.came === HELD || this.came === HELD_LO;
    if (was === x.WRONG && is === x.RIGHT && !told) return "a wrong checksum became right";
    if (was === x.RIGHT && is === x.RIGHT) this.confirmed++;
    return null;
  }
}

function isAllowed(src: number): boolean {
  return (src & 0xffffff) === (raw("198.51.100.0") & 0xffffff);
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
