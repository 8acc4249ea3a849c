/** Several workers: byte code and TypeScript agree on who gets a packet, and every way through works when both ends of a flow must meet. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { beforeEach, describe, expect, it } from "vitest";
import { createMaps } from "../../src/steer/maps.js";
import type { MapFds } from "../../src/steer/program.js";
import { queueProgram, tunnelQueueProgram } from "../../src/steer/queue-program.js";
import { steerProgram } from "../../src/steer/steer-program.js";
import * as bpf from "../../src/sys/bpf.js";
import { native } from "../../src/sys/native.js";
import { foldAddress, workerOf } from "../../src/wire/spread.js";
import { OWN_MAC } from "../../src/wire/vxlan.js";
import { onTsproxy } from "../support/cases.js";
import { curl, udpExchange } from "../support/clients.js";
import { ROOT } from "../support/paths.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance } from "../support/tsproxy.js";

const PROG_TEST_RUN = 10;
const WORKERS = 5; // no power of two

/** Runs a tc program on a frame; its answer. */
function testRun(progFd: number, frame: Uint8Array): number {
  const attr = Buffer.alloc(80);
  attr.writeUInt32LE(progFd, 0);
  attr.writeUInt32LE(frame.length, 8);
  const result = native.bpf(PROG_TEST_RUN, attr, [16, frame]);
  if (result < 0) throw new Error(`BPF_PROG_TEST_RUN answers ${result}`);
  return attr.readInt32LE(4);
}

/** Ethernet, IPv4 with `options` words, and 8 bytes of layer 4 with these ports. */
function frameOf(proto: number, addresses: [Buffer, Buffer], l4: Buffer, options = 0): Buffer {
  const ip = Buffer.alloc(20 + 4 * options, 1);
  ip[0] = 0x45 + options;
  ip.writeUInt16BE(ip.length + l4.length, 2);
  ip.writeUInt32BE(0, 4);
  ip[8] = 64;
  ip[9] = proto;
  addresses[0].copy(ip, 12);
  addresses[1].copy(ip, 16);
  return Buffer.concat([Buffer.from("02000000000202000000000108 00".replace(" ", ""), "hex"), ip, l4]);
}

function frameOf6(next: number, addresses: [Buffer, Buffer], body: Buffer): Buffer {
  const ip = Buffer.alloc(8);
  ip[0] = 0x60;
  ip.writeUInt16BE(body.length, 4);
  ip[6] = next;
  ip[7] = 64;
  return Buffer.concat([Buffer.from("02000000000202000000000186dd", "hex"), ip, ...addresses, body]);
}

/** Extension headers before `body`: destination options, authentication, routing. */
function extended(proto: number, body: Buffer): Buffer {
  const options = Buffer.concat([Buffer.from([51, 2]), random(22)]);
  const authentication = Buffer.concat([Buffer.from([43, 4]), random(22)]);
  const routing = Buffer.concat([Buffer.from([proto, 0]), random(6)]);
  return Buffer.concat([options, authentication, routing, body]);
}

const random = (n: number): Buffer => Buffer.from(Uint8Array.from({ length: n }, () => Math.floor(Math.random() * 256)));

/** Number of the worker for a far end, its bytes as they lie in a packet. */
function workerFor(address: Buffer, port: number): number {
  const words = Array.from({ length: address.length / 4 }, (_, i) => address.readInt32LE(4 * i));
  const [a = 0, b = 0, c = 0, d = 0] = words;
  return workerOf(words.length === 1 ? a : foldAddress(a, b, c, d), port, WORKERS);
}

function withMaps(check: (maps: MapFds) => void): void {
  const fds: number[] = [];
  try {
    check(createMaps({ flowCapacity: 2048, ipv6: true }, fds));
  } finally {
    for (const fd of fds) fs.closeSync(fd);
  }
}

/** The queue program, as a tc program, which a test run gives the whole frame. */
function withQueue(check: (run: (frame: Buffer) => number) => void): void {
  withMaps((maps) => {
    const fd = bpf.loadProgram("test_queue", queueProgram(WORKERS, maps, { ipv6: true }));
    try {
      check((frame) => testRun(fd, frame));
    } finally {
      fs.closeSync(fd);
    }
  });
}

describe("the queue program answers as `workerOf` does", () => {
  beforeEach((ctx) => {
    if (process.getuid?.() !== 0) ctx.skip("needs root: loading BPF programs");
  });

  it("for plain packets of IPv4, options, echoes and the insides of errors", () => {
    withQueue((run) => {
      for (let n = 0; n < 500; n++) {
        const src = random(4);
        const dst = random(4);
        const l4 = random(8);
        l4[0] = 40; // not to be taken for an ICMP type
        const here = workerFor(dst, l4.readUInt16LE(2));
        expect(run(frameOf(6, [src, dst], l4))).toBe(here);
        expect(run(frameOf(17, [src, dst], l4, 3))).toBe(here);
        const echo = Buffer.concat([Buffer.from([8, 0]), random(6)]);
        expect(run(frameOf(1, [src, dst], echo))).toBe(workerFor(dst, echo.readUInt16LE(4)));
        const inner = frameOf(17, [src, dst], l4).subarray(14);
        const error = Buffer.concat([Buffer.from([3, 3]), random(6), inner]);
        expect(run(frameOf(1, [dst, random(4)], error))).toBe(workerFor(src, l4.readUInt16LE(0)));
        expect(run(frameOf(47, [src, dst], l4))).toBe(0);
        const part = (where: number): Buffer => {
          const frame = frameOf(17, [src, dst], where === 0x2000 ? l4 : random(8));
          frame.writeUInt16BE(n, 18);
          frame.writeUInt16BE(where, 20);
          return frame;
        };
        expect([0x2001, 0x2000, 0x2001, 0x0002].map((where) => run(part(where)))).toEqual([0, here, here, here]);
      }
    });
  });

  it("for plain packets of IPv6, extension headers, echoes and the insides of errors", () => {
    withQueue((run) => {
      for (let n = 0; n < 500; n++) {
        const src = random(16);
        const dst = random(16);
        const l4 = random(8);
        l4[0] = 40; // not to be taken for an ICMP type
        const here = workerFor(dst, l4.readUInt16LE(2));
        expect(run(frameOf6(6, [src, dst], l4))).toBe(here);
        expect(run(frameOf6(60, [src, dst], extended(17, l4)))).toBe(here);
        const echo = Buffer.concat([Buffer.from([128, 0]), random(6)]);
        expect(run(frameOf6(58, [src, dst], echo))).toBe(workerFor(dst, echo.readUInt16LE(4)));
        for (const type of [1, 2, 3, 4]) {
          const inner = frameOf6(60, [src, dst], extended(17, l4)).subarray(14);
          const error = Buffer.concat([Buffer.from([type, 0]), random(6), inner]);
          expect(run(frameOf6(58, [dst, random(16)], error))).toBe(workerFor(src, l4.readUInt16LE(0)));
        }
        expect(run(frameOf6(47, [src, dst], l4))).toBe(0);
        const part = (where: number): Buffer => {
          const header = Buffer.from([where === 1 ? 17 : 59, 0, where >> 8, where & 0xff, 0, 0, n >> 8, n & 0xff]);
          return frameOf6(44, [src, dst], Buffer.concat([header, where === 1 ? l4 : random(8)]));
        };
        expect([9, 1, 9, 16].map((where) => run(part(where)))).toEqual([0, here, here, here]);
      }
    });
  });

  it("for what other nodes send to this node's own address; all else of theirs goes by the datagram's source port", () => {
    withMaps((maps) => {
      const fd = bpf.loadProgram("test_tunnel", tunnelQueueProgram(WORKERS, maps, { ipv6: true }));
      const own = Buffer.from([...OWN_MAC, 1, 2, 3, ...random(6)]);
      const inDatagram = (outer: 4 | 6, sport: number, payload: Buffer): Buffer => {
        const body = Buffer.concat([Buffer.from([sport >> 8, sport & 0xff]), random(6), payload]);
        return outer === 4 ? frameOf(17, [random(4), random(4)], body) : frameOf6(17, [random(16), random(16)], body);
      };
      const inTunnel = (outer: 4 | 6, mac: Buffer, inner: Buffer, sport: number): Buffer =>
        inDatagram(outer, sport, Buffer.concat([Buffer.from([random(1)[0]! & 0x7f]), random(7), mac, inner.subarray(12)]));
      const sealed = (outer: 4 | 6, sport: number, receiver: number): Buffer =>
        inDatagram(outer, sport, Buffer.concat([Buffer.from([0x80 | random(1)[0]!]), random(5), Buffer.from([receiver]), random(60)]));
      try {
        for (let n = 0; n < 300; n++) {
          const l4 = random(8);
          l4[0] = 40; // not to be taken for an ICMP type
          const [dst, dst6] = [random(4), random(16)];
          for (const outer of [4, 6] as const) {
            expect(testRun(fd, inTunnel(outer, own, frameOf(6, [random(4), dst], l4), n))).toBe(workerFor(dst, l4.readUInt16LE(2)));
            expect(testRun(fd, inTunnel(outer, own, frameOf6(17, [random(16), dst6], l4), n))).toBe(workerFor(dst6, l4.readUInt16LE(2)));
            const other = Buffer.from([0x02, 0x42, ...random(10)]);
            const byPort = ((n & 0xff) << 8) | (n >> 8);
            expect(testRun(fd, inTunnel(outer, other, frameOf(6, [random(4), dst], l4), n))).toBe(byPort);
            // What is sealed goes where its sender says.
            expect(testRun(fd, sealed(outer, n, 0))).toBe(byPort);
            expect(testRun(fd, sealed(outer, n, 1 + (n % 255)))).toBe(n % 255);
          }
        }
        expect(testRun(fd, frameOf(17, [random(4), random(4)], Buffer.alloc(0)))).toBe(0);
      } finally {
        fs.closeSync(fd);
      }
    });
  });

  it("with chains of headers that go on and on, and with such as are cut off, by the first queue", () => {
    withQueue((run) => {
      const ends: [Buffer, Buffer] = [random(16), random(16)];
      const chain = (count: number): Buffer =>
        Buffer.concat([...Array<Buffer>(count).fill(Buffer.from([60, 0, 1, 4, 0, 0, 0, 0])), Buffer.from([6, 0, 1, 4, 0, 0, 0, 0]), l4]);
      const l4 = Buffer.from([40, 1, 77, 2, 0, 0, 0, 0]);
      let dst = ends[1];
      while (workerFor(dst, l4.readUInt16LE(2)) === 0) dst = random(16);
      const at = (body: Buffer): number => run(frameOf6(60, [ends[0], dst], body));
      expect(at(chain(7))).toBe(workerFor(dst, l4.readUInt16LE(2))); // eight in all
      expect(at(chain(8))).toBe(0);
      expect(at(chain(3).subarray(0, 20))).toBe(0);
    });
  });
});

it("loads with many workers", (ctx) => {
  if (process.getuid?.() !== 0) ctx.skip("needs root: loading BPF programs");
  const uplinks = Array.from({ length: 64 }, (_, i) => i + 10);
  withMaps((maps) => {
    for (const link of ["ethernet", "loopback", "ip"] as const)
      fs.closeSync(bpf.loadProgram("test_steer", steerProgram(link, uplinks, maps, { bypass: true, ipv6: true })));
  });
});

for (const containers of ["kernel", "own"] as const)
  onTsproxy(
    `two workers serve every client of containers ${containers === "own" ? "in its own network" : "on a kernel bridge"}, and share the work`,
    containers,
    async (c) => {
      const instance = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:8080", "--workers", "2", ...networkArgs(c)]);
      const server = await serve(c.lab, c.c1, "http", 8080);
      const outside = await serve(c.lab, c.client, "http", 9090);
      for (let n = 0; n < 8; n++) {
        for (const [from, at] of [
          [c.client, ADDR.host],
          [c.host, "127.0.0.1"],
          [c.host, ADDR.host],
          [c.c2, ADDR.host],
          [c.c1, ADDR.gateway],
        ] as const) {
          const answer = await curl(c.lab, from, `${at}:8999`);
          expect(answer.code, `${from} at ${at}`).toBe(0);
        }
        if (containers === "own") expect((await curl(c.lab, c.c2, `${ADDR.client}:9090`)).code).toBe(0);
      }
      expect(server.hosts.filter((host) => host === ADDR.client)).toHaveLength(8);
      expect(server.hosts).toHaveLength(40);
      if (containers === "own") expect(outside.hosts).toEqual(Array(8).fill(ADDR.host));
      const stats = await instance.stats();
      expect(stats.drops).toEqual({});
      expect(stats.flows.created).toBe(containers === "own" ? 48 : 40);
      for (const uplink of stats.ports[0]!.name.split(",")) {
        const links = JSON.parse(c.lab.runSync(c.host, ["ip", "-j", "-s", "link", "show", uplink])) as {
          stats64: { tx: { packets: number } };
        }[];
        // Of each flow without its first packet, which comes by the held socket, and without what is carried: of an own network that is nearly all.
        expect(links[0]!.stats64.tx.packets, uplink).toBeGreaterThan(containers === "own" ? 4 : 15);
      }
      await instance.stop();
    },
  );

onTsproxy("two workers serve datagrams in fragments, in and out, each at the worker of its first one", "own", async (c) => {
  const instance = await startInstance(c.lab, c.host, ["-p", "8999:172.17.0.4:5300/udp", "--workers", "2", ...networkArgs(c)]);
  await serve(c.lab, c.c1, "udp", 5300);
  await serve(c.lab, c.client, "udp", 9090);
  for (let n = 0; n < 6; n++) {
    expect(await udpExchange(c.lab, c.client, ADDR.host, 8999, "x".repeat(4_000))).toMatch(/^192\.0\.2\.10:\d+ x{4000}$/);
    expect(await udpExchange(c.lab, c.c2, ADDR.client, 9090, "x".repeat(4_000))).toMatch(/^192\.0\.2\.1:\d+ x{4000}$/);
  }
  // Where one overtook its first fragment on the way to the queue, each worker got a copy. What a device announces before there is another is for nobody.
  const { "fragment-alone": _, "flood-alone": __, ...drops } = (await instance.stats()).drops;
  expect(drops).toEqual({});
  await instance.stop();
});

/** Begins workers, of which the second cannot have its options, as nothing can copy them to it. Prints what is in the way; nothing but what was begun keeps it from its end. */
const HALF_WAY = `
const { Workers } = await import(process.argv[1] + "control/workers.js");
const { WorkerThread } = await import(process.argv[1] + "control/worker-thread.js");
const { DEFAULT_LIMITS } = await import(process.argv[1] + "control/limits.js");
const threads = process.argv[2] === "begun" ? [new WorkerThread(), new WorkerThread(), new WorkerThread()] : undefined;
const ports = { masqueradeFirst: 10000, masqueradeLast: 20000 };
const files = { fds: [-1, () => {}, -1], former: [], owner: undefined };
const options = { workers: 3, conntrackMax: 1000, bypass: false, limits: DEFAULT_LIMITS, ...ports, files, threads };
try {
  new Workers(options, { portGone() {}, readable() {}, onDeath() { console.log("died"); } });
} catch (error) {
  console.log(error.name);
}
for (const thread of threads ?? []) await thread.discard();
`;

it.each([
  ["begun before", "begun"],
  ["begun by them", ""],
])("where one of several cannot begin, the threads %s end, and the process can", (_, how) => {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", HALF_WAY, `${ROOT}dist/`, how], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect({ status, signal, stdout, stderr }).toEqual({ status: 0, signal: null, stdout: "DataCloneError\n", stderr: "" });
});
