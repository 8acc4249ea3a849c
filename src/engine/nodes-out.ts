/**
 * Sends frames of overlay networks that do not leave as one datagram: to several nodes, as segments that are to be made, or, of what was routed, in fragments. Each datagram's headers are
 * written before the frame where it lies, sent, and the frame is as it was.
 */
import { needsSegments, wrap } from "../dataplane/encapsulate.js";
import { fits } from "../dataplane/remote-forward.js";
import type { State } from "../dataplane/state.js";
import type { Batch } from "../mem/batch.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { sendInFragments } from "./fragments-out.js";
import { sendInSegments } from "./segments-out.js";

/**
 * Frame `i`, of `network`, to each of `nodes`; false where it cannot be segmented, and nothing is sent. `from`: the port whose bandwidth it takes, or -1. Nothing of it may
 * wait in the transmit list.
 */
export type SendToNodes = (i: number, network: number, nodes: readonly number[], from: number) => boolean;

/** `send` takes frame `i`, by then a datagram, to the tunnels' port, and has it sent before it returns. */
export function nodesOut(batch: Batch, state: State, send: (i: number, from: number) => void): SendToNodes {
  const { at, len } = batch;
  const { halves } = batch.memory;
  const header = new Uint16Array(VNET / 2); // the frame's own, which the datagram's is written over
  let frame = 0;
  let own = 0;
  let receivers: readonly number[] = [];
  let sender = -1;

  function sendToAll(): void {
    for (let k = 0; k < receivers.length; k++) sendTo(receivers[k]!);
  }

  function sendTo(node: number): void {
    const start = at[frame]!;
    const length = len[frame]!;
    for (let k = 0; k < header.length; k++) header[k] = halves[(start >> 1) + k]!;
    wrap(batch, frame, state, own, node);
    send(frame, sender);
    at[frame] = start;
    len[frame] = length;
    for (let k = 0; k < header.length; k++) halves[(start >> 1) + k] = header[k]!;
  }

  return (i, network, nodes, from) => {
    frame = i;
    own = network;
    receivers = nodes;
    sender = from;
    const mtu = state.networks.mtu[network]!;
    if (needsSegments(batch, i, state)) return sendInSegments(batch, i, sendToAll);
    if (fits(batch, i, mtu)) sendToAll();
    else sendInFragments(batch, i, mtu, state.random, sendToAll);
    return true;
  };
}
