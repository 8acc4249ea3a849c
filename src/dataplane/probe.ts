/**
 * Asks both ends of connections that a former process has left whether they know of them still. While nobody held the port, the host's own stack
 * answered what came for it, with a reset; the other end, if it only listens, would wait for ever.
 *
 * A segment outside of its receiver's window is answered with an acknowledgment that has the right numbers (RFC 9293 §3.10.7.4). Like any other
 * packet of the flow the answer goes to the other end. One that knows the connection takes no notice; one that does not resets it, with the number
 * that the first end expects (§3.10.7.1). So a question needs none of the numbers, which a row does not have. Each end is asked as if the other did.
 *
 * The sequence number is any: one of some ten thousand lies in the window, and then there is no answer, and no harm.
 */
import type { Batch } from "../mem/batch.js";
import type { Addresses } from "../table/addresses.js";
import { type Conntrack, EGRESS_PORT, HELD, PHASES } from "../table/conntrack.js";
import type { RandomInt32 } from "../table/random.js";
import { isIpv6 } from "../wire/address-word.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as vnet from "../wire/vnet.js";

/** Questions a second. */
const PER_SEC = 10_000;
const TTL = 64;
const SIZE = l4.TCP_MIN_HEADER_SIZE;

/** What is needed of `State`. */
interface Tables {
  readonly conntrack: Conntrack;
  readonly addresses: Addresses;
  readonly random: RandomInt32;
}

export class Probes {
  private readonly ids: number[] = [];
  private next = 0; // twice the index in `ids`, plus the direction
  private budget = PER_SEC;

  /** Flow `id` is to be asked about; not in the packet path. */
  add(id: number): void {
    this.ids.push(id);
  }

  /** Once a second. */
  tick(): void {
    this.budget = PER_SEC;
  }

  /** There is something to ask now. */
  get due(): boolean {
    return this.next < 2 * this.ids.length && this.budget > 0;
  }

  /** Fills the batch with questions, as if each end of a flow had sent one to the other. Answers how many. */
  fill(b: Batch, tables: Tables): number {
    if (b.moved) b.reset();
    let n = 0;
    for (; n < b.memory.slots && this.due; this.next++) {
      const id = this.ids[this.next >> 1]!;
      if (!isTcpHeld(tables, id)) continue; // it has ended, or another flow has its row
      put(b, n++, tables, id, this.next & 1);
      this.budget--;
    }
    if (this.next >= 2 * this.ids.length) {
      this.ids.length = 0;
      this.next = 0;
    }
    b.count = n;
    return n;
  }
}

function isTcpHeld({ conntrack }: Tables, id: number): boolean {
  return conntrack.isLive(id) && conntrack.protocol(id) === ipv4.PROTO_TCP && PHASES[conntrack.state(id)] === HELD;
}

/** Makes frame `i` an acknowledgment of direction `dir` of the flow. */
function put(b: Batch, i: number, { conntrack, addresses, random }: Tables, id: number, dir: number): void {
  const { bytes, halves, words } = b.memory;
  const at = b.at[i]!;
  const ip = at + vnet.HEADER_SIZE + eth.HEADER_SIZE;
  const src = conntrack.tuple(id, dir, 0);
  const dst = conntrack.tuple(id, dir, 1);
  const v6 = isIpv6(dst);
  const header = v6 ? ipv6.HEADER_SIZE : ipv4.MIN_HEADER_SIZE;
  for (let k = at; k < ip; k++) bytes[k] = 0;
  vnet.emit(halves, at);
  eth.setType(halves, ip - eth.HEADER_SIZE, v6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
  if (v6) {
    ipv6.emit(bytes, halves, words, ip, SIZE, ipv4.PROTO_TCP, TTL);
    addresses.copy(src, words, (ip >> 2) + ipv6.SRC_WORD);
    addresses.copy(dst, words, (ip >> 2) + ipv6.DST_WORD);
  } else {
    ipv4.emit(bytes, halves, words, ip, header + SIZE, TTL, ipv4.PROTO_TCP, src, dst);
  }
  const pseudo = v6 ? ipv6.pseudoSum(words, ip, ipv4.PROTO_TCP, SIZE) : ipv4.pseudoSum(words, ip, ipv4.PROTO_TCP, SIZE);
  // What is acknowledged is what was last, as far as it is known.
  l4.emitReset(bytes, halves, words, ip + header, conntrack.tuple(id, dir, 2), random(), conntrack.acked(id, dir), l4.TCP_ACK, pseudo);
  b.ingress[i] = conntrack.egress(id, dir ^ 1) & EGRESS_PORT;
  b.len[i] = eth.HEADER_SIZE + header + SIZE;
  b.tail[i] = -1;
  b.device[i] = 0;
}
