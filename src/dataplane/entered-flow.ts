/** Which flow or node an entry of the steering's maps is of (`wire/flow-entry.ts`), and what becomes of a flow whose entry the kernel has refused. */
import { EGRESS_ENTER, EGRESS_ENTERED } from "../table/conntrack.js";
import { NOBODY } from "../table/remotes.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import { PROTO_UDP } from "../wire/ipv4.js";
import { swapPorts } from "../wire/raw.js";
import { forgetEntry } from "./retire.js";
import type { State } from "./state.js";

/** Words of a key behind its addresses. */
const ADDRESSES = { 4: 2, 6: 8 } as const;

/** Reference of the answers to the packet of ours whose key, of a map of that family, is at word `at` of `keys`; -1: they are of no flow. */
export function flowOfEntry({ addresses, conntrack }: State, family: 4 | 6, keys: Int32Array, at: number): number {
  const src = family === 4 ? keys[at]! : addresses.find(keys, at);
  const dst = family === 4 ? keys[at + 1]! : addresses.find(keys, at + 4);
  if (family === 6 && (src === NO_ADDRESS || dst === NO_ADDRESS)) return -1;
  const behind = at + ADDRESSES[family];
  const ports = swapPorts(keys[behind]!);
  const proto = keys[behind + 1]!;
  return conntrack.find(conntrack.hash(dst, src, ports, proto), dst, src, ports, proto);
}

/** Whether the entry with that key is of a node that this one knows (`decapsulate.ts`). */
export function isOfNode({ addresses, remotes, tunnel }: State, family: 4 | 6, keys: Int32Array, at: number): boolean {
  if (tunnel.port === -1 || (family === 6) !== tunnel.ipv6) return false;
  const local = family === 4 ? keys[at]! : addresses.find(keys, at);
  const node = family === 4 ? keys[at + 1]! : addresses.find(keys, at + 4);
  const behind = at + ADDRESSES[family];
  if (local !== tunnel.local || keys[behind] !== tunnel.udpPort || keys[behind + 1] !== PROTO_UDP) return false;
  return node !== NO_ADDRESS && remotes.ofNode(node) !== NOBODY;
}

/**
 * The kernel has refused the entry with that key. So its flow is as before it was entered: the client's packets come here by the host's kernel, or an endpoint's by its
 * own device, and each of them, and the next answer that comes here, asks for both entries again. What leads the target's answers here is asked for with each packet to
 * it as ever. `state.forget` and `forget6` are to be deleted.
 */
export function notEntered(state: State, family: 4 | 6, keys: Int32Array, at: number): void {
  const { conntrack } = state;
  const ref = flowOfEntry(state, family, keys, at);
  if (ref === -1) return; // a node's: its next datagram comes by the host's kernel, too
  const id = ref >> 1;
  if ((conntrack.egress(id, 1) & EGRESS_ENTERED) === 0) return;
  conntrack.mark(id, 1, EGRESS_ENTER, EGRESS_ENTERED);
  // One of the client's that is there, or was before, would have packets carried whose answers may not come back.
  forgetEntry(state, conntrack.newSrc(id, 1), conntrack.newDst(id, 1), conntrack.newPorts(id, 1), conntrack.protocol(id));
}
