/**
 * Answers ARP requests for the gateway and for endpoints that the configuration knows, those behind other nodes among them, instead of flooding them (RFC 826; proxying as
 * a bridge with ARP suppression does). Requests for others go on and are flooded. The frame is turned into its answer in place.
 */
import { type Batch, KIND_ARP, UNDECIDED } from "../mem/batch.js";
import { ENDPOINT, HOST, LAN, REMOTE } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import * as arp from "../wire/arp.js";
import * as eth from "../wire/ethernet.js";
import * as vnet from "../wire/vnet.js";
import type { State } from "./state.js";

export function arpReply(b: Batch, state: State): void {
  const { halves } = b.memory;
  const { networks, remotes } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.kind[i] !== KIND_ARP || b.egress[i] !== UNDECIDED) continue;
    const frame = b.at[i]! + vnet.HEADER_SIZE;
    const message = frame + eth.HEADER_SIZE;
    if (!arp.isEthernetIpv4(halves, message) || arp.operation(halves, message) !== arp.REQUEST) continue;
    const asked = arp.targetIp(halves, message);
    if (asked === arp.senderIp(halves, message)) continue; // an announcement (RFC 5227 §1.1)
    if (isIpv6(asked)) continue; // of class E: nobody's, and the word of somebody else
    const network = state.ports.network[b.ingress[i]!]!;
    const kind = state.ports.kind[b.ingress[i]!]!;
    if (kind === LAN) continue; // the endpoint is to hear of who asks, as of anybody on its LAN
    const isGateway = asked === networks.gateway[network];
    if (isGateway && kind === REMOTE) continue; // each node has its own
    const owner = isGateway ? networks.hostPort[network]! : state.endpoints.get(asked, network);
    if (owner === b.ingress[i]) continue; // who asks for its own address probes for a duplicate (RFC 5227 §2.1)
    // The host reaches those behind other nodes from this node's own address alone, and another node nobody behind a third.
    const reaches = kind === ENDPOINT || (kind === HOST && networks.snat[network] !== NO_ADDRESS);
    const station = owner === -1 && reaches ? remotes.ofAddress(asked, network) : NOBODY;
    if (owner === -1 && station === NOBODY) continue;
    const hi = owner === -1 ? remotes.macHi[station]! : state.ports.macHi[owner]!;
    const lo = owner === -1 ? remotes.macLo[station]! : state.ports.macLo[owner]!;
    arp.makeReply(halves, message, hi, lo);
    eth.setAddresses(halves, frame, eth.srcHi(halves, frame), eth.srcLo(halves, frame), hi, lo);
    b.egress[i] = b.ingress[i]!;
  }
}
