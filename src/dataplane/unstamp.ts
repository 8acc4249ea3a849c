/**
 * Takes the stamps and marks out of what endpoints on veth pairs have sent (`wire/order.ts`): before anything looks at the frames, each has again the source MAC by which
 * the program `from_endpoint` let it pass, that of its port.
 */
import type { Batch } from "../mem/batch.js";
import { ENDPOINT } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import { COPY_ACKED_AT, COPY_MARK, INSIDE_MARK_AT } from "../wire/order.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { State } from "./state.js";

export function unstamp(b: Batch, { order, ports }: State): void {
  const { halves, words } = b.memory;
  for (let i = 0; i < b.count; i++) {
    const port = b.ingress[i]!;
    if (ports.kind[port] !== ENDPOINT) continue;
    const frame = b.at[i]! + HEADER_SIZE;
    const isCopy = words[(frame + INSIDE_MARK_AT) >> 2] === COPY_MARK;
    if (isCopy) b.noteCopy(i, halves[(frame + COPY_ACKED_AT) >> 1]!);
    if (isCopy || order.noteInside(halves, words, frame, port)) eth.setSource(halves, frame, ports.macHi[port]!, ports.macLo[port]!);
  }
}
