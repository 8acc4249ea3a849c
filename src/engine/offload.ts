/**
 * What the kernel saw of offloaded flows. From the first answer on the steering programs forward their packets, as the engine asked with the
 * flow's first packet (`dataplane/l2-out.ts`). The engine sees segments with SYN, FIN or RST, and what is out of the ordinary.
 *
 * So a flow's state and deadline in conntrack may be older than the flow's last packet. They are brought up to date when the deadline comes,
 * and when somebody asks to see the flow.
 */
import type { State } from "../dataplane/state.js";
import { isReached } from "../dataplane/tcp-window.js";
import { isMoreThanQueries, isStream } from "../dataplane/track.js";
import { turn } from "../dataplane/turn.js";
import * as ct from "../table/conntrack.js";
import { FlowEntries } from "../table/flow-entries.js";
import { isIpv6 } from "../wire/address-word.js";
import { FLOW_ACKED_AT, FLOW_INGRESS_AT, FLOW_OFFLOAD_AT, FLOW_ORDER_AT, FLOW_PACKETS_AT, FLOW_SEEN_AT } from "../wire/flow-entry.js";
import { ORDER_BY_UPLINK } from "../wire/order.js";

/** At FLOW_ORDER_AT: all wait, also those that come by a device of their own, for what the uplink brings. */
const FOR_EVER = -1;

export class Offload {
  /** Room for one entry of each map. */
  private readonly entry = new FlowEntries(1);
  private readonly entry6: FlowEntries;
  private found = this.entry;

  /** `lookup` copies the value of a key of the map of that family, or answers false when there is none. */
  constructor(
    private readonly state: State,
    private readonly lookup: (key: Uint8Array, value: Uint8Array, family: 4 | 6) => boolean,
    /** Replaces the value of a key; false when the kernel refuses it. */
    private readonly put: (key: Uint8Array, value: Uint8Array, family: 4 | 6) => boolean,
  ) {
    this.entry6 = new FlowEntries(1, state.addresses);
  }

  /** Brings flow `id` to the state and deadline that its last packet in the kernel gives it; answers whether that is news, and it lives. */
  settle(id: number): boolean {
    const { conntrack, now } = this.state;
    const old = conntrack.state(id);
    if (old === ct.CLOSING) return false; // nothing but last ACKs, and they prolong nothing
    const client = this.read(id, 0, FLOW_SEEN_AT);
    const target = this.read(id, 1, FLOW_SEEN_AT);
    const next = this.nextState(id, old, client, target);
    const seen = Math.max(client, target);
    const deadline = seen + conntrack.timeouts[next]!;
    if (deadline <= now || (next === old && deadline <= conntrack.deadline(id))) return false;
    turn(this.state, id, next, seen);
    return true;
  }

  /** What the kernel has seen of flow `id` so far is not to count as seen, as of now: somebody may have reset it. */
  unsee(id: number): void {
    for (let dir = 0; dir < 2; dir++) {
      if (!this.find(id, dir)) continue;
      const { keyBytes, valueBytes, values } = this.found;
      values[FLOW_SEEN_AT / 4] = 0;
      this.put(keyBytes, valueBytes, this.found === this.entry6 ? 6 : 4);
    }
  }

  /**
   * The kernel is to give packets of flow `id` to us from now on, as they come: without the stamps that `stamp` has had put in. What it has counted so far is the
   * row's. Nothing is entered that was not. What the kernel refuses stays as it is, until this is called again.
   */
  takeBack(id: number): void {
    const { conntrack, ports } = this.state;
    for (let dir = 0; dir < 2; dir++) {
      if (!this.find(id, dir)) continue;
      const { keyBytes, valueBytes, values } = this.found;
      const isOurs = (conntrack.egress(id, dir ^ 1) & ct.EGRESS_PORT) !== ports.uplink;
      const isStamped = !isOurs && (values[FLOW_ORDER_AT / 4]! & ORDER_BY_UPLINK) !== 0;
      if (valueBytes[FLOW_OFFLOAD_AT] === 0 && !isStamped) continue;
      const packets = values[FLOW_PACKETS_AT / 4]!;
      const acked = this.found.valueHalves[FLOW_ACKED_AT / 2]!;
      values[FLOW_PACKETS_AT / 4] = 0;
      // What an endpoint sends keeps stamps, which nobody sees, so that it is in order when it is carried again. A client's datagrams wait on for those in the ring buffer.
      if (isOurs) values[FLOW_ORDER_AT / 4] = FOR_EVER;
      else if (!this.waitsForRing()) values[FLOW_ORDER_AT / 4] = 0;
      valueBytes[FLOW_OFFLOAD_AT] = 0;
      if (!this.put(keyBytes, valueBytes, this.found === this.entry6 ? 6 : 4)) continue;
      conntrack.addPackets(id, dir, packets);
      if (acked !== 0 && conntrack.state(id) !== ct.CLOSING) conntrack.setAcked(id, dir, acked);
    }
  }

  /**
   * What comes here of flow `id`, which the kernel does not carry, is to have stamps from now on; answers whether all had them already. `spares`: but for what
   * waits for those in the ring buffer.
   */
  stamp(id: number, spares: boolean): boolean {
    let had = true;
    for (let dir = 0; dir < 2; dir++) {
      if (!this.find(id, dir)) continue;
      const { keyBytes, valueBytes, values } = this.found;
      if (valueBytes[FLOW_OFFLOAD_AT] !== 0 || values[FLOW_ORDER_AT / 4]! < 0) continue;
      had = false;
      if (spares && this.waitsForRing()) continue;
      values[FLOW_ORDER_AT / 4] = FOR_EVER;
      this.put(keyBytes, valueBytes, this.found === this.entry6 ? 6 : 4);
    }
    return had;
  }

  /** Whether what is found has datagrams wait for those that have come by the host's stack and the ring buffer. */
  private waitsForRing(): boolean {
    const { values } = this.found;
    return values[FLOW_ORDER_AT / 4]! > 0 && values[FLOW_INGRESS_AT / 4] !== 0;
  }

  /** `client`, `target`: second in which the kernel saw the last packet of each; 0: it saw none. */
  private nextState(id: number, old: number, client: number, target: number): number {
    const since = this.state.conntrack.lastSeen(id); // when we saw its last packet: what is older is of an earlier connection
    switch (old) {
      case ct.SYN_RECEIVED:
        return client >= since && isReached(this.state, id, this.carriedAck(id, 0)) ? ct.ESTABLISHED : old;
      case ct.TAKEN_UP:
        return target >= since ? ct.ESTABLISHED : old;
      case ct.RESET_ORIGINAL:
      case ct.RESET_REPLY:
        // Who really resets a connection sends nothing more. Who resets one that he has opened in another's name does not know what to acknowledge.
        return client >= since && target >= since && isReached(this.state, id, this.carriedAck(id, 0)) ? ct.ESTABLISHED : old;
      case ct.UNREPLIED:
      case ct.REPLIED:
        if (old === ct.UNREPLIED && target < since) return old;
        return client >= since || isStream(this.allPackets(id, 1)) ? ct.ASSURED : ct.REPLIED;
      case ct.QUERY:
      case ct.ANSWERED:
        if (old === ct.QUERY && target < since) return old;
        return isMoreThanQueries(this.allPackets(id, 0)) ? ct.ASSURED : ct.ANSWERED;
      default:
        return old;
    }
  }

  /** Packets of direction `dir`, whoever carried them; either part wraps at 2^32. */
  allPackets(id: number, dir: number): number {
    return this.state.conntrack.packets(id, dir) + this.read(id, dir, FLOW_PACKETS_AT);
  }

  /** As `State.carriedAck`. */
  carriedAck(id: number, dir: number): number {
    return this.find(id, dir) ? this.found.valueHalves[FLOW_ACKED_AT / 2]! : 0;
  }

  /** As `State.carriedPackets`. */
  carriedPackets(id: number, dir: number): number {
    return this.read(id, dir, FLOW_PACKETS_AT);
  }

  /** The u32 at `at` in the entry of direction `dir`; 0 if there is none. */
  private read(id: number, dir: number, at: number): number {
    return this.find(id, dir) ? this.found.values[at / 4]! >>> 0 : 0;
  }

  /** Whether direction `dir` has an entry, which then is in `found`. Its key is a packet that the engine sends the other way. */
  private find(id: number, dir: number): boolean {
    const { conntrack } = this.state;
    const src = conntrack.newSrc(id, dir ^ 1);
    const entry = isIpv6(src) ? this.entry6 : this.entry;
    this.found = entry;
    entry.count = 0;
    entry.addKey(src, conntrack.newDst(id, dir ^ 1), conntrack.newPorts(id, dir ^ 1), conntrack.protocol(id));
    return this.lookup(entry.keyBytes, entry.valueBytes, entry === this.entry6 ? 6 : 4);
  }
}
