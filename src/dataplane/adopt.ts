/**
 * Goes on with the flows of a process before this one, from the files that it left (`table/flow-file.ts`): an upgrade, a restart, a crash.
 *
 * A row is taken up when what it needs is there again: the published port, with the same target; the endpoint; the address of the host behind
 * which it is translated. Until then it waits, since networks and ports come one after the other, some when a launcher comes back. For its port
 * alone no flow waits: it goes on, and ends if the port has not come when the waiting ends. What has not come by then is given up. Nothing in a file is trusted (see there); a row that does not fit is no flow.
 *
 * Numbers of ports may differ from the former process's, so they are found again by what they were. With another number of workers a flow goes to
 * whom its packets will come to (`wire/spread.ts`). Where the steering's map is a new one, the flows are entered in it again, and the ends of
 * connections are asked whether they go on (`probe.ts`).
 */
import * as ct from "../table/conntrack.js";
import type { FlowFile } from "../table/flow-file.js";
import { INTERNAL } from "../table/networks.js";
import { ENDPOINT } from "../table/ports.js";
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import { dstPort, swapPorts } from "../wire/raw.js";
import { isAllowed } from "./admit.js";
import { hasIpv6End, isCarried } from "./carried-port.js";
import { noteTarget, targetOf } from "./choose-target.js";
import { FlowList } from "./flow-list.js";
import { OTHERS, portNow, wordNow } from "./former-ports.js";
import { hasFamilies, isKnown, rowsOf, stateOf } from "./former-row.js";
import { holdAddresses, setDeltas } from "./open-flow.js";
import { isIcmp } from "./packet.js";
import { carriedAs, enter } from "./record.js";
import { forgetEntry, retire } from "./retire.js";
import { FORGET_MAX, type State } from "./state.js";
import { forgetAcked } from "./tcp-window.js";

/** What becomes of a row: it is a flow, or the same as one that is there; it is one whose port is to come still; it waits; it cannot go on. */
const TAKEN = 0,
  ON_TRUST = 1,
  WAITS = 2,
  OVER = 3;
const ENTERED = ct.EGRESS_RECORD | ct.EGRESS_ENTERED;
/** Room that a flow's two directions need in `state.entries`. */
const TWO = 2;

export interface AdoptHooks {
  /** Writes `state.entries`; sets the count to 0. */
  record(): void;
  /** Deletes the entries in `state.forget`; sets the count to 0. */
  forget(): void;
}

export class FormerFlows {
  /** Rows that wait, in the order of their last packet, which is that of the lists that age them: file and row number. */
  private waiting: { file: FlowFile; ids: Int32Array }[];
  /** Flows that go on though their port is not published yet. */
  private readonly trusted: FlowList;
  /** Flows taken up so far. */
  taken = 0;
  /** Of these files' flows that both ends kept up, those that could not go on. */
  lost = 0;

  /** `mapIsNew`: the steering's map has none of their entries. */
  constructor(
    private readonly state: State,
    files: readonly FlowFile[],
    private readonly mapIsNew: () => boolean,
    private readonly hooks: AdoptHooks,
  ) {
    this.waiting = files.map((file) => ({ file, ids: rowsOf(file, state.worker, state.workers) }));
    this.trusted = new FlowList(state.conntrack);
  }

  /** Ends at once what waits for an endpoint whose address another one has now: what the kernel carries of it must not come there. */
  endOfOthers(): void {
    for (const part of this.waiting) {
      const { file } = part;
      const isOthers = Uint8Array.from(file.portKind, (_, port) => (portNow(this.state, file, port) === OTHERS ? 1 : 0));
      if (!isOthers.includes(1)) continue;
      part.ids = part.ids.filter((id) => {
        const row = id << ct.ROW_SHIFT;
        const ends = [row, row + ct.REPLY].some((half) => isOthers[file.rows[half + ct.WAY]! & ct.EGRESS_PORT] === 1);
        if (ends) this.giveUp(file, id);
        return !ends;
      });
    }
    this.hooks.forget();
  }

  get left(): number {
    return this.waiting.reduce((sum, { ids }) => sum + ids.length, this.trusted.count);
  }

  /** Takes up what can be by now. `last`: nothing waits any longer. */
  adopt(last: boolean): void {
    this.lookAtTrusted(last);
    for (const part of this.waiting) {
      const { file, ids } = part;
      let left = 0;
      for (const id of ids) {
        const fate = this.adoptRow(file, id, last);
        if (fate === TAKEN) this.taken++;
        else if (fate === WAITS && !last) ids[left++] = id;
        else if (fate === ON_TRUST) continue;
        else this.giveUp(file, id);
      }
      part.ids = ids.subarray(0, left);
    }
    this.hooks.record();
    this.hooks.forget();
    this.state.addresses.sweep();
  }

  /** Those whose port has come are flows like others; at last the rest ends. */
  private lookAtTrusted(last: boolean): void {
    this.trusted.sift((id) => {
      if (this.ruleFate(id) === TAKEN) this.taken++;
      else if (!last) return true;
      else {
        this.lost++;
        this.makeRoomToForget();
        retire(this.state, id);
      }
      return false;
    });
  }

  /** Whether flow `id`, to a published port, is what the port makes of it now. */
  private ruleFate(id: number): number {
    const { conntrack } = this.state;
    return this.fateBy(
      conntrack.protocol(id),
      conntrack.tuple(id, 0, 1),
      conntrack.tuple(id, 0, 2),
      conntrack.tuple(id, 1, 0),
      conntrack.tuple(id, 1, 2),
    );
  }

  private adoptRow(file: FlowFile, id: number, last: boolean): number {
    const { conntrack, newFlow: flow, now, offloads, offloads6 } = this.state;
    const { rows } = file;
    const row = id << ct.ROW_SHIFT;
    const word = rows[row + ct.STATE]!;
    flow.proto = word & 0xff;
    flow.state = stateOf(word);
    const before = file.timeouts[flow.state];
    if (!isKnown(flow.proto) || flow.state >= ct.PHASES.length || before === undefined) return OVER;
    flow.src = rows[row + ct.SRC]!;
    flow.dst = rows[row + ct.DST]!;
    flow.ports = rows[row + ct.PORTS]!;
    flow.replySrc = rows[row + ct.REPLY + ct.SRC]!;
    flow.replyDst = rows[row + ct.REPLY + ct.DST]!;
    flow.replyPorts = rows[row + ct.REPLY + ct.PORTS]!;
    if (!hasFamilies(word, flow) || !this.translateAddresses(file)) return OVER;
    setDeltas(this.state);
    if (rows[row + ct.DELTA] !== (flow.addressDelta | (flow.allDelta << 16))) return OVER; // torn
    const wasWithheld = (word & ct.WITHHELD) !== 0; // nobody looks at it any more
    const way = wasWithheld ? rows[row + ct.WAY]! | ct.EGRESS_OFFLOAD : rows[row + ct.WAY]!;
    const wayBack = rows[row + ct.REPLY + ct.WAY]!;
    const isOffloaded = (way & ct.EGRESS_OFFLOAD) !== 0; // then the kernel alone knows when its last packet came
    const lastSeen = isOffloaded ? now : rows[row + ct.DEADLINE]! - before;
    if (lastSeen > now || lastSeen + conntrack.timeouts[flow.state]! <= now) return OVER;
    if (conntrack.lookup(flow.src, flow.dst, flow.ports, flow.proto) !== -1) return TAKEN; // a later packet has opened it again
    if (conntrack.lookup(flow.replySrc, flow.replyDst, flow.replyPorts, flow.proto) !== -1) return OVER;
    const to = portNow(this.state, file, way);
    const back = portNow(this.state, file, wayBack);
    if (to === OTHERS || back === OTHERS) return OVER;
    if (to === -1 || back === -1) return WAITS;
    flow.egress = (way & 0xffff & ~ct.EGRESS_PORT) | to;
    flow.replyEgress = (wayBack & 0xffff & ~ct.EGRESS_PORT) | back;
    const isFromOutside = back === this.state.ports.uplink;
    const isPublished = isFromOutside || flow.dst !== flow.replySrc;
    const fate = isPublished ? this.publishedFate() : this.outboundFate(back);
    if (fate !== TAKEN && (fate !== ON_TRUST || last)) return fate === ON_TRUST ? OVER : fate;
    if (!isCarried(this.state, to) || !isCarried(this.state, back)) {
      // An endpoint that was on a veth pair, and is on a TAP now.
      flow.egress &= ~ct.EGRESS_OFFLOAD;
      if (!isFromOutside) flow.replyEgress &= ~(ct.EGRESS_ENTER | ct.EGRESS_ENTERED);
    }
    if (!(isIpv6(flow.src) || isIpv6(flow.replySrc) ? offloads6 : offloads)) {
      flow.egress &= ~ct.EGRESS_OFFLOAD;
      if (isOffloaded && !this.mapIsNew()) flow.egress |= ct.EGRESS_ENTERED; // as when the kernel refuses (`engine/flow-commands.ts`)
    }
    flow.replyEgress = (flow.replyEgress & ~ct.EGRESS_OFFLOAD) | (flow.egress & ct.EGRESS_OFFLOAD);
    const isToCarry = wasWithheld && (flow.egress & ct.EGRESS_OFFLOAD) !== 0;
    if ((isToCarry || (isFromOutside && !this.state.bypass)) && (flow.replyEgress & ct.EGRESS_ENTERED) === 0)
      flow.replyEgress |= ct.EGRESS_ENTER;
    flow.device = file.device[id]!;
    flow.mapping = -1;
    const taken = conntrack.insert(flow, lastSeen);
    if (taken === -1) return OVER; // no room
    holdAddresses(this.state);
    this.complete(taken, rows, row, isPublished, isOffloaded);
    if (fate === ON_TRUST) this.trusted.add(taken);
    return fate;
  }

  /** The rest of a row that was just taken up, and its entries in the steering's map. */
  private complete(id: number, rows: Int32Array, row: number, isPublished: boolean, wasOffloaded: boolean): void {
    const { conntrack, entries, entries6, limits, newFlow: flow, pool } = this.state;
    const at = id << ct.ROW_SHIFT;
    for (const dir of [0, 1]) {
      const own = dir * ct.REPLY;
      conntrack.rows[at + own + ct.PACKETS] = rows[row + own + ct.PACKETS]!;
      conntrack.setAcked(id, dir, rows[row + own + ct.WAY]! >>> 16);
    }
    if (wasOffloaded) for (const dir of [0, 1]) forgetAcked(conntrack, id, dir);
    if (ct.PHASES[flow.state] === ct.CLOSED) {
      conntrack.close(id);
      if ((rows[row + ct.STATE]! & ct.TIMESTAMPED) !== 0) conntrack.rows[at + ct.STATE] = conntrack.rows[at + ct.STATE]! | ct.TIMESTAMPED;
    } else {
      limits.hold(id);
      if (isPublished) this.noteTarget(id);
      else if (flow.replyDst !== flow.src)
        conntrack.setMapping(id, pool.reacquire(flow.proto, flow.src, flow.ports & 0xffff, flow.replyDst, flow.replyPorts >>> 16));
    }
    const { uplink } = this.state.ports;
    const isOffloaded = (flow.egress & ct.EGRESS_OFFLOAD) !== 0;
    if (this.mapIsNew()) {
      // Nobody held the port meanwhile, nor what else the two ends sent for the host.
      if ((flow.egress & ct.EGRESS_PORT) === uplink && (flow.replyEgress & ct.EGRESS_PORT) === uplink) this.state.probes.add(id);
    } else {
      if (!isOffloaded && !(wasOffloaded && this.uncarry(id))) return;
      // It is there, but says where the former process has counted for the port, which is another's place now.
      entries.mayBeThere = true;
      entries6.mayBeThere = true;
    }
    // As `enterClient`: where the target is an endpoint, its answers are entered with the client's packets.
    const hasBoth = isOffloaded && (flow.replyEgress & ct.EGRESS_ENTERED) !== 0;
    if (hasBoth || (flow.egress & ENTERED) !== 0) enter(this.state, id, 0, 0, isOffloaded ? carriedAs(this.state, id, 0) : 0);
    if ((flow.replyEgress & ENTERED) !== 0) enter(this.state, id, 1, flow.device, isOffloaded ? carriedAs(this.state, id, 1) : 0);
    if (Math.max(entries.count, entries6.count) + TWO <= entries.capacity) return;
    this.hooks.record();
    this.hooks.forget(); // what of a flow that the kernel has refused is to go again
  }

  /**
   * What leads flow `id` past us goes out of a map that the former process has left, where the kernel carries others; whether there is one of it to be
   * entered anew. So of an endpoint that was on a veth pair, and is on a TAP now.
   */
  private uncarry(id: number): boolean {
    const { conntrack, offloads, offloads6 } = this.state;
    if (!(hasIpv6End(this.state, id) ? offloads6 : offloads)) return false; // nothing is carried by what is there
    let isToEnter = false;
    this.makeRoomToForget();
    for (let dir = 0; dir < 2; dir++) {
      if ((conntrack.egress(id, dir) & ENTERED) !== 0) isToEnter = true;
      else
        forgetEntry(this.state, conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
    }
    return isToEnter;
  }

  /** Flow `id` says which of several targets its client has been led to. */
  private noteTarget(id: number): void {
    const { conntrack, newFlow: flow } = this.state;
    const rule = this.state.published.at(flow.dst, flow.ports >>> 16, flow.proto);
    const target = rule === null ? null : targetOf(rule, flow.replySrc, flow.replyPorts & 0xffff, dstPort(flow.ports));
    if (rule !== null && target !== null) noteTarget(this.state, rule, flow.src, target, conntrack.lastSeen(id));
  }

  /** The words of `state.newFlow` are the file's; makes them ours. False: one is of no address. */
  private translateAddresses(file: FlowFile): boolean {
    const flow = this.state.newFlow;
    const words = [flow.src, flow.dst, flow.replySrc, flow.replyDst].map((former) =>
      isIpv6(former) ? wordNow(this.state, file, former) : former,
    );
    [flow.src, flow.dst, flow.replySrc, flow.replyDst] = words as [number, number, number, number];
    return !words.some((word, i) => word === NO_ADDRESS && i !== 0); // a client may have no address yet
  }

  /** Of `state.newFlow`, to a published port. */
  private publishedFate(): number {
    const { state } = this;
    const { proto, src, dst, ports, replySrc, replyDst, replyPorts, replyEgress } = state.newFlow;
    if (replyDst !== src && !state.isLocal(replyDst) && !state.networks.isSnat(replyDst)) return OVER;
    if ((replyEgress & ct.EGRESS_KEEP_TTL) === 0 && !isAllowed(state, src)) return OVER;
    return this.fateBy(proto, dst, ports, replySrc, replyPorts);
  }

  private fateBy(proto: number, dst: number, ports: number, replySrc: number, replyPorts: number): number {
    if (isIcmp(proto)) return OVER;
    const rule = this.state.published.at(dst, ports >>> 16, proto);
    if (rule === null) return ON_TRUST;
    if (targetOf(rule, replySrc, replyPorts & 0xffff, dstPort(ports)) !== null) return TAKEN;
    return rule.selection === null ? OVER : ON_TRUST; // one of several may come still
  }

  /** Of `state.newFlow`, which the endpoint behind `port` has opened to elsewhere. */
  private outboundFate(port: number): number {
    const { state } = this;
    const { networks, ports, newFlow } = state;
    if (ports.kind[port] !== ENDPOINT || (networks.flags[ports.network[port]!]! & INTERNAL) !== 0) return OVER;
    return newFlow.replyDst === newFlow.src || state.isLocal(newFlow.replyDst) ? TAKEN : OVER;
  }

  private makeRoomToForget(): void {
    const { forget, forget6 } = this.state;
    if (Math.max(forget.count, forget6.count) + TWO > FORGET_MAX) this.hooks.forget();
  }

  /** Nothing is steered to us by it any more. */
  private giveUp(file: FlowFile, id: number): void {
    const { conntrack } = this.state;
    const { rows } = file;
    const row = id << ct.ROW_SHIFT;
    const proto = rows[row + ct.STATE]! & 0xff;
    if (ct.PHASES[stateOf(rows[row + ct.STATE]!)] === ct.HELD) this.lost++;
    for (const tuple of [row, row + ct.REPLY]) {
      const src = wordNow(this.state, file, rows[tuple + ct.SRC]!);
      const dst = wordNow(this.state, file, rows[tuple + ct.DST]!);
      const ports = rows[tuple + ct.PORTS]!;
      if (this.mapIsNew() || dst === NO_ADDRESS || conntrack.lookup(src, dst, ports, proto) !== -1) continue;
      this.makeRoomToForget();
      forgetEntry(this.state, dst, src, swapPorts(ports), proto); // the packet of ours that one of this tuple answers
    }
  }
}
