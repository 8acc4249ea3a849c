/**
 * Which packets somebody wants to see (`tsproxy capture`). A packet of a flow is judged by the flow, so that both directions are seen, and what is
 * quoted in ICMP errors; one without a flow, as most that are dropped, by itself, and by the published port that it is for.
 */
import type { NewFlow } from "../table/conntrack.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { ENDPOINT, HELD, UPLINK } from "../table/ports.js";
import { Prefix } from "../table/prefix.js";
import { PROTO_ICMPV6 } from "../wire/icmpv6.js";
import type { IpPrefix } from "../wire/ip-address.js";
import { PROTO_ICMP } from "../wire/ipv4.js";
import { rawHalf } from "../wire/raw.js";
import type { PublishRule } from "./published-rules.js";
import type { State } from "./state.js";

/** What must hold of a packet, all of it. */
export interface CaptureFilterOptions {
  /** IP protocol, ICMP standing for ICMPv6 too; 0: any. */
  proto: number;
  /** Who opened the flow; null: anybody. */
  client: IpPrefix | null;
  /** Who it was opened to in the end, or the endpoint of an own network that opened it; null: any. */
  target: IpPrefix | null;
  /** Port that it was opened to, host order; 0: any. */
  port: number;
  /** Own network; -1: any, or none. */
  network: number;
  /** Only what is dropped, or answered in its receiver's place. */
  drops: boolean;
}

/** What a packet says by itself. Words, as in `dataplane/parse.ts`. */
export interface PacketFacts {
  /** Protocol; 0: no IP packet, or a later fragment. */
  proto: number;
  isIp: boolean;
  src: number;
  dst: number;
  ports: number;
  /** Port that it came in by. */
  ingress: number;
  /** Port that it goes to; negative: none. */
  egress: number;
}

export class CaptureFilter {
  private readonly client: Prefix | null;
  private readonly target: Prefix | null;
  private readonly port: number;
  /** Nothing is asked of IP headers. */
  private readonly takesAll: boolean;

  constructor(
    private readonly options: CaptureFilterOptions,
    private readonly state: State,
  ) {
    const { client, target, port, proto } = options;
    this.client = client === null ? null : new Prefix(client);
    this.target = target === null ? null : new Prefix(target);
    this.port = rawHalf(port);
    this.takesAll = client === null && target === null && port === 0 && proto === 0;
  }

  get drops(): boolean {
    return this.options.drops;
  }

  /** Whether it may want frames that are bridged in that network. */
  wantsBridged(network: number): boolean {
    return this.options.network === -1 || this.options.network === network;
  }

  /** Whether it wants packets of a flow that is to be opened. */
  wantsNew({ proto, src, ports, replySrc, egress, replyEgress }: NewFlow): boolean {
    return this.wantsWords(proto, src, ports, replySrc, egress & EGRESS_PORT, replyEgress & EGRESS_PORT);
  }

  /** Whether it wants packets of flow `id`. */
  wantsFlow(id: number): boolean {
    const { conntrack } = this.state;
    return this.wantsWords(
      conntrack.protocol(id),
      conntrack.tuple(id, 0, 0),
      conntrack.tuple(id, 0, 2),
      conntrack.tuple(id, 1, 0),
      conntrack.egress(id, 0) & EGRESS_PORT,
      conntrack.egress(id, 1) & EGRESS_PORT,
    );
  }

  private wantsWords(proto: number, opener: number, ports: number, other: number, to: number, back: number): boolean {
    const { client, target, state } = this;
    if (!this.isProto(proto)) return false;
    if (!this.isPort(proto, ports, false)) return false;
    if (client !== null && !client.has(opener, state.addresses)) return false;
    if (target !== null) {
      const opens = state.ports.kind[back] === ENDPOINT && target.has(opener, state.addresses);
      if (!opens && !target.has(other, state.addresses)) return false;
    }
    return this.isNetworkOf(to) || this.isNetworkOf(back);
  }

  /** Whether it wants a packet that is of no flow. */
  wantsPacket({ isIp, proto, src, dst, ports, ingress, egress }: PacketFacts): boolean {
    const { client, target, state } = this;
    if (!isIp) return this.takesAll && (this.isNetworkOf(ingress) || this.isNetworkOf(egress));
    if (!this.isProto(proto)) return false;
    if (!this.isPort(proto, ports, true)) return false;
    if (client !== null && !client.has(src, state.addresses) && !client.has(dst, state.addresses)) return false;
    const rule = proto === 0 ? null : state.published.at(dst, ports >>> 16, proto);
    const isTarget = target === null || target.has(src, state.addresses) || target.has(dst, state.addresses);
    if (!isTarget && !this.leadsToTarget(rule)) return false;
    return this.isNetworkOf(ingress) || this.isNetworkOf(egress) || this.leadsToNetwork(rule);
  }

  private leadsToTarget(rule: PublishRule | null): boolean {
    if (rule === null || this.target === null) return false;
    for (let k = 0; k < rule.targets.length; k++) if (this.target.has(rule.targets[k]!.address, this.state.addresses)) return true;
    return false;
  }

  private leadsToNetwork(rule: PublishRule | null): boolean {
    if (rule === null) return false;
    for (let k = 0; k < rule.targets.length; k++) if (rule.targets[k]!.network === this.options.network) return true;
    return false;
  }

  private isProto(proto: number): boolean {
    const wanted = this.options.proto;
    return wanted === 0 || proto === wanted || (wanted === PROTO_ICMP && proto === PROTO_ICMPV6);
  }

  /** `either`: the source port counts as well. ICMP has identifiers there, which are no ports. */
  private isPort(proto: number, ports: number, either: boolean): boolean {
    if (this.port === 0) return true;
    if (proto === PROTO_ICMP || proto === PROTO_ICMPV6) return false;
    return ports >>> 16 === this.port || (either && (ports & 0xffff) === this.port);
  }

  private isNetworkOf(port: number): boolean {
    const { network } = this.options;
    if (network === -1) return true;
    if (port < 0) return false;
    const { ports } = this.state;
    const kind = ports.kind[port]!;
    return kind !== 0 && kind !== UPLINK && kind !== HELD && ports.network[port] === network;
  }
}
