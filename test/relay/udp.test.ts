import dgram, { type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it, vi } from "vitest";
import type { ListenerOptions, RelayStats } from "../../src/relay/listener.js";
import { Relay } from "../../src/relay/relay.js";
import { IDLE_MS, listenUdp, type UdpListener, type UdpTuning } from "../../src/relay/udp.js";
import { ip } from "../support/ip.js";
import { relaySpec } from "./relay-spec.js";

const LOOPBACK = ip("127.0.0.1");

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function socket(port = 0): Promise<Socket> {
  const made = dgram.createSocket("udp4").bind(port, "127.0.0.1");
  await once(made, "listening");
  cleanups.push(() => made.close());
  return made;
}

/** A server that answers `PAYLOAD from PORT` and remembers the source ports that it saw. */
async function target(port = 0): Promise<{ port: number; sources: number[]; socket: Socket }> {
  const server = await socket(port);
  const sources: number[] = [];
  server.on("message", (message, from) => {
    sources.push(from.port);
    server.send(`${message} from ${from.port}`, from.port, from.address);
  });
  return { port: server.address().port, sources, socket: server };
}

async function listen(targetPort: number, tuning?: UdpTuning, allows = true): Promise<{ relay: UdpListener; stats: RelayStats }> {
  const stats: RelayStats = { active: 0, total: 0, refused: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
  const options: ListenerOptions = {
    hostIp: LOOPBACK,
    hostPort: 0,
    targetFor: () => ({ ip: LOOPBACK, port: targetPort }),
    stats,
    allows: () => allows,
  };
  const relay = await listenUdp(options, tuning);
  cleanups.push(() => relay.close());
  return { relay, stats };
}

async function ask(client: Socket, port: number, words: string): Promise<{ answer: string; from: RemoteInfo }> {
  const reply = once(client, "message") as Promise<[Buffer, RemoteInfo]>;
  client.send(words, port, "127.0.0.1");
  const [answer, from] = await reply;
  return { answer: String(answer), from };
}

it("keeps one source port per client, and answers from the published port", async () => {
  const server = await target();
  const { relay, stats } = await listen(server.port);
  const [a, b] = [await socket(), await socket()];
  const first = await ask(a, relay.port, "a1");
  const other = await ask(b, relay.port, "b1");
  const second = await ask(a, relay.port, "a2");
  expect(first.from.port).toBe(relay.port);
  const [portA, portB, again] = server.sources;
  expect(again).toBe(portA);
  expect(portB).not.toBe(portA);
  expect([first.answer, other.answer, second.answer]).toEqual([`a1 from ${portA}`, `b1 from ${portB}`, `a2 from ${portA}`]);
  expect(stats).toMatchObject({ active: 2, total: 2, bytesIn: 6, refused: 0 });
  expect(stats.bytesOut).toBe(first.answer.length + other.answer.length + second.answer.length);
});

it("delivers datagrams in order that arrive before the session's socket is ready", async () => {
  const server = await target();
  const { relay } = await listen(server.port);
  const client = await socket();
  const got: string[] = [];
  client.on("message", (message) => got.push(String(message).split(" ")[0] as string));
  for (let i = 0; i < 20; i++) client.send(`n${i}`, relay.port, "127.0.0.1");
  await vi.waitFor(() => expect(got).toEqual(Array.from({ length: 20 }, (_, i) => `n${i}`)));
  expect(new Set(server.sources).size).toBe(1);
});

it("carries the largest datagram", async () => {
  const server = await target();
  server.socket.removeAllListeners("message");
  server.socket.on("message", (message, from) => server.socket.send(message, from.port, from.address));
  const { relay } = await listen(server.port);
  const { answer } = await ask(await socket(), relay.port, "x".repeat(65507));
  expect(answer.length).toBe(65507);
});

it("ends a session that was idle for 90 s, and keeps one in which either side sends", async () => {
  let nowMs = 1000;
  const server = await target();
  const { relay, stats } = await listen(server.port, { now: () => nowMs });
  const [idle, asking, told] = [await socket(), await socket(), await socket()];
  for (const client of [idle, asking, told]) await ask(client, relay.port, "hello");
  nowMs += IDLE_MS / 2;
  await ask(asking, relay.port, "again");
  const heard = once(told, "message");
  server.socket.send("news", server.sources[2] as number, "127.0.0.1"); // an answer without a question
  await heard;
  nowMs += IDLE_MS / 2 - 1;
  relay.expire();
  expect(stats.active).toBe(3);
  nowMs += 1;
  relay.expire();
  expect(stats.active).toBe(2);
  await ask(asking, relay.port, "still here");
  await ask(idle, relay.port, "back");
  expect(server.sources[4]).toBe(server.sources[1]);
  expect(server.sources[5]).not.toBe(server.sources[0]); // a new session, from a new port
  expect(stats).toMatchObject({ active: 3, total: 4 });
  nowMs += IDLE_MS;
  relay.expire();
  expect(stats.active).toBe(0);
});

/** moby's TestUDPOneSided (cmd/docker-proxy/udp_proxy_linux_test.go), with its times. */
it("keeps one source port while only the client sends, and takes another once it was silent past the time limit", async () => {
  const server = await target();
  server.socket.removeAllListeners("message");
  server.socket.on("message", (_, from) => server.sources.push(from.port));
  const { relay, stats } = await listen(server.port, { idleMs: 1000 });
  const client = await socket();
  const send = (): void => client.send("hello", relay.port, "127.0.0.1");
  for (let i = 0; i < 15; i++) {
    send();
    await sleep(100);
  }
  expect([server.sources.length, new Set(server.sources).size]).toEqual([15, 1]);
  await sleep(2000);
  expect(stats).toMatchObject({ active: 0, total: 1 });
  send();
  await vi.waitFor(() => expect(server.sources).toHaveLength(16));
  expect(server.sources[15]).not.toBe(server.sources[0]);
  expect(stats).toMatchObject({ active: 1, total: 2 });
});

it("refuses and counts clients past the bound, and serves them once there is room", async () => {
  let nowMs = 0;
  const server = await target();
  const { relay, stats } = await listen(server.port, { maxSessions: 1, now: () => nowMs });
  await ask(await socket(), relay.port, "first");
  const late = await socket();
  late.send("no room", relay.port, "127.0.0.1");
  await vi.waitFor(() => expect(stats.refused).toBe(1));
  expect(server.sources).toHaveLength(1);
  nowMs += IDLE_MS;
  relay.expire();
  await ask(late, relay.port, "room");
  expect(stats).toMatchObject({ active: 1, total: 2, refused: 1 });
});

it("turns clients away that are not allowed", async () => {
  const server = await target();
  const { relay, stats } = await listen(server.port, {}, false);
  (await socket()).send("hello", relay.port, "127.0.0.1");
  await vi.waitFor(() => expect(stats.refused).toBe(1));
  expect([stats.total, server.sources.length]).toEqual([0, 0]);
});

it("reaches a target that refused datagrams before, with the first one after it starts", async () => {
  const gone = await target();
  const { port } = gone;
  cleanups.splice(cleanups.length - 1, 1);
  gone.socket.close();
  const { relay, stats } = await listen(port);
  const client = await socket();
  for (const words of ["one", "two"]) client.send(words, relay.port, "127.0.0.1");
  await vi.waitFor(() => expect(stats.bytesIn).toBe(6));
  await sleep(50);
  const server = await target(port);
  expect((await ask(client, relay.port, "three")).answer).toMatch(/^three from/);
  expect(server.sources).toHaveLength(1);
  expect(stats).toMatchObject({ active: 1, total: 1 });
});

it("is what Relay.start serves for /udp, and refuses a taken port by its holder's name", async () => {
  const server = await target();
  const handle = await Relay.start(relaySpec(`127.0.0.1::127.0.0.1:${server.port}/udp`));
  cleanups.push(() => handle.close());
  expect((await ask(await socket(), handle.hostPort, "hi")).answer).toMatch(/^hi from/);
  await expect(Relay.start(relaySpec(`127.0.0.1:${handle.hostPort}:127.0.0.1:1/udp`))).rejects.toMatchObject({
    code: "TSP_ERR_PORT_TAKEN",
    message: expect.stringContaining(`(pid ${process.pid})`),
  });
});
