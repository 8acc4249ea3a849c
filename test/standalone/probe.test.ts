import { once } from "node:events";
import { closeSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { parsePortSpec } from "../../src/control/port-spec.js";
import type { Ping } from "../../src/standalone/ping.js";
import { probeTargets } from "../../src/standalone/probe.js";
import { native } from "../../src/sys/native.js";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function server(): Promise<number> {
  const made = net.createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  cleanups.push(() => made.close());
  await once(made, "listening");
  return (made.address() as AddressInfo).port;
}

/** A loopback port on which a connection gets no answer at all. */
function silentPort(): number {
  const fd = native.holdPort(6, Uint8Array.of(127, 0, 0, 1), 0, -1, 0);
  expect(fd).toBeGreaterThan(0);
  cleanups.push(() => closeSync(fd));
  return native.localPort(fd);
}

async function deadPort(): Promise<number> {
  const port = await server();
  cleanups.pop()?.();
  return port;
}

const neverPing: Ping = () => {
  throw new Error("no echo is needed");
};
const tcp = (port: number | string) => parsePortSpec(`:127.0.0.1:${port}`);

it("is satisfied by a TCP server, at once and without an echo", async () => {
  const spec = tcp(await server());
  const started = performance.now();
  expect(await probeTargets([spec], { ping: neverPing })).toEqual([{ spec, result: "answers", warning: undefined }]);
  expect(performance.now() - started).toBeLessThan(150);
});

it("asks a target of IPv6 likewise", async () => {
  const made = net.createServer((socket) => socket.destroy()).listen(0, "::1");
  cleanups.push(() => made.close());
  await once(made, "listening");
  const { port } = made.address() as AddressInfo;
  const spec = parsePortSpec(`:[::1]:${port}`);
  expect(await probeTargets([spec], { ping: neverPing })).toEqual([{ spec, result: "answers", warning: undefined }]);
  await new Promise((resolve) => made.close(resolve));
  const [result] = await probeTargets([spec], { ping: neverPing });
  expect(result?.warning).toContain(`nothing answers at [::1]:${port}/tcp yet: connections will be refused`);
});

it("warns of a TCP port that refuses", async () => {
  const port = await deadPort();
  const [result] = await probeTargets([tcp(port)], { ping: neverPing });
  expect(result).toMatchObject({
    result: "refused",
    warning: `nothing answers at 127.0.0.1:${port}/tcp yet: connections will be refused until a server listens there`,
  });
});

it.each([
  [true, "127.0.0.1 is up but 127.0.0.1:PORT/tcp is silent: a firewall there may drop connections"],
  [false, "nothing answers at 127.0.0.1:PORT/tcp yet: connections will hang until 127.0.0.1 is up"],
  [null, "nothing answers at 127.0.0.1:PORT/tcp yet: connections will hang until 127.0.0.1 is up"],
])("warns of a silent TCP port after 300 ms, when the host's answer to the echo is %s", async (up, warning) => {
  const port = silentPort();
  const started = performance.now();
  const [result] = await probeTargets([tcp(port)], { ping: async () => up });
  expect(performance.now() - started).toBeGreaterThan(250);
  expect(result).toMatchObject({ result: "silent", warning: warning.replaceAll("PORT", String(port)) });
});

it.each([
  [true, "answers", undefined],
  [false, "silent", "127.0.0.1 does not answer a ping: what is sent to 127.0.0.1:53/udp may be lost until it is up"],
  [null, "unknown", undefined],
])("judges a UDP target by its host's echo: %s", async (up, result, warning) => {
  const spec = parsePortSpec("53:127.0.0.1:53/udp");
  expect(await probeTargets([spec], { ping: async () => up })).toEqual([{ spec, result, warning }]);
});

it("asks all targets at the same time, each once, of a range the first port", async () => {
  const open = await server();
  const silent = [silentPort(), silentPort(), silentPort()];
  const started = performance.now();
  const results = await probeTargets([...silent.map(tcp), tcp(open), tcp(open), parsePortSpec(`1-2:127.0.0.1:${open}-${open + 1}`)], {
    ping: async () => false,
  });
  expect(performance.now() - started).toBeLessThan(700);
  expect(results.map(({ result }) => result)).toEqual(["silent", "silent", "silent", "answers"]);
});

it("leaves a server that serves one client and ends to that client, unless a whole connection is asked for", async () => {
  const accepted: net.Socket[] = [];
  const made = net.createServer((socket) => accepted.push(socket)).listen(0, "127.0.0.1");
  cleanups.push(() => made.close());
  await once(made, "listening");
  const spec = tcp((made.address() as AddressInfo).port);
  for (let n = 0; n < 3; n++) expect(await probeTargets([spec], { ping: neverPing })).toMatchObject([{ result: "answers" }]);
  await sleep(1500); // the kernel offers a handshake again after a second (tcp_synack_retries)
  expect(accepted).toEqual([]);
  expect(await probeTargets([spec], { connect: true, ping: neverPing })).toMatchObject([{ result: "answers" }]);
  await sleep(50);
  expect(accepted).toHaveLength(1);
});

it("warns the same when a whole connection is asked for", async () => {
  const [refusing, silent] = [await deadPort(), silentPort()];
  const results = await probeTargets([tcp(refusing), tcp(silent)], { connect: true, ping: async () => true });
  expect(results.map(({ result, warning }) => [result, /refused until|a firewall there/.test(warning ?? "")])).toEqual([
    ["refused", true],
    ["silent", true],
  ]);
});
