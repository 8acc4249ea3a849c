/** What a worker does at the control side's word about tunnels, and endpoints behind other nodes. */
import type { State } from "../dataplane/state.js";
import { EGRESS_NODE, EGRESS_PORT } from "../table/conntrack.js";
import { REMOTE, TUNNEL } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { macHi, macLo } from "../wire/ethernet.js";
import { FLOW_KEY_SIZE, FLOW_UPLINK_AT, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import { rawHalf } from "../wire/raw.js";
import { clearRow } from "./counters.js";
import type { Overlay, ToWorker } from "./messages.js";

interface OverlayHooks {
  /** Copies the entry with that key of the steering's map of that family into `value`; false when there is none. */
  lookup(key: Uint8Array, value: Uint8Array, family: 4 | 6): boolean;
  /** `state.forget` and `forget6` are to be deleted from the steering's maps. */
  forget(): void;
  /** Ends the flows for which `matches` holds. */
  flush(matches: (id: number) => boolean): void;
}

export class OverlayCommands {
  constructor(
    private readonly state: State,
    private readonly counters: Float64Array,
    private readonly hooks: OverlayHooks,
  ) {}

  /** The own network `id` is an overlay network. */
  add(id: number, { port, vni, mtu, encrypted }: Overlay): void {
    const { networks, ports, tunnel } = this.state;
    clearRow(this.counters, port);
    ports.set(port, REMOTE, 0, 0, NO_ADDRESS, id);
    networks.setOverlay(id, port, vni, mtu, encrypted);
    tunnel.addNetwork(vni, id);
  }

  /** It goes, with all that is known of other nodes' endpoints in it. */
  remove(id: number): void {
    const { conntrack, networks, ports, remotes, tunnel } = this.state;
    const port = networks.remotePort[id]!;
    for (const node of remotes.clearNetwork(id)) this.forgetNode(node);
    tunnel.removeNetwork(networks.vni[id]!);
    ports.clear(port);
    this.hooks.flush((flow) => (conntrack.egress(flow, 0) & (EGRESS_NODE | EGRESS_PORT)) === (EGRESS_NODE | port));
    this.releaseSnat(id);
  }

  /** `ipv4`, `ipv6`: its addresses, held. Flows from an address that it has no more end. */
  setSnat({ network, mac }: Extract<ToWorker, { type: "snat-address" }>, ipv4: number, ipv6: number): void {
    const { conntrack, networks } = this.state;
    const before = [networks.snat[network]!, networks.snat6[network]!].filter((word) => word !== NO_ADDRESS);
    const gone = before.filter((word) => word !== ipv4 && word !== ipv6);
    this.releaseSnat(network);
    networks.setSnat(network, macHi(mac), macLo(mac), ipv4, ipv6);
    if (gone.length > 0)
      this.hooks.flush((flow) => (conntrack.egress(flow, 0) & EGRESS_NODE) !== 0 && gone.includes(conntrack.newSrc(flow, 0)));
  }

  private releaseSnat(network: number): void {
    const { addresses, networks } = this.state;
    for (const word of [networks.snat[network]!, networks.snat6[network]!]) addresses.release(word);
  }

  addTunnel(m: Extract<ToWorker, { type: "add-tunnel" }>): void {
    const { addresses, ports, tunnel } = this.state;
    clearRow(this.counters, m.port);
    ports.set(m.port, TUNNEL, macHi(m.mac), macLo(m.mac), NO_ADDRESS, 0);
    tunnel.port = m.port;
    tunnel.device = m.device;
    tunnel.local = addresses.take(m.address);
    tunnel.udpPort = rawHalf(m.udpPort);
    tunnel.checksum = m.checksum;
    tunnel.segments = m.segments;
    tunnel.datagrams = m.datagrams;
  }

  removeTunnel(): void {
    const { addresses, tunnel } = this.state;
    addresses.release(tunnel.local);
    tunnel.port = -1;
  }

  /** `ipv4`, `ipv6`: its addresses, held. */
  setRemote({ network, mac, node }: Extract<ToWorker, { type: "set-remote" }>, ipv4: number, ipv6: number): void {
    const { addresses, remotes } = this.state;
    const address = addresses.take(node);
    if (remotes.ofNode(address) === NOBODY) this.forgetIfElsewhere(address);
    this.forgetNode(remotes.set(network, macHi(mac), macLo(mac), ipv4, ipv6, address));
  }

  removeRemote({ network, mac }: Extract<ToWorker, { type: "remove-remote" }>): void {
    this.forgetNode(this.state.remotes.delete(network, macHi(mac), macLo(mac)));
  }

  setSeal({ key, pair, cipher, bytes, windows }: Extract<ToWorker, { type: "set-seal" }>): void {
    this.state.sealer?.setKey(key, cipher, bytes, windows === null);
    bytes.fill(0); // the sealer alone has it
    this.state.seals.set(key, pair, windows);
  }

  dropSeal(key: number): void {
    this.state.seals.drop(key);
    this.state.sealer?.dropKey(key);
  }

  sealNode({ node, send, receive, workers }: Extract<ToWorker, { type: "seal-node" }>): void {
    this.state.seals.setNode(this.state.addresses.take(node), send, receive, workers);
  }

  /** What a former process has entered may lead to a device that is gone with it. */
  private forgetIfElsewhere(address: number): void {
    const { forget, forget6, tunnel } = this.state;
    const entries = tunnel.ipv6 ? forget6 : forget;
    this.hooks.forget(); // so that the key is the first
    entries.addKey(tunnel.local, address, tunnel.udpPort, PROTO_UDP);
    const value = new Uint8Array(tunnel.ipv6 ? FLOW6_VALUE_SIZE : FLOW_VALUE_SIZE);
    const key = entries.keyBytes.slice(0, tunnel.ipv6 ? FLOW6_KEY_SIZE : FLOW_KEY_SIZE);
    const found = this.hooks.lookup(key, value, tunnel.ipv6 ? 6 : 4);
    if (!found || new Int32Array(value.buffer)[FLOW_UPLINK_AT >> 2] === tunnel.device) entries.count = 0;
    else this.hooks.forget();
  }

  /** What the node at `address` (NO_ADDRESS: none) sends is steered to us no more. */
  private forgetNode(address: number): void {
    if (address === NO_ADDRESS) return;
    const { forget, forget6, tunnel } = this.state;
    this.hooks.forget();
    (tunnel.ipv6 ? forget6 : forget).addKey(tunnel.local, address, tunnel.udpPort, PROTO_UDP);
    this.hooks.forget();
  }
}
