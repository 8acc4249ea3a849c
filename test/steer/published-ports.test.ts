import { beforeEach, expect, it, vi } from "vitest";
import { Descriptors } from "../../src/steer/descriptors.js";
import type { MapFds } from "../../src/steer/program.js";
import { PublishedPorts } from "../../src/steer/published-ports.js";
import { PROTO_TCP } from "../../src/wire/ipv4.js";
import { ip } from "../support/ip.js";

const ports = vi.hoisted(() => new Map<string, number>());
vi.mock("../../src/sys/bpf.js", async (original) => {
  const keysOf = (keys: Uint8Array, count: number): string[] => {
    const size = keys.length / count;
    return Array.from({ length: count }, (_, i) => Buffer.from(keys.subarray(i * size, (i + 1) * size)).toString("hex"));
  };
  return {
    ...(await original<object>()),
    updateBatch: (_fd: number, keys: Uint8Array, values: Uint8Array, count: number) => {
      for (const [i, key] of keysOf(keys, count).entries()) ports.set(key, new DataView(values.buffer).getUint32(i * 4, true));
    },
    deleteBatch: (_fd: number, keys: Uint8Array, _size: number, count: number) => {
      for (const key of keysOf(keys, count)) ports.delete(key);
    },
  };
});

const HOST = ip("192.0.2.1");
beforeEach(() => ports.clear());
const make = (bypass: boolean): PublishedPorts => new PublishedPorts({ bypass }, { ports: 1, ports6: 2 } as MapFds, new Descriptors(), []);

it("where sockets hold the ports an entry says but where what is carried is counted, and goes with the port, whatever is carried by then", () => {
  const published = make(false);
  published.publish(PROTO_TCP, HOST, 80, 80);
  expect(ports.size).toBe(0);
  published.publish(PROTO_TCP, HOST, 80, 81, 5);
  expect([...ports]).toEqual([
    ["c000020100500600", 5],
    ["c000020100510600", 5],
  ]);
  published.withdraw(PROTO_TCP, HOST, 80, 81);
  expect(ports.size).toBe(0);
});

it("where the firewall is bypassed an entry takes the port, counted or not", () => {
  const published = make(true);
  published.publish(PROTO_TCP, HOST, 80, 80);
  expect([...ports]).toEqual([["c000020100500600", 0]]);
  published.withdraw(PROTO_TCP, HOST, 80, 80);
  expect(ports.size).toBe(0);
});
