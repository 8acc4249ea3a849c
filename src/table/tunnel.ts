/**
 * The one end of all tunnels that this node is: where it is in the underlay, and which network an identifier stands for. Addresses are words
 * (`wire/address-word.ts`). Written by the control side; read by stages.
 */
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as sealed from "../wire/sealed.js";
import * as vxlan from "../wire/vxlan.js";
import { PairMap } from "./pair-map.js";

/** UDP and VXLAN header, and the Ethernet header of the frame inside: what an inner IP packet has before it, besides the outer IP header. */
const ETHERNET = 14,
  REST = l4.UDP_HEADER_SIZE + vxlan.HEADER_SIZE + ETHERNET;

/** Bytes that an underlay of that family must carry beside an inner IP packet: 50, or 70; of a sealed one 32 more. */
export function overheadOf(family: 4 | 6, isSealed = false): number {
  return (family === 4 ? ipv4.MIN_HEADER_SIZE : ipv6.HEADER_SIZE) + REST + (isSealed ? sealed.OVERHEAD : 0);
}

export class Tunnel {
  /** Port of the tunnels' device; -1: there is none, and no overlay network. */
  port = -1;
  /** Its interface index. */
  device = 0;
  /** This node's address in the underlay. */
  local = NO_ADDRESS;
  /** UDP port, raw half. */
  udpPort = 0;
  /** Datagrams get a UDP checksum. */
  checksum = false;
  /** The device takes frames with segmentation. */
  segments = false;
  /** The device takes several datagrams in one frame. */
  datagrams = false;
  /** Of the next datagram (RFC 791 §3.1): nobody but who has to fragment one looks at it. */
  identification = 0;
  private readonly networks: PairMap;

  /** `seed`: int32, random per process. */
  constructor(seed: number) {
    this.networks = new PairMap(seed);
    this.identification = seed & 0xffff;
  }

  /** The underlay is IPv6. */
  get ipv6(): boolean {
    return isIpv6(this.local);
  }

  /** From the outer Ethernet header to the inner one. */
  get overhead(): number {
    return overheadOf(this.ipv6 ? 6 : 4);
  }

  /** Number of the network with that identifier, or -1. */
  networkOf(vni: number): number {
    return this.networks.get(vni, 0);
  }

  addNetwork(vni: number, network: number): void {
    this.networks.set(vni, 0, network);
  }

  removeNetwork(vni: number): void {
    this.networks.delete(vni, 0);
  }
}
