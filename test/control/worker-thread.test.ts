/** A worker thread as it is built, and what it is told before its first turn. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { DEFAULT_LIMITS } from "../../src/control/limits.js";
import type * as Thread from "../../src/control/worker-thread.js";
import type { Adopted, WorkerOptions } from "../../src/engine/messages.js";
import { createBuckets } from "../../src/table/bandwidth.js";
import { DEFAULT_TIMEOUTS } from "../../src/table/conntrack.js";
import { CAPACITY, Former } from "../support/former.js";

const BUILT = new URL("../../dist/control/worker-thread.js", import.meta.url).href;

it("knows what time it is when it looks at the flows of a former process", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-former-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const former = new Former();
  former.d.at(Math.floor(Number(process.hrtime.bigint() / 1_000_000_000n)));
  former.open();
  former.write(path.join(dir, "flows"));
  const fd = fs.openSync(path.join(dir, "flows"), "r");
  onTestFinished(() => fs.closeSync(fd));

  const { WorkerThread } = (await import(BUILT)) as typeof Thread;
  const thread = new WorkerThread();
  const adopted = new Promise<Adopted>((resolve) =>
    thread.onMessage((message) => {
      if (message.type === "answer") resolve(message.value as Adopted);
    }),
  );
  const options: WorkerOptions = {
    worker: 0,
    workers: 1,
    conntrackMax: CAPACITY,
    timeouts: DEFAULT_TIMEOUTS,
    masqueradeFirst: 61000,
    masqueradeLast: 65000,
    bypass: false,
    limits: DEFAULT_LIMITS,
    buckets: createBuckets(),
    flowFile: -1,
    owner: undefined,
    former: [{ fd, capacity: CAPACITY }],
    spinNs: 0,
  };
  // Both are there before the thread has loaded its code.
  thread.post(options);
  thread.post({ type: "adopt", id: 1, last: false });
  // Its port is not published yet, so it is neither taken up nor lost.
  expect(await adopted).toEqual({ taken: 0, left: 1, lost: 0 });
  thread.abandon();
  await thread.ended;
  thread.close();
});
