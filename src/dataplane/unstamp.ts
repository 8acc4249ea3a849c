/**
 * Takes the stamps and marks out of what endpoints on veth pairs have sent, and the host to them (`wire/order.ts`): before anything looks at the frames, each has again the
 * source MAC by which the program let it pass, that of its port. What comes from a LAN loses the tag that is its stamp.
 */
import type { Batch } from "../mem/batch.js";
import type { Order } from "../table/order.js";
import { ENDPOINT, HOST, LAN } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import { COPY_ACKED_AT, COPY_MARK, INSIDE_MARK_AT } from "../wire/order.js";
import { checksumStart, HEADER_SIZE, moveStart } from "../wire/vnet.js";
import type { State } from "./state.js";

/** Bytes of both addresses of a frame. */
const ADDRESSES = 12;

export function unstamp(b: Batch, { order, ports }: State): void {
  const { halves, words } = b.memory;
  for (let i = 0; i < b.count; i++) {
    const port = b.ingress[i]!;
    const kind = ports.kind[port]!;
    if (kind === LAN) untag(b, i, order);
    if (kind !== ENDPOINT && kind !== HOST) continue;
    const frame = b.at[i]! + HEADER_SIZE;
    const isCopy = words[(frame + INSIDE_MARK_AT) >> 2] === COPY_MARK;
    if (isCopy) b.noteCopy(i, halves[(frame + COPY_ACKED_AT) >> 1]!);
    if (isCopy || order.noteInside(halves, words, frame, port)) eth.setSource(halves, frame, ports.macHi[port]!, ports.macLo[port]!);
  }
}

/** What is before the tag moves up to what is behind it. */
function untag(b: Batch, i: number, order: Order): void {
  const { bytes, halves } = b.memory;
  const from = b.at[i]!;
  const frame = from + HEADER_SIZE;
  if (!eth.isServiceTag(eth.type(halves, frame)) || b.len[i]! < eth.HEADER_SIZE + eth.TAG_SIZE) return;
  order.noteTagged(eth.tagControl(bytes, frame), b.ingress[i]!);
  const to = from + eth.TAG_SIZE;
  bytes.copyWithin(to + HEADER_SIZE, frame, frame + ADDRESSES);
  moveStart(bytes, halves, from, to, frame + checksumStart(halves, from));
  b.at[i] = to;
  b.len[i] = b.len[i]! - eth.TAG_SIZE;
  b.moved = true;
}
