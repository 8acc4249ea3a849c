/**
 * Sends frames to other nodes by `dataplane/datagrams-out.ts`. Of encrypted networks all: as they come, or as the segments that they stand for, each is
 * added to what is sealed with the next call. What is for a node whose key is not known is dropped; nothing of an encrypted network goes unsealed. Of other
 * networks the segments, where the device does not make them: several datagrams are one frame to it, and one way through the host's kernel.
 */

import { DatagramsOut } from "../dataplane/datagrams-out.js";
import { fits } from "../dataplane/remote-forward.js";
import type { State } from "../dataplane/state.js";
import type { Batch } from "../mem/batch.js";
import type { Sealer } from "../mem/sealer.js";
import { NODE_NO_KEY } from "../table/remotes.js";
import { NO_KEY } from "../table/seals.js";
import { DROP_NO_KEY, DROP_VNET_HEADER } from "../wire/drop.js";
import { isGso, HEADER_SIZE as VNET } from "../wire/vnet.js";
import { sendInFragments } from "./fragments-out.js";
import { sendInSegments } from "./segments-out.js";

export interface TunnelOut {
  /** Frame `i`, of `network`, to each of `nodes`. `from`: the port whose bandwidth it takes, or -1; the same until `send`. */
  add(i: number, network: number, nodes: readonly number[], from: number): void;
  /**
   * The same of a frame that stands for segments, in a network that is not encrypted. False, and nothing is added, where it is no frame that can be
   * segmented.
   */
  addSegments(i: number, network: number, nodes: readonly number[], from: number): boolean;
  /** Seals what was added, and has it sent before it returns. */
  send(): void;
}

interface TunnelHooks {
  /** Takes frame `i`, by then sealed datagrams, to the tunnels' port. */
  push(i: number, from: number): void;
  flush(): void;
  /** Frame `i` does not get there; not `isWhole`: to one of several. */
  lose(i: number, reason: number, isWhole: boolean): void;
}

export function tunnelOut(batch: Batch, state: State, sealer: Sealer | null, { push, flush, lose }: TunnelHooks): TunnelOut {
  const { at, len, tail, ingress } = batch;
  const { networks, remotes, seals } = state;
  const datagrams = new DatagramsOut(batch, state, sealer);
  let frame = 0;
  let network = 0;
  let receivers: readonly number[] = [];
  let charged = -1;

  function addToAll(): void {
    for (let k = 0; k < receivers.length; k++) addTo(receivers[k]!);
  }

  function addTo(node: number): void {
    const isSealed = networks.sealed[network] !== 0;
    const key = isSealed ? seals.toNode(remotes.nodeAddress[node]!) : NO_KEY;
    if (isSealed && key === NO_KEY) {
      lose(frame, DROP_NO_KEY, charged !== -1);
      remotes.count(node, NODE_NO_KEY, 1);
      return;
    }
    if (datagrams.add(frame, network, node, key)) return;
    send();
    datagrams.add(frame, network, node, key);
  }

  function send(): void {
    if (datagrams.frames === 0) return;
    const isSealed = datagrams.finish();
    for (let n = 0; n < datagrams.frames; n++) {
      const i = datagrams.source[n]!;
      if (!isSealed) {
        lose(i, DROP_NO_KEY, charged !== -1);
        continue;
      }
      const before = at[i]!;
      const length = len[i]!;
      const rest = tail[i]!;
      at[i] = datagrams.at[n]!;
      len[i] = datagrams.size[n]! - VNET;
      tail[i] = -1;
      push(i, charged === -1 ? -1 : ingress[i]!);
      at[i] = before;
      len[i] = length;
      tail[i] = rest;
    }
    flush(); // what is added next is written over these
    datagrams.clear();
  }

  return {
    add: (i, own, nodes, from) => {
      frame = i;
      network = own;
      receivers = nodes;
      charged = from;
      if (!isGso(batch.memory.bytes, at[i]!)) {
        const mtu = networks.mtu[network]!;
        if (fits(batch, i, mtu)) addToAll();
        else sendInFragments(batch, i, mtu, state.random, addToAll); // of what was routed
      } else if (!sendInSegments(batch, i, addToAll, true)) lose(i, DROP_VNET_HEADER, from !== -1);
    },
    addSegments: (i, own, nodes, from) => {
      frame = i;
      network = own;
      receivers = nodes;
      charged = from;
      return sendInSegments(batch, i, addToAll);
    },
    send,
  };
}
