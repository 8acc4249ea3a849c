/** Programs that carry are put onto endpoints' devices while these come and go, and nobody waits for that: it must not fail. */
import fs from "node:fs";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { setLogSink } from "../../src/log.js";
import type { Attacher } from "../../src/steer/attach.js";
import { EndpointEnds } from "../../src/steer/endpoint-ends.js";
import type { MapFds } from "../../src/steer/program.js";
import * as bpf from "../../src/sys/bpf.js";
import { ip } from "../support/ip.js";

const open = (): number => fs.openSync("/dev/null", "r");
vi.mock("../../src/sys/bpf.js", async (original) => ({
  ...(await original<typeof bpf>()),
  createMap: vi.fn(() => open()),
  loadProgram: vi.fn(() => open()),
  createTcxLink: vi.fn(() => null),
  now: vi.fn(() => open()),
  apart: vi.fn(),
  updateElement: vi.fn(),
  deleteElement: vi.fn(),
}));

const PEERS = -2;
/** Devices that got another program. */
let replaced: number[] = [];
/** Devices that go just then. */
let going: number[] = [];
let said: string[] = [];

beforeEach(() => {
  [replaced, going, said] = [[], [], []];
});

/** With endpoints at the ends 10 and 20. */
function ends(): EndpointEnds {
  setLogSink((_, message) => said.push(message));
  const attachOwn = (ifindex: number) => ({
    mode: "clsact",
    detach: () => {},
    replace: () => {
      if (going.includes(ifindex)) throw new Error("ENODEV");
      replaced.push(ifindex);
      return true;
    },
  });
  const offload = () => ({ ipv4: true, ipv6: true });
  const made = new EndpointEnds({ attachOwn } as unknown as Attacher, { moved: -1, peers: PEERS } as MapFds, {}, offload);
  for (const end of [10, 20]) made.attach({ end, tap: end + 1 });
  onTestFinished(() => {
    setLogSink(() => {});
    made.close();
  });
  return made;
}

it("those that are there get them when one goes just then", async () => {
  const all = ends();
  vi.mocked(bpf.apart).mockResolvedValueOnce(-1);
  going = [10];
  await all.loadOffload();
  expect(replaced).toEqual([20]);
  expect(said).toEqual(["what an endpoint sends is not carried by the kernel: ENODEV"]);
});

it("all keep those that they have when the kernel refuses both", async () => {
  const all = ends();
  vi.mocked(bpf.apart).mockRejectedValueOnce(new Error("EPERM"));
  await all.loadOffload();
  expect(replaced).toEqual([]);
  expect(said).toEqual(["what endpoints send is not carried by the kernel: EPERM"]);
});

it("an endpoint that the kernel has no room for is none that it carries, and leaves nothing in the maps", () => {
  const all = ends();
  all.setHost(1, { ifindex: 30, mac: new Uint8Array(6) });
  vi.mocked(bpf.deleteElement).mockClear();
  vi.mocked(bpf.updateElement).mockImplementation((map) => {
    if (map === PEERS) throw new Error("ENOMEM");
  });
  const endpoint = { end: 10, port: 3, mac: new Uint8Array(6), addresses: [ip("10.44.0.4")] };
  expect(all.carry(1, endpoint)).toBeUndefined();
  expect(said).toEqual(["network 1: packets of an endpoint are not carried by the kernel: ENOMEM"]);
  expect([all.refused, vi.mocked(bpf.deleteElement).mock.calls.length]).toEqual([1, 1]);
  vi.mocked(bpf.updateElement).mockReset();
  all.setHost(1, { ifindex: 31, mac: new Uint8Array(6) });
  expect(bpf.updateElement).not.toHaveBeenCalled(); // not by another device either: the engine knows it as one that is not carried
  expect(all.carry(1, endpoint)).toBeTypeOf("function");
});

it("by another device of the host they have what they had by the one before, and nothing is left of that", () => {
  const all = ends();
  const mac = new Uint8Array(6);
  const entered = new Set<string>();
  vi.mocked(bpf.updateElement).mockImplementation((map, key) => void (map === PEERS && entered.add(Buffer.from(key).toString("hex"))));
  vi.mocked(bpf.deleteElement).mockImplementation((map, key) => map === PEERS && entered.delete(Buffer.from(key).toString("hex")));
  onTestFinished(() => {
    vi.mocked(bpf.updateElement).mockReset();
    vi.mocked(bpf.deleteElement).mockReset();
  });
  const former = all.setHost(1, { ifindex: 30, mac });
  for (const end of [10, 20]) all.carry(1, { end, port: end, mac, addresses: [ip(`10.44.0.${end}`)] });
  const now = all.setHost(1, { ifindex: 31, mac });
  const keys = ["1f0000000a2c000a", "1f0000000a2c0014"];
  expect([...entered].sort()).toEqual(keys);
  former();
  expect([...entered].sort()).toEqual(keys); // it is not his any more
  now();
  expect([...entered]).toEqual([]);
});

it("a kernel without TCX is asked once a network to carry what the host sends, not for each endpoint", () => {
  const all = ends();
  const mac = new Uint8Array(6);
  const asked = () => vi.mocked(bpf.createTcxLink).mock.calls.map(([, ifindex]) => ifindex);
  const gone = all.setHost(1, { ifindex: 30, mac });
  vi.mocked(bpf.createTcxLink).mockClear();
  for (const end of [10, 20]) all.carry(1, { end, port: end, mac, addresses: [ip(`10.44.0.${end}`)] });
  expect(asked()).toEqual([30]);
  gone();
  all.setHost(1, { ifindex: 31, mac }); // made again
  expect(asked()).toEqual([30, 31]);
});
