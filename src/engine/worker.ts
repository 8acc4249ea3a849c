/**
 * Entry point of a worker thread: makes an engine, runs its loop, and between batches does what the control thread says. The loop never
 * returns to Node's event loop, so messages are fetched when the mailbox counter moves.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { retire } from "../dataplane/retire.js";
import { FORGET_MAX, type PublishRule, State } from "../dataplane/state.js";
import { NativeIo } from "../device/native-io.js";
import { CLOCK_WAIT } from "../device/packet-io.js";
import { PacketMemory } from "../mem/packet-memory.js";
import { deleteBatch, getElement } from "../sys/bpf.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { fdbKey } from "../table/fdb.js";
import { ENDPOINT, HOST } from "../table/ports.js";
import { macHi, macLo } from "../wire/ethernet.js";
import { FLOW_KEY_SIZE } from "../wire/flow-entry.js";
import { dstPort, srcPort } from "../wire/raw.js";
import { clearRow } from "./counters.js";
import { Engine } from "./engine.js";
import { useHugePages } from "./huge-pages.js";
import { tuneJit } from "./jit.js";
import type { FromWorker, ToWorker, WorkerOptions } from "./messages.js";
import { Offload } from "./offload.js";
import { Polling } from "./polling.js";
import { fdbRows, flowRows, summary } from "./views.js";

/** Idle, the loop wakes once a second for what grows old, or not at all when nothing does. */
const IDLE_MS = 1000,
  FOREVER_MS = -1;

tuneJit();
const options = workerData as WorkerOptions;
const control = parentPort!;
const mailbox = new Int32Array(options.mailbox);
const counters = new Float64Array(options.counters);
const memory = new PacketMemory();
const io = new NativeIo(memory, options.wakeFd);
const state = new State(options);
useHugePages(memory, state);
const rules = new Map<number, { number: number; rule: PublishRule }>();
let flowsFd = -1;
let offload: Offload | undefined;
const polling = new Polling();
let running = true;

const forgetBytes = new Uint8Array(state.forget.buffer);
const engine = new Engine(io, memory, state, counters, {
  portGone: (port, errno) => tell({ type: "port-gone", port, errno }),
  forget,
  settle: (id) => offload?.settle(id) ?? false,
});

function tell(message: FromWorker): void {
  control.postMessage(message);
}

/** Takes the steering entries of ended flows out of the `flows` map; their keys are the rows of `state.forget`. */
function forget(): void {
  if (flowsFd !== -1) deleteBatch(flowsFd, forgetBytes, FLOW_KEY_SIZE, state.forgotten);
  state.forgotten = 0;
}

/** Ends the flows for which `matches` holds. */
function flush(matches: (id: number) => boolean): void {
  for (let id = 0; id < state.conntrack.end; id++) {
    if (!state.conntrack.isLive(id) || !matches(id)) continue;
    retire(state, id);
    if (state.forgotten >= FORGET_MAX - 1) forget(); // one more may need two
  }
}

function addPort(m: Extract<ToWorker, { type: "add-port" }>): void {
  const hi = macHi(m.mac);
  const lo = macLo(m.mac);
  clearRow(counters, m.port);
  state.ports.set(m.port, m.kind, hi, lo, m.address, m.network);
  if (m.kind === HOST || m.kind === ENDPOINT) state.fdb.addStatic(fdbKey(hi, m.network), lo, m.port);
  if (m.kind === ENDPOINT) state.endpoints.set(m.address, m.network, m.port);
  if (m.kind === HOST) {
    state.networks.hostPort[m.network] = m.port;
    state.networks.macHi[m.network] = hi;
    state.networks.macLo[m.network] = lo;
  }
  io.addPort(m.port, m.fd);
}

function removePort(port: number): void {
  io.removePort(port);
  state.fdb.flushPort(port);
  const network = state.ports.network[port]!;
  if (state.ports.kind[port] === ENDPOINT) state.endpoints.delete(state.ports.address[port]!, network);
  if (state.ports.kind[port] === HOST) state.networks.hostPort[network] = -1;
  state.ports.clear(port);
  const { conntrack } = state;
  flush((id) => (conntrack.egress(id, 0) & EGRESS_PORT) === port || (conntrack.egress(id, 1) & EGRESS_PORT) === port);
}

function withdraw(id: number): void {
  const published = rules.get(id);
  if (published === undefined) return;
  rules.delete(id);
  state.withdraw(published.number);
  const { rule } = published;
  const { conntrack } = state;
  // A flow of this rule: it was addressed to one of the rule's ports, and its target's side is what the rule makes of that.
  flush((flow) => {
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

function isRuleAddress(rule: PublishRule, address: number): boolean {
  return rule.hostIp === 0 ? address !== rule.target : address === rule.hostIp;
}

function carryOut(m: ToWorker): void {
  switch (m.type) {
    case "add-port":
      addPort(m);
      break;
    case "remove-port":
      removePort(m.port);
      break;
    case "add-network":
      state.networks.set(m.network, m.address, m.prefixLength, m.gateway, m.flags, m.outside);
      break;
    case "remove-network":
      state.networks.clear(m.network);
      break;
    case "publish":
      rules.set(m.id, { number: state.publish(m.rule), rule: m.rule });
      break;
    case "withdraw":
      withdraw(m.id);
      break;
    case "locals":
      state.locals.clear();
      for (const address of m.addresses) state.locals.set(address, 0, 1);
      break;
    case "routes":
      state.routes.replace(m.routes);
      break;
    case "allow":
      state.allow = m.pairs;
      break;
    case "steering":
      flowsFd = m.flowsFd;
      if (options.offload) offload = new Offload(state, (key, value) => getElement(m.flowsFd, key, value) === 0);
      break;
    case "watch":
      io.watch(m.fd);
      break;
    case "query":
      tell({
        type: "answer",
        id: m.id,
        value: m.what === "flows" ? flowRows(state, offload) : m.what === "fdb" ? fdbRows(state) : summary(state),
      });
      break;
    case "stop":
      running = false;
  }
}

function readMailbox(): void {
  for (let next = receiveMessageOnPort(control); next !== undefined; next = receiveMessageOnPort(control))
    carryOut(next.message as ToWorker);
}

function loop(): void {
  let seen = 0;
  let watched = 0;
  let received = 0;
  while (running) {
    const posted = Atomics.load(mailbox, 0);
    if (posted !== seen) {
      seen = posted;
      readMailbox();
      if (!running) break;
    }
    // Poll on after traffic, as waking a sleeping thread costs more than most packets; sleep after a look in vain.
    const spin = polling.budget(received, options.spinNs);
    received = engine.turn(spin, state.conntrack.used > 0 || state.fdb.used > 0 ? IDLE_MS : FOREVER_MS);
    polling.learn(spin, io.clock[CLOCK_WAIT]!);
    if (io.clock[2] !== watched) {
      watched = io.clock[2]!;
      tell({ type: "readable" });
    }
  }
}

tell({ type: "ready" });
loop();
tell({ type: "stopped" });
