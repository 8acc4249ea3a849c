/**
 * Which worker of another node's a frame is for, which that node's kernel cannot see where it is sealed. What goes to a node's own address in the network
 * (decision 150) is of a flow that one of its workers has: the one that the far end's address and port, which are the frame's destination, lead to
 * (`wire/spread.ts`). So the sender computes what `tunnel_queue` would (`steer/queue-program.ts`), and says it in the datagram (`wire/sealed.ts`). All
 * else is bridged there, and any worker can do that.
 *
 * An ICMP error is for who has sent what it quotes. Later fragments go where the first one went; who comes before it goes to any.
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { ANY_WORKER } from "../wire/sealed.js";
import { workerOf } from "../wire/spread.js";
import * as vnet from "../wire/vnet.js";
import { OWN_MAC } from "../wire/vxlan.js";
import { fragmentAt, ipAt, isFragment, isIcmp, isLaterFragment, isQuery, totalLength } from "./packet.js";
import type { State } from "./state.js";

/** Datagrams whose first fragment has gone: of two with one place the later one is remembered. A power of two. */
const REMEMBERED = 256;
/** Words of one: source, destination, identification; the answer. */
const ENTRY = 4;
const NO_PORT = -1;
/** Of the quoted packet behind its IP header (RFC 792). */
const QUOTED = 8;

export class ReceivingWorkers {
  private readonly datagrams = new Int32Array(REMEMBERED * ENTRY);

  constructor(
    private readonly batch: Batch,
    private readonly state: State,
  ) {}

  /** Of frame `i`, to the node at `address`: ANY_WORKER, or the number of its worker plus 1. */
  of(i: number, address: number): number {
    const { batch: b, state } = this;
    const { bytes } = b.memory;
    const to = b.at[i]! + vnet.HEADER_SIZE;
    if (bytes[to] !== OWN_MAC[0] || bytes[to + 1] !== OWN_MAC[1] || bytes[to + 2] !== OWN_MAC[2]) return ANY_WORKER;
    const workers = state.seals.workersOf(address);
    if (workers < 2 || (b.kind[i] !== KIND_IPV4 && b.kind[i] !== KIND_IPV6)) return ANY_WORKER;
    if (!isFragment(b, i)) return this.ofPacket(i, workers);
    const entry = this.entryOf(i);
    const isSame = this.datagrams[entry] === b.src[i] && this.datagrams[entry + 1] === b.dst[i];
    if (isLaterFragment(b, i)) return isSame && this.datagrams[entry + 2] === this.datagram(i) ? this.datagrams[entry + 3]! : ANY_WORKER;
    const answer = this.ofPacket(i, workers);
    this.datagrams[entry] = b.src[i]!;
    this.datagrams[entry + 1] = b.dst[i]!;
    this.datagrams[entry + 2] = this.datagram(i);
    this.datagrams[entry + 3] = answer;
    return answer;
  }

  private ofPacket(i: number, workers: number): number {
    const { batch: b, state } = this;
    const port = this.portAt(i);
    return port === NO_PORT ? ANY_WORKER : workerOf(state.addresses.spread(b.dst[i]!), port, workers) + 1;
  }

  /** Raw half: of the far end, or of ICMP the identifier. */
  private portAt(i: number): number {
    const { batch: b } = this;
    const proto = b.proto[i]!;
    if (isIcmp(proto) && !isQuery(b, i)) return quotedPort(b, i);
    const hasPorts = proto === ipv4.PROTO_TCP || proto === ipv4.PROTO_UDP || proto === ipv4.PROTO_SCTP || isIcmp(proto);
    return hasPorts ? b.ports[i]! >>> 16 : NO_PORT;
  }

  private datagram(i: number): number {
    const { batch: b } = this;
    const { bytes, halves, words } = b.memory;
    return b.kind[i] === KIND_IPV6 ? ipv6.identification(words, fragmentAt(b, i)) : ipv4.datagram(bytes, halves, ipAt(b, i));
  }

  private entryOf(i: number): number {
    const datagram = this.datagram(i);
    return ((datagram ^ (datagram >>> 8) ^ (datagram >>> 16) ^ (datagram >>> 24)) & (REMEMBERED - 1)) * ENTRY;
  }
}

/** The source port of the packet that an ICMP error quotes, raw. */
function quotedPort(b: Batch, i: number): number {
  const { bytes, halves, words } = b.memory;
  const inner = b.l4[i]! + icmp.HEADER_SIZE;
  const end = Math.min(ipAt(b, i) + totalLength(b, i), b.memory.headEnd(i));
  let proto: number;
  let at: number;
  if (b.kind[i] === KIND_IPV4) {
    if (inner + ipv4.MIN_HEADER_SIZE > end) return NO_PORT;
    proto = ipv4.protocol(bytes, inner);
    at = inner + ipv4.headerSize(bytes, inner);
  } else {
    const chain = inner + ipv6.HEADER_SIZE > end ? -1 : ipv6.layer4(bytes, halves, inner, end - inner);
    if (chain < 0) return NO_PORT;
    proto = ipv6.layer4Proto(chain);
    at = inner + ipv6.layer4Offset(chain);
  }
  if (at + QUOTED > end) return NO_PORT;
  return isIcmp(proto) ? icmp.identifier(halves, at) : l4.ports(words, at) & 0xffff;
}
