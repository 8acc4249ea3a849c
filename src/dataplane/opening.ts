/**
 * Which packets may open a flow, and in what state: a SYN, an INIT, any datagram, a query. And which show that their sender has a connection
 * already.
 */
import type { Batch } from "../mem/batch.js";
import * as ct from "../table/conntrack.js";
import * as drop from "../wire/drop.js";
import * as ipv4 from "../wire/ipv4.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { rawHalf } from "../wire/raw.js";
import * as sctp from "../wire/sctp.js";
import { isRequest, queryState } from "./packet.js";
import type { State } from "./state.js";
import * as sctpTrack from "./track-sctp.js";

/** Target port of DNS, raw. A query is answered at once, and mostly the last from its port (RFC 4787 REQ-5a). */
export const DNS = rawHalf(53);

/** Gives `state.newFlow` the state that packet `i` opens it with; DROP_NONE, or why it opens none. */
export function opening(b: Batch, i: number, { newFlow: flow }: State): number {
  const proto = b.proto[i]!;
  if (proto === ipv4.PROTO_TCP) {
    if (!isOpening(b, i)) return drop.DROP_NOT_SYN;
    flow.state = ct.SYN_SENT;
  } else if (proto === ipv4.PROTO_SCTP) {
    if (!sctpTrack.isOpening(b, i)) return drop.DROP_NOT_SYN;
    flow.state = ct.COOKIE_WAIT;
  } else if (proto === ipv4.PROTO_UDP) {
    flow.state = b.ports[i]! >>> 16 === DNS ? ct.QUERY : ct.UNREPLIED;
  } else {
    if (!isRequest(b, i)) return drop.DROP_NO_FLOW; // a reply asked for by nobody
    flow.state = queryState(b, i);
  }
  return drop.DROP_NONE;
}

/** Whether packet `i` is the first of a flow, whatever the flow. */
export function opensFlow(b: Batch, i: number): boolean {
  const proto = b.proto[i]!;
  return proto === ipv4.PROTO_UDP || (proto === ipv4.PROTO_SCTP ? sctpTrack.isOpening(b, i) : isOpening(b, i));
}

export function isOpening(b: Batch, i: number): boolean {
  return (tcpFlags(b.memory.bytes, b.l4[i]!) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) === TCP_SYN; // a SYN that closes is no server's either
}

export function isInMiddle(b: Batch, i: number): boolean {
  return (tcpFlags(b.memory.bytes, b.l4[i]!) & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_ACK;
}

/** Whether an SCTP packet shows that its sender has an association. */
export function isSctpInMiddle(b: Batch, i: number): boolean {
  return sctpTrack.isTraffic(sctp.chunkType(b.memory.bytes, b.l4[i]!));
}
