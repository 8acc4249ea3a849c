/**
 * Announces endpoints on their LAN, as if they had sent it themselves: an ARP announcement (RFC 5227 §2.3) and an unsolicited neighbor advertisement
 * (RFC 4861 §7.2.6), by which switches learn where the MAC is, and neighbors that knew the address under another one know it under this.
 */
import type { Batch } from "../mem/batch.js";
import type { Addresses } from "../table/addresses.js";
import { ENDPOINT, type Ports } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import * as arp from "../wire/arp.js";
import * as eth from "../wire/ethernet.js";
import * as ipv6 from "../wire/ipv6.js";
import * as ndp from "../wire/ndp.js";
import * as vnet from "../wire/vnet.js";

/** ff02::1, all nodes on the link, as raw words, and its MAC, 33:33:00:00:00:01. */
const ALL_NODES_FIRST = 0x02ff,
  ALL_NODES_LAST = 0x01000000,
  ALL_NODES_HI = 0x3333,
  ALL_NODES_LO = 0x01000000;

/** What is needed of `State`. */
interface Tables {
  readonly ports: Ports;
  readonly addresses: Addresses;
}

export class Announcements {
  /** Twice the port, plus 1 for IPv6. */
  private readonly waiting: number[] = [];

  /** The endpoint behind that port; -1: nobody. Not in the packet path. */
  add(port: number): void {
    if (port !== -1) this.waiting.push(port << 1, (port << 1) | 1);
  }

  /** There is something to say. */
  get due(): boolean {
    return this.waiting.length > 0;
  }

  /** Fills the batch with announcements, of endpoints that are there still. Answers how many. */
  fill(b: Batch, tables: Tables): number {
    if (b.moved) b.reset();
    const { ports } = tables;
    let n = 0;
    while (n < b.memory.slots && this.waiting.length > 0) {
      const next = this.waiting.pop()!;
      const port = next >> 1;
      const address = (next & 1) === 0 ? ports.address[port]! : ports.address6[port]!;
      if (ports.kind[port] !== ENDPOINT || address === NO_ADDRESS) continue;
      b.len[n] = (next & 1) === 0 ? putArp(b, n, tables, port, address) : putAdvertisement(b, n, tables, port, address);
      b.ingress[n] = port;
      b.tail[n] = -1;
      b.device[n] = 0;
      n++;
    }
    b.count = n;
    return n;
  }
}

/** Answers its length. */
function putArp(b: Batch, i: number, { ports }: Tables, port: number, address: number): number {
  const { halves } = b.memory;
  const frame = b.at[i]! + vnet.HEADER_SIZE;
  const [hi, lo] = [ports.macHi[port]!, ports.macLo[port]!];
  vnet.emit(halves, b.at[i]!);
  eth.setAddresses(halves, frame, 0xffff, -1, hi, lo);
  eth.setType(halves, frame, eth.TYPE_ARP);
  arp.emitAnnouncement(halves, frame + eth.HEADER_SIZE, hi, lo, address);
  return eth.HEADER_SIZE + arp.SIZE;
}

/** Answers its length. */
function putAdvertisement(b: Batch, i: number, { ports, addresses }: Tables, port: number, address: number): number {
  const { bytes, halves, words } = b.memory;
  const frame = b.at[i]! + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const message = ip + ipv6.HEADER_SIZE;
  const [hi, lo] = [ports.macHi[port]!, ports.macLo[port]!];
  vnet.emit(halves, b.at[i]!);
  eth.setAddresses(halves, frame, ALL_NODES_HI, ALL_NODES_LO, hi, lo);
  eth.setType(halves, frame, eth.TYPE_IPV6);
  ipv6.emit(bytes, halves, words, ip, ndp.ADVERTISEMENT_SIZE, ipv6.PROTO_ICMPV6, ndp.HOP_LIMIT);
  addresses.copy(address, words, (ip >> 2) + ipv6.SRC_WORD);
  const dst = (ip >> 2) + ipv6.DST_WORD;
  words[dst] = ALL_NODES_FIRST;
  words[dst + 1] = words[dst + 2] = 0;
  words[dst + 3] = ALL_NODES_LAST;
  addresses.copy(address, words, (message + ndp.TARGET) >> 2);
  ndp.makeAdvertisement(bytes, halves, words, ip, message, ndp.OVERRIDE, hi, lo);
  return eth.HEADER_SIZE + ipv6.HEADER_SIZE + ndp.ADVERTISEMENT_SIZE;
}
