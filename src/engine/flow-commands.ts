/** What a worker does at the control side's word about flows: it ends them, or goes on with them without the kernel. */
import { hasIpv6End } from "../dataplane/carried-port.js";
import { flowOfEntry, isOfNode } from "../dataplane/entered-flow.js";
import { retire } from "../dataplane/retire.js";
import { FORGET_MAX, type State } from "../dataplane/state.js";
import { forgetAcked } from "../dataplane/tcp-window.js";
import { EGRESS_ENTER, EGRESS_ENTERED, EGRESS_OFFLOAD, EGRESS_PORT } from "../table/conntrack.js";
import { Prefix } from "../table/prefix.js";
import { FLOW_KEY_SIZE, FLOW6_KEY_SIZE } from "../wire/flow-entry.js";
import { dstPort } from "../wire/raw.js";
import type { ToWorker } from "./messages.js";

export class FlowCommands {
  /** `forget`: `state.forget` and `forget6` are to be deleted from the steering's maps. `takeOut`: the same for the first of these keys. */
  constructor(
    private readonly state: State,
    private readonly forget: () => void,
    private readonly takeOut: (keys: Uint8Array, count: number, family: 4 | 6) => void,
  ) {}

  /** Those of clients in that network (null: of all), to that port (0: to any); answers how many. */
  end({ client, port }: Extract<ToWorker, { type: "end-flows" }>): number {
    const { addresses, conntrack } = this.state;
    const prefix = client === null ? null : new Prefix(client);
    const isMeant = (address: number): boolean => prefix?.has(address, addresses) ?? true;
    return this.flush((id) => isMeant(conntrack.tuple(id, 0, 0)) && (port === 0 || dstPort(conntrack.tuple(id, 0, 2)) === port));
  }

  /**
   * Ends the flows for which `matches` holds, and their steering at once: with nothing to do the loop may sleep for long before its next turn
   * ends. Answers how many.
   */
  flush(matches: (id: number) => boolean): number {
    const { state } = this;
    let ended = 0;
    for (let id = 0; id < state.conntrack.end; id++) {
      if (!state.conntrack.isLive(id) || !matches(id)) continue;
      retire(state, id);
      ended++;
      if (Math.max(state.forget.count, state.forget6.count) >= FORGET_MAX - 1) this.forget(); // one more may need two
    }
    this.forget();
    if (ended > 0) state.fragments.forgetFlows();
    return ended;
  }

  /**
   * Takes out of the steering's map what leads here and is of no flow, and what leads to the tunnels' device, which all workers have in common, and is of no node. While
   * flows of a former process may come yet, nothing: it may be theirs.
   */
  sweep({ family, keys, uplinks }: Omit<Extract<ToWorker, { type: "sweep-entries" }>, "type" | "id">): void {
    const { state } = this;
    if (state.awaitsFormer) return;
    const words = (family === 4 ? FLOW_KEY_SIZE : FLOW6_KEY_SIZE) / 4;
    let orphans = 0;
    for (const [i, uplink] of uplinks.entries()) {
      if (!this.isOrphan(family, keys, i * words, uplink)) continue;
      keys.copyWithin(orphans++ * words, i * words, (i + 1) * words);
    }
    if (orphans > 0) this.takeOut(new Uint8Array(keys.buffer, keys.byteOffset, keys.byteLength), orphans, family);
  }

  /** Whether nobody needs the entry whose key is at `at`, and which leads to the device `uplink`. Of what is another worker's nothing is known here. */
  private isOrphan(family: 4 | 6, keys: Int32Array, at: number, uplink: number): boolean {
    const { state } = this;
    if (uplink === state.uplinkDevice) return flowOfEntry(state, family, keys, at) === -1;
    return uplink === state.tunnel.device && !isOfNode(state, family, keys, at);
  }

  /**
   * Flows that were to be carried by programs which the kernel then refused go on here. What was entered for them goes with them; what was to be entered of
   * those between an endpoint and whom it has asked is not.
   */
  limitOffload(ipv4: boolean, ipv6: boolean): void {
    const { conntrack, offloads6 } = this.state;
    const lost4 = this.state.offloads && !ipv4;
    const lost6 = offloads6 && !ipv6;
    this.state.offloads = this.state.offloads && ipv4;
    this.state.offloads6 = offloads6 && ipv6;
    if (!lost4 && !lost6) return;
    this.state.stationPairs.takeBack();
    for (let id = 0; id < conntrack.end; id++) {
      if (!conntrack.isLive(id) || (conntrack.egress(id, 0) & EGRESS_OFFLOAD) === 0 || !(hasIpv6End(this.state, id) ? lost6 : lost4))
        continue;
      conntrack.mark(id, 0, EGRESS_ENTERED, EGRESS_OFFLOAD);
      conntrack.mark(id, 1, 0, EGRESS_OFFLOAD);
      for (const dir of [0, 1]) forgetAcked(conntrack, id, dir);
      if ((conntrack.egress(id, 1) & EGRESS_PORT) !== this.state.ports.uplink) conntrack.mark(id, 1, 0, EGRESS_ENTER);
    }
  }
}
