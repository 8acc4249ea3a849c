/**
 * node --import interrupt.mjs PROGRAM: has something happen at one call into the addon, told by its name and number ("bpf 7": the seventh
 * call of `native.bpf` in this process's main thread). TSPROXY_TEST_POINT says the call and what is to happen: `bpf 7 SIGTERM` or another
 * signal, right after it; `bpf 7 fail` instead of it. TSPROXY_TEST_TRACE names a file that gets a line with each call's name.
 */
import fs from "node:fs";
import { isMainThread } from "node:worker_threads";
import { changeAddon } from "./addon.mjs";

const EIO = 5;
/** Calls that answer -errno; the others throw. */
const ANSWERS = new Set(["tapOffload", "send", "recv", "holdPort", "writeIn", "dropAll", "localPort", "bpf", "adviseHugePages"]);

const [name, number, event] = (process.env.TSPROXY_TEST_POINT ?? "").split(" ");
const trace = process.env.TSPROXY_TEST_TRACE;
const counts = new Map();

if (isMainThread)
  changeAddon((key, call) => (...args) => {
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (trace !== undefined) fs.appendFileSync(trace, `${key} ${count}\n`);
    const isPoint = key === name && count === Number(number);
    if (isPoint && event === "fail") {
      if (ANSWERS.has(key)) return -EIO;
      throw Object.assign(new Error(`${key} fails`), { errno: EIO, syscall: key });
    }
    try {
      return call(...args);
    } finally {
      if (isPoint) process.kill(process.pid, event);
    }
  });
