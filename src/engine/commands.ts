/**
 * What a worker does at the control side's word: carries out the messages of `messages.ts` on its tables and its packet input and output, and
 * answers what is asked. Between two batches, never during one.
 */
import { FormerFlows } from "../dataplane/adopt.js";
import { retire } from "../dataplane/retire.js";
import { FORGET_MAX, type PublishRule, type State } from "../dataplane/state.js";
import type { PacketIo } from "../device/packet-io.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { fdbKey } from "../table/fdb.js";
import type { FlowFile } from "../table/flow-file.js";
import { ENDPOINT, HELD, HOST } from "../table/ports.js";
import { macHi, macLo } from "../wire/ethernet.js";
import { dstPort, srcPort } from "../wire/raw.js";
import { clearRow } from "./counters.js";
import type { EngineHooks } from "./engine.js";
import type { Adopted, FromWorker, Query, ToWorker } from "./messages.js";
import { Offload } from "./offload.js";
import { fdbRows, flowRows, holderRows, summary } from "./views.js";

/** The steering's map `flows`. Its entries are laid out in `wire/flow-entry.ts`. */
export interface FlowMap {
  /** Copies the value of `key` into `value`; false, and nothing is copied, when there is none. */
  lookup(key: Uint8Array, value: Uint8Array): boolean;
  /** Adds or replaces the first `count` entries; keys and values lie one behind the other. */
  put(keys: Uint8Array, values: Uint8Array, count: number): void;
  /** Deletes the first `count` of `keys`, which lie one behind the other; those that are not there are passed over. */
  delete(keys: Uint8Array, count: number): void;
}

/** What commands need beside the tables and the packet input and output. */
export interface CommandsHooks {
  tell(message: FromWorker): void;
  /** Has it noticed when `fd` becomes readable. */
  watch(fd: number): void;
  /** The map behind the descriptor. */
  openFlowMap(fd: number): FlowMap;
  /** What former processes left. */
  readFormer(): FlowFile[];
}

export class Commands implements EngineHooks {
  /** Until the control side says stop. */
  running = true;
  private flowMap: FlowMap | undefined;
  /** Where steering carries flows by itself. */
  private offload: Offload | undefined;
  private mapIsNew = true;
  /** Ports that are not read yet, and how to begin. */
  private readonly unread = new Map<number, () => void>();
  private former: FormerFlows | undefined;
  private readonly forgetBytes: Uint8Array;
  private readonly entryKeys: Uint8Array;

  constructor(
    private readonly state: State,
    private readonly io: Pick<PacketIo, "addPort" | "addRing" | "removePort">,
    private readonly counters: Float64Array,
    private readonly hooks: CommandsHooks,
  ) {
    this.forgetBytes = new Uint8Array(state.forget.buffer);
    this.entryKeys = new Uint8Array(state.entries.keys.buffer);
  }

  carryOut(m: ToWorker): void {
    const { state } = this;
    switch (m.type) {
      case "add-port":
        this.addPort(m);
        break;
      case "remove-port":
        this.removePort(m.port);
        break;
      case "add-network":
        state.networks.set(m.network, m.address, m.prefixLength, m.gateway, m.flags, m.outside);
        break;
      case "remove-network":
        state.networks.clear(m.network);
        break;
      case "publish":
        state.publish(m.id, m.rule);
        break;
      case "withdraw":
        this.withdraw(m.id);
        break;
      case "locals":
        state.locals.clear();
        for (const address of m.addresses) state.locals.set(address, 0, 1);
        for (const address of m.broadcasts) state.locals.set(address, 1, 1);
        break;
      case "routes":
        state.routes.replace(m.routes);
        break;
      case "allow":
        state.allow = m.pairs;
        break;
      case "steering":
        state.uplinkDevice = m.uplinkDevice;
        this.mapIsNew = m.isNew;
        this.useSteering(m.flowsFd);
        break;
      case "add-held":
        clearRow(this.counters, m.port);
        state.ports.set(m.port, HELD, 0, 0, 0, 0);
        this.read(m.port, () => this.io.addRing(m.port, m.fd, m.size));
        break;
      case "watch":
        this.hooks.watch(m.fd);
        break;
      case "query":
        this.hooks.tell({ type: "answer", id: m.id, value: this.answer(m.what) });
        break;
      case "end-flows":
        this.hooks.tell({ type: "answer", id: m.id, value: this.endFlows(m) });
        break;
      case "adopt":
        this.hooks.tell({ type: "answer", id: m.id, value: this.adopt(m.last) });
        break;
      case "stop":
        this.running = false;
    }
  }

  portGone(port: number, errno: number): void {
    this.hooks.tell({ type: "port-gone", port, errno });
  }

  /** Takes the steering entries of ended flows out of the map `flows`; their keys are the rows of `state.forget`. */
  forget(): void {
    this.flowMap?.delete(this.forgetBytes, this.state.forgotten);
    this.state.forgotten = 0;
  }

  /** Writes `state.entries` into the map `flows`. */
  record(): void {
    const { entries } = this.state;
    this.flowMap?.put(this.entryKeys, entries.valueBytes, entries.count);
    entries.count = 0;
  }

  settle(id: number): boolean {
    return this.offload?.settle(id) ?? false;
  }

  private addPort(m: Extract<ToWorker, { type: "add-port" }>): void {
    const { endpoints, fdb, networks, ports } = this.state;
    const hi = macHi(m.mac);
    const lo = macLo(m.mac);
    clearRow(this.counters, m.port);
    ports.set(m.port, m.kind, hi, lo, m.address, m.network);
    if (m.kind === HOST || m.kind === ENDPOINT) fdb.addStatic(fdbKey(hi, m.network), lo, m.port);
    if (m.kind === ENDPOINT) endpoints.set(m.address, m.network, m.port);
    if (m.kind === HOST) {
      networks.hostPort[m.network] = m.port;
      networks.hostDevice[m.network] = m.device;
      networks.macHi[m.network] = hi;
      networks.macLo[m.network] = lo;
    }
    this.read(m.port, () => this.io.addPort(m.port, m.fd));
  }

  /** From now on; but what waits to be read may be of flows that a former process knew, so not before these were looked at. */
  private read(port: number, start: () => void): void {
    if (this.former === undefined && this.state.awaitsFormer) this.unread.set(port, start);
    else start();
  }

  /** Its flows end too: the number may soon be another port's. */
  private removePort(port: number): void {
    const { conntrack, endpoints, fdb, networks, ports } = this.state;
    if (!this.unread.delete(port)) this.io.removePort(port);
    fdb.flushPort(port);
    const network = ports.network[port]!;
    if (ports.kind[port] === ENDPOINT) endpoints.delete(ports.address[port]!, network);
    if (ports.kind[port] === HOST) {
      networks.hostPort[network] = -1;
      networks.hostDevice[network] = 0;
    }
    ports.clear(port);
    this.flush((id) => (conntrack.egress(id, 0) & EGRESS_PORT) === port || (conntrack.egress(id, 1) & EGRESS_PORT) === port);
  }

  private withdraw(id: number): void {
    const rule = this.state.withdraw(id);
    if (rule === null) return;
    const { conntrack } = this.state;
    // A flow of this rule: it was addressed to one of the rule's ports, and its target's side is what the rule makes of that.
    this.flush((flow) => {
      const { proto, target, targetPort, firstPort, lastPort } = rule;
      const port = dstPort(conntrack.tuple(flow, 0, 2));
      return (
        conntrack.protocol(flow) === proto &&
        port >= firstPort &&
        port <= lastPort &&
        conntrack.tuple(flow, 1, 0) === target &&
        srcPort(conntrack.tuple(flow, 1, 2)) === targetPort + port - firstPort &&
        isRuleAddress(rule, conntrack.tuple(flow, 0, 1))
      );
    });
  }

  private endFlows({ network, mask, port }: Extract<ToWorker, { type: "end-flows" }>): number {
    const { conntrack } = this.state;
    return this.flush(
      (id) => (conntrack.tuple(id, 0, 0) & mask) === network && (port === 0 || dstPort(conntrack.tuple(id, 0, 2)) === port),
    );
  }

  /**
   * Ends the flows for which `matches` holds, and their steering at once: with nothing to do the loop may sleep for long before its next turn
   * ends. Answers how many.
   */
  private flush(matches: (id: number) => boolean): number {
    const { state } = this;
    let ended = 0;
    for (let id = 0; id < state.conntrack.end; id++) {
      if (!state.conntrack.isLive(id) || !matches(id)) continue;
      retire(state, id);
      ended++;
      if (state.forgotten >= FORGET_MAX - 1) this.forget(); // one more may need two
    }
    if (state.forgotten > 0) this.forget();
    return ended;
  }

  private adopt(last: boolean): Adopted {
    this.former ??= new FormerFlows(this.state, this.hooks.readFormer(), this.mapIsNew, this);
    const { former } = this;
    former.adopt(last);
    this.state.awaitsFormer = former.left > 0;
    for (const start of this.unread.values()) start();
    this.unread.clear();
    return { taken: former.taken, left: former.left, lost: former.lost };
  }

  private useSteering(flowsFd: number): void {
    const map = this.hooks.openFlowMap(flowsFd);
    this.flowMap = map;
    if (this.state.offloads) this.offload = new Offload(this.state, (key, value) => map.lookup(key, value));
  }

  private answer(what: Query): unknown {
    if (what === "flows") return flowRows(this.state, this.offload);
    return what === "fdb" ? fdbRows(this.state) : what === "holders" ? holderRows(this.state) : summary(this.state);
  }
}

/** Whether packets to `address` can be the rule's; those that an endpoint sends to the target itself are not, though the port may be the same. */
function isRuleAddress(rule: PublishRule, address: number): boolean {
  return rule.hostIp === 0 ? address !== rule.target : address === rule.hostIp;
}
