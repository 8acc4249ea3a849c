/** Nothing is allocated per packet: millions of packets of all kinds, and neither does the heap grow nor the collector run. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  A,
  B,
  CLIENT,
  HOST_IP,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const script = fileURLToPath(new URL("../support/alloc.mjs", import.meta.url));
const PACKETS = 2_000_000;
let dir: string;

beforeAll(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-alloc-"));
  fs.writeFileSync(path.join(dir, "package.json"), '{"type":"module"}');
  execFileSync(path.join(root, "node_modules/.bin/tsc"), ["-p", root, "--outDir", dir, "--noCheck"], { stdio: "pipe" });
}, 60_000);

afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

const up = (d: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, d)];
const out = (d: Uint8Array): [number, Uint8Array] => [A, p.frame(MAC_GATEWAY, MAC_A, d)];
const toHost = { src: CLIENT, dst: HOST_IP },
  toClient = { src: IP_A, dst: CLIENT };

const FRAMES: [number, Uint8Array][] = [
  // A connection that opens, carries data, closes, and opens anew.
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: p.SYN })),
  out(p.tcp(toClient, { sport: TARGET, dport: 1, flags: p.SYN | p.ACK })),
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, data: p.payload(100) })),
  p.partial(out(p.tcp(toClient, { sport: TARGET, dport: 1, data: p.payload(1400) }))[1], p.GSO_TCPV4, 500),
  up(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: p.FIN | p.ACK })),
  out(p.tcp(toClient, { sport: TARGET, dport: 1, flags: p.FIN | p.ACK })),
  // One that stays.
  up(p.tcp(toHost, { sport: 2, dport: PUBLISHED, flags: p.SYN })),
  out(p.tcp(toClient, { sport: TARGET, dport: 2, flags: p.SYN | p.ACK })),
  up(p.tcp(toHost, { sport: 2, dport: PUBLISHED })),
  up(p.udp(toHost, { sport: 1, dport: PUBLISHED })),
  out(p.udp(toClient, { sport: TARGET, dport: 1 })),
  out(p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53 })),
  out(p.tcp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 80, flags: p.SYN })),
  out(p.echo({ src: IP_A, dst: SERVER }, 7)),
  out(p.udp({ src: IP_A, dst: SERVER, ttl: 1 }, { sport: 1, dport: 33434 })),
  [B, p.frame(MAC_GATEWAY, MAC_B, p.tcp({ src: IP_B, dst: HOST_IP }, { sport: 1, dport: PUBLISHED, flags: p.SYN }))],
  up(p.icmpError({ src: SERVER, dst: HOST_IP }, p.PORT_UNREACHABLE, p.tcp({ src: HOST_IP, dst: CLIENT }, { sport: PUBLISHED, dport: 2 }))),
  // The bridge.
  [A, p.frame(MAC_B, MAC_A, p.tcp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2 }))],
  [A, p.frame(p.BROADCAST, MAC_A, p.payload(50), 0x86dd)],
  [A, p.arpFrame(p.BROADCAST, { senderMac: MAC_A, senderIp: IP_A, targetIp: "172.17.0.1" })],
  // What is dropped.
  up(p.tcp(toHost, { sport: 3, dport: 1, flags: p.SYN })),
  [UP, p.frame(MAC_UP, MAC_A, p.payload(40), 0x86dd)],
].map((f) => (f instanceof Uint8Array ? [A, f] : f) as [number, Uint8Array]);

it(`runs ${PACKETS} packets without a garbage collection`, { timeout: 60_000 }, () => {
  const frames = JSON.stringify(FRAMES.map(([port, bytes]) => [port, p.hex(bytes)]));
  const answer = execFileSync(process.execPath, ["--expose-gc", script, dir, String(PACKETS), frames], { encoding: "utf8" });
  const { collections, growth, sent, created, expired } = JSON.parse(answer) as Record<string, number>;
  expect(collections).toBe(0);
  expect(growth).toBeLessThan(500_000); // a quarter of a byte a packet: what the runtime itself does
  expect(sent).toBeGreaterThan(PACKETS / 2);
  expect(created!).toBeGreaterThan(100);
  expect(expired!).toBeGreaterThan(0);
});
