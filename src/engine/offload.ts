/**
 * What the kernel saw of offloaded flows. From the first answer on the steering programs forward their packets, as the engine asked with the
 * flow's first packet (`dataplane/l2-out.ts`). The engine sees segments with SYN, FIN or RST, and what is out of the ordinary.
 *
 * So a flow's state and deadline in conntrack may be older than the flow's last packet. They are brought up to date when the deadline comes,
 * and when somebody asks to see the flow.
 */
import type { State } from "../dataplane/state.js";
import { ASSURED, CLOSING, ESTABLISHED, RESET, SYN_RECEIVED, UNREPLIED } from "../table/conntrack.js";
import { FLOW_KEY_SIZE, FLOW_PACKETS_AT, FLOW_SEEN_AT, FLOW_VALUE_SIZE } from "../wire/flow-entry.js";

export class Offload {
  private readonly key = new Int32Array(FLOW_KEY_SIZE / 4);
  private readonly value = new Int32Array(FLOW_VALUE_SIZE / 4);
  private readonly keyBytes = new Uint8Array(this.key.buffer);
  private readonly valueBytes = new Uint8Array(this.value.buffer);

  /** `lookup` copies the value of a key of the `flows` map, or answers false when there is none. */
  constructor(
    private readonly state: State,
    private readonly lookup: (key: Uint8Array, value: Uint8Array) => boolean,
  ) {}

  /** Brings flow `id` to the state and deadline that its last packet in the kernel gives it; answers whether that deadline is later. */
  settle(id: number): boolean {
    const { conntrack, now } = this.state;
    const old = conntrack.state(id);
    if (old === CLOSING || old === RESET) return false; // nothing but last ACKs, and they prolong nothing
    const client = this.read(id, 0, FLOW_SEEN_AT);
    const target = this.read(id, 1, FLOW_SEEN_AT);
    const since = conntrack.deadline(id) - conntrack.timeouts[old]!; // when we saw its last packet: what is older is of an earlier connection
    const established = old === SYN_RECEIVED && client >= since;
    const assured = old === UNREPLIED && target >= since;
    const next = established ? ESTABLISHED : assured ? ASSURED : old;
    const seen = Math.max(client, target);
    if (seen + conntrack.timeouts[next]! <= Math.max(now, conntrack.deadline(id))) return false;
    conntrack.setState(id, next, seen);
    return true;
  }

  /** Packets of direction `dir` that the kernel carried; wraps at 2^32. */
  packets(id: number, dir: number): number {
    return this.read(id, dir, FLOW_PACKETS_AT);
  }

  /** The u32 at `at` in the entry of direction `dir`; 0 if there is none. Its key is a packet that the engine sends the other way. */
  private read(id: number, dir: number, at: number): number {
    const { conntrack } = this.state;
    const { key } = this;
    key[0] = conntrack.newSrc(id, dir ^ 1);
    key[1] = conntrack.newDst(id, dir ^ 1);
    key[2] = conntrack.newPorts(id, dir ^ 1);
    key[3] = conntrack.protocol(id);
    return this.lookup(this.keyBytes, this.valueBytes) ? this.value[at / 4]! >>> 0 : 0;
  }
}
