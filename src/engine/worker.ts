/**
 * Entry point of a worker thread: makes an engine and runs its loop; between batches `commands.ts` does what the control thread says. The
 * loop never returns to Node's event loop, so messages are fetched when the mailbox counter moves. Importing this file starts the loop.
 */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { State } from "../dataplane/state.js";
import { NativeIo } from "../device/native-io.js";
import { NativeSealer } from "../device/native-sealer.js";
import { CLOCK_WAIT } from "../device/packet-io.js";
import { PacketMemory, SLOTS } from "../mem/packet-memory.js";
import { deleteBatch, getElement, putBatch } from "../sys/bpf.js";
import { native } from "../sys/native.js";
import { fillRandom } from "../sys/random.js";
import { RouteQuery } from "../sys/route-query.js";
import { secureRandom } from "../table/random.js";
import { FLOW_KEY_SIZE, FLOW6_KEY_SIZE } from "../wire/flow-entry.js";
import { ORDER_VALUE_SIZE, orderPlaces } from "../wire/order.js";
import { STATION_PAIR_KEY_SIZE } from "../wire/station-pair.js";
import { Commands } from "./commands.js";
import { Engine } from "./engine.js";
import { flowMemory, readFlowFile } from "./flow-memory.js";
import { useHugePages } from "./huge-pages.js";
import { tuneJit } from "./jit.js";
import type { FromWorker, ToWorker, WorkerData, WorkerOptions } from "./messages.js";
import { Polling } from "./polling.js";

/** Idle, the loop wakes once a second for flows and fragments, which grow old by the second; seldom for MAC addresses; else not at all. */
const IDLE_MS = 1_000,
  LEARNED_MS = 10_000,
  FOREVER_MS = -1;

const shared = workerData as WorkerData;
const control = parentPort!;
const mailbox = new Int32Array(shared.mailbox);
const counters = new Float64Array(shared.counters);
const allocate = (size: number): ArrayBuffer => native.allocate(size);
const memory = new PacketMemory(SLOTS, allocate);
const io = new NativeIo(memory, shared.wakeFd);
const options = firstMessage();
if (options !== undefined) serve(options);

/** What the engine is to be made with, once it is there; undefined: it will not come. */
function firstMessage(): WorkerOptions | undefined {
  for (;;) {
    const posted = Atomics.load(mailbox, 0);
    const next = receiveMessageOnPort(control);
    if (next !== undefined) return next.message as WorkerOptions;
    if (Atomics.load(mailbox, 1) !== 0) return undefined;
    Atomics.wait(mailbox, 0, posted);
  }
}

function tell(message: FromWorker): void {
  control.postMessage(message);
}

/** Until there is a message that stops it. */
function serve(options: WorkerOptions): void {
  tuneJit(); // not sooner: the control thread has loaded its code by now, and V8 would refuse what is kept of that (decision 205)
  const state = new State({
    ...options,
    random: secureRandom(fillRandom),
    routing: new RouteQuery(),
    allocate,
    sealer: new NativeSealer(memory),
    memory: flowMemory(options),
    awaitsFormer: options.former.length > 0,
  });
  useHugePages(memory, state);
  const polling = new Polling();
  const commands = new Commands(state, io, counters, {
    tell,
    watch: (fd) => io.watch(fd),
    openFlowMap: (fd, family) => ({
      lookup: (key, value) => getElement(fd, key, value) === 0,
      put: (keys, values, count) => putBatch(fd, keys, values, count),
      delete: (keys, count) => deleteBatch(fd, keys, family === 4 ? FLOW_KEY_SIZE : FLOW6_KEY_SIZE, count),
    }),
    mapOrder: (fd) => native.mapFile(fd, orderPlaces(state.workers) * ORDER_VALUE_SIZE),
    openStationPairs: (fd) => ({
      put: (keys, values, count) => putBatch(fd, keys, values, count),
      delete: (keys, count) => deleteBatch(fd, keys, STATION_PAIR_KEY_SIZE, count),
    }),
    readFormer: () => options.former.map(readFlowFile),
  });
  const engine = new Engine(io, memory, state, counters, commands);

  function readMailbox(): void {
    for (let next = receiveMessageOnPort(control); next !== undefined; next = receiveMessageOnPort(control))
      commands.carryOut(next.message as ToWorker);
  }

  function patience(): number {
    if (state.conntrack.used > 0 || state.fragments.isWaiting) return IDLE_MS;
    return state.fdb.used > 0 ? LEARNED_MS : FOREVER_MS;
  }

  function loop(): void {
    let seen = 0;
    let watched = 0;
    let received = 0;
    while (commands.running && Atomics.load(mailbox, 1) === 0) {
      const posted = Atomics.load(mailbox, 0);
      if (posted !== seen) {
        seen = posted;
        engine.finish();
        readMailbox();
        if (!commands.running) break;
      }
      // Poll on after traffic, as waking a sleeping thread costs more than most packets; sleep after a look in vain.
      const spin = polling.budget(received, options.spinNs);
      received = engine.turn(spin, patience());
      polling.learn(spin, io.clock[CLOCK_WAIT]!);
      if (io.clock[2] !== watched) {
        watched = io.clock[2]!;
        tell({ type: "readable" });
      }
    }
  }

  tell({ type: "ready" });
  loop();
  commands.settleAll();
  Atomics.store(mailbox, 2, state.conntrack.held); // a message might come after the thread's end
  tell({ type: "stopped" });
}
