/**
 * Answers neighbor solicitations (RFC 4861 §4.3) for the gateway and for endpoints that the configuration knows, instead of flooding them: as
 * `arp-reply.ts` does. Known are the addresses that they were given, and the link-local ones that come of their MACs. Those for others go on and are
 * flooded; so does what asks from ::, which looks for duplicates (RFC 4862 §5.4): of its own address nobody here is to say anything, and claims to
 * others' the source guard has dropped. The frame is turned into its answer in place.
 */
import { type Batch, KIND_IPV6, UNDECIDED } from "../mem/batch.js";
import { ENDPOINT, HOST, LAN, REMOTE } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import { isMartian, isUnspecified, NO_ADDRESS } from "../wire/address-word.js";
import * as eth from "../wire/ethernet.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv6 from "../wire/ipv6.js";
import * as ndp from "../wire/ndp.js";
import * as vnet from "../wire/vnet.js";
import { portOfAddress6 } from "./neighbor-port.js";
import type { State } from "./state.js";

export function ndpReply(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    if (b.kind[i] !== KIND_IPV6 || b.egress[i] !== UNDECIDED || b.proto[i] !== icmpv6.PROTO_ICMPV6) continue;
    if (b.memory.bytes[b.l4[i]!] !== ndp.NEIGHBOR_SOLICITATION || !isValid(b, i)) continue;
    const ingress = b.ingress[i]!;
    if (state.ports.kind[ingress] === LAN) continue; // as in arp-reply.ts
    const target = b.l4[i]! + ndp.TARGET;
    const owner = portOfAddress6(b, state, state.ports.network[ingress]!, target);
    if (owner === ingress) continue;
    if (owner !== -1) {
      const isGateway = owner === state.networks.hostPort[state.ports.network[owner]!];
      // Each node has a gateway of its own.
      if (!isGateway || state.ports.kind[ingress] !== REMOTE)
        advertise(b, i, state.ports.macHi[owner]!, state.ports.macLo[owner]!, isGateway);
      continue;
    }
    // As in arp-reply.ts.
    const kind = state.ports.kind[ingress]!;
    const reaches = kind === ENDPOINT || (kind === HOST && state.networks.snat6[state.ports.network[ingress]!] !== NO_ADDRESS);
    const station = reaches ? remoteOf(b, state, ingress, target) : NOBODY;
    if (station !== NOBODY) advertise(b, i, state.remotes.macHi[station]!, state.remotes.macLo[station]!, false);
  }
}

/** RFC 4861 §7.1.1; and it does not look for duplicates. What is not valid is no answer's concern, but goes on. */
function isValid(b: Batch, i: number): boolean {
  const { bytes, halves, words } = b.memory;
  const ip = b.at[i]! + vnet.HEADER_SIZE + eth.HEADER_SIZE;
  const at = b.l4[i]!;
  const len = ip + ipv6.HEADER_SIZE + ipv6.payloadLength(halves, ip) - at;
  if (at !== ip + ipv6.HEADER_SIZE || ipv6.hopLimit(bytes, ip) !== ndp.HOP_LIMIT || bytes[at + 1] !== 0 || len < ndp.DISCOVERY_SIZE)
    return false;
  if (isUnspecified(b.src[i]!) || isMartian(b.src[i]!) || len > b.memory.headEnd(i) - at) return false;
  return icmpv6.checksumOk(bytes, halves, words, ip, at, len);
}

/** The endpoint behind another node that has the address at `target`, or NOBODY. */
function remoteOf(b: Batch, { addresses, ports, remotes }: State, ingress: number, target: number): number {
  const { bytes, halves, words } = b.memory;
  const network = ports.network[ingress]!;
  if (ipv6.isLinkLocal(bytes, target)) {
    if (!ipv6.hasMac(bytes, halves, target)) return NOBODY;
    const station = remotes.ofMac(ipv6.macHiOf(halves, target), ipv6.macLoOf(bytes, target), network);
    const own = station !== NOBODY && ipv6.isLinkLocalOf(halves, target, remotes.macHi[station]!, remotes.macLo[station]!);
    return own ? station : NOBODY;
  }
  const address = addresses.find(words, target >> 2);
  return address === NO_ADDRESS ? NOBODY : remotes.ofAddress(address, network);
}

/** `hi`, `lo`: MAC of who has the address. */
function advertise(b: Batch, i: number, hi: number, lo: number, isGateway: boolean): void {
  const { bytes, halves, words } = b.memory;
  const frame = b.at[i]! + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const at = b.l4[i]!;
  words.copyWithin((ip >> 2) + ipv6.DST_WORD, (ip >> 2) + ipv6.SRC_WORD, (ip >> 2) + ipv6.DST_WORD);
  words.copyWithin((ip >> 2) + ipv6.SRC_WORD, (at + ndp.TARGET) >> 2, (at + ndp.DISCOVERY_SIZE) >> 2);
  ipv6.emit(bytes, halves, words, ip, ndp.ADVERTISEMENT_SIZE, icmpv6.PROTO_ICMPV6, ndp.HOP_LIMIT);
  const flags = ndp.SOLICITED | ndp.OVERRIDE | (isGateway ? ndp.ROUTER : 0);
  ndp.makeAdvertisement(bytes, halves, words, ip, at, flags, hi, lo);
  eth.setAddresses(halves, frame, eth.srcHi(halves, frame), eth.srcLo(halves, frame), hi, lo);
  vnet.emit(halves, b.at[i]!);
  b.len[i] = eth.HEADER_SIZE + ipv6.HEADER_SIZE + ndp.ADVERTISEMENT_SIZE;
  b.egress[i] = b.ingress[i]!;
}
