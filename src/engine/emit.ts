/** Transmits what was decided: frames of one egress together and in order, and copies, fragments and datagrams of those that need them. */
import { needsSegments } from "../dataplane/encapsulate.js";
import { fits } from "../dataplane/remote-forward.js";
import { PASSES } from "../dataplane/shaper.js";
import type { State } from "../dataplane/state.js";
import { type Batch, CARRIED, DROPPED, FLOOD, FLOOD_ENDPOINTS, FRAGMENTS, JOINED, KEPT, SEALED, SEGMENTS } from "../mem/batch.js";
import { NO_ICC, VEPA } from "../table/networks.js";
import { ENDPOINT, HOST, LAN } from "../table/ports.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import type { PortCounts } from "./counters.js";
import { sendInFragments } from "./fragments-out.js";
import { nodesOut } from "./nodes-out.js";
import type { TransmitList } from "./transmit.js";
import { tunnelOut } from "./tunnel-out.js";

const NO_NODES: readonly number[] = [];

/** Answers what transmits the batch, over which nothing may be written before it returns. */
export function emitter(batch: Batch, state: State, list: TransmitList, counts: PortCounts): () => void {
  const { networks, ports, remotes, shaper, tunnel } = state;
  const { egress } = batch;
  const sent = new Uint8Array(batch.memory.slots); // by frame: is in the transmit list already
  const oneNode = [0];
  const sendToNodes = nodesOut(batch, state, (i, from) => {
    list.push(i, from, tunnel.port);
    list.flush();
  });
  const toTunnel = tunnelOut(batch, state, state.sealer, {
    push: (i, from) => list.push(i, from, tunnel.port),
    flush: () => list.flush(),
    lose,
  });

  /** Frame `i` does not go where it was to go; not `isWhole`: a copy or a piece of it does not. */
  function lose(i: number, reason: number, isWhole = true): void {
    counts.drop(batch.ingress[i]!, reason);
    state.capturing?.failed(i, reason, isWhole);
  }

  let fragmented = 0;
  function sendFragment(): void {
    list.push(fragmented, batch.ingress[fragmented]!, ports.uplink);
    list.flush();
  }

  function emit(): void {
    if (batch.hasCopies) leaveCopies();
    if (list.sendBatch()) return;
    group();
    list.flush();
  }

  /** What the kernel has sent on itself is counted as sent, but for what the program counts that puts it into an endpoint. */
  function leaveCopies(): void {
    const { isCopy, len } = batch;
    for (let i = 0; i < batch.count; i++) {
      if (isCopy[i] === 0) continue;
      isCopy[i] = 0;
      const to = egress[i]!;
      if (to >= 0 && ports.kind[to] !== ENDPOINT) counts.tx(to, 1, len[i]!);
      if (to !== DROPPED) egress[i] = CARRIED;
    }
    batch.hasCopies = false;
  }

  function group(): void {
    const { count } = batch;
    sent.fill(0, 0, count);
    for (let i = 0; i < count; i++) {
      if (sent[i] === 1) continue;
      const to = egress[i]!;
      if (to === FLOOD || to === FLOOD_ENDPOINTS) {
        flood(i, to === FLOOD);
      } else if (to === FRAGMENTS) {
        list.flush(); // also what must not be written over yet
        fragmented = i;
        sendInFragments(batch, i, batch.mark[i]!, state.random, sendFragment);
      } else if (to === SEGMENTS) {
        list.flush();
        oneNode[0] = batch.node[i]!;
        toNodes(i, batch.mark[i]!, oneNode, batch.ingress[i]!);
      } else if (to === SEALED) {
        list.flush();
        sealAll(i);
      } else if (to < 0) {
        if (to !== KEPT && to !== JOINED && to !== CARRIED)
          counts.drop(batch.ingress[i]!, to === DROPPED ? batch.reason[i]! : drop.DROP_NO_FLOW);
      } else {
        for (let j = i; j < count; j++) {
          if (egress[j] === FRAGMENTS || egress[j] === SEGMENTS) break; // what follows may be of its flow, and does not overtake it
          if (egress[j] !== to) continue;
          sent[j] = 1;
          list.push(j, batch.ingress[j]!, to);
        }
      }
    }
  }

  /** Frame `from` and all that are to be sealed behind it. */
  function sealAll(from: number): void {
    for (let i = from; i < batch.count; i++) {
      if (egress[i] !== SEALED) continue;
      sent[i] = 1;
      oneNode[0] = batch.node[i]!;
      toTunnel.add(i, batch.mark[i]!, oneNode, batch.ingress[i]!);
    }
    toTunnel.send();
  }

  /** To every port of the network but the one that the frame came from, and maybe the host's or the LAN's; without icc to and from these alone. */
  function flood(i: number, toHost: boolean): void {
    const ingress = batch.ingress[i]!;
    const network = ports.network[ingress]!;
    const toHostOnly = (networks.flags[network]! & NO_ICC) !== 0 && ports.kind[ingress] !== HOST && ports.kind[ingress] !== LAN;
    const reflected = (networks.flags[network]! & VEPA) !== 0; // the switch sends back to the sender's port, too
    let copies = 0;
    const over = shaper.limits > 0 ? shaper.admitFlood(batch, i) : PASSES;
    if (over !== PASSES) {
      counts.drop(over, drop.DROP_OVER_RATE);
      state.capturing?.failed(i, drop.DROP_OVER_RATE, true);
      return;
    }
    for (let port = 0; port < ports.end; port++) {
      const kind = ports.kind[port]!;
      if (kind !== HOST && kind !== LAN && kind !== ENDPOINT) continue;
      if (port === ingress || ports.network[port] !== network) continue;
      if (kind === ENDPOINT ? toHostOnly : !toHost) continue;
      if (reflected && isFrom(i, port)) continue;
      list.push(i, -1, port);
      copies++;
    }
    const nodes = ports.kind[ingress] === ENDPOINT && !toHostOnly ? remotes.nodesOf(network) : NO_NODES;
    if (nodes.length > 0 && !fits(batch, i, networks.mtu[network]!)) lose(i, drop.DROP_TOO_LONG, copies === 0);
    else if (nodes.length > 0) {
      list.flush(); // what has been pushed of this frame must not be written over
      toNodes(i, network, nodes, -1);
    } else if (copies === 0) {
      lose(i, drop.DROP_FLOOD_ALONE);
    }
  }

  /** Whether the station behind the port has sent the frame. */
  function isFrom(i: number, port: number): boolean {
    const { halves } = batch.memory;
    const frame = batch.at[i]! + VNET;
    return eth.srcLo(halves, frame) === ports.macLo[port] && eth.srcHi(halves, frame) === ports.macHi[port];
  }

  /** As `sendToNodes`; sealed in an encrypted network, and several datagrams in one frame where the device makes no segments. */
  function toNodes(i: number, network: number, nodes: readonly number[], from: number): void {
    if (networks.sealed[network] !== 0) {
      toTunnel.add(i, network, nodes, from);
      toTunnel.send();
    } else if (!tunnel.segments && tunnel.datagrams && needsSegments(batch, i, state)) {
      if (!toTunnel.addSegments(i, network, nodes, from)) lose(i, drop.DROP_VNET_HEADER, from !== -1);
      toTunnel.send();
    } else if (!sendToNodes(i, network, nodes, from)) lose(i, drop.DROP_VNET_HEADER, from !== -1);
  }

  return emit;
}
