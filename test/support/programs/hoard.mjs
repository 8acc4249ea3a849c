/**
 * node --import hoard.mjs PROGRAM: at SIGUSR2 it takes all descriptors that this process may have, but for TSPROXY_TEST_FREE of them; at the next one it gives
 * them back.
 */
import fs from "node:fs";
import { isMainThread } from "node:worker_threads";

const hoard = [];

function take() {
  try {
    for (;;) hoard.push(fs.openSync("/dev/zero"));
  } catch {
    giveBack(Number(process.env.TSPROXY_TEST_FREE));
  }
}

function giveBack(count) {
  for (const fd of hoard.splice(-count, count)) fs.closeSync(fd);
}

if (isMainThread) process.on("SIGUSR2", () => (hoard.length === 0 ? take() : giveBack(hoard.length)));
