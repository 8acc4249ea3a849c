/** A worker's tables as plain values, for people. Not on the packet path: these allocate. */
import type { State } from "../dataplane/state.js";
import { EGRESS_OFFLOAD, STATE_NAMES } from "../table/conntrack.js";
import { formatMac } from "../wire/ethernet.js";
import { PROTO_ICMP, PROTO_TCP } from "../wire/ipv4.js";
import { formatIpv4 } from "../wire/ipv4-address.js";
import { dstPort, rawWord, srcPort } from "../wire/raw.js";
import type { Offload } from "./offload.js";

export interface FlowRow {
  proto: "tcp" | "udp" | "icmp";
  /** `syn-sent`, `established`, `closing`, … for TCP; `unreplied`, `assured` or `echo` else. */
  state: string;
  /** As `ADDRESS:PORT`, for ICMP echo `ADDRESS:ID`. */
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

export interface Summary {
  active: number;
  capacity: number;
  created: number;
  expired: number;
  refused: number;
}

function endpointText(address: number, port: number): string {
  return `${formatIpv4(rawWord(address))}:${port}`;
}

export function flowRows(state: State, offload: Offload | undefined): FlowRow[] {
  const { conntrack } = state;
  const rows: FlowRow[] = [];
  for (let id = 0; id < conntrack.end; id++) {
    if (!conntrack.isLive(id)) continue;
    const proto = conntrack.protocol(id);
    const side = (dir: number): { src: string; dst: string } => {
      const ports = conntrack.tuple(id, dir, 2);
      return {
        src: endpointText(conntrack.tuple(id, dir, 0), srcPort(ports)),
        dst: endpointText(conntrack.tuple(id, dir, 1), dstPort(ports)),
      };
    };
    const kernel = (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0 ? offload : undefined;
    kernel?.settle(id);
    const packets = (dir: number): number => kernel?.allPackets(id, dir) ?? conntrack.packets(id, dir);
    rows.push({
      proto: proto === PROTO_TCP ? "tcp" : proto === PROTO_ICMP ? "icmp" : "udp",
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

export function summary(state: State): Summary {
  const { conntrack } = state;
  return {
    active: conntrack.used,
    capacity: conntrack.capacity,
    created: conntrack.created,
    expired: state.expired,
    refused: state.refused,
  };
}
