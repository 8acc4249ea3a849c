/** A worker's tables as plain values, for people. Not on the packet path: these allocate. */
import { LIMIT_CLIENT, LIMIT_ENDPOINT, LIMIT_PORT, serviceOf } from "../dataplane/limits.js";
import type { State } from "../dataplane/state.js";
import { CLOSED, EGRESS_OFFLOAD, EGRESS_PORT, PHASES, STATE_NAMES } from "../table/conntrack.js";
import { ENDPOINT } from "../table/ports.js";
import { belowMany } from "../table/random.js";
import {
  NODE_COUNTERS,
  NODE_NO_KEY,
  NODE_REFUSED,
  NODE_RX_BYTES,
  NODE_RX_PACKETS,
  NODE_TX_BYTES,
  NODE_TX_PACKETS,
  NODE_UNOPENED,
} from "../table/remotes.js";
import { addressPort } from "../wire/address-port.js";
import { formatMac } from "../wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress, prefixOf } from "../wire/ip-address.js";
import { PROTO_ICMP, type Proto, protoName } from "../wire/ipv4.js";
import { dstPort, rawHalf, srcPort } from "../wire/raw.js";
import type { Offload } from "./offload.js";

export interface FlowRow {
  proto: Proto | "icmp" | "icmpv6";
  /** `syn-sent`, `established`, `closing`, … for TCP; `unreplied`, `assured`, or what an ICMP query asks for else. */
  state: string;
  /** As `ADDRESS:PORT`, for ICMP `ADDRESS:ID`; an IPv6 address is in brackets. */
  original: { src: string; dst: string };
  reply: { src: string; dst: string };
  timeoutSec: number;
  /** The steering programs carry its packets. */
  offloaded: boolean;
  /** In original and reply direction. */
  packets: [number, number];
}

export interface FdbRow {
  mac: string;
  port: number;
  ageSec: number;
  /** Known from the configuration, so neither aged nor moved. */
  static: boolean;
}

/** Who has how many flows that are not closed. */
export interface HolderRow {
  /** As limits go by (`dataplane/limits.ts`): who opens flows, and the published port that they are opened to. */
  kind: "client" | "endpoint" | "port";
  /** Address, of an IPv6 client its network of 64 bits, or `8999/tcp`. */
  name: string;
  flows: number;
  /** The last of its kind that had a flow refused for it. */
  limited: boolean;
}

/** Another node of overlay networks, and what has been exchanged with it. */
export interface NodeRow {
  /** In the underlay. */
  address: string;
  /** Endpoints behind it, of all networks. */
  endpoints: number;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  /** Frames that it sent for stations or addresses that are not known to be behind it. */
  refused: number;
  /** Datagrams of it that should have been sealed and were not, or could not be opened. */
  unopened: number;
  /** Frames for it that were dropped since its key is not known. */
  noKey: number;
}

/** Who sends datagrams for the tunnels and is no node. */
export interface StrangerRow {
  /** In the underlay; empty for all that are not told apart. */
  address: string;
  datagrams: number;
}

export interface Summary {
  active: number;
  capacity: number;
  created: number;
  expired: number;
  refused: number;
  evicted: number;
}

/** Rows looked at for who has most, and how many of each kind are told. */
const HOLDER_ROWS = 4096,
  HOLDERS = 3;

function nameOf(proto: number): FlowRow["proto"] {
  return protoName(proto) ?? (proto === PROTO_ICMP ? "icmp" : "icmpv6");
}

export function flowRows(state: State, offload: Offload | undefined): FlowRow[] {
  const { addresses, conntrack } = state;
  const rows: FlowRow[] = [];
  for (let id = 0; id < conntrack.end; id++) {
    if (!conntrack.isLive(id)) continue;
    const proto = conntrack.protocol(id);
    const side = (dir: number): { src: string; dst: string } => {
      const ports = conntrack.tuple(id, dir, 2);
      return {
        src: addressPort(addresses.text(conntrack.tuple(id, dir, 0)), srcPort(ports)),
        dst: addressPort(addresses.text(conntrack.tuple(id, dir, 1)), dstPort(ports)),
      };
    };
    const kernel = (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0 ? offload : undefined;
    kernel?.settle(id);
    const packets = (dir: number): number => kernel?.allPackets(id, dir) ?? conntrack.packets(id, dir);
    rows.push({
      proto: nameOf(proto),
      state: STATE_NAMES[conntrack.state(id)]!,
      original: side(0),
      reply: side(1),
      timeoutSec: Math.max(0, conntrack.deadline(id) - state.now),
      offloaded: kernel !== undefined,
      packets: [packets(0), packets(1)],
    });
  }
  return rows;
}

export function fdbRows(state: State): FdbRow[] {
  const rows: FdbRow[] = [];
  state.fdb.forEach(state.now, (hi, lo, port, ageSec) =>
    rows.push({ mac: formatMac(hi, lo), port, ageSec: Math.max(0, ageSec), static: ageSec < 0 }),
  );
  return rows;
}

export function nodeRows({ addresses, remotes }: State): NodeRow[] {
  return [...remotes.nodes()].map(({ node, address, endpoints }) => {
    const of = (what: number): number => remotes.counts[node * NODE_COUNTERS + what]!;
    return {
      address: addresses.text(address),
      endpoints,
      rxPackets: of(NODE_RX_PACKETS),
      rxBytes: of(NODE_RX_BYTES),
      txPackets: of(NODE_TX_PACKETS),
      txBytes: of(NODE_TX_BYTES),
      refused: of(NODE_REFUSED),
      unopened: of(NODE_UNOPENED),
      noKey: of(NODE_NO_KEY),
    };
  });
}

export function strangerRows({ now, strangers, tunnel }: State): StrangerRow[] {
  const rows = strangers.rows(tunnel.ipv6, now).map(({ address, datagrams }) => ({ address: formatIp(address), datagrams }));
  const others = strangers.othersNow(now);
  return others === 0 ? rows : [...rows, { address: "", datagrams: others }];
}

export function summary(state: State): Summary {
  const { conntrack } = state;
  return {
    active: conntrack.used,
    capacity: conntrack.capacity,
    created: conntrack.created,
    expired: state.expired,
    refused: state.refused,
    evicted: state.evicted,
  };
}

/** As limits go by: of IPv6 the network of 64 bits. */
function holderText(client: IpAddress): string {
  return client.family === 4 ? formatIp(client) : formatPrefix(prefixOf(client, 64));
}

/** Of each kind those that have most, and who was refused last. In a large table their flows are estimated, by some rows picked at random. */
export function holderRows(state: State): HolderRow[] {
  const { addresses, conntrack, limits, ports } = state;
  const looked = Math.min(conntrack.end, HOLDER_ROWS);
  const each = conntrack.end / looked; // flows that a row looked at stands for
  const counts = { client: new Map<number, number>(), endpoint: new Map<number, number>(), port: new Map<number, number>() };
  const clients = new Map([[limits.lastRefused(LIMIT_CLIENT), limits.lastClient]]);
  const count = (map: Map<number, number>, key: number): unknown => map.set(key, (map.get(key) ?? 0) + each);
  for (let n = 0; n < looked; n++) {
    const id = looked === conntrack.end ? n : belowMany(state.random, conntrack.end);
    if (!conntrack.isLive(id) || PHASES[conntrack.state(id)] === CLOSED) continue;
    const ingress = conntrack.egress(id, 1) & EGRESS_PORT;
    if (ports.kind[ingress] === ENDPOINT) count(counts.endpoint, ingress);
    else {
      const client = conntrack.tuple(id, 0, 0);
      const holder = addresses.holder(client) >>> 0;
      count(counts.client, holder);
      clients.set(holder, addresses.toIp(client));
    }
    if (conntrack.isPublished(id)) count(counts.port, serviceOf(conntrack.protocol(id), conntrack.tuple(id, 0, 2) >>> 16));
  }
  const rows = (kind: HolderRow["kind"], limit: number, nameOf: (key: number) => string): HolderRow[] => {
    const last = state.limits.lastRefused(limit);
    const top = [...counts[kind]].sort((a, b) => b[1] - a[1]).slice(0, HOLDERS);
    if (last !== -1 && top.every(([key]) => key !== last)) top.push([last, counts[kind].get(last) ?? 0]);
    return top.map(([key, flows]) => ({ kind, name: nameOf(key), flows: Math.round(flows), limited: key === last }));
  };
  return [
    ...rows("client", LIMIT_CLIENT, (holder) => holderText(clients.get(holder)!)),
    ...rows("endpoint", LIMIT_ENDPOINT, (port) => addresses.text(ports.address[port] || ports.address6[port]!)),
    ...rows("port", LIMIT_PORT, (service) => `${rawHalf(service & 0xffff)}/${protoName(service >>> 16)}`),
  ];
}
