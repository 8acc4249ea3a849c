/** The dataplane's stages, in their order. */
import { accepted } from "../dataplane/accepted.js";
import { admit } from "../dataplane/admit.js";
import { arpReply } from "../dataplane/arp-reply.js";
import { coalesce } from "../dataplane/coalesce.js";
import { decapsulate } from "../dataplane/decapsulate.js";
import { encapsulate } from "../dataplane/encapsulate.js";
import { establishedFlows } from "../dataplane/established.js";
import { establishedAcross } from "../dataplane/established-across.js";
import { establishedFlows6 } from "../dataplane/established6.js";
import { flowLookup } from "../dataplane/flow-lookup.js";
import { fragment } from "../dataplane/fragment.js";
import { icmpError } from "../dataplane/icmp-error.js";
import { l2Forward } from "../dataplane/l2-forward.js";
import { l2Learn } from "../dataplane/l2-learn.js";
import { l2Out } from "../dataplane/l2-out.js";
import { ndpReply } from "../dataplane/ndp-reply.js";
import { parser } from "../dataplane/parse.js";
import { record } from "../dataplane/record.js";
import { fitNodes } from "../dataplane/remote-forward.js";
import { returned, takeBack } from "../dataplane/returned.js";
import { rewrite } from "../dataplane/rewrite.js";
import { sourceGuard } from "../dataplane/source-guard.js";
import type { State } from "../dataplane/state.js";
import { track } from "../dataplane/track.js";
import { ttl } from "../dataplane/ttl.js";
import type { Batch } from "../mem/batch.js";
import { REMOTE } from "../table/ports.js";
import { COPY_ACKED_AT, COPY_MARK, INSIDE_MARK_AT } from "../wire/order.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import type { PortCounts } from "./counters.js";

/** Answers what decides on a batch. `opened`: all frames are of other nodes, out of sealed datagrams. */
export function stages(batch: Batch, state: State, counts: PortCounts): (opened: boolean) => void {
  const { networks, order, ports } = state;
  const parse = parser(batch, state);
  const established = establishedFlows(batch, state);
  const established6 = establishedFlows6(batch, state);
  const acrossFamilies = establishedAcross(batch, state);

  /** The stages, in order; each looks only at frames that are its business. */
  function decide(opened: boolean): void {
    if (!opened) {
      const left = established6(established());
      if (left === 0 || acrossFamilies(left) === 0) return;
      if (order.isKept) noteStamps();
    }
    const fromNodes = opened || decapsulate(batch, state);
    if (fromNodes) countFromNodes();
    takeBack(batch, state);
    parse();
    returned(batch, state);
    accepted(batch, state);
    if (networks.end > 0) {
      // There is a bridge, not the uplink alone.
      sourceGuard(batch, state);
      l2Learn(batch, state);
      arpReply(batch, state);
      ndpReply(batch, state);
      l2Forward(batch, state);
    }
    flowLookup(batch, state);
    icmpError(batch, state);
    admit(batch, state);
    fragment(batch, state);
    fitNodes(batch, state);
    ttl(batch, state);
    track(batch, state);
    rewrite(batch, state);
    record(batch, state);
    l2Out(batch, state);
    encapsulate(batch, state);
    if (fromNodes) coalesce(batch, state);
    countAnswered(state, counts);
  }

  /** What has a stamp, or is a copy, is none of the established flows'. */
  function noteStamps(): void {
    const { at, count, device, ingress, memory } = batch;
    for (let i = 0; i < count; i++) {
      if (device[i] === 0 && ingress[i] !== ports.uplink) continue; // an endpoint's addresses are its own affair
      const frame = at[i]! + HEADER_SIZE;
      if (device[i] === 0 && memory.words[(frame + INSIDE_MARK_AT) >> 2] === COPY_MARK)
        batch.noteCopy(i, memory.halves[(frame + COPY_ACKED_AT) >> 1]!);
      else order.note(memory.halves, memory.words, frame);
    }
  }

  function countFromNodes(): void {
    for (let i = 0; i < batch.count; i++) if (ports.kind[batch.ingress[i]!] === REMOTE) counts.rx(batch.ingress[i]!, 1, batch.len[i]!);
  }

  return decide;
}

/** Counts what was dropped once its sender had been answered. */
export function countAnswered(state: State, counts: PortCounts): void {
  for (let k = 0; k < state.answeredCount; k++) counts.drop(state.answered[k * 2]!, state.answered[k * 2 + 1]!);
  state.answeredCount = 0;
}
