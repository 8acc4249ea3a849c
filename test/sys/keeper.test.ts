/** How long the keeper of our own waits for the next process (`native/docker-proxy-keeper.c`). What it keeps: `fd-store.test.ts`. */
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { native } from "../../src/sys/native.js";
import { LAUNCHER } from "../support/paths.js";
import { sleep } from "../support/proc.js";

const SOCK_SEQPACKET = 5;

it("ends by itself once nobody has used it for its time, with its socket, and not while somebody does", async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-keeper-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const socket = path.join(dir, "sock");
  const listening = native.unixOpen(socket, SOCK_SEQPACKET, 1);
  const keeper = spawn(LAUNCHER, ["--keep", "1"], { stdio: ["ignore", "ignore", "ignore", listening] });
  onTestFinished(() => void keeper.kill());
  const ended = new Promise<number>((resolve) => keeper.once("exit", () => resolve(performance.now())));
  fs.closeSync(listening);

  const fd = native.unixOpen(socket, SOCK_SEQPACKET, 0);
  expect(fd).toBeGreaterThan(0);
  await sleep(1_500);
  expect([keeper.exitCode, fs.existsSync(socket)]).toEqual([null, true]);
  const left = performance.now();
  fs.closeSync(fd);
  expect((await ended) - left).toBeGreaterThan(900);
  expect([keeper.exitCode, fs.existsSync(socket)]).toEqual([0, false]);
});
