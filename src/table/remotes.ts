/**
 * Endpoints of overlay networks that are behind other nodes, and these nodes: what the store says, so nothing here is learned, and nothing ages.
 *
 * An endpoint is found by MAC and network, and by address and network. Of two that claim the same the one that was told last has it. A node is there
 * as long as an endpoint is behind it. `nodesOf` is whom a network's broadcasts go to. Addresses are words (`wire/address-word.ts`), and what is kept
 * here holds them. Looked up on the packet path; changed, and grown, by the control side only.
 */
import { NO_ADDRESS } from "../wire/address-word.js";
import type { Addresses } from "./addresses.js";
import { fdbKey } from "./fdb.js";
import { PairMap } from "./pair-map.js";
import type { RandomInt32 } from "./random.js";

/** No endpoint, no node. */
export const NOBODY = -1;
/** Counters of a node, in `counts`. */
export const NODE_RX_PACKETS = 0,
  NODE_RX_BYTES = 1,
  NODE_TX_PACKETS = 2,
  NODE_TX_BYTES = 3,
  /** Frames that it sent for a station or an address that is not known to be behind it. */
  NODE_REFUSED = 4,
  /** Datagrams of it that should have been sealed and were not, or could not be opened. */
  NODE_UNOPENED = 5,
  /** Frames for it that could not be sealed, as its key is not known. */
  NODE_NO_KEY = 6,
  NODE_COUNTERS = 7;

const NO_NODES: readonly number[] = [];

export class Remotes {
  /** By endpoint. */
  node: Int32Array;
  network: Int32Array;
  macHi: Int32Array;
  macLo: Int32Array;
  address: Int32Array;
  address6: Int32Array;
  /** By node: its address in the underlay. */
  nodeAddress: Int32Array;
  /** NODE_COUNTERS a node. */
  counts: Float64Array;
  /** Endpoints. */
  size = 0;
  private readonly byMac: PairMap;
  private readonly byAddress: PairMap;
  private readonly byNode: PairMap;
  /** By network: its nodes, and how many endpoints each has in it. */
  private readonly members = new Map<number, Map<number, number>>();
  private readonly lists = new Map<number, readonly number[]>();
  private readonly freeEndpoints: number[] = [];
  private readonly freeNodes: number[] = [];
  private usedEndpoints = 0;
  private usedNodes = 0;
  private endpointsOf: Int32Array;

  constructor(
    private readonly addresses: Addresses,
    random: RandomInt32,
  ) {
    const column = (): Int32Array => new Int32Array(64);
    this.node = column();
    this.network = column();
    this.macHi = column();
    this.macLo = column();
    this.address = column();
    this.address6 = column();
    this.nodeAddress = column();
    this.endpointsOf = column();
    this.counts = new Float64Array(64 * NODE_COUNTERS);
    this.byMac = new PairMap(random());
    this.byAddress = new PairMap(random());
    this.byNode = new PairMap(random());
  }

  /** The endpoint with that MAC in the network, or NOBODY. */
  ofMac(hi: number, lo: number, network: number): number {
    return this.byMac.get(fdbKey(hi, network), lo);
  }

  /** The endpoint with that address in the network, or NOBODY. */
  ofAddress(address: number, network: number): number {
    return this.byAddress.get(address, network);
  }

  /** The node with that address in the underlay, or NOBODY. */
  ofNode(address: number): number {
    return this.byNode.get(address, 0);
  }

  /** Nodes that have endpoints in the network. */
  nodesOf(network: number): readonly number[] {
    return this.lists.get(network) ?? NO_NODES;
  }

  /** Nodes by number, for people: address and number of endpoints. */
  *nodes(): Generator<{ node: number; address: number; endpoints: number }> {
    for (let node = 0; node < this.usedNodes; node++)
      if (this.endpointsOf[node]! > 0) yield { node, address: this.nodeAddress[node]!, endpoints: this.endpointsOf[node]! };
  }

  count(node: number, what: number, n: number): void {
    const at = node * NODE_COUNTERS + what;
    this.counts[at] = this.counts[at]! + n;
  }

  /**
   * Adds an endpoint, or replaces the one with that MAC; answers as `delete`. The caller holds each address for us, once: it is released with the
   * endpoint. NO_ADDRESS: it has none of that family.
   */
  set(network: number, hi: number, lo: number, ipv4: number, ipv6: number, nodeAddress: number): number {
    const gone = this.delete(network, hi, lo);
    const node = this.takeNode(nodeAddress);
    const id = this.freeEndpoints.pop() ?? this.usedEndpoints++;
    if (id >= this.node.length) this.growEndpoints();
    this.node[id] = node;
    this.network[id] = network;
    this.macHi[id] = hi;
    this.macLo[id] = lo;
    this.address[id] = ipv4;
    this.address6[id] = ipv6;
    this.byMac.set(fdbKey(hi, network), lo, id);
    for (const word of [ipv4, ipv6]) if (word !== NO_ADDRESS) this.byAddress.set(word, network, id);
    this.size++;
    const members = this.members.get(network) ?? new Map<number, number>();
    const others = members.get(node) ?? 0;
    members.set(node, others + 1);
    this.members.set(network, members);
    if (others === 0) this.lists.set(network, [...members.keys()]);
    return gone === nodeAddress ? NO_ADDRESS : gone;
  }

  /** Address of the node that is gone with the endpoint, or NO_ADDRESS; nothing happens when there is no such endpoint. */
  delete(network: number, hi: number, lo: number): number {
    const id = this.ofMac(hi, lo, network);
    return id === NOBODY ? NO_ADDRESS : this.remove(id);
  }

  /** All endpoints of the network are gone; addresses of the nodes that are gone with them. */
  clearNetwork(network: number): number[] {
    const gone: number[] = [];
    for (let id = 0; id < this.usedEndpoints; id++) {
      if (this.network[id] !== network || this.ofMac(this.macHi[id]!, this.macLo[id]!, network) !== id) continue;
      const node = this.remove(id);
      if (node !== NO_ADDRESS) gone.push(node);
    }
    return gone;
  }

  private remove(id: number): number {
    const { addresses } = this;
    const network = this.network[id]!;
    const node = this.node[id]!;
    this.byMac.delete(fdbKey(this.macHi[id]!, network), this.macLo[id]!);
    for (const word of [this.address[id]!, this.address6[id]!]) {
      if (word !== NO_ADDRESS && this.byAddress.get(word, network) === id) this.byAddress.delete(word, network); // else it is a later one's
      addresses.release(word);
    }
    this.freeEndpoints.push(id);
    this.size--;
    const members = this.members.get(network)!;
    const left = members.get(node)! - 1;
    if (left > 0) {
      members.set(node, left);
    } else {
      members.delete(node);
      this.lists.set(network, [...members.keys()]);
    }
    if (members.size === 0) {
      this.members.delete(network);
      this.lists.delete(network);
    }
    return this.giveNode(node);
  }

  private takeNode(address: number): number {
    let node = this.ofNode(address);
    if (node === NOBODY) {
      node = this.freeNodes.pop() ?? this.usedNodes++;
      if (node >= this.nodeAddress.length) this.growNodes();
      this.nodeAddress[node] = address;
      this.endpointsOf[node] = 0;
      this.counts.fill(0, node * NODE_COUNTERS, (node + 1) * NODE_COUNTERS);
      this.byNode.set(address, 0, node);
    }
    this.endpointsOf[node] = this.endpointsOf[node]! + 1;
    return node;
  }

  private giveNode(node: number): number {
    const address = this.nodeAddress[node]!;
    this.endpointsOf[node] = this.endpointsOf[node]! - 1;
    const isGone = this.endpointsOf[node] === 0;
    if (isGone) {
      this.byNode.delete(address, 0);
      this.freeNodes.push(node);
    }
    this.addresses.release(address);
    return isGone ? address : NO_ADDRESS;
  }

  private growEndpoints(): void {
    const twice = (column: Int32Array): Int32Array => {
      const grown = new Int32Array(column.length * 2);
      grown.set(column);
      return grown;
    };
    this.node = twice(this.node);
    this.network = twice(this.network);
    this.macHi = twice(this.macHi);
    this.macLo = twice(this.macLo);
    this.address = twice(this.address);
    this.address6 = twice(this.address6);
  }

  private growNodes(): void {
    const { nodeAddress, endpointsOf, counts } = this;
    this.nodeAddress = new Int32Array(nodeAddress.length * 2);
    this.nodeAddress.set(nodeAddress);
    this.endpointsOf = new Int32Array(endpointsOf.length * 2);
    this.endpointsOf.set(endpointsOf);
    this.counts = new Float64Array(counts.length * 2);
    this.counts.set(counts);
  }
}
