/**
 * Sealing by the addon, one process a case: `node seal.js seal|open aes|chacha BYTES SECONDS`: batches of 32 datagrams, each with a frame of so many bytes.
 * Prints nanoseconds a datagram as a line of JSON.
 */
import { createRequire } from "node:module";
import type { Native } from "../../src/sys/native.js";
import { BEFORE_FRAME, TAG_SIZE } from "../../src/wire/sealed.js";
import { ROOT } from "../../test/support/paths.js";
import { summarize } from "../stats.js";

const BATCH = 32,
  ROOM = 2048;
const [what = "seal", cipher = "aes", bytes = "1400", seconds = "1"] = process.argv.slice(2);
const addon = createRequire(import.meta.url)(`${ROOT}native/build/tsproxy.node`) as Native;
const memory = new Uint8Array(BATCH * ROOM);
const work = new Int32Array(BATCH * 4);
const sealer = addon.sealCreate(memory, work);
for (const encrypts of [0, 1]) addon.sealSetKey(sealer, encrypts, cipher === "aes" ? 0 : 1, new Uint8Array(32).fill(7), encrypts);
for (let n = 0; n < BATCH; n++) work.set([1, n * ROOM, BEFORE_FRAME + Number(bytes)], n * 4);
if (BEFORE_FRAME + Number(bytes) + TAG_SIZE > ROOM) throw new Error(`${bytes}: too long`);
const sealed = memory.slice();
addon.sealRun(sealer, BATCH);
if (Buffer.compare(sealed, memory) === 0) throw new Error("nothing was sealed");
sealed.set(memory);
if (what === "open") for (let n = 0; n < BATCH; n++) work[n * 4] = 0;

const samples: number[] = [];
for (const end = performance.now() + Number(seconds) * 1000; performance.now() < end; ) {
  if (what === "open") memory.set(sealed); // else it is no longer authentic; not counted
  const start = process.hrtime.bigint();
  const failed = addon.sealRun(sealer, BATCH);
  samples.push(Number(process.hrtime.bigint() - start) / BATCH);
  if (failed !== 0) throw new Error(`${failed} datagrams were not sealed, or opened`);
}
console.log(JSON.stringify({ ns: summarize(samples).median }));
