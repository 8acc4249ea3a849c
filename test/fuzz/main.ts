/**
 * npm run fuzz [-- --seconds N | --frames N] [--seed N]: mutated frames through the engine in worlds of changing rules, one after another, and between
 * them nodes of an encrypted network with somebody on the way (`harness/sealed.ts`), until the time or number is over. Prints how many went through. A failure is shortened and kept in test/fuzz/failures/, where a unit test runs it
 * again; then the exit code is 1. A batch that takes ten seconds is a hang.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Failure, fuzz, shorten } from "./harness/run.js";
import { fuzzSealed, type SealedFailure } from "./harness/sealed.js";
import { configOf } from "./harness/world.js";

interface Limits {
  seconds: number;
  frames: number;
  seed: number;
  failures: string;
}

const HANG_MS = 10_000;
const REPORT_MS = 1000;
/** Of an encrypted network, between two worlds. */
const SEALED_DATAGRAMS = 20_000;

function work({ seconds, frames, seed }: Limits): void {
  const end = performance.now() + seconds * 1000;
  const total = { frames: 0, sent: 0, routed: 0, across: 0, confirmed: 0, worlds: 0, sealed: 0, opened: 0 };
  const reasons: Record<string, number> = {};
  let told = performance.now();
  const addReasons = (more: Record<string, number>): void => {
    for (const [name, n] of Object.entries(more)) reasons[name] = (reasons[name] ?? 0) + n;
  };
  for (;;) {
    const sealedSeed = seed + total.worlds;
    const { run: pair, wrong } = fuzzSealed(
      sealedSeed,
      ({ datagrams }) => datagrams >= Math.min(SEALED_DATAGRAMS, frames) || performance.now() > end,
    );
    total.sealed += pair.datagrams;
    total.opened += pair.delivered;
    addReasons(pair.reasons());
    if (wrong !== null) {
      parentPort!.postMessage({ total, reasons, sealedFailure: { what: wrong, sealed: sealedSeed, datagrams: SEALED_DATAGRAMS } });
      return;
    }
    const before = { ...total };
    const { run, failure } = fuzz(configOf(seed + total.worlds), (r) => {
      const now = performance.now();
      if (now - told > REPORT_MS) {
        told = now;
        parentPort!.postMessage({ alive: { ...total, frames: before.frames + r.frames } });
      }
      return now > end || before.frames + r.frames >= frames;
    });
    total.frames += run.frames;
    total.sent += run.sent;
    total.routed += run.oracle.routed;
    total.across += run.oracle.across;
    total.confirmed += run.oracle.confirmed;
    total.worlds++;
    addReasons(run.reasons());
    if (failure !== null) {
      parentPort!.postMessage({ shortening: true });
      parentPort!.postMessage({ total, reasons, failure: shorten(failure) });
    } else if (performance.now() > end || total.frames >= frames) parentPort!.postMessage({ total, reasons });
    else continue;
    return;
  }
}

function main(): void {
  const { values } = parseArgs({
    options: { seconds: { type: "string", default: "60" }, frames: { type: "string", default: "Infinity" }, seed: { type: "string" } },
  });
  const failures = path.join(process.cwd(), "test/fuzz/failures");
  const seed = values.seed === undefined ? Date.now() % 1_000_000_000 : Number(values.seed);
  const limits: Limits = { seconds: Number(values.seconds), frames: Number(values.frames), seed, failures };
  if ([limits.seconds, limits.frames, limits.seed].some((n) => Number.isNaN(n) || n < 0)) {
    console.error("fuzz: --seconds, --frames and --seed take numbers");
    process.exit(2);
  }
  const start = performance.now();
  const worker = new Worker(new URL(import.meta.url), { workerData: limits });
  const hang = setTimeout(() => {
    console.error(`fuzz: hangs (seed ${seed})`);
    process.exit(1);
  }, HANG_MS);
  worker.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  worker.on(
    "message",
    (m: {
      alive?: { frames: number };
      shortening?: boolean;
      total?: Record<string, number>;
      reasons?: Record<string, number>;
      failure?: Failure;
      sealedFailure?: SealedFailure;
    }) => {
      hang.refresh();
      if (m.shortening) clearTimeout(hang);
      if (m.total === undefined) return;
      const { frames = 0, sent = 0, routed = 0, across = 0, confirmed = 0, worlds = 0, sealed = 0, opened = 0 } = m.total;
      const count = (n: number): string => n.toLocaleString("en");
      const seconds = (performance.now() - start) / 1000;
      console.log(
        `${count(frames)} mutated frames in ${seconds.toFixed(0)} s (seed ${seed}, ${worlds} worlds): ${count(sent)} sent, ` +
          `${count(routed)} of them translated, ${count(across)} of these to the other family, ${count(confirmed)} with checksums confirmed by a full sum`,
      );
      console.log(`${count(sealed)} sealed datagrams, many of them changed: ${count(opened)} were opened`);
      const drops = Object.entries(m.reasons ?? {}).sort((a, b) => b[1] - a[1]);
      console.log(`drops: ${drops.map(([name, n]) => `${name} ${count(n)}`).join(", ")}`);
      const failure = m.failure ?? m.sealedFailure;
      if (failure === undefined) process.exit(0);
      const ofSeed = "sealed" in failure ? failure.sealed : failure.config.seed;
      const file = path.join(failures, `${failure.what.replace(/[^a-z0-9]+/gi, "-").slice(0, 60)}-${ofSeed}.json`);
      fs.mkdirSync(failures, { recursive: true });
      fs.writeFileSync(file, `${JSON.stringify(failure, null, 1)}\n`);
      console.error(`fuzz: ${failure.what}\nkept in ${path.relative(process.cwd(), file)}`);
      process.exit(1);
    },
  );
}

if (isMainThread) main();
else work(workerData as Limits);
