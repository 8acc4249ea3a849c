/**
 * alloc.mjs DIR PACKETS: runs the engine compiled in DIR over a packet input and output that allocates nothing, PACKETS packets of
 * all common kinds, and prints as JSON what the garbage collector did meanwhile and by how much the heap grew.
 * Needs `node --expose-gc`.
 */

import path from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import { pathToFileURL } from "node:url";

const [dir, packets] = [process.argv[2], Number(process.argv[3])];
const load = (file) => import(pathToFileURL(path.join(dir, file)).href);
const { Engine } = await load("engine/engine.js");
const { createCounters, TX_PACKETS, ROW } = await load("engine/counters.js");
const { State } = await load("dataplane/state.js");
const { PacketMemory, HEAD_SIZE } = await load("mem/packet-memory.js");
const { ENDPOINT, HOST, UPLINK } = await load("table/ports.js");
const { fdbKey } = await load("table/fdb.js");
const { macHi, macLo } = await load("wire/ethernet.js");
const { rawMask, rawWord } = await load("wire/raw.js");

const frames = JSON.parse(process.argv[4]).map(([port, hex]) => ({ port, bytes: Buffer.from(hex, "hex") }));
const memory = new PacketMemory();

/** Gives the same frames over and over, each a whole batch of one kind and then all kinds mixed; throws away what is sent. */
const io = {
  rx: new Int32Array(memory.slots * 4),
  tx: new Int32Array(1024 * 4),
  clock: new Int32Array(16),
  at: 0,
  turns: 0,
  receive() {
    const mixed = (this.turns & 1) === 0;
    if (!mixed) this.at = (this.at + 1) % frames.length;
    for (let i = 0; i < memory.slots; i++) {
      if (mixed) this.at = (this.at + 1) % frames.length;
      const frame = frames[this.at];
      memory.bytes.set(frame.bytes, i * HEAD_SIZE);
      this.rx[i * 4] = frame.port;
      this.rx[i * 4 + 1] = frame.bytes.length;
      this.rx[i * 4 + 2] = -1;
    }
    if (++this.turns % 100 === 0) this.clock[0] += 10_000; // every flow and learned station grows old, and comes anew
    return memory.slots;
  },
  transmit: () => 0,
  addPort() {},
  removePort() {},
};
io.clock[0] = 1000;

const ip = (text) => rawWord(text.split(".").reduce((sum, part) => (sum << 8) | Number(part), 0));
const state = new State({ conntrackMax: 4096, masqueradeFirst: 61000, masqueradeLast: 65535 });
const counters = createCounters();
const mac = (last) => Uint8Array.of(2, 0x42, 0xac, 0x11, 0, last);
state.networks.set(0, ip("172.17.0.0"), 16, ip("172.17.0.1"), 0, 0);
for (const [port, kind, last, address] of [
  [0, UPLINK, 0, 0],
  [1, HOST, 1, 0],
  [2, ENDPOINT, 4, ip("172.17.0.4")],
  [3, ENDPOINT, 5, ip("172.17.0.5")],
]) {
  const [hi, lo] = [macHi(mac(last)), macLo(mac(last))];
  state.ports.set(port, kind, hi, lo, address, 0);
  if (kind !== UPLINK) state.fdb.addStatic(fdbKey(hi, 0), lo, port);
  if (kind === ENDPOINT) state.endpoints.set(address, 0, port);
  if (kind === HOST) [state.networks.hostPort[0], state.networks.macHi[0], state.networks.macLo[0]] = [port, hi, lo];
}
for (const address of ["192.0.2.1", "172.17.0.1"]) state.locals.set(ip(address), 0, 1);
state.routes.replace([{ dst: 0, prefixLength: 0, metric: 0, source: ip("192.0.2.1") }]);
const rule = { hostIp: 0, firstPort: 8999, lastPort: 8999, target: ip("172.17.0.4"), targetPort: 8080, network: 0 };
for (const proto of [6, 17])
  state.publish({ ...rule, proto, snatSource: ip("172.17.0.1"), onlinkNet: ip("172.17.0.0"), onlinkMask: rawMask(16) });
const engine = new Engine(io, memory, state, counters, { portGone() {}, forget: () => (state.forgotten = 0) });

function run(count) {
  for (let done = 0; done < count; ) done += engine.turn(0, 0);
}

run(1_000_000); // compiled by now
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ["gc"] });
gc();
await new Promise((resolve) => setTimeout(resolve, 20));
collections = 0;
const before = process.memoryUsage().heapUsed;
run(packets);
const growth = process.memoryUsage().heapUsed - before;
await new Promise((resolve) => setTimeout(resolve, 20));
let sent = 0;
for (let port = 0; port < 4; port++) sent += counters[port * ROW + TX_PACKETS];
console.log(JSON.stringify({ collections, growth, sent, created: state.conntrack.created, expired: state.conntrack.expired }));
