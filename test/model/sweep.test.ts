import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { sweep, sweepKept } from "../../src/model/sweep.js";

/** Above any process number of Linux. */
const NOBODY = 2 ** 22 + 1;
let dir: string;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-sweep-"));
  vi.stubEnv("TSPROXY_RUN_DIR", dir);
});

afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(dir, { recursive: true });
});

/** A socket file that nobody listens on; its age in seconds. */
async function leaveSocket(pid: number, age: number): Promise<void> {
  const file = path.join(dir, `${pid}.sock`);
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(`${file}.x`, done));
  fs.renameSync(`${file}.x`, file); // closing does not find it
  await new Promise((done) => server.close(done));
  const then = Date.now() / 1000 - age;
  fs.utimesSync(file, then, then);
}

it("removes the socket of a process that is gone", async () => {
  await leaveSocket(NOBODY, 0);
  expect((await sweep()).sockets).toBe(1);
  expect(fs.readdirSync(dir)).toEqual([]);
});

it("removes the socket of a process whose number another one has by now", async () => {
  await leaveSocket(process.pid, 60);
  expect((await sweep()).sockets).toBe(1);
  expect(fs.readdirSync(dir)).toEqual([]);
});

it("is not stopped by a folder that is named as a socket is", async () => {
  const names = [".a.sock.b", "1.sock"].map((name) => path.join(dir, name));
  for (const name of names) {
    fs.mkdirSync(name);
    fs.utimesSync(name, 0, 0);
  }
  expect((await sweep()).sockets).toBe(0);
  expect(fs.readdirSync(dir)).toHaveLength(2);
});

it("spares a socket that somebody listens on, or may be about to", async () => {
  await leaveSocket(process.ppid, 0);
  const file = path.join(dir, `${process.pid}.sock`);
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(file, done));
  fs.utimesSync(file, 0, 0);
  expect((await sweep()).sockets).toBe(0);
  expect(fs.readdirSync(dir)).toHaveLength(2);
  await new Promise((done) => server.close(done));
});

it("spares a socket that somebody listens on whose number is nobody's here: a process of a container that shares the folder", async () => {
  const file = path.join(dir, `${NOBODY}.sock`);
  const server = net.createServer();
  await new Promise<void>((done) => server.listen(file, done));
  expect((await sweep()).sockets).toBe(0);
  expect(fs.readdirSync(dir)).toHaveLength(1);
  await new Promise((done) => server.close(done));
});

it("removes a socket that was killed while it was made, and spares one that is being made", async () => {
  await leaveSocket(NOBODY, 60);
  fs.renameSync(path.join(dir, `${NOBODY}.sock`), path.join(dir, `.${NOBODY}.sock.1a2b3c`));
  await leaveSocket(NOBODY, 0);
  fs.renameSync(path.join(dir, `${NOBODY}.sock`), path.join(dir, ".run.sock.1a2b3d"));
  expect((await sweep()).sockets).toBe(1);
  expect(fs.readdirSync(dir)).toEqual([".run.sock.1a2b3d"]);
});

it("removes code that a process was writing for the next one when it was killed, and spares what another one writes, or has written", async () => {
  const names = ["main-job-00000000.code", "main-job-00000000.code.0123", "main-job-00000000.code.4567"];
  for (const name of names) fs.writeFileSync(path.join(dir, name), "");
  fs.utimesSync(path.join(dir, names[2]!), 0, 0);
  expect(await sweep()).toMatchObject({ sockets: 0 });
  expect(fs.readdirSync(dir)).toEqual(names.slice(0, 2));
  expect(await sweepKept()).toMatchObject({ code: 2 });
  expect(fs.readdirSync(dir)).toEqual([]);
});

it("leaves other files alone", async () => {
  for (const name of ["docker-proxy.sock", "4194305.sock.bak", "notes"]) fs.writeFileSync(path.join(dir, name), "");
  await sweep();
  expect(fs.readdirSync(dir)).toHaveLength(3);
});

it("finds nothing where there can be no folder", async () => {
  fs.writeFileSync(path.join(dir, "file"), "");
  vi.stubEnv("TSPROXY_RUN_DIR", path.join(dir, "file/run"));
  expect(await sweep()).toMatchObject({ sockets: 0, denied: [] });
});
