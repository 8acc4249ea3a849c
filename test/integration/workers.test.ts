/** Several workers: byte code and TypeScript agree on who gets a packet, and every way through works when both ends of a flow must meet. */
import fs from "node:fs";
import { expect, it } from "vitest";
import { queueProgram } from "../../src/steer/queue-program.js";
import { steerProgram } from "../../src/steer/steer-program.js";
import * as bpf from "../../src/sys/bpf.js";
import { native } from "../../src/sys/native.js";
import { FLOW_VALUE_SIZE } from "../../src/wire/flow-entry.js";
import { workerOf } from "../../src/wire/spread.js";
import { onTsproxy } from "../support/cases.js";
import { curl, udpExchange } from "../support/clients.js";
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

const random = (n: number): Buffer => Buffer.from(Uint8Array.from({ length: n }, () => Math.floor(Math.random() * 256)));

it("the queue program answers as `workerOf` does: for plain packets, options, echoes and the insides of errors", (ctx) => {
  if (process.getuid?.() !== 0) ctx.skip("needs root: loading BPF programs");
  const fragments = bpf.createMap({ name: "test_fragments", type: bpf.MAP_LRU_HASH, keySize: 16, valueSize: 8, maxEntries: 4096 });
  const maps = { flows: -1, fragments, pairs: -1, ports: -1, locals: -1, own: -1, ipsec: -1, counters: -1 };
  const fd = bpf.loadProgram("test_queue", queueProgram(WORKERS, maps)); // as a tc program, which a test run gives the whole frame
  try {
    for (let n = 0; n < 500; n++) {
      const src = random(4);
      const dst = random(4);
      const l4 = random(8);
      l4[0] = 40; // not to be taken for an ICMP type
      const here = workerOf(dst.readInt32LE(0), l4.readUInt16LE(2), WORKERS);
      expect(testRun(fd, frameOf(6, [src, dst], l4))).toBe(here);
      expect(testRun(fd, frameOf(17, [src, dst], l4, 3))).toBe(here);
      const echo = Buffer.concat([Buffer.from([8, 0]), random(6)]);
      expect(testRun(fd, frameOf(1, [src, dst], echo))).toBe(workerOf(dst.readInt32LE(0), echo.readUInt16LE(4), WORKERS));
      const inner = frameOf(17, [src, dst], l4).subarray(14);
      const error = Buffer.concat([Buffer.from([3, 3]), random(6), inner]);
      expect(testRun(fd, frameOf(1, [dst, random(4)], error))).toBe(workerOf(src.readInt32LE(0), l4.readUInt16LE(0), WORKERS));
      expect(testRun(fd, frameOf(47, [src, dst], l4))).toBe(0);
      const part = (where: number): Buffer => {
        const frame = frameOf(17, [src, dst], where === 0x2000 ? l4 : random(8));
        frame.writeUInt16BE(n, 18);
        frame.writeUInt16BE(where, 20);
        return frame;
      };
      expect([0x2001, 0x2000, 0x2001, 0x0002].map((where) => testRun(fd, part(where)))).toEqual([0, here, here, here]);
    }
  } finally {
    fs.closeSync(fd);
    fs.closeSync(fragments);
  }
});

it("loads with many workers", (ctx) => {
  if (process.getuid?.() !== 0) ctx.skip("needs root: loading BPF programs");
  const create = (type: number, keySize: number, valueSize: number): number =>
    bpf.createMap({ name: "test", type, keySize, valueSize, maxEntries: 1 });
  const maps = {
    flows: create(bpf.MAP_LRU_HASH, 16, FLOW_VALUE_SIZE),
    ports: create(bpf.MAP_HASH, 8, 4),
    locals: create(bpf.MAP_HASH, 4, 4),
    own: create(bpf.MAP_HASH, 4, 4),
    ipsec: create(bpf.MAP_HASH, 8, 4),
    counters: create(bpf.MAP_PERCPU_ARRAY, 4, 8),
    fragments: create(bpf.MAP_LRU_HASH, 16, 8),
    pairs: create(bpf.MAP_LRU_HASH, 8, 4),
  };
  try {
    for (const link of ["ethernet", "loopback", "ip"] as const)
      fs.closeSync(
        bpf.loadProgram(
          "test_steer",
          steerProgram(
            link,
            Array.from({ length: 64 }, (_, i) => i + 10),
            maps,
          ),
        ),
      );
  } finally {
    for (const fd of Object.values(maps)) fs.closeSync(fd);
  }
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
        expect(links[0]!.stats64.tx.packets, uplink).toBeGreaterThan(30); // without the first packet of each flow, which comes by the held socket
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
  expect((await instance.stats()).drops).toEqual({});
  await instance.stop();
});
