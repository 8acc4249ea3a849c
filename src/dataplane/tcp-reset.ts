/**
 * Answers a segment of a connection that nobody knows with a reset (RFC 9293 §3.10.7.1), so that its sender does not hang. No more than so many a
 * second: the sender's address may be forged, and the answer then goes to who has it.
 */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { mayAnswer } from "./icmp-answer.js";
import type { State } from "./state.js";

const TTL = 64;

/** Turns frame `i`, which `parse` has seen, into the reset; false, and nothing is changed, where there is to be none. */
export function reset(b: Batch, i: number, state: State): boolean {
  const { bytes, halves, words } = b.memory;
  const at = b.at[i]!;
  const ip = at + vnet.HEADER_SIZE + eth.HEADER_SIZE;
  if (b.proto[i] !== ipv4.PROTO_TCP || state.awaitsFormer || !mayAnswer(state, b.ingress[i]!)) return false;
  const old = b.l4[i]!;
  const flags = l4.tcpFlags(bytes, old);
  // Nothing answers a reset, and who opens a connection is answered by who knows whether it may.
  if ((flags & (l4.TCP_RST | l4.TCP_ACK)) !== l4.TCP_ACK) return false;
  const sender = ipv4.src(words, ip);
  const asked = ipv4.dst(words, ip);
  if ((asked & 0xff) >= 224) return false;
  state.icmpErrors++;
  state.icmpErrorsTo[b.ingress[i]!]!++;
  const ports = swapPorts(l4.ports(words, old));
  const expected = words[(old + l4.TCP_ACKNOWLEDGMENT) >> 2]!;
  const off = ip + ipv4.MIN_HEADER_SIZE;
  const length = ipv4.MIN_HEADER_SIZE + l4.TCP_MIN_HEADER_SIZE;
  ipv4.emit(bytes, halves, words, ip, length, TTL, ipv4.PROTO_TCP, asked, sender);
  l4.emitReset(bytes, halves, words, off, ports, expected, ipv4.pseudoSum(words, ip, ipv4.PROTO_TCP, l4.TCP_MIN_HEADER_SIZE));
  vnet.emit(halves, at);
  b.len[i] = eth.HEADER_SIZE + length;
  b.flow[i] = NO_FLOW;
  b.egress[i] = b.ingress[i]!;
  b.mark[i] = 0;
  b.routed[i] = 1;
  return true;
}
